//! What would have been usual: a predictive distribution for a count, and the surprise of exceeding it.
//!
//! A hierarchical Gamma–Poisson model in moments: an employee's daily mean is drawn around the peer group's (prior mean and
//! between-member variance), daily counts scatter around it with the group's overdispersion (variance = m + d·m²), and the
//! prediction for a span of days is the negative binomial with the mean and variance that follow. A newcomer is judged by
//! the group alone; as days accumulate the own history takes over. (Gelman et al., Bayesian Data Analysis, 3rd ed., ch. 2
//! and 5; empirical-Bayes moments as in Casella 1985.) Surprise is -log2 of the upper tail probability, in bits.

use crate::profile::history::Moments;
use serde::{Deserialize, Serialize};

/// What the peer group says of one measure.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct GroupMoments {
    /// Mean of the members' daily means.
    pub mean: f64,
    /// Variance between the members' daily means.
    pub between: f64,
    /// Overdispersion of daily counts within a member: (variance - mean) / mean².
    pub dispersion: f64,
}

impl GroupMoments {
    /// Before anything was learnt: some tens of people a day, more or less anything.
    pub const PRIOR: GroupMoments = GroupMoments { mean: 30.0, between: 60.0 * 60.0, dispersion: 1.0 };
}

/// The distribution of a count to come.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Prediction {
    /// Its mean.
    pub mean: f64,
    /// Its variance.
    pub variance: f64,
}

/// Days that belong together scatter alike (somebody on a project is busy all week): the variance of a sum over days is
/// taken this much larger than for independent days, up to a week's worth.
const AUTOCORRELATION: f64 = 2.0;

/// Predicts the count over a number of days of activity.
pub fn predict(own: Moments, group: GroupMoments, days: f64) -> Prediction {
    let between = group.between.max(group.mean.mul_add(0.1, 0.01).powi(2));
    // Pool the own overdispersion with the group's: 20 own days weigh as much as the group.
    let own_dispersion = if own.mean > 0.0 { ((own.variance - own.mean) / (own.mean * own.mean)).max(0.0) } else { group.dispersion };
    let trust = own.days / (own.days + 20.0);
    let dispersion = trust.mul_add(own_dispersion, (1.0 - trust) * group.dispersion).clamp(0.02, 100_000.0);
    let daily = |mean: f64| mean + dispersion * mean * mean;
    let within = daily(if own.days > 0.0 { 0.5 * (own.mean + group.mean) } else { group.mean }).max(1e-3);
    let precision = own.days / within + 1.0 / between;
    let mean = ((own.days * own.mean / within + group.mean / between) / precision).max(1e-3);
    let correlated = 1.0 + (AUTOCORRELATION - 1.0) * (days - 1.0).clamp(0.0, 1.0);
    let variance = days * correlated * daily(mean) + days * days / precision;
    Prediction { mean: days * mean, variance: variance.max(days * mean * 1.01) }
}

/// What the peer group says of one share.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct GroupShare {
    /// Mean of the members' shares.
    pub rate: f64,
    /// Variance between the members' shares.
    pub between: f64,
}

impl GroupShare {
    /// Before anything was learnt: any share is as good as another.
    pub const PRIOR: GroupShare = GroupShare { rate: 0.5, between: 0.08 };

    /// The share of the others.
    #[must_use]
    pub fn complement(self) -> GroupShare {
        GroupShare { rate: 1.0 - self.rate, ..self }
    }
}

/// What the draws of one day have in common: the same customer, the same task. Draws of one window are taken this much less
/// independent than coins.
const WITHIN: f64 = 0.015;

/// Own draws that count at most: habits change.
const MOST_DRAWS: f64 = 600.0;

/// Predicts how many of `n` draws have a property of which the own history shows `own.0` among `own.1`, and the peers a rate: the
/// beta-binomial, by its mean and variance.
pub fn predict_share(own: (f64, f64), group: GroupShare, n: f64) -> Prediction {
    let rate = group.rate.clamp(0.002, 0.998);
    let between = group.between.clamp(2e-5, 0.8 * rate * (1.0 - rate));
    let strength = rate * (1.0 - rate) / between - 1.0;
    let trusted = if own.1 > MOST_DRAWS { MOST_DRAWS / own.1 } else { 1.0 };
    let (hits, draws) = (own.0.min(own.1) * trusted, own.1 * trusted);
    let p = ((strength * rate + hits) / (strength + draws)).clamp(0.001, 0.999);
    let spread = p * (1.0 - p);
    let variance = n * spread * (1.0 + (n - 1.0).max(0.0) * (WITHIN + 1.0 / (strength + draws + 1.0)));
    Prediction { mean: n * p, variance: variance.max(n * p * 1.01) }
}

impl Prediction {
    /// The same where all counts are so many times larger.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Prediction {
        Prediction { mean: self.mean * factor, variance: (self.variance * factor * factor).max(self.mean * factor * 1.01) }
    }

    /// Surprise of reaching `count` or more, in bits; 0 for what is not above the mean.
    pub fn bits(self, count: u64) -> f64 {
        let x = count as f64;
        if x <= self.mean || count == 0 {
            return 0.0;
        }
        let size = self.mean * self.mean / (self.variance - self.mean);
        let odds = self.mean / (size + self.mean);
        // P(X >= x) of the negative binomial is the regularised incomplete beta function I(odds; x, size).
        (-ln_incomplete_beta(odds, x, size) / std::f64::consts::LN_2).max(0.0)
    }
}

/// ln of the regularised incomplete beta function for q below the mean a/(a+b), by the continued fraction of
/// Numerical Recipes (3rd ed., §6.4, modified Lentz), kept in logarithms so that tails of thousands of bits stay finite.
pub fn ln_incomplete_beta(q: f64, a: f64, b: f64) -> f64 {
    let q = q.clamp(1e-300, 1.0 - 1e-16);
    let front = a * q.ln() + b * (-q).ln_1p() - a.ln() - (ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b));
    front + continued_fraction(q, a, b).ln()
}

fn continued_fraction(q: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * q / (a + 1.0));
    let mut value = d;
    for m in 1..300 {
        let m = f64::from(m);
        let even = m * (b - m) * q / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(even.mul_add(d, 1.0));
        c = guard(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * q / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(odd.mul_add(d, 1.0));
        c = guard(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < 1e-10 {
            break;
        }
    }
    value.max(TINY)
}

/// ln Γ(x) for x > 0, Lanczos approximation (g = 7, n = 9), relative error below 1e-13.
fn ln_gamma(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        let pi = std::f64::consts::PI;
        return (pi / (pi * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let sum = COEFFICIENTS.iter().enumerate().skip(1).fold(COEFFICIENTS[0], |sum, (i, c)| sum + c / (x + i as f64));
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tail by summing the probabilities one by one.
    fn naive_bits(p: Prediction, count: u64) -> f64 {
        let size = p.mean * p.mean / (p.variance - p.mean);
        let odds = p.mean / (size + p.mean);
        let mut term = size * (1.0 - odds).ln();
        let mut below = 0.0;
        for k in 0..count {
            below += term.exp();
            term += ((k as f64 + size) / (k as f64 + 1.0) * odds).ln();
        }
        -(1.0 - below).log2()
    }

    #[test]
    fn the_tail_equals_the_summed_probabilities() {
        for (mean, variance, count) in [(30.0, 300.0, 60), (30.0, 300.0, 120), (2.0, 8.0, 10), (0.05, 0.5, 3), (200.0, 4_000.0, 350)] {
            let p = Prediction { mean, variance };
            assert!(
                (p.bits(count) - naive_bits(p, count)).abs() < 1e-3,
                "{mean} {variance} {count}: {} {}",
                p.bits(count),
                naive_bits(p, count)
            );
        }
    }

    #[test]
    fn far_tails_stay_finite_and_grow() {
        let p = Prediction { mean: 30.0, variance: 300.0 };
        let bits: Vec<f64> = [100, 1_000, 100_000, 10_000_000].map(|n| p.bits(n)).to_vec();
        assert!(bits.windows(2).all(|w| w[0] < w[1] && w[1].is_finite()), "{bits:?}");
    }

    #[test]
    fn a_newcomer_is_judged_by_the_group_and_an_old_hand_by_their_own_days() {
        let group = GroupMoments { mean: 40.0, between: 100.0, dispersion: 0.1 };
        let newcomer = predict(Moments::default(), group, 1.0);
        assert!((newcomer.mean - 40.0).abs() < 1e-6);
        let busy = predict(Moments { days: 30.0, mean: 120.0, variance: 1_500.0 }, group, 1.0);
        assert!(busy.mean > 100.0, "{busy:?}");
        assert!(busy.bits(200) < newcomer.bits(200));
    }

    #[test]
    fn a_share_is_judged_by_peers_first_and_by_ones_own_later() {
        let group = GroupShare { rate: 0.1, between: 0.002 };
        let newcomer = predict_share((0.0, 0.0), group, 50.0);
        let old_hand = predict_share((200.0, 500.0), group, 50.0);
        assert!((newcomer.mean - 5.0).abs() < 1e-9 && old_hand.mean > 15.0);
        assert!(newcomer.bits(30) > 12.0 && old_hand.bits(30) < newcomer.bits(30) / 2.0);
    }

    #[test]
    fn a_longer_span_makes_a_small_excess_a_surprise() {
        let group = GroupMoments { mean: 40.0, between: 50.0, dispersion: 0.05 };
        let own = Moments { days: 30.0, mean: 40.0, variance: 120.0 };
        assert!(predict(own, group, 1.0).bits(60) < 8.0);
        assert!(predict(own, group, 20.0).bits(20 * 60) > predict(own, group, 1.0).bits(60));
    }
}
