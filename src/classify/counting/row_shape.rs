//! What a row of a query's result holds, where the result becomes a table: how many people, and whether any number of them.

use crate::classify::catalog::Catalog;
use crate::classify::counting::branch::{PeopleRule, disclose_branch};
use crate::model::access::{Position, RecordHash};
use crate::model::keys::Keys;
use crate::model::record::Record;
use crate::model::time::Timestamp;
use crate::sql::{Branch, Column, Made, Source};

/// What a row of a table holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RowShape {
    /// No more people than so many, unless it may hold any number.
    pub people: u64,
    /// It may hold any number of people: values are packed, or what it holds is not known.
    pub packs: bool,
    /// Each row is one person, and no two rows are the same one.
    pub is_person: bool,
    /// No row shows anybody.
    pub is_nobody: bool,
}

/// What a row of a table that was made of others holds.
pub fn row_shape(made: &Made, system: Option<&str>, catalog: &Catalog, keys: &Keys) -> RowShape {
    let mut record = Record::new(Position(0), RecordHash::default(), Timestamp::FIRST);
    record.system = system.map(Into::into);
    let of = |branch: &Branch| {
        let shown = disclose_branch(branch, &record, None, catalog, keys, &mut Vec::new());
        let people = shown.people_per_row;
        let is_person = matches!(shown.count, PeopleRule::Rows);
        let (packs, is_nobody) = (matches!(shown.count, PeopleRule::Anything), matches!(shown.count, PeopleRule::Nobody));
        RowShape { people, packs, is_person, is_nobody }
    };
    let mut all = RowShape { people: 1, packs: false, is_person: made.read.len() <= 1, is_nobody: true };
    let whole = |source: &String| Branch {
        sources: vec![Source { table: source.clone(), flows: true }],
        output: vec![Column { source: 0, name: None }],
        ..Branch::default()
    };
    // A table that is alike has the rows of the other.
    let alike: Vec<Branch> = if made.read.is_empty() { made.sources.iter().map(whole).collect() } else { Vec::new() };
    for shape in made.read.iter().chain(&alike).map(of) {
        all.people = all.people.max(shape.people);
        all.packs |= shape.packs;
        all.is_person &= shape.is_person;
        all.is_nobody &= shape.is_nobody;
    }
    all
}
