//! How a statement chose its rows, which tells an enumeration or a segment from a look-up.
//!
//! A statement that lists keys is a look-up, whatever else it says. A prefix, an offset or a range of the person's own key walks
//! through people; a condition on any other column (a date of birth, a balance, a day of opening) cuts out a segment of them.

use crate::classify::catalog::Catalog;
use crate::model::access::{Indicators, Selection};
use crate::model::record::Record;
use crate::sql::{Analysis, Branch, Condition};

/// How the rows of a statement were chosen.
pub(super) fn selection(analysis: &Analysis) -> Selection {
    analysis.branches.iter().map(selection_of).reduce(|a, b| if a == b { a } else { Selection::Condition }).unwrap_or_default()
}

fn selection_of(branch: &Branch) -> Selection {
    match branch.condition {
        Condition::Keys => Selection::Keys,
        Condition::None => Selection::Everything,
        Condition::Other | Condition::Range | Condition::Pattern => Selection::Condition,
    }
}

/// The indicators of an analysed statement.
pub(super) fn indicators(analysis: &Analysis, record: &Record<'_>, catalog: &Catalog) -> Indicators {
    let paged = if analysis.paged { Indicators::PAGED } else { Indicators::default() };
    analysis.branches.iter().fold(paged, |indicators, branch| indicators.and(indicators_of(branch, record, catalog)))
}

fn indicators_of(branch: &Branch, record: &Record<'_>, catalog: &Catalog) -> Indicators {
    let by_key_only = || {
        branch.probes.iter().all(|column| {
            let table = branch.sources.get(column.source).and_then(|source| catalog.find(record.system.as_deref(), &source.table));
            table.zip(column.name.as_deref()).is_some_and(|(table, name)| table.is_subject(name))
        })
    };
    match branch.condition {
        Condition::Keys | Condition::None => Indicators::default(),
        Condition::Pattern => Indicators::PATTERN,
        // `WHERE id BETWEEN …`, `WHERE id > … ORDER BY id`: the next page of a walk over keys.
        Condition::Range | Condition::Other if by_key_only() => Indicators::PAGED,
        Condition::Range | Condition::Other => Indicators::SEGMENT,
    }
}
