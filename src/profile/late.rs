//! Days that had closed when more of them came: what late records add to each, kept beside what was learnt of it.
//!
//! A closed day stays as it was learnt, so that nobody changes what they are held against by having records come late. What comes late is
//! judged with the rest of its own day all the same.

use crate::profile::history::History;
use crate::profile::measure::{Figures, Measure};
use serde::{Deserialize, Serialize};

/// Days with late records that are kept; past that the oldest two count as one.
const DAYS: usize = 64;

/// People touched on a late day and on a later one, too, who are told apart; past that each touch counts as another.
const MOVED: usize = 1_024;

/// What came late, by day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LateDays {
    /// Ascending by day.
    days: Vec<(u32, Figures)>,
    /// People of one of these days whose last touch lies on a later day: (day, print, whether without a known reason), ascending.
    moved: Vec<(u32, u64, bool)>,
}

impl LateDays {
    /// Adds what one access counted.
    pub fn add(&mut self, day: u32, signals: &[u64; Measure::COUNT]) {
        if signals.iter().all(|more| *more == 0) {
            return;
        }
        let at = match self.days.binary_search_by_key(&day, |(day, _)| *day) {
            Ok(at) => at,
            Err(at) => {
                self.days.insert(at, (day, [0; Measure::COUNT]));
                at
            }
        };
        add(&mut self.days[at].1, signals);
        if self.days.len() > DAYS {
            let (_, oldest) = self.days.remove(0);
            add(&mut self.days[0].1, &oldest.map(u64::from));
        }
    }

    /// Whether a person who was touched on a later day as well counts here for the first time.
    pub fn is_first(&mut self, day: u32, subject: u64, unexplained: bool) -> bool {
        match self.moved.binary_search(&(day, subject, unexplained)) {
            Ok(_) => false,
            Err(at) => {
                if self.moved.len() < MOVED {
                    self.moved.insert(at, (day, subject, unexplained));
                }
                true
            }
        }
    }

    /// What came late on a day.
    pub fn of(&self, day: u32) -> Option<&Figures> {
        self.days.binary_search_by_key(&day, |(day, _)| *day).ok().map(|at| &self.days[at].1)
    }

    /// What came late of a measure on a day.
    pub fn figure(&self, measure: Measure, day: u32) -> u64 {
        self.of(day).map_or(0, |figures| u64::from(figures[measure as usize]))
    }

    /// Days of which nothing is known but what came late.
    pub fn only_late<'a>(&'a self, history: &'a History, first: u32, last: u32) -> impl Iterator<Item = u32> + 'a {
        let within = self.days.iter().map(|(day, _)| *day).filter(move |day| (first..=last).contains(day));
        within.filter(|day| history.days(Measure::Persons, *day, 1).next().is_none())
    }

    /// Whether nothing came late.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// Forgets the days before one.
    pub fn forget_before(&mut self, day: u32) {
        self.days.retain(|(of, _)| *of >= day);
        self.moved.retain(|(of, ..)| *of >= day);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.days.capacity() * size_of::<(u32, Figures)>() + self.moved.capacity() * size_of::<(u32, u64, bool)>()
    }
}

/// Adds what an access counted to the figures of its day. Peaks are not added up: the highest counts.
pub(super) fn add(figures: &mut Figures, signals: &[u64; Measure::COUNT]) {
    for (at, more) in signals.iter().enumerate().filter(|(_, more)| **more > 0) {
        let more = u32::try_from(*more).unwrap_or(u32::MAX);
        let figure = &mut figures[at];
        *figure = if Measure::ALL[at].is_peak() { (*figure).max(more) } else { figure.saturating_add(more) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(n: u64) -> [u64; Measure::COUNT] {
        let mut signals = [0; Measure::COUNT];
        signals[Measure::Persons as usize] = n;
        signals
    }

    #[test]
    fn what_comes_late_adds_up_by_day_and_nothing_of_it_is_lost_past_the_bound() {
        let mut late = LateDays::default();
        (1..=100).for_each(|day| late.add(day, &people(2)));
        late.add(100, &people(5));
        late.add(101, &people(0));
        assert_eq!((late.figure(Measure::Persons, 100), late.figure(Measure::Persons, 101)), (7, 0));
        assert_eq!((1..=101).map(|day| late.figure(Measure::Persons, day)).sum::<u64>(), 205);
        assert!(late.days.len() <= DAYS);
        late.forget_before(100);
        assert_eq!(late.only_late(&History::default(), 1, 200).collect::<Vec<_>>(), [100]);
    }

    #[test]
    fn whoever_was_touched_later_as_well_counts_once_on_the_late_day() {
        let mut late = LateDays::default();
        assert!(late.is_first(7, 1, true) && !late.is_first(7, 1, true) && late.is_first(8, 1, true) && late.is_first(7, 1, false));
        (0..5_000).for_each(|person| assert!(late.is_first(9, person, true)));
        assert!(late.moved.len() <= MOVED);
    }
}
