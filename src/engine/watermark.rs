//! Time of one source partition: its watermark, what is late, and what leaps too far ahead to be believed yet.
//!
//! The watermark is the latest believed event time. A record more than [`LEAP`] ahead of it is set aside: it moves the
//! watermark only once [`CONFIRMATIONS`] further records in a row leap as well, so that one wrong clock cannot mute a
//! source (every later record would be late). Before the first records have been seen there is no watermark to trust, so
//! the first few are held until they agree. What is set aside when the input ends counts if another leapt as well and
//! nothing after them spoke against it, and becomes a dead letter otherwise.

use crate::model::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// How far ahead of its partition's watermark a record is believed (docs/contract.md §9).
pub const LEAP: Span = Span::days(7);

/// Further records in a row that must leap as well.
pub const CONFIRMATIONS: usize = 3;

/// Records set aside at once; past that the oldest is given up, since memory is bounded.
const SET_ASIDE: usize = 1_024;

/// The clock of one partition, holding what is set aside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WatermarkTracker<T> {
    watermark: Option<Timestamp>,
    lateness: Span,
    aside: Vec<Aside<T>>,
    /// Records in a row that leapt.
    row: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Aside<T> {
    time: Timestamp,
    /// Whether a record at the old time came after it.
    contradicted: bool,
    item: T,
}

/// A record with its place in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scheduled<T> {
    /// Where it settles: its event time, or for a late one the edge of what may still settle.
    pub settles: Timestamp,
    /// Whether it came after what it belongs to had settled.
    pub late: bool,
    /// The record.
    pub item: T,
}

impl<T> WatermarkTracker<T> {
    /// A clock that has seen nothing.
    pub fn new(lateness: Span) -> WatermarkTracker<T> {
        WatermarkTracker { watermark: None, lateness, aside: Vec::new(), row: 0 }
    }

    /// How long a record may come after later ones, from now on. What has settled stays settled.
    pub fn set_lateness(&mut self, lateness: Span) {
        self.lateness = lateness;
    }

    /// The latest believed event time.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.watermark
    }

    /// Up to where records of this partition have settled, exclusive. Nothing settles before the first watermark.
    pub fn frontier(&self) -> Option<Timestamp> {
        self.watermark.map(|watermark| watermark - self.lateness)
    }

    /// Whether records are set aside.
    pub fn holds_any(&self) -> bool {
        !self.aside.is_empty()
    }

    /// Takes a record. `believed` is the latest time that can be believed for other reasons (live: the broker's clock and
    /// a bounded skew). `schedule` is called with every record whose settling time is now known; what is returned is given up.
    pub fn take(&mut self, time: Timestamp, believed: Option<Timestamp>, item: T, schedule: &mut impl FnMut(Scheduled<T>)) -> Option<T> {
        let Some(watermark) = self.watermark else {
            self.aside.push(Aside { time, contradicted: false, item });
            if believed.is_some_and(|limit| time <= limit) || self.aside.len() > CONFIRMATIONS {
                self.start(schedule);
            }
            return None;
        };
        let limit = believed.unwrap_or(watermark + LEAP);
        if time <= limit {
            self.row = 0;
            for aside in self.aside.iter_mut().filter(|aside| aside.time > time + LEAP) {
                aside.contradicted = true;
            }
            self.schedule(time, item, schedule);
            self.release(schedule);
            return None;
        }
        self.row += 1;
        self.aside.push(Aside { time, contradicted: false, item });
        if self.row > CONFIRMATIONS && believed.is_none() {
            self.confirm(schedule);
        }
        (self.aside.len() > SET_ASIDE).then(|| self.aside.remove(0).item)
    }

    /// Begins with the earliest of the first records; the others follow the rules.
    fn start(&mut self, schedule: &mut impl FnMut(Scheduled<T>)) {
        self.watermark = self.aside.iter().map(|aside| aside.time).min();
        for aside in std::mem::take(&mut self.aside) {
            // The first records speak for or against one another like all others, without a limit from outside.
            self.take(aside.time, None, aside.item, schedule);
        }
    }

    /// The last records in a row all leapt: the earliest of them is believed, and with it what lies within reach.
    fn confirm(&mut self, schedule: &mut impl FnMut(Scheduled<T>)) {
        let row = self.aside.len().saturating_sub(self.row);
        let earliest = self.aside[row..].iter().map(|aside| aside.time).min();
        self.watermark = self.watermark.max(earliest);
        self.row = 0;
        self.release(schedule);
    }

    /// Places what was set aside and is no longer out of reach, in the order of arrival.
    fn release(&mut self, schedule: &mut impl FnMut(Scheduled<T>)) {
        while let Some(watermark) = self.watermark
            && let Some(at) = self.aside.iter().position(|aside| aside.time <= watermark + LEAP)
        {
            let aside = self.aside.remove(at);
            self.schedule(aside.time, aside.item, schedule);
        }
        // With nothing set aside there is nothing to confirm: whoever begins here, from the watermark alone, goes on alike.
        if self.aside.is_empty() {
            self.row = 0;
        }
    }

    fn schedule(&mut self, time: Timestamp, item: T, schedule: &mut impl FnMut(Scheduled<T>)) {
        let watermark = self.watermark.map_or(time, |watermark| watermark.max(time));
        self.watermark = Some(watermark);
        let edge = watermark - self.lateness;
        schedule(Scheduled { settles: time.max(edge), late: time < edge, item });
    }

    /// Where something of that time that is no record settles. `None` where that is not believed yet, and never waits for it.
    pub fn settling_time(&self, time: Timestamp) -> Option<Timestamp> {
        match self.watermark {
            Some(watermark) => (time <= watermark + LEAP).then(|| time.max(watermark - self.lateness)),
            None => Some(time),
        }
    }

    /// The source is silent and time has passed elsewhere: the watermark follows.
    pub fn advance(&mut self, to: Timestamp, schedule: &mut impl FnMut(Scheduled<T>)) {
        if self.watermark.is_none() && !self.aside.is_empty() {
            self.start(schedule);
        }
        self.watermark = self.watermark.max(Some(to));
        self.release(schedule);
    }

    /// The input ends. What nothing spoke against is placed; what is returned is given up.
    pub fn finish(&mut self, schedule: &mut impl FnMut(Scheduled<T>)) -> Vec<T> {
        if self.watermark.is_none() && !self.aside.is_empty() {
            self.start(schedule);
        }
        let mut aside = std::mem::take(&mut self.aside);
        aside.sort_by_key(|aside| aside.time);
        // One record does not confirm itself; two that nothing spoke against confirm one another.
        let alone = aside.iter().filter(|aside| !aside.contradicted).count() < 2;
        let mut given_up = Vec::new();
        for aside in aside {
            if aside.contradicted || alone {
                given_up.push(aside.item);
            } else {
                self.schedule(aside.time, aside.item, schedule);
            }
        }
        given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::DAY_MS;

    fn run(times: &[i64]) -> (Vec<Scheduled<usize>>, Vec<usize>, WatermarkTracker<usize>) {
        let mut clock = WatermarkTracker::new(Span::minutes(20));
        let mut placed = Vec::new();
        for (n, ms) in times.iter().enumerate() {
            let given_up = clock.take(Timestamp(*ms), None, n, &mut |p| placed.push(p));
            assert_eq!(given_up, None);
        }
        let given_up = clock.finish(&mut |p| placed.push(p));
        (placed, given_up, clock)
    }

    #[test]
    fn one_record_of_the_future_moves_nothing_and_is_given_up_when_others_speak_against_it() {
        let mut times: Vec<i64> = (0..10).map(|n| n * 60_000).collect();
        times.insert(5, 400 * DAY_MS);
        let (placed, given_up, clock) = run(&times);
        assert_eq!(given_up, [5]);
        assert!(placed.iter().all(|p| !p.late) && placed.len() == 10);
        assert_eq!(clock.watermark(), Some(Timestamp(9 * 60_000)));
    }

    #[test]
    fn a_future_record_at_the_very_start_mutes_nobody() {
        let (placed, given_up, _) = run(&[400 * DAY_MS, 0, 60_000, 120_000, 180_000, 240_000]);
        assert_eq!(given_up, [0]);
        assert!(placed.iter().all(|p| !p.late));
    }

    #[test]
    fn a_long_silence_is_believed_once_others_confirm_it_and_at_the_end() {
        let (placed, given_up, clock) = run(&[0, 1, 2, 3, 30 * DAY_MS, 30 * DAY_MS + 1, 30 * DAY_MS + 2, 30 * DAY_MS + 3, 30 * DAY_MS + 4]);
        assert!(given_up.is_empty() && placed.len() == 9 && placed.iter().all(|p| !p.late));
        assert_eq!(clock.watermark(), Some(Timestamp(30 * DAY_MS + 4)));
        let (sparse, given_up, _) = run(&[0, 30 * DAY_MS, 60 * DAY_MS, 90 * DAY_MS]);
        assert!(given_up.is_empty() && sparse.iter().all(|p| !p.late), "sparse and in order: {sparse:?}");
    }

    #[test]
    fn a_single_record_of_the_future_at_the_end_is_given_up() {
        let (placed, given_up, clock) = run(&[0, 1, 2, 3, 4, 8 * DAY_MS]);
        assert_eq!((placed.len(), given_up), (5, vec![5]));
        assert_eq!(clock.watermark(), Some(Timestamp(4)));
    }

    #[test]
    fn a_clock_that_has_set_nothing_aside_is_its_watermark_and_nothing_else() {
        let mut clock = WatermarkTracker::new(Span::minutes(20));
        let ignore = &mut |_: Scheduled<usize>| {};
        for (n, ms) in [0, 1, 2, 3, 30 * DAY_MS].into_iter().enumerate() {
            clock.take(Timestamp(ms), None, n, ignore);
        }
        assert!(clock.holds_any());
        clock.advance(Timestamp(29 * DAY_MS), ignore);
        assert!(!clock.holds_any());
        let mut anew = WatermarkTracker::new(Span::minutes(20));
        anew.advance(clock.watermark().expect("it has one"), ignore);
        for n in 0..6 {
            let [mut a, mut b] = [Vec::new(), Vec::new()];
            clock.take(Timestamp(60 * DAY_MS + n), None, n as usize, &mut |placed| a.push(placed));
            anew.take(Timestamp(60 * DAY_MS + n), None, n as usize, &mut |placed| b.push(placed));
            assert_eq!((a, clock.watermark()), (b, anew.watermark()), "after {n}");
        }
    }

    #[test]
    fn a_late_record_settles_at_the_edge_and_says_so() {
        let (placed, ..) = run(&[0, 1, 2, 3, 60 * 60_000, 60_000]);
        let late = placed.iter().find(|p| p.item == 5).expect("was placed");
        assert!(late.late);
        assert_eq!(late.settles, Timestamp(40 * 60_000));
    }

    #[test]
    fn the_broker_clock_is_believed_over_the_watermark() {
        let mut clock = WatermarkTracker::new(Span::minutes(20));
        let mut placed = Vec::new();
        let believed = Some(Timestamp(50 * DAY_MS));
        for (n, ms) in [0, 40 * DAY_MS, 60 * DAY_MS, 60 * DAY_MS, 60 * DAY_MS, 60 * DAY_MS, 60 * DAY_MS].into_iter().enumerate() {
            clock.take(Timestamp(ms), believed, n, &mut |p: Scheduled<usize>| placed.push(p.item));
        }
        assert_eq!(placed, [0, 1], "no number of records confirms what the broker's clock speaks against");
    }
}
