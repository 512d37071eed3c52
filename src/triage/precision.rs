//! What verdicts say of a typology: so many were confirmed of those of which so many were expected to be.
//!
//! The ratio `(confirmed + 4) / (expected + 4)`, between a half and twice, is the factor on the odds of a case whose loudest alert is of the
//! typology. `expected` is the sum of the expected shares of the cases judged, so a typology that is as good as was thought keeps the factor
//! 1, a few verdicts move little, and none moves much. It decides about the order of cases alone: no score, severity or case score changes,
//! and what is grave by nature keeps its floor.

use crate::model::decision::VerdictOutcome;
use crate::model::typology::Typology;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many verdicts as thought weigh against what was found.
const PRIOR: f64 = 4.0;

/// The bounds of the factor.
const LEAST: f64 = 0.5;
const MOST: f64 = 2.0;

/// Verdicts by typology.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Precision {
    of: BTreeMap<Typology, Judged>,
}

/// Verdicts about one typology.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Judged {
    /// Cases confirmed.
    pub confirmed: u32,
    /// Cases found innocent.
    pub innocent: u32,
    /// How many of both were expected to be confirmed.
    pub expected: f64,
}

impl Precision {
    /// A case with an alert of the typology was judged, of which that share was expected to be true. What is unclear says nothing.
    pub fn note(&mut self, typology: Typology, outcome: VerdictOutcome, probability: f64) {
        let judged = self.of.entry(typology).or_default();
        match outcome {
            VerdictOutcome::Confirmed => judged.confirmed += 1,
            VerdictOutcome::Innocent => judged.innocent += 1,
            VerdictOutcome::Unclear => return,
        }
        judged.expected += probability;
    }

    /// Verdicts about a typology.
    pub fn of(&self, typology: Typology) -> Judged {
        self.of.get(&typology).copied().unwrap_or_default()
    }

    /// The expected share of true ones with what verdicts say of the typology that speaks loudest.
    pub fn applied(&self, loudest: Option<Typology>, probability: f64) -> f64 {
        let factor = loudest.map_or(1.0, |typology| self.of(typology).factor());
        if factor == 1.0 { probability } else { probability * factor / (1.0 - probability + probability * factor) }
    }
}

impl Judged {
    /// The factor on the odds.
    pub fn factor(self) -> f64 {
        ((f64::from(self.confirmed) + PRIOR) / (self.expected + PRIOR)).clamp(LEAST, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use VerdictOutcome::{Confirmed, Innocent, Unclear};

    fn of(verdicts: &[(VerdictOutcome, f64)]) -> Precision {
        let mut all = Precision::default();
        verdicts.iter().for_each(|(outcome, probability)| all.note(Typology::BulkExtract, *outcome, *probability));
        all
    }

    fn applied(all: &Precision, probability: f64) -> f64 {
        (all.applied(Some(Typology::BulkExtract), probability) * 1_000.0).round() / 1_000.0
    }

    #[test]
    fn what_is_as_good_as_was_thought_stays_where_it_is() {
        let fair = of(&[(Confirmed, 0.5), (Innocent, 0.5), (Unclear, 0.9)]);
        assert_eq!(fair.of(Typology::BulkExtract).factor(), 1.0);
        assert_eq!((applied(&fair, 0.3), applied(&of(&[]), 0.3)), (0.3, 0.3));
        let bad = of(&[(Innocent, 0.5)]);
        assert_eq!(bad.applied(Some(Typology::Enumeration), 0.3), 0.3, "others are not concerned");
        assert_eq!(bad.applied(None, 0.3), 0.3);
    }

    #[test]
    fn a_few_verdicts_move_little_and_many_no_further_than_the_bounds() {
        assert!((0.25..0.3).contains(&applied(&of(&[(Innocent, 0.5)]), 0.3)));
        let worst = of(&[(Innocent, 0.9); 500]);
        assert_eq!((worst.of(Typology::BulkExtract).factor(), applied(&worst, 0.5)), (0.5, 0.333));
        let best = of(&[(Confirmed, 0.1); 500]);
        assert_eq!((best.of(Typology::BulkExtract).factor(), applied(&best, 0.5)), (2.0, 0.667));
        assert_eq!((applied(&worst, 0.0), applied(&worst, 1.0)), (0.0, 1.0));
    }
}
