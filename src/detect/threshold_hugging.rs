//! `threshold_hugging`: days that end just below a limit, again and again.
//!
//! ## What it detects
//!
//! At least five of the last ten days of activity that end within 7 % below a round number of people, and none above it.
//!
//! ## In the Notice
//!
//! Evasion of a limit that is known to those whom it limits; a circumstance of any sale (points 1 and 2 of the Notice).
//!
//! ## Data it needs
//!
//! Nothing beyond who, when and whose records; some days of history.
//!
//! ## How it is measured
//!
//! The round number just above the largest of the last ten days is taken for the limit. How likely so many days so close below
//! it are is computed from the employee's days before and the peer group, as a binomial tail. Where as many of the people as
//! ever had a known reason, it weighs half.
//!
//! ## Innocent look-alikes
//!
//! Quotas that everybody fills: the peers and the own days show the same.
//!
//! ## What it cannot see
//!
//! Limits that are no round number, and limits on something other than people a day.
//!
//! ## Example
//!
//! A limit of 200 a day: 196, 199, 198, 200, 197, 199, by somebody whose days used to end between 90 and 240.

use crate::detect::{AccessContext, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::population::Share;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::ThresholdHugging,
    family: EvidenceFamily::Volume,
    requirements: &[],
    floor: 20,
    floor_counts: "people a day",
    listens_to: Listens::To(&[Measure::Unexplained]),
    on_access: Some(on_access),
    on_day_closed: None,
};

/// Days of activity that are considered.
const DAYS: usize = 10;
/// Days near the limit at the least.
const FEWEST: usize = 5;
/// From this share of the limit on, a day is near it.
const NEAR: f64 = 0.93;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    // A limit is kept by counting: what stands in for the unknown keeps none.
    let known = |day: u32, figure: u64| context.profile.told_of_day(Measure::Persons, day, figure).known;
    let today = known(context.change.day, context.of_today(Measure::Persons));
    if today < context.floor {
        return None;
    }
    let before = context.profile.days(Measure::Persons, context.change.day.saturating_sub(1), Window::D30.days());
    let mut before: Vec<(u32, u64)> = before.collect();
    before.sort_unstable_by(|a, b| b.cmp(a));
    let mut days: Vec<u64> = before.into_iter().map(|(day, figure)| known(day, figure)).take(DAYS - 1).collect();
    let largest = days.iter().copied().max().unwrap_or(0).max(today);
    let limit = round_above(largest);
    let low = (limit as f64 * NEAR).ceil() as u64;
    // Today is not over: it counts from when it is near the limit.
    if today < low {
        return None;
    }
    days.push(today);
    let near = days.iter().filter(|figure| **figure >= low).count();
    if near < FEWEST {
        return None;
    }
    let usual = context.expected_before(Measure::Persons, Window::D30, 1);
    let tail = |count: u64| (-usual.bits(count)).exp2();
    let p = (tail(low) - tail(limit + 1)).clamp(0.002, 0.9);
    // Two bits for the choice of the limit among a few round numbers.
    let bits = binomial_bits(days.len(), near, p) - 2.0;
    let (open, all) = (context.total(Measure::Unexplained, Window::D30).1, context.total(Measure::Persons, Window::D30).1);
    let of_share = context.share_bits(Share::Unexplained, Window::D30, open, all);
    let bits = bits.min(0.5f64.mul_add(bits, 2.0 * of_share));
    (bits > 0.0).then(|| Finding {
        typology: Typology::ThresholdHugging,
        window: Window::H24,
        count: today,
        unknown: 0,
        measure: Measure::Persons,
        bits,
        particular: format!("{near} of the last {} days of activity ended between {low} and {limit} people, and none above", days.len()),
        related: Vec::new(),
        group: None,
    })
}

/// The smallest round number that is not below.
fn round_above(count: u64) -> u64 {
    let steps = [10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 80, 100];
    let mut scale = 1;
    loop {
        if let Some(step) = steps.into_iter().map(|step| step * scale).find(|step| *step >= count) {
            return step;
        }
        scale *= 10;
    }
}

/// -log2 of the probability of `k` or more among `n` independent days.
fn binomial_bits(n: usize, k: usize, p: f64) -> f64 {
    let mut term = (1.0 - p).powi(n as i32);
    let mut below = 0.0;
    for at in 0..k {
        below += term;
        term *= (n - at) as f64 / (at as f64 + 1.0) * p / (1.0 - p);
    }
    -(1.0 - below).max(1e-15).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_round_numbers() {
        assert_eq!([19, 100, 101, 187, 990, 8].map(round_above), [20, 100, 120, 200, 1_000, 10]);
    }

    #[test]
    fn tails_of_coins_are_right() {
        assert!((binomial_bits(10, 10, 0.5) - 10.0).abs() < 1e-9 && binomial_bits(10, 0, 0.5).abs() < 1e-9);
    }
}
