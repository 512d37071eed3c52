//! What some columns of one table of the catalog disclose of whom.

use crate::classify::catalog::Table;
use crate::model::kind::{Kind, Kinds};

/// What some columns of one table show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ColumnDisclosure {
    pub kinds: Kinds,
    pub personal: bool,
    pub people_per_row: u64,
}

impl ColumnDisclosure {
    pub const NOTHING: ColumnDisclosure = ColumnDisclosure { kinds: Kinds::NONE, personal: false, people_per_row: 1 };

    /// What these columns of a table show; all of them where `None`.
    pub fn of(entry: &Table, columns: Option<&[String]>) -> ColumnDisclosure {
        let names_person = match columns {
            None => entry.subject.is_some(),
            Some(columns) => columns.iter().any(|column| entry.is_subject(column)),
        };
        let mut kinds = match columns {
            None => entry.kinds,
            Some(columns) => columns.iter().fold(Kinds::NONE, |kinds, column| kinds.union(entry.kinds_of(column))),
        };
        // The person's key alone is already information that tells who it is.
        if kinds.is_empty() && names_person {
            kinds = Kinds::of(Kind::OtherIdentifying);
        }
        ColumnDisclosure {
            kinds,
            personal: !kinds.is_empty(),
            people_per_row: parties(entry, columns, names_person).max(entry.people_per_row),
        }
    }
}

/// A communication has two ends: a row that shows caller and callee shows two people. Every column of that kind beside the
/// subject's own counts as one more; where only such columns are shown, they are the people.
fn parties(entry: &Table, columns: Option<&[String]>, names_person: bool) -> u64 {
    if !entry.kinds.contains(Kind::CommunicationRecord) {
        return 1;
    }
    let is_end = |column: &str| entry.kind_of(column) == Some(Kind::CommunicationRecord);
    let own_end = entry.subject.as_deref().is_some_and(is_end);
    let Some(columns) = columns else {
        let ends = entry.columns_of(Kind::CommunicationRecord) as u64;
        return (ends + u64::from(!own_end)).max(2);
    };
    let others = columns.iter().filter(|column| is_end(column) && !entry.is_subject(column)).count() as u64;
    // Any column but the other ends is about the subject: the place of the call is the caller's.
    let about_subject = names_person || columns.iter().any(|column| entry.kind_of(column).is_some() && !is_end(column));
    (others + u64::from(about_subject)).max(1)
}
