//! Simple statistical baselines: random choice, a threshold, the z-score, and the median with its deviation (MAD) by weekday.

use crate::evaluate::reference::{EmployeeDay, ReferenceDetector};
use crate::profile::measure::Measure;
use crate::profile::window::day_of;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Random choice among active employees: what the budget alone finds.
pub struct RandomChoice;

impl ReferenceDetector for RandomChoice {
    fn score(&self, day: &EmployeeDay) -> f64 {
        let hash = blake3::Hasher::new().update(day.who.as_bytes()).update(&day.day.to_le_bytes()).finalize();
        f64::from(hash.as_bytes()[0]) * 256.0 + f64::from(hash.as_bytes()[1]) + 1.0
    }

    fn learn(&mut self, _day: &[EmployeeDay]) {}
}

/// The highest figure of the day: a fixed daily limit, at the best value for the budget.
pub struct Threshold(pub Measure);

impl ReferenceDetector for Threshold {
    fn score(&self, day: &EmployeeDay) -> f64 {
        f64::from(day.figures[self.0 as usize])
    }

    fn learn(&mut self, _day: &[EmployeeDay]) {}
}

/// Fewest days of own history; with fewer, the peers' days are used.
const FEWEST: usize = 5;

/// Standard deviations above the employee's mean.
pub struct ZScore {
    measure: Measure,
    own: BTreeMap<Arc<str>, Sums>,
    peers: BTreeMap<Arc<str>, Sums>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    days: usize,
    sum: f64,
    squares: f64,
}

impl ZScore {
    /// Of a measure.
    pub fn of(measure: Measure) -> ZScore {
        ZScore { measure, own: BTreeMap::new(), peers: BTreeMap::new() }
    }
}

impl ReferenceDetector for ZScore {
    fn score(&self, day: &EmployeeDay) -> f64 {
        let enough = |sums: &&Sums| sums.days >= FEWEST;
        let known = self.own.get(&day.who).filter(enough).or_else(|| self.peers.get(&day.group).filter(enough));
        let Some(sums) = known else { return 0.0 };
        let n = sums.days as f64;
        let mean = sums.sum / n;
        let deviation = (sums.squares / n - mean * mean).max(0.0).sqrt().max(1.0);
        (f64::from(day.figures[self.measure as usize]) - mean) / deviation
    }

    fn learn(&mut self, days: &[EmployeeDay]) {
        for day in days {
            let figure = f64::from(day.figures[self.measure as usize]);
            for sums in [self.own.entry(day.who.clone()).or_default(), self.peers.entry(day.group.clone()).or_default()] {
                (sums.days, sums.sum, sums.squares) = (sums.days + 1, sums.sum + figure, sums.squares + figure * figure);
            }
        }
    }
}

/// Deviations (1.4826 times the median absolute deviation) above the employee's median of the same weekday.
pub struct MedianByWeekday {
    measure: Measure,
    own: BTreeMap<Arc<str>, Vec<(u8, f64)>>,
    peers: BTreeMap<Arc<str>, Vec<f64>>,
    /// Median and deviation of each peer group.
    usual: BTreeMap<Arc<str>, (f64, f64)>,
}

/// Fewest days of the same weekday; with fewer, all own days are used.
const FEWEST_WEEKDAYS: usize = 3;
/// Most figures kept of a peer group.
const PEERS: usize = 2_000;

impl MedianByWeekday {
    /// Of a measure.
    pub fn of(measure: Measure) -> MedianByWeekday {
        MedianByWeekday { measure, own: BTreeMap::new(), peers: BTreeMap::new(), usual: BTreeMap::new() }
    }

    fn usual(&self, day: &EmployeeDay) -> Option<(f64, f64)> {
        let weekday = day_of(day.day).weekday();
        if let Some(own) = self.own.get(&day.who) {
            let same: Vec<f64> = own.iter().filter(|(of, _)| *of == weekday).map(|(_, figure)| *figure).collect();
            if same.len() >= FEWEST_WEEKDAYS {
                return Some(median_and_deviation(same));
            }
            if own.len() >= FEWEST {
                return Some(median_and_deviation(own.iter().map(|(_, figure)| *figure).collect()));
            }
        }
        self.usual.get(&day.group).copied()
    }
}

impl ReferenceDetector for MedianByWeekday {
    fn score(&self, day: &EmployeeDay) -> f64 {
        let figure = f64::from(day.figures[self.measure as usize]);
        self.usual(day).map_or(0.0, |(median, deviation)| (figure - median) / deviation)
    }

    fn learn(&mut self, days: &[EmployeeDay]) {
        for day in days {
            let figure = f64::from(day.figures[self.measure as usize]);
            self.own.entry(day.who.clone()).or_default().push((day_of(day.day).weekday(), figure));
            self.peers.entry(day.group.clone()).or_default().push(figure);
        }
        for (group, figures) in &mut self.peers {
            figures.drain(..figures.len().saturating_sub(PEERS));
            if figures.len() >= FEWEST {
                self.usual.insert(group.clone(), median_and_deviation(figures.clone()));
            }
        }
    }
}

fn median_and_deviation(mut figures: Vec<f64>) -> (f64, f64) {
    let median = crate::evaluate::score::median(&mut figures).unwrap_or(0.0);
    let mut distances: Vec<f64> = figures.iter().map(|figure| (figure - median).abs()).collect();
    let deviation = crate::evaluate::score::median(&mut distances).unwrap_or(0.0) * 1.4826;
    (median, deviation.max(1.0))
}
