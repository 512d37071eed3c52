//! Closed days: what the employee did on each day of activity, the ground that baselines learn from.
//!
//! Only days that are over are here, so today's conduct cannot move what today is held against. A day on which an alert
//! rose stays in the list and is held out of learning.

use crate::profile::measure::{Figures, Measure};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Days of activity that are kept.
const KEPT: usize = 90;

/// By how much a day weighs less than the day after it: a half-life of about 23 days follows slow changes of the work.
const DISCOUNT: f64 = 0.97;

/// A day of activity that is over.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct ClosedDay {
    /// Its number.
    pub day: u32,
    /// What was counted.
    pub figures: Figures,
    /// Whether it is held out of learning.
    pub held_out: bool,
}

/// The closed days of one employee, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct History {
    days: VecDeque<ClosedDay>,
}

/// Discounted moments of one measure over days of activity.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Moments {
    /// Sum of weights: the effective number of days.
    pub days: f64,
    /// Mean per day.
    pub mean: f64,
    /// Variance between days.
    pub variance: f64,
}

impl History {
    /// Adds a day that is over. Days come in ascending order.
    pub fn close(&mut self, day: ClosedDay) {
        if self.days.len() == KEPT {
            self.days.pop_front();
        }
        self.days.push_back(day);
    }

    /// Days that may be learnt from, up to `last`, newest first.
    pub fn learnt(&self, last: u32) -> impl Iterator<Item = &ClosedDay> {
        self.days.iter().rev().filter(move |day| day.day <= last && !day.held_out)
    }

    /// Discounted moments of a measure over the days up to `last`.
    pub fn moments(&self, measure: Measure, last: u32) -> Moments {
        let (mut weight, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for day in self.learnt(last) {
            let w = DISCOUNT.powi((last - day.day).min(1_000) as i32);
            let x = f64::from(day.figures[measure as usize]);
            weight += w;
            sum += w * x;
            squares += w * x * x;
        }
        if weight == 0.0 {
            return Moments::default();
        }
        let mean = sum / weight;
        Moments { days: weight, mean, variance: (squares / weight - mean * mean).max(0.0) }
    }

    /// Days of activity in the `span` days that end with `last`, of the measure's sum: (days, sum).
    pub fn total(&self, measure: Measure, last: u32, span: u32) -> (u32, u64) {
        self.figures(measure, last, span).fold((0, 0), |(days, sum), figure| (days + 1, sum + figure))
    }

    /// The measure's largest figure of a day in the `span` days that end with `last`.
    pub fn largest(&self, measure: Measure, last: u32, span: u32) -> u64 {
        self.figures(measure, last, span).max().unwrap_or(0)
    }

    fn figures(&self, measure: Measure, last: u32, span: u32) -> impl Iterator<Item = u64> {
        let first = (last + 1).saturating_sub(span);
        let within = self.days.iter().rev().take_while(move |day| day.day >= first).filter(move |day| day.day <= last);
        within.map(move |day| u64::from(day.figures[measure as usize]))
    }

    /// The figures of a measure over days that may be learnt from, ascending.
    pub fn sorted(&self, measure: Measure, last: u32) -> Vec<u32> {
        let mut figures: Vec<u32> = self.learnt(last).map(|day| day.figures[measure as usize]).collect();
        figures.sort_unstable();
        figures
    }

    /// The newest closed day.
    pub fn newest(&self) -> Option<&ClosedDay> {
        self.days.back()
    }

    /// How many days are kept.
    pub fn len(&self) -> usize {
        self.days.len()
    }

    /// Whether no day has closed.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.days.capacity() * size_of::<ClosedDay>()
    }
}

/// The quantile of an ascending list by the nearest-rank method; `None` for an empty list.
pub fn quantile(ascending: &[u32], q: f64) -> Option<u32> {
    let rank = (q * ascending.len() as f64).ceil() as usize;
    ascending.get(rank.clamp(1, ascending.len().max(1)) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(figures: &[u32]) -> History {
        let mut history = History::default();
        for (i, n) in figures.iter().enumerate() {
            history.close(ClosedDay { day: i as u32 + 1, figures: [*n, 0, 0, 0], held_out: *n == 999 });
        }
        history
    }

    #[test]
    fn days_held_out_are_not_learnt_from() {
        let history = history(&[10, 10, 999, 10]);
        let moments = history.moments(Measure::Persons, 4);
        assert!((moments.mean - 10.0).abs() < 1e-9 && moments.variance < 1e-9);
        assert_eq!(history.sorted(Measure::Persons, 4), [10, 10, 10]);
        assert_eq!(history.total(Measure::Persons, 4, 2), (2, 1_009), "what happened is still counted");
    }

    #[test]
    fn the_day_that_is_judged_is_not_learnt_from() {
        assert_eq!(history(&[10, 20, 5_000]).sorted(Measure::Persons, 2), [10, 20]);
    }

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let ascending: Vec<u32> = (1..=100).collect();
        assert_eq!((quantile(&ascending, 0.5), quantile(&ascending, 0.99), quantile(&[], 0.5)), (Some(50), Some(99), None));
    }
}
