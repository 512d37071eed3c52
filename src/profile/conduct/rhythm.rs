//! The rhythm of accesses: whether a machine sets it.
//!
//! People pause, hesitate and hurry: the gaps between their accesses differ by factors (the logarithm of a gap scatters by about one),
//! and nobody goes on for an hour without a break. A run is a stretch without a pause; it is a machine's once it is long and
//! even, or so long without a pause that evenness no longer matters.

use serde::{Deserialize, Serialize};

/// A pause ends a run, in milliseconds.
const PAUSE: i64 = 90_000;
/// Accesses within this are one click: a page that reads several tables.
const ONE_CLICK: i64 = 250;
/// Steps before a run can be told to be even.
const FEWEST: u32 = 40;
/// Standard deviation of the natural logarithm of the gaps below which a run is even. Uniform jitter between 6 and 14 seconds
/// gives 0.24, people at work about 1.
const EVEN: f64 = 0.45;
/// Steps without a pause that nobody keeps up by hand.
const TIRELESS: u32 = 400;

/// The run under way.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Rhythm {
    last: i64,
    steps: u32,
    sum: f64,
    squares: f64,
    /// Whether the run was found to be a machine's.
    mechanical: bool,
}

impl Rhythm {
    /// Notes an access; gives how many accesses of the run are a machine's and were not told before.
    pub fn note(&mut self, ms: i64) -> u64 {
        self.note_from(self.last, ms)
    }

    /// The same of records that come late: several days may come one after the other, each a run of its own.
    pub fn note_late(&mut self, ms: i64) -> u64 {
        self.note_from(if ms + PAUSE < self.last { 0 } else { self.last }, ms)
    }

    fn note_from(&mut self, last: i64, ms: i64) -> u64 {
        let gap = ms - last;
        if gap < ONE_CLICK {
            return u64::from(self.mechanical);
        }
        if last == 0 || gap > PAUSE {
            *self = Rhythm { last: ms, ..Rhythm::default() };
            return 0;
        }
        self.last = ms;
        self.steps += 1;
        let log = (gap as f64).ln();
        self.sum += log;
        self.squares += log * log;
        let n = f64::from(self.steps);
        let variance = (self.squares / n - (self.sum / n).powi(2)).max(0.0);
        let before = self.mechanical;
        self.mechanical = (self.steps >= FEWEST && variance < EVEN * EVEN) || self.steps >= TIRELESS;
        match (before, self.mechanical) {
            (_, false) => 0,
            (true, true) => 1,
            (false, true) => u64::from(self.steps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(gaps: impl Iterator<Item = i64>) -> u64 {
        let (mut rhythm, mut now, mut sum) = (Rhythm::default(), 1_000_000, 0);
        for gap in gaps {
            now += gap;
            sum += rhythm.note(now);
        }
        sum
    }

    #[test]
    fn even_gaps_are_a_machines_and_those_of_people_are_not() {
        assert_eq!(told((0..200).map(|n| 2_000 + n * 7 % 90)), 199);
        assert!(told((0..200).map(|n| 6_000 + n * 7_919 % 8_000)) > 190, "jitter does not hide it");
        // Gaps of people: from two seconds to a minute, by factors.
        assert_eq!(told((0..300).map(|n| 2_000 * (1 << (n * 7_919 % 5)) + n * 31 % 700)), 0);
    }

    #[test]
    fn nobody_works_for_hours_without_a_pause() {
        assert!(told((0..600).map(|n| 2_000 * (1 << (n * 7_919 % 5)))) > 0);
    }
}
