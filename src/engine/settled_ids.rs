//! Deduplication: the ids of records that have settled, by which a repeat is known. In memory for as long as `dedup` says, within a bound.

use crate::model::time::{Span, Timestamp};
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Seconds between two clearances of ids that are too old.
const PRUNED_EVERY: i64 = 3_600;

/// Ids of one shard.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct SettledIds {
    /// Prints of ids, with the second at which they settled.
    ids: HashMap<u64, i64, FixedState>,
    /// The second at which those that are too old were last removed.
    pruned: i64,
    /// Ids that settled before that second were evicted.
    known_from: i64,
}

impl SettledIds {
    /// Whether a record of that id has settled.
    pub fn contains(&self, id: u64) -> bool {
        self.ids.get(&id).is_some_and(|second| *second >= self.known_from)
    }

    /// Adds the id of a record that settles. Whether it is a repeat of one that settled at most `dedup` before.
    pub fn is_repeat(&mut self, id: u64, settles: Timestamp, dedup: Span) -> bool {
        let second = settles.seconds();
        match self.ids.insert(id, second) {
            Some(before) if second - before <= dedup.0 / 1_000 && before >= self.known_from => {
                self.ids.insert(id, before);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Removes ids that are too old to be asked for, once an hour.
    pub fn prune(&mut self, now: Timestamp, dedup: Span) {
        let now = now.seconds();
        if now - self.pruned >= PRUNED_EVERY {
            let oldest = (now - dedup.0 / 1_000).max(self.known_from);
            self.ids.retain(|_, second| *second >= oldest);
            self.pruned = now;
        }
    }

    /// Evicts the ids that settled longest ago, where more than `most` of them settled from the second `oldest` on. How many.
    pub fn evict(&mut self, oldest: i64, most: usize) -> u64 {
        let oldest = oldest.max(self.known_from);
        if self.ids.len() <= most {
            return 0;
        }
        let mut seconds: Vec<i64> = self.ids.values().copied().filter(|second| *second >= oldest).collect();
        let Some(over) = seconds.len().checked_sub(most).filter(|over| *over > 0) else { return 0 };
        let known = seconds.len();
        let (_, last, _) = seconds.select_nth_unstable(over - 1);
        self.known_from = *last + 1;
        self.ids.retain(|_, second| *second >= self.known_from);
        (known - self.ids.len()) as u64
    }

    /// Ids that settled from a second on, with the second.
    pub fn since(&self, from: i64) -> Vec<(u64, i64)> {
        self.ids.iter().filter(|(_, second)| **second >= from).map(|(id, second)| (*id, *second)).collect()
    }

    /// Restores an id that settled at that second. One that settled again after it was forgotten is saved twice: the later time holds.
    pub fn restore(&mut self, id: u64, second: i64) {
        let known = self.ids.entry(id).or_insert(second);
        *known = second.max(*known);
    }

    /// Adds those that another shard knows.
    pub fn join(&mut self, other: &SettledIds) {
        other.ids.iter().for_each(|(id, second)| {
            self.ids.entry(*id).or_insert(*second);
        });
    }

    /// The second before which ids were evicted.
    pub fn known_from(&self) -> i64 {
        self.known_from
    }

    /// Restores the second before which ids were evicted.
    pub fn set_known_from(&mut self, second: i64) {
        self.known_from = second;
    }
}
