//! The statutory counter: scores of readings A and B over the rolling horizon (docs/contract.md §6).
//!
//! Source of the arithmetic: 2017 Interpretation (Fa Shi [2017] No. 10) art. 5 (1) items 3 to 6, 8; art. 11 (an item
//! obtained twice counts once). "Item" is not defined there, hence two readings.

use crate::model::kind::Kinds;
use crate::model::statute::Statute;
use crate::profile::seen::SeenTable;
use serde::{Deserialize, Serialize};

/// Running scores over the people known by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct StatutoryTotals {
    /// Of everybody touched.
    pub(super) exposure: Readings,
    /// Of those whom no known reason covers.
    pub(super) unexplained: Readings,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Readings {
    pub(super) a: u64,
    pub(super) b: u64,
}

impl Readings {
    fn shift(&mut self, before: Kinds, after: Kinds, statute: &Statute) {
        if before != after {
            self.a = (self.a + statute.weight_a(after)).saturating_sub(statute.weight_a(before));
            self.b = (self.b + statute.weight_b(after)).saturating_sub(statute.weight_b(before));
        }
    }
}

impl StatutoryTotals {
    /// One subject's kinds (exposure, unexplained) changed from one set to another.
    pub fn shift(&mut self, before: (Kinds, Kinds), after: (Kinds, Kinds), statute: &Statute) {
        self.exposure.shift(before.0, after.0, statute);
        self.unexplained.shift(before.1, after.1, statute);
    }

    /// The scores counted anew from the table.
    pub fn of(seen: &SeenTable, statute: &Statute) -> StatutoryTotals {
        let mut totals = StatutoryTotals::default();
        seen.for_each_subject(|kinds| totals.shift((Kinds::NONE, Kinds::NONE), kinds, statute));
        totals
    }
}
