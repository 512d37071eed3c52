//! How loud the detectors are in this organisation: how many employees each of them speaks of at which strength.
//!
//! A detector whose model fits badly here speaks of many people at once. What it says of each of them is worth less by as much as
//! there are more of them than anybody could look into; it is never silenced, or it would be so exactly while an incident spreads.

use crate::model::typology::Typology;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Strengths are told apart up to so many bits.
const BITS: usize = 80;
/// Employees that a detector may speak of at one strength before it is worth less.
const FREE: f64 = 6.0;
/// What each doubling beyond takes off, in bits.
const EACH_DOUBLING: f64 = 2.0;
/// The share that is left at the least.
const LEAST: f64 = 0.5;

/// For each typology, how many employees it speaks of with at least so many bits.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Voices {
    at_least: BTreeMap<Typology, Vec<u32>>,
}

impl Voices {
    /// Adds what the detectors say of one employee.
    pub fn add(&mut self, voices: &[(Typology, f64)]) {
        for (typology, bits) in voices {
            let counts = self.at_least.entry(*typology).or_insert_with(|| vec![0; BITS]);
            counts.iter_mut().take(bits.max(0.0) as usize + 1).for_each(|count| *count += 1);
        }
    }

    /// What so many bits of a typology are worth.
    pub fn worth(&self, typology: Typology, bits: f64) -> f64 {
        let counts = self.at_least.get(&typology);
        let others = counts.and_then(|counts| counts.get((bits as usize).min(BITS - 1))).copied().unwrap_or(0);
        let doublings = (f64::from(others) / FREE).log2().max(0.0);
        (bits - EACH_DOUBLING * doublings).max(LEAST * bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_many_is_worth_less_and_never_nothing() {
        let mut voices = Voices::default();
        (0..192).for_each(|n| voices.add(&[(Typology::OffDuty, if n < 3 { 40.0 } else { 22.0 })]));
        assert!((voices.worth(Typology::OffDuty, 40.5) - 40.5).abs() < 1e-9, "few are that loud");
        assert!((voices.worth(Typology::OffDuty, 22.0) - 12.0).abs() < 1e-9, "five doublings");
        assert!((voices.worth(Typology::Canary, 22.0) - 22.0).abs() < 1e-9);
        (0..100_000).for_each(|_| voices.add(&[(Typology::Canary, 30.0)]));
        assert!(voices.worth(Typology::Canary, 30.0) >= 15.0);
    }
}
