//! Our own hierarchical Gamma-Poisson predictive distribution on one measure alone, as an ablation.

use crate::evaluate::reference::{EmployeeDay, ReferenceDetector};
use crate::population::group_moments;
use crate::profile::baseline::{GroupMoments, predict};
use crate::profile::history::Moments;
use crate::profile::measure::Measure;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Weight of a day relative to the day after it, as in the profiles.
const DISCOUNT: f64 = 0.97;

/// Surprise of a day's count in bits, given own days and peers.
pub struct GammaPoisson {
    measure: Measure,
    own: BTreeMap<Arc<str>, (Arc<str>, Sums)>,
    peers: BTreeMap<Arc<str>, GroupMoments>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    day: u32,
    weight: f64,
    sum: f64,
    squares: f64,
}

impl GammaPoisson {
    /// Of a measure.
    pub fn of(measure: Measure) -> GammaPoisson {
        GammaPoisson { measure, own: BTreeMap::new(), peers: BTreeMap::new() }
    }
}

impl Sums {
    fn add(&mut self, day: u32, figure: f64) {
        let fade = DISCOUNT.powi(day.saturating_sub(self.day).min(1_000) as i32);
        *self =
            Sums { day, weight: self.weight * fade + 1.0, sum: self.sum * fade + figure, squares: self.squares * fade + figure * figure };
    }

    fn moments(&self) -> Moments {
        if self.weight == 0.0 {
            return Moments::default();
        }
        let mean = self.sum / self.weight;
        Moments { days: self.weight, mean, variance: (self.squares / self.weight - mean * mean).max(0.0) }
    }
}

impl ReferenceDetector for GammaPoisson {
    fn score(&self, day: &EmployeeDay) -> f64 {
        let own = self.own.get(&day.who).map_or_else(Moments::default, |(_, sums)| sums.moments());
        let peers = self.peers.get(&day.group).copied().unwrap_or(GroupMoments::PRIOR);
        predict(own, peers, 1.0).bits(u64::from(day.figures[self.measure as usize]))
    }

    fn learn(&mut self, days: &[EmployeeDay]) {
        for day in days {
            let (_, sums) = self.own.entry(day.who.clone()).or_insert_with(|| (day.group.clone(), Sums::default()));
            sums.add(day.day, f64::from(day.figures[self.measure as usize]));
        }
        let mut groups: BTreeMap<&Arc<str>, Vec<Moments>> = BTreeMap::new();
        for (group, sums) in self.own.values() {
            groups.entry(group).or_default().push(sums.moments());
        }
        self.peers = groups.into_iter().map(|(group, members)| (group.clone(), group_moments(members.into_iter()))).collect();
    }
}
