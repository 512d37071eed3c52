//! The shape of a statement, as indicators: how it chose its rows tells an enumeration or a segment from a look-up.
//!
//! A statement that lists keys is a look-up, whatever else it says. A prefix, an offset or a range of the person's own key walks
//! through people; a condition on any other column (a date of birth, a balance, a day of opening) cuts out a segment of them.

use crate::classify::catalog::Catalog;
use crate::model::access::Indicators;
use crate::model::record::Record;
use crate::sql::{Analysis, Branch, Condition};

/// The indicators of an analysed statement.
pub(super) fn of(analysis: &Analysis, record: &Record<'_>, catalog: &Catalog) -> Indicators {
    let paged = if analysis.paged { Indicators::PAGED } else { Indicators::default() };
    analysis.branches.iter().fold(paged, |indicators, branch| indicators.and(of_branch(branch, record, catalog)))
}

fn of_branch(branch: &Branch, record: &Record<'_>, catalog: &Catalog) -> Indicators {
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
