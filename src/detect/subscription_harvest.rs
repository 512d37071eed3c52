//! `subscription_harvest`: every fortnight, the newest.
//!
//! **What it does.** Finds an employee's peak days (people without a known reason far above the usual day) of the last 90 days, and asks
//! whether they keep a cadence: gaps of five days or more that differ by a day at the most. Peaks that come by chance scatter.
//!
//! **Why.** Data goes stale, so buyers subscribe. A public-health office delivered 7,000 to 8,000 newborn records every fortnight.
//!
//! **Example.** 400 people on the 3rd, the 17th, the 31st and the 14th, and 30 on every other day.
//!
//! **Known false positives.** Scheduled statistics and month ends: a `batch` explains them, and peers who peak alike discount them.
//!
//! **Needs.** History of several periods.

use crate::detect::{AccessContext, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::history::quantile;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::SubscriptionHarvest,
    requirements: &[],
    floor: 30,
    floor_counts: "people without a known reason on a peak day",
    on_access: Some(on_access),
    on_day_closed: None,
};

/// Peaks, today's among them, before there can be a cadence.
const FEWEST: usize = 4;
/// Shortest period, in days: what comes more often is every day's work.
const SHORTEST: u32 = 5;
/// What one peak's height counts for at the most, in bits.
const OF_ONE: f64 = 7.0;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let today = context.profile.today_figure(Measure::Unexplained);
    if context.change.newly_unexplained == 0 || today < context.floor {
        return None;
    }
    let now = context.profile.today();
    let mut figures: Vec<(u32, u64)> =
        context.profile.history.days(Measure::Unexplained, now.saturating_sub(1), Window::D90.days()).collect();
    let mut ascending: Vec<u32> = figures.iter().map(|(_, figure)| *figure as u32).collect();
    ascending.sort_unstable();
    let median = u64::from(quantile(&ascending, 0.5).unwrap_or(0));
    let height = (2 * median + 5).max(context.floor);
    figures.insert(0, (now, today));
    let peaks: Vec<(u32, u64)> = figures.iter().filter(|(_, figure)| *figure >= height).copied().collect();
    if peaks.len() < FEWEST || peaks[0].0 != now {
        return None;
    }
    // Two days in a row are one delivery.
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
    // Chance puts a gap within a day of the period about three times in the mean gap.
    let mean_gap = f64::from(span) / starts.len() as f64;
    let of_cadence = (even as f64 - 1.0) * (mean_gap.max(f64::from(period)) / 3.0).log2();
    let usual = context.expected(Measure::Unexplained);
    let of_height: f64 = starts.iter().take(even + 1).map(|(_, figure)| usual.bits(*figure).min(OF_ONE)).sum();
    let bits = of_cadence + of_height;
    let people: u64 = starts.iter().take(even + 1).map(|(_, figure)| figure).sum();
    Some(Finding {
        typology: Typology::SubscriptionHarvest,
        window: Window::D90,
        count: people,
        measure: Measure::Unexplained,
        bits,
        particular: format!("{} peaks about {period} days apart, of {people} people without a known reason together", even + 1),
        related: Vec::new(),
    })
}
