//! The long run: what each fortnight of more than a year held, so that a little more every day can be told after months.
//!
//! Closed days are kept one by one for a quarter only, and learnt from as they come: whoever takes a little more from week to week
//! moves the baseline along. Fortnights are kept for longer, in a few measures, and each stretch of the newest is held against what lay
//! before it. A day counts up to a bound: bursts are told by the day, and must not hide, nor be taken for, what goes on for months.

use crate::profile::history::ClosedDay;
use crate::profile::measure::Measure;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What is kept: all ways together, one by one and in lists, and the ways that hardly anybody goes.
pub const KEPT_MEASURES: [Measure; WAYS] = [Measure::Unexplained, Measure::Singly, Measure::Claimed, Measure::Foreign];

/// How many measures are kept.
pub const WAYS: usize = 4;

/// Lengths of the newest stretch that are compared with what lies before, in fortnights.
pub const STRETCHES: [u16; 11] = [1, 2, 3, 4, 6, 8, 11, 14, 18, 22, 26];

/// Fortnights that are kept: a year, and a quarter to compare it with.
const FORTNIGHTS: usize = 33;

/// Days of a fortnight.
const DAYS: u32 = 14;

/// A day counts up to so much, and so often the usual day.
const DAY_BOUND: (f64, f64) = (12.0, 2.0);

/// By how much a day changes the mean and the variance of days.
const PACE: f32 = 0.03;

/// What the days of one fortnight held.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Fortnight {
    number: u16,
    /// Days of activity that were learnt from.
    days: u16,
    sums: [u16; WAYS],
    /// What came after its day had closed: it counts, and nothing is learnt from it.
    late: [u16; WAYS],
}

/// More than a year of one employee.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct LongRun {
    fortnights: VecDeque<Fortnight>,
    /// Running mean and variance of bounded days.
    mean: [f32; WAYS],
    variance: [f32; WAYS],
    /// The day of which something came late last, and how much of it counts.
    late: (u32, [u16; WAYS]),
}

/// Days of activity, and the sum of each measure over them.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct LongSum {
    /// Days of activity.
    pub days: u32,
    /// Sums of bounded days.
    pub sums: [u32; WAYS],
}

/// The newest stretches of each length, and all that is kept, as the global stage gets them.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Stretches {
    /// By [`STRETCHES`]; what came late is in it.
    pub newest: [LongSum; STRETCHES.len()],
    /// What lies before each.
    pub before: [LongSum; STRETCHES.len()],
    /// Variance of days over their mean, of each measure.
    pub dispersion: [f32; WAYS],
}

impl LongRun {
    /// Learns a day that is over. Days come in ascending order.
    pub fn learn(&mut self, day: &ClosedDay) {
        let figures = KEPT_MEASURES.map(|measure| f64::from(day.figures[measure as usize]));
        let bounded: [f64; WAYS] = std::array::from_fn(|at| figures[at].min(self.day_bound(at)));
        let is_first = self.fortnights.iter().all(|fortnight| fortnight.days == 0);
        let Some(fortnight) = self.fortnight(day.day) else { return };
        fortnight.days += 1;
        for (sum, figure) in fortnight.sums.iter_mut().zip(bounded) {
            *sum = sum.saturating_add(figure as u16);
        }
        for ((mean, variance), figure) in self.mean.iter_mut().zip(&mut self.variance).zip(bounded) {
            let figure = figure as f32;
            if is_first {
                (*mean, *variance) = (figure, figure);
            }
            let off = figure - *mean;
            *mean += PACE * off;
            *variance = (1.0 - PACE) * (*variance + PACE * off * off);
        }
    }

    /// Notes what came of a day that has closed.
    pub fn add_late(&mut self, day: u32, signals: &[u64; Measure::COUNT]) {
        let more = KEPT_MEASURES.map(|measure| u16::try_from(signals[measure as usize]).unwrap_or(u16::MAX));
        if more == [0; WAYS] {
            return;
        }
        if self.late.0 != day {
            self.late = (day, [0; WAYS]);
        }
        // Of one day no more counts than where it had come in time.
        let counted = self.late.1;
        let more: [u16; WAYS] = std::array::from_fn(|at| more[at].min((self.day_bound(at) as u16).saturating_sub(counted[at])));
        self.late.1 = std::array::from_fn(|at| counted[at] + more[at]);
        if let Some(fortnight) = self.fortnight(day) {
            for (late, more) in fortnight.late.iter_mut().zip(more) {
                *late = late.saturating_add(more);
            }
        }
    }

    /// Up to how much a day counts.
    fn day_bound(&self, way: usize) -> f64 {
        (DAY_BOUND.0 + DAY_BOUND.1 * f64::from(self.mean[way])).floor()
    }

    /// The fortnight of a day, made if it is not there; none where it lies before all that is kept.
    fn fortnight(&mut self, day: u32) -> Option<&mut Fortnight> {
        let number = u16::try_from(day / DAYS).unwrap_or(u16::MAX);
        let at = match self.fortnights.binary_search_by_key(&number, |fortnight| fortnight.number) {
            Ok(at) => at,
            Err(0) if self.fortnights.len() == FORTNIGHTS => return None,
            Err(mut at) => {
                if self.fortnights.len() == FORTNIGHTS {
                    self.fortnights.pop_front();
                    at -= 1;
                }
                if self.fortnights.len() == self.fortnights.capacity() {
                    self.fortnights.reserve_exact(4);
                }
                self.fortnights.insert(at, Fortnight { number, ..Fortnight::default() });
                at
            }
        };
        self.fortnights.get_mut(at)
    }

    /// The stretches that end with a day.
    pub fn stretches(&self, last: u32) -> Stretches {
        let newest = u16::try_from(last / DAYS).unwrap_or(u16::MAX);
        let mut stretches = Stretches::default();
        for (at, length) in STRETCHES.into_iter().enumerate() {
            let first = (newest + 1).saturating_sub(length);
            let (mut within, mut before) = (LongSum::default(), LongSum::default());
            for fortnight in &self.fortnights {
                let in_it = fortnight.number >= first;
                let sum = if in_it { &mut within } else { &mut before };
                sum.days += u32::from(fortnight.days);
                for (way, sum) in sum.sums.iter_mut().enumerate() {
                    *sum += u32::from(fortnight.sums[way]) + if in_it { u32::from(fortnight.late[way]) } else { 0 };
                }
            }
            (stretches.newest[at], stretches.before[at]) = (within, before);
        }
        stretches.dispersion = std::array::from_fn(|way| self.variance[way] / self.mean[way].max(0.02));
        stretches
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.fortnights.capacity() * size_of::<Fortnight>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32, people: u32) -> ClosedDay {
        let mut figures = [0; Measure::COUNT];
        (figures[Measure::Unexplained as usize], figures[Measure::Singly as usize]) = (people, people / 2);
        ClosedDay { day, figures, held_out: false }
    }

    #[test]
    fn stretches_are_held_against_what_lies_before_them() {
        let mut long_run = LongRun::default();
        (1..=419).for_each(|number| long_run.learn(&day(number, if number > 392 { 4 } else { 2 })));
        let Stretches { newest, before, dispersion } = long_run.stretches(419);
        assert_eq!((newest[0].days, newest[0].sums, before[0].days), (14, [56, 28, 0, 0], 405));
        assert_eq!((newest[1].days, newest[1].sums[0], before[1].sums[0]), (28, 27 * 4 + 2, 391 * 2));
        assert_eq!((newest[10].days, newest[10].days + before[10].days), (26 * 14, 419));
        assert!(dispersion[0] < 1.0 && dispersion[2] == 0.0);
    }

    #[test]
    fn a_burst_counts_as_little_more_than_a_day_and_a_year_and_a_quarter_is_kept() {
        let mut long_run = LongRun::default();
        (1..=900).for_each(|number| long_run.learn(&day(number, if number == 890 { 5_000 } else { 3 })));
        let stretches = long_run.stretches(900);
        assert!(stretches.newest[1].sums[0] < 28 * 3 + 20, "{stretches:?}");
        assert!(long_run.fortnights.len() == FORTNIGHTS && long_run.heap_bytes() < 1_000);
    }

    #[test]
    fn what_comes_late_counts_in_its_stretch_and_is_nothing_to_compare_with() {
        let mut long_run = LongRun::default();
        (14..=55).for_each(|number| long_run.learn(&day(number, 2)));
        let mut signals = [0; Measure::COUNT];
        signals[Measure::Unexplained as usize] = 40;
        // Of one day no more counts than if it had come in time.
        let bound = (DAY_BOUND.0 + DAY_BOUND.1 * 2.0) as u32;
        long_run.add_late(30, &signals);
        long_run.add_late(30, &signals);
        let Stretches { newest, before, .. } = long_run.stretches(55);
        assert_eq!((newest[1].sums[0], newest[0].sums[0], before[0].sums[0]), (28 * 2 + bound, 28, 28 * 2));
        let mut all = LongRun::default();
        (1..=40).for_each(|fortnight| all.add_late(fortnight * DAYS, &signals));
        all.add_late(DAYS, &signals);
        assert_eq!(all.fortnights.len(), FORTNIGHTS);
    }
}
