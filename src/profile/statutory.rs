//! The statutory counter: scores of readings A and B over the rolling horizon (SPEC §6).
//!
//! Source of the arithmetic: 2017 Interpretation (Fa Shi [2017] No. 10) art. 5 (1) items 3 to 6, 8; art. 11 (an item
//! obtained twice counts once). "Item" is not defined there, hence two readings.

use crate::model::alert::StatuteScore;
use crate::model::kind::Kinds;
use crate::model::statute::Statute;
use crate::profile::Profile;
use crate::profile::counted::Counted;
use crate::profile::seen::{Part, SeenTable};
use serde::{Deserialize, Serialize};

/// Running scores over the people known by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    exposure: Readings,
    unexplained: Readings,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Readings {
    a: u64,
    b: u64,
}

impl Readings {
    fn shift(&mut self, before: Kinds, after: Kinds, statute: &Statute) {
        if before != after {
            self.a = (self.a + statute.weight_a(after)).saturating_sub(statute.weight_a(before));
            self.b = (self.b + statute.weight_b(after)).saturating_sub(statute.weight_b(before));
        }
    }
}

impl Totals {
    /// One subject's kinds (exposure, unexplained) changed from one set to another.
    pub fn shift(&mut self, before: (Kinds, Kinds), after: (Kinds, Kinds), statute: &Statute) {
        self.exposure.shift(before.0, after.0, statute);
        self.unexplained.shift(before.1, after.1, statute);
    }

    /// The scores counted anew from the table.
    pub fn of(seen: &SeenTable, statute: &Statute) -> Totals {
        let mut totals = Totals::default();
        seen.for_each_subject(|kinds| totals.shift((Kinds::NONE, Kinds::NONE), kinds, statute));
        totals
    }
}

impl Profile {
    /// The score of a part under both readings, with its bands.
    pub fn statute_score(&self, part: Part, statute: &Statute) -> StatuteScore {
        let named = match part {
            Part::Exposure => self.totals.exposure,
            Part::Unexplained => self.totals.unexplained,
        };
        let mut unnamed = Counted::default();
        for day in self.counted_days.since(self.first_day()) {
            unnamed.join(match part {
                Part::Exposure => &day.exposure,
                Part::Unexplained => &day.unexplained,
            });
        }
        let scaled = |n: u64| self.seen.persons_weighted(n);
        let a = scaled(named.a).saturating_add(unnamed.a);
        let b = scaled(named.b).saturating_add(unnamed.b);
        StatuteScore {
            a,
            b,
            band: statute.band(b, true).name().to_owned(),
            band_a: statute.band(a, true).name().to_owned(),
            band_ordinary: statute.band(b, false).name().to_owned(),
            incomplete: unnamed.unknown > 0,
            at_least: !self.seen.is_exact(),
        }
    }
}
