//! Reasons of somebody by the time that they cover: of all that were given over the years, those of a moment are found without a look at the
//! others.
//!
//! A reason is filed by the length of its time, to the next power of two, and by the stretch of that length in which it begins: those that
//! cover a moment begin in the stretch of the moment or in the one before.

use crate::model::steps;
use crate::model::time::{MINUTE_MS, Timestamp};
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// The shortest length.
const SHORTEST: i64 = 15 * MINUTE_MS;
/// Reasons that are longer than this many doublings of it (a thousand years) are filed without a stretch.
const DOUBLINGS: u32 = 25;

/// Reasons by their place in a list.
#[derive(Clone, Default)]
pub struct ReasonTimes {
    /// By whom they were given to, length, and stretch.
    filed: HashMap<(u64, u32, i64), Vec<u32>, FixedState>,
    /// Lengths that somebody's reasons have, a bit each.
    lengths: HashMap<u64, u32, FixedState>,
}

fn stretch(length: u32, at: Timestamp) -> i64 {
    if length > DOUBLINGS { 0 } else { at.0.div_euclid(SHORTEST << length) }
}

impl ReasonTimes {
    /// Files a reason that covers from one time to another, both included.
    pub fn file(&mut self, who: u64, from: Timestamp, to: Timestamp, reason: u32) {
        let span = to.0.saturating_sub(from.0);
        let length = (0..=DOUBLINGS).find(|length| span <= (SHORTEST << length)).unwrap_or(DOUBLINGS + 1);
        self.filed.entry((who, length, stretch(length, from))).or_default().push(reason);
        *self.lengths.entry(who).or_default() |= 1 << length;
    }

    /// Reasons of somebody that may cover a moment, ascending.
    pub fn at(&self, who: u64, at: Timestamp) -> Vec<u32> {
        let mut bits = self.lengths.get(&who).copied().unwrap_or(0);
        let mut found = Vec::new();
        while bits != 0 {
            let length = bits.trailing_zeros();
            bits &= bits - 1;
            let last = stretch(length, at);
            for stretch in if length > DOUBLINGS { last..=last } else { last - 1..=last } {
                found.extend(self.filed.get(&(who, length, stretch)).into_iter().flatten());
            }
        }
        steps::count(found.len());
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    #[test]
    fn whatever_covers_a_moment_is_found_and_little_else() {
        let mut dice = SplitMix64::new(5);
        let mut times = ReasonTimes::default();
        let mut all = Vec::new();
        for at in 0..4_000_u32 {
            let from = dice.below(3_000 * 24 * 60) as i64 * MINUTE_MS;
            let span = [0, 20 * MINUTE_MS, 8 * 60 * MINUTE_MS, 9 * 24 * 60 * MINUTE_MS][dice.below(4)] + dice.below(600_000) as i64;
            let to = if dice.once_in(500) { Timestamp::END } else { Timestamp(from + span) };
            let who = dice.below(2) as u64;
            times.file(who, Timestamp(from), to, at);
            all.push((who, Timestamp(from), to, at));
        }
        let (mut found, mut covering) = (0, 0);
        for _ in 0..500 {
            let (who, at) = (dice.below(2) as u64, Timestamp(dice.below(3_000 * 24 * 60) as i64 * MINUTE_MS));
            let may = times.at(who, at);
            let covers: Vec<u32> =
                all.iter().filter(|(of, from, to, _)| *of == who && *from <= at && at <= *to).map(|(.., n)| *n).collect();
            assert!(covers.iter().all(|reason| may.contains(reason)) && may.is_sorted());
            (found, covering) = (found + may.len(), covering + covers.len());
        }
        assert!(covering > 500 && found < covering * 8, "{found} looked at, {covering} cover");
        assert!(times.at(7, Timestamp(0)).is_empty());
    }

    #[test]
    fn what_a_moment_costs_does_not_grow_with_the_reasons_of_other_times() {
        let cost = |days: i64| {
            let mut times = ReasonTimes::default();
            (0..days).for_each(|day| {
                times.file(1, Timestamp(day * 24 * 60 * MINUTE_MS), Timestamp((day * 24 + 8) * 60 * MINUTE_MS), day as u32)
            });
            steps::take();
            assert_eq!(times.at(1, Timestamp(((days - 1) * 24 + 3) * 60 * MINUTE_MS)).last(), Some(&(days as u32 - 1)));
            steps::take()
        };
        assert!(cost(5_000) <= cost(50) && cost(50) > 0);
    }
}
