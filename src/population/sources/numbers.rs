//! NumberGaps of audit sequences that never came, against how many usually do not: whoever ships only some of the lines always lacks some.

use crate::population::sources::history::KEPT_DAYS;
use crate::population::volume::{HourVolume, RecordRef};
use crate::profile::baseline::Prediction;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days with numbers before anything is said.
const FEWEST_DAYS: usize = 3;
/// Days with fewer numbers say little of what is usual.
const FEWEST_NUMBERS: u64 = 20;

/// The days of one source: (numbers due, numbers missing).
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct NumberGaps {
    days: BTreeMap<i64, (u64, u64)>,
    /// The first hole of today.
    edges: Option<[RecordRef; 2]>,
    /// Whether numbers went missing since the last judgement.
    fresh: bool,
}

/// What a source lacks today.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MissingNumbers {
    /// NumberGaps that were due.
    pub numbers: u64,
    /// Those that never came.
    pub missing: u64,
    /// How many would have been usual.
    pub expected: f64,
    /// Days learnt from.
    pub days: u32,
    /// Surprise, in bits.
    pub bits: f64,
    /// The records at the edges of the first hole.
    pub edges: Option<[RecordRef; 2]>,
}

impl NumberGaps {
    /// Adds an hour of a local day.
    pub fn add(&mut self, day: i64, flow: &HourVolume) {
        if flow.numbers == 0 {
            return;
        }
        if !self.days.contains_key(&day) {
            self.edges = None;
        }
        let of = self.days.entry(day).or_default();
        (of.0, of.1) = (of.0 + flow.numbers, of.1 + flow.missing);
        self.edges = [self.edges, flow.hole].into_iter().flatten().min();
        self.fresh |= flow.missing > 0;
    }

    /// Forgets what is too old.
    pub fn turn(&mut self, today: i64) {
        self.days.retain(|day, _| *day + KEPT_DAYS >= today);
    }

    /// What is missing of a day, where more of it is since it was asked last.
    pub fn lack(&mut self, today: i64) -> Option<MissingNumbers> {
        if !std::mem::take(&mut self.fresh) {
            return None;
        }
        let (numbers, missing) = self.days.get(&today).copied()?;
        let before = self.days.range(..today).filter(|(_, (numbers, _))| *numbers >= FEWEST_NUMBERS);
        let mut shares: Vec<f64> = before.map(|(_, (numbers, missing))| *missing as f64 / *numbers as f64).collect();
        if shares.len() < FEWEST_DAYS {
            return None;
        }
        shares.sort_by(f64::total_cmp);
        // One bad day among many is not what is usual.
        let usual = shares[(shares.len() * 9 / 10).min(shares.len() - 1)];
        let expected = usual.mul_add(numbers as f64, 0.5);
        let bits = Prediction { mean: expected, variance: expected + expected * expected }.bits(missing);
        Some(MissingNumbers { numbers, missing, expected, days: shares.len() as u32, bits, edges: self.edges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(missing: u64, today: u64) -> f64 {
        let mut all = NumberGaps::default();
        for day in 0..10 {
            all.add(day, &HourVolume { numbers: 1_000, missing, ..HourVolume::default() });
        }
        all.add(10, &HourVolume { numbers: 1_000, missing: today, ..HourVolume::default() });
        all.lack(10).map_or(0.0, |lack| lack.bits)
    }

    #[test]
    fn holes_surprise_where_there_were_none() {
        assert!(numbers(0, 20) > 25.0 && numbers(0, 3) < 6.0);
        assert!(numbers(400, 450) < 2.0, "only some of the lines are shipped");
        assert_eq!(numbers(0, 0), 0.0);
    }
}
