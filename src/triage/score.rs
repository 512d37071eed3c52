//! From weight of evidence to a score from 0 to 100 that is comparable across typologies, and to a grade.
//!
//! Evidence is in bits (-log2 of an innocent explanation's probability), so it adds up over days and compares between
//! detectors. With 2,000 employees there are about 2^17 employee-days in 60 days: 20 bits, where an alert opens, are
//! rarer than one such day.

use crate::model::severity::Severity;
use crate::model::statute::Band;

/// Bits at which half of the score is reached.
const HALF: f64 = 27.0;

/// The share of what days other than the best add: days are not independent of one another.
const OTHER_DAYS: f64 = 0.3;

/// A finding of so many bits comes about to most people sooner or later.
const COMMON: f64 = 9.0;

/// As how many people an access of unknown size is ranked: as many as a large sale.
pub const MAY_BE: u64 = 20_000;

/// Most bits that a single day counts for: models are not to be trusted further.
const MOST: f64 = 70.0;

/// What the findings of an episode say together, each of days of its own: the best, and a share of the others.
pub fn evidence(findings: &[f64]) -> f64 {
    let best = findings.iter().map(|bits| bits.min(MOST)).fold(0.0, f64::max);
    // A weak day among many is no news; what each other day says beyond that adds.
    let more = |bits: f64| (bits.min(MOST) - COMMON).max(0.0);
    let others: f64 = findings.iter().map(|bits| more(*bits)).sum::<f64>() - more(best);
    best + OTHER_DAYS * others.min(MOST)
}

/// The score of an episode: what its evidence is worth, what other patterns say, and the gravity of what was touched.
///
/// Accesses of unknown size open no alert by what they may have been, but whatever is told of them ranks no lower than a large number.
pub fn score(worth: f64, corroboration: f64, (count, unknown): (u64, u32), weight: u64) -> f64 {
    let of = |count: u64| {
        let gravity = 2.0 * ((count.saturating_mul(weight) as f64) + 1.0).log10();
        let score = 100.0 * (1.0 - (-((worth + corroboration + gravity) / HALF) * std::f64::consts::LN_2).exp());
        (score * 10.0).round() / 10.0
    };
    let score = of(count);
    if unknown > 0 && Severity::of_score(score) >= Severity::Medium { score.max(of(MAY_BE.max(count))) } else { score }
}

/// The grade of a score, raised by one where the unexplained statutory score is comparable with a figure of the law.
pub fn severity(score: f64, band: Option<Band>) -> Severity {
    let by_score = Severity::of_score(score);
    match (by_score, band) {
        (Severity::Medium, Some(Band::Serious | Band::EspeciallySerious)) => Severity::High,
        (Severity::High, Some(Band::EspeciallySerious)) => Severity::Critical,
        (grade, _) => grade,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_grow_with_evidence_and_stay_below_a_hundred() {
        let scores: Vec<f64> = [5.0, 20.0, 40.0, 70.0, 5_000.0].map(|bits| score(evidence(&[bits]), 0.0, (100, 0), 1)).to_vec();
        assert!(scores.windows(2).all(|w| w[0] <= w[1]), "{scores:?}");
        assert!(scores.iter().all(|s| (0.0..100.0).contains(s)), "{scores:?}");
        assert!(evidence(&[15.0, 15.0, 15.0]) > evidence(&[15.0]), "days add up");
        assert!(score(15.0, 9.0, (10, 0), 1) > score(15.0, 0.0, (10, 0), 1), "findings of independent detectors are combined");
    }

    #[test]
    fn what_does_not_tell_how_many_ranks_as_many_and_opens_nothing() {
        assert_eq!(score(10.0, 0.0, (1_000, 1), 1), score(10.0, 0.0, (1_000, 0), 1));
        assert!(score(40.0, 0.0, (1_000, 1), 1) > score(40.0, 0.0, (10_000, 0), 1));
    }

    #[test]
    fn the_statutory_band_raises_what_behaviour_has_raised_already() {
        assert_eq!(severity(10.0, Some(Band::EspeciallySerious)), Severity::Low);
        assert_eq!(severity(45.0, Some(Band::Serious)), Severity::High);
        assert_eq!(severity(65.0, Some(Band::EspeciallySerious)), Severity::Critical);
    }
}
