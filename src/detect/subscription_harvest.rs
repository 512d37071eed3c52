//! `subscription_harvest`: peaks of volume that return at a regular interval.
//!
//! ## What it detects
//!
//! Days with far more people without a known reason than the usual day, at least four of them, that keep an even interval of at
//! least five days.
//!
//! ## In the Notice
//!
//! Delivery to a regular buyer: data goes stale, so buyers subscribe. In a published case a public-health office delivered
//! 7,000 to 8,000 newborn records every fortnight for two years.
//!
//! ## Data it needs
//!
//! Nothing beyond who, when and whose records; a history of several intervals.
//!
//! ## How it is measured
//!
//! A peak is twice the median day of the last 90 days and five more. Intervals are even if they differ by at most one day. The
//! surprise adds two parts: how rarely independent peaks keep such an interval, and how far each peak is above what is expected
//! (at most 7 bits each).
//!
//! ## Innocent look-alikes
//!
//! Scheduled statistics and month ends: record them as a `batch`. Where the peers peak on the same days, what is expected rises
//! for all.
//!
//! ## What it cannot see
//!
//! Deliveries at irregular intervals, deliveries below the height of a peak, and intervals of more than 30 days.
//!
//! ## Example
//!
//! 400 people on the 3rd, the 17th, the 31st and the 14th, and 30 on every other day.

use crate::detect::{AccessContext, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::history::quantile;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::SubscriptionHarvest,
    family: EvidenceFamily::Volume,
    requirements: &[],
    floor: 30,
    floor_counts: "people without a known reason on a peak day",
    listens_to: Listens::To(&[Measure::Unexplained]),
    on_access: Some(on_access),
    on_day_closed: None,
};

/// Peaks that a cadence needs, today's included.
const FEWEST: usize = 4;
/// Shortest interval, in days: shorter ones are weekly work.
const SHORTEST: u32 = 5;
/// The most that the height of one peak adds, in bits.
const OF_ONE: f64 = 7.0;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let today = context.of_today(Measure::Unexplained);
    if today < context.floor {
        return None;
    }
    let now = context.change.day;
    let mut figures: Vec<(u32, u64)> = context.profile.days(Measure::Unexplained, now.saturating_sub(1), Window::D90.days()).collect();
    figures.sort_unstable_by(|a, b| b.cmp(a));
    let mut ascending: Vec<u32> = figures.iter().map(|(_, figure)| *figure as u32).collect();
    ascending.sort_unstable();
    let median = u64::from(quantile(&ascending, 0.5).unwrap_or(0));
    let height = (2 * median + 5).max(context.floor);
    figures.insert(0, (now, today));
    let peaks: Vec<(u32, u64)> = figures.iter().filter(|(_, figure)| *figure >= height).copied().collect();
    if peaks.len() < FEWEST || peaks[0].0 != now {
        return None;
    }
    // Peaks on consecutive days are one delivery.
    let mut starts: Vec<(u32, u64)> = Vec::new();
    for (day, figure) in &peaks {
        match starts.last_mut() {
            Some((last, sum)) if *last - day <= 1 => *sum = (*sum).max(*figure),
            _ => starts.push((*day, *figure)),
        }
    }
    let gaps: Vec<u32> = starts.windows(2).map(|pair| pair[0].0 - pair[1].0).collect();
    let period = *gaps.first()?;
    let even = gaps.iter().take_while(|gap| gap.abs_diff(period) <= 1).count();
    if even + 1 < FEWEST || period < SHORTEST {
        return None;
    }
    let span = now.saturating_sub(figures.last()?.0).max(1);
    // By chance, a gap is within one day of the interval with a probability of about 3 / mean gap.
    let mean_gap = f64::from(span) / starts.len() as f64;
    let of_cadence = (even as f64 - 1.0) * (mean_gap.max(f64::from(period)) / 3.0).log2();
    let usual = context.expected(Measure::Unexplained);
    let of_height: f64 = starts.iter().take(even + 1).map(|(_, figure)| usual.bits(*figure).min(OF_ONE)).sum();
    let bits = of_cadence + of_height;
    let people: u64 = starts.iter().take(even + 1).map(|(_, figure)| figure).sum();
    let told = context.told_in(Measure::Unexplained, Window::D90, people);
    Some(Finding {
        typology: Typology::SubscriptionHarvest,
        window: Window::D90,
        count: people,
        unknown: told.unknown,
        measure: Measure::Unexplained,
        bits,
        particular: format!("{} peaks about {period} days apart, of {} without a known reason together", even + 1, told.counted("people")),
        related: Vec::new(),
        group: None,
    })
}
