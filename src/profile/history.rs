//! Closed days: what the employee did on each day of activity, the ground that baselines learn from.
//!
//! Only days that are over are here, so today's conduct cannot move what today is held against. A day on which an alert
//! rose stays in the list and is held out of learning. A day keeps the measures that are not zero, each in two bytes:
//! figures up to 4,095 exactly, larger ones to twelve binary digits (0.02 per cent).

use crate::model::steps;
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
    days: VecDeque<DayHeader>,
    /// The figures of all days, one after the other.
    figures: VecDeque<u16>,
}

/// A day, and which of the figures are its own.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct DayHeader {
    day: u32,
    /// One bit for each measure that is not zero; the topmost bit for a day that is held out.
    mask: u32,
}

const HELD_OUT: u32 = 1 << 31;

impl DayHeader {
    fn held_out(self) -> bool {
        self.mask & HELD_OUT != 0
    }

    fn count(self) -> usize {
        (self.mask & !HELD_OUT).count_ones() as usize
    }

    fn has(self, measure: Measure) -> bool {
        self.mask & (1 << measure as u32) != 0
    }

    /// The place of a measure among the day's own figures.
    fn place(self, measure: Measure) -> usize {
        (self.mask & ((1 << measure as u32) - 1)).count_ones() as usize
    }
}

/// Discounted moments of one measure over days of activity.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Moments {
    /// Sum of weights: the effective number of days.
    pub days: f64,
    /// Mean per day.
    pub mean: f64,
    /// Variance between days.
    pub variance: f64,
}

/// Moments of every measure.
pub type AllMoments = [Moments; Measure::COUNT];

/// Those of no day.
pub static NO_MOMENTS: AllMoments = [Moments { days: 0.0, mean: 0.0, variance: 0.0 }; Measure::COUNT];

impl History {
    /// Adds a day that is over. Days come in ascending order.
    pub fn close(&mut self, day: ClosedDay) {
        if self.days.len() == KEPT
            && let Some(oldest) = self.days.pop_front()
        {
            self.figures.drain(..oldest.count());
        }
        let mut mask = if day.held_out { HELD_OUT } else { 0 };
        for (at, figure) in day.figures.iter().enumerate().filter(|(_, figure)| **figure > 0) {
            mask |= 1 << at;
            if self.figures.len() == self.figures.capacity() {
                // Grows by little at a time: most of what an employee costs is this list.
                self.figures.reserve_exact(64);
            }
            self.figures.push_back(pack(*figure));
        }
        if self.days.len() == self.days.capacity() {
            self.days.reserve_exact(16);
        }
        self.days.push_back(DayHeader { day: day.day, mask });
    }

    /// The days with where their figures begin, newest first.
    fn heads(&self) -> impl Iterator<Item = (DayHeader, usize)> {
        let mut end = self.figures.len();
        self.days.iter().rev().map(move |head| {
            steps::count(1);
            end -= head.count();
            (*head, end)
        })
    }

    fn figure(&self, head: DayHeader, start: usize, measure: Measure) -> u32 {
        if head.has(measure) { self.figures.get(start + head.place(measure)).map_or(0, |packed| unpack(*packed)) } else { 0 }
    }

    /// The figures of a day that are not zero.
    fn own(&self, head: DayHeader, start: usize) -> impl Iterator<Item = (Measure, u32)> {
        let mut bits = head.mask & !HELD_OUT;
        (start..self.figures.len()).map_while(move |place| {
            let measure = Measure::ALL.get(bits.trailing_zeros() as usize)?;
            bits &= bits - 1;
            Some((*measure, unpack(self.figures[place])))
        })
    }

    fn whole(&self, head: DayHeader, start: usize) -> ClosedDay {
        ClosedDay { day: head.day, figures: Measure::ALL.map(|measure| self.figure(head, start, measure)), held_out: head.held_out() }
    }

    /// Days that may be learnt from, up to `last`, newest first.
    pub fn learnt(&self, last: u32) -> impl Iterator<Item = ClosedDay> {
        self.heads().filter(move |(head, _)| head.day <= last && !head.held_out()).map(|(head, start)| self.whole(head, start))
    }

    /// Discounted moments of every measure over the days up to `last`.
    pub fn all_moments(&self, last: u32) -> AllMoments {
        let (mut weight, mut w, mut at) = (0.0, 1.0, last);
        let mut sums = [(0.0, 0.0); Measure::COUNT];
        for (head, start) in self.heads().filter(|(head, _)| head.day <= last && !head.held_out()) {
            w *= DISCOUNT.powi((at - head.day).min(1_000) as i32);
            at = head.day;
            weight += w;
            for (measure, figure) in self.own(head, start) {
                let x = f64::from(figure);
                let sum = &mut sums[measure as usize];
                sum.0 += w * x;
                sum.1 += w * x * x;
            }
        }
        sums.map(|(sum, squares)| {
            if weight == 0.0 {
                return Moments::default();
            }
            let mean: f64 = sum / weight;
            Moments { days: weight, mean, variance: (squares / weight - mean * mean).max(0.0) }
        })
    }

    /// Days of activity in the `span` days that end with `last`, and the measure's sum: (days, sum).
    pub fn total(&self, measure: Measure, last: u32, span: u32) -> (u32, u64) {
        self.of(measure, last, span).fold((0, 0), |(days, sum), figure| (days + 1, sum + figure))
    }

    /// The measure's largest figure of a day in the `span` days that end with `last`.
    pub fn largest(&self, measure: Measure, last: u32, span: u32) -> u64 {
        self.of(measure, last, span).max().unwrap_or(0)
    }

    /// Days of activity in the `span` days that end with `last`, with the measure's figure, newest first.
    pub fn days(&self, measure: Measure, last: u32, span: u32) -> impl Iterator<Item = (u32, u64)> {
        let first = (last + 1).saturating_sub(span);
        let within = self.heads().take_while(move |(head, _)| head.day >= first).filter(move |(head, _)| head.day <= last);
        within.map(move |(head, start)| (head.day, u64::from(self.figure(head, start, measure))))
    }

    /// The same with all figures that are not zero.
    pub fn figures(&self, last: u32, span: u32) -> impl Iterator<Item = (u32, impl Iterator<Item = (Measure, u32)>)> {
        let first = (last + 1).saturating_sub(span);
        let within = self.heads().take_while(move |(head, _)| head.day >= first).filter(move |(head, _)| head.day <= last);
        within.map(move |(head, start)| (head.day, self.own(head, start)))
    }

    fn of(&self, measure: Measure, last: u32, span: u32) -> impl Iterator<Item = u64> {
        self.days(measure, last, span).map(|(_, figure)| figure)
    }

    /// The figures of a measure over days that may be learnt from, ascending.
    pub fn sorted(&self, measure: Measure, last: u32) -> Vec<u32> {
        let learnt = self.heads().filter(|(head, _)| head.day <= last && !head.held_out());
        let mut figures: Vec<u32> = learnt.map(|(head, start)| self.figure(head, start, measure)).collect();
        figures.sort_unstable();
        figures
    }

    /// Whether a closed day is held out of learning.
    pub fn is_held_out(&self, day: u32) -> bool {
        self.days.binary_search_by_key(&day, |head| head.day).is_ok_and(|at| self.days[at].held_out())
    }

    /// The number of the newest closed day.
    pub fn newest(&self) -> Option<u32> {
        self.days.back().map(|head| head.day)
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
        self.days.capacity() * size_of::<DayHeader>() + self.figures.capacity() * size_of::<u16>()
    }
}

/// Twelve binary digits and a shift, as a small floating-point number.
fn pack(figure: u32) -> u16 {
    let shift = (32 - figure.leading_zeros()).saturating_sub(12);
    if shift > 15 { u16::MAX } else { ((shift as u16) << 12) | (figure >> shift) as u16 }
}

fn unpack(packed: u16) -> u32 {
    u32::from(packed & 0xfff) << (packed >> 12)
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
            let mut day = [0; Measure::COUNT];
            (day[0], day[5]) = (*n, n / 10);
            history.close(ClosedDay { day: i as u32 + 1, figures: day, held_out: *n == 999 });
        }
        history
    }

    #[test]
    fn days_held_out_are_not_learnt_from() {
        let history = history(&[10, 10, 999, 10]);
        let moments = history.all_moments(4)[Measure::Persons as usize];
        assert!((moments.mean - 10.0).abs() < 1e-9 && moments.variance < 1e-9);
        assert_eq!(history.sorted(Measure::Persons, 4), [10, 10, 10]);
        assert_eq!(history.total(Measure::Persons, 4, 2), (2, 1_009), "what happened is still counted");
    }

    #[test]
    fn the_day_that_is_judged_is_not_learnt_from() {
        assert_eq!(history(&[10, 20, 5_000]).sorted(Measure::Persons, 2), [10, 20]);
    }

    #[test]
    fn figures_are_kept_to_twelve_digits_and_days_to_ninety() {
        let figures: Vec<u32> = (0..200).map(|n| n * n * 7).collect();
        let history = history(&figures);
        assert_eq!((history.len(), history.days(Measure::Persons, 200, 200).last().map(|(day, _)| day)), (90, Some(111)));
        for (day, figure) in history.days(Measure::Persons, 200, 90) {
            let truth = u64::from(figures[day as usize - 1]);
            assert!(truth >= figure && (truth - figure) * 2_000 <= truth, "{truth} {figure}");
        }
        assert_eq!((unpack(pack(4_095)), unpack(pack(0)), unpack(pack(547_000)) / 1_000), (4_095, 0, 546));
        assert!(unpack(pack(u32::MAX)) > 100_000_000);
    }

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let ascending: Vec<u32> = (1..=100).collect();
        assert_eq!((quantile(&ascending, 0.5), quantile(&ascending, 0.99), quantile(&[], 0.5)), (Some(50), Some(99), None));
    }
}
