//! Deduplication: the ids of records that have settled, by which a repeat is known. In memory for as long as `dedup` says, within a bound.
//!
//! A repeat is one only with the same content (docs/contract.md §9): an id that comes again with another is a record that counts, and a sign
//! of tampering where it is of the same login. So nobody erases a record by writing its id before it.

use crate::model::access::RecordContent;
use crate::model::time::{Span, Timestamp};
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Seconds between two clearances of ids that are too old.
const PRUNED_EVERY: i64 = 3_600;

/// Ids of one shard.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct SettledIds {
    /// Prints of ids, with the second at which they settled and the content that they came with first. What came with another content
    /// stands under a print of both.
    ids: HashMap<u64, Settled, FixedState>,
    /// The second at which those that are too old were last removed.
    pruned: i64,
    /// Ids that settled before that second were evicted.
    known_from: i64,
}

/// When an id settled, and the content it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Settled {
    /// The second.
    pub second: i64,
    /// The content.
    pub content: RecordContent,
}

/// What the ids before it say of a record that settles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// It is the first of its id.
    First,
    /// The same record has settled.
    Repeat,
    /// Another of that id has settled: of the same login, or of somebody else.
    Other {
        /// Whether the login is the same.
        same_login: bool,
    },
}

/// The key of an id that came with a further content.
fn further(id: u64, content: RecordContent) -> u64 {
    let RecordContent { login, rest } = content;
    (id ^ (u64::from(login) << 32 | u64::from(rest))).wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1)
}

impl SettledIds {
    /// Whether the record of that id and content has settled.
    pub fn contains(&self, id: u64, content: RecordContent) -> bool {
        let known = |id: u64| self.ids.get(&id).is_some_and(|settled| settled.second >= self.known_from && settled.content == content);
        known(id) || known(further(id, content))
    }

    /// Adds the id of a record that settles: whether it is a repeat of one that settled at most `dedup` before, or another of its id.
    pub fn take(&mut self, id: u64, content: RecordContent, settles: Timestamp, dedup: Span) -> Seen {
        let second = settles.seconds();
        let settled = Settled { second, content };
        let counts = |before: &Settled, known_from: i64| second - before.second <= dedup.0 / 1_000 && before.second >= known_from;
        match self.ids.get(&id).copied().filter(|before| counts(before, self.known_from)) {
            None => {
                self.ids.insert(id, settled);
                Seen::First
            }
            Some(first) if first.content == content => Seen::Repeat,
            Some(first) => {
                let key = further(id, content);
                if self.ids.get(&key).is_some_and(|before| before.content == content && counts(before, self.known_from)) {
                    return Seen::Repeat;
                }
                self.ids.insert(key, settled);
                Seen::Other { same_login: first.content.login == content.login }
            }
        }
    }

    /// Removes ids that are too old to be asked for, once an hour.
    pub fn prune(&mut self, now: Timestamp, dedup: Span) {
        let now = now.seconds();
        if now - self.pruned >= PRUNED_EVERY {
            let oldest = (now - dedup.0 / 1_000).max(self.known_from);
            self.ids.retain(|_, settled| settled.second >= oldest);
            self.pruned = now;
        }
    }

    /// Evicts the ids that settled longest ago, where more than `most` of them settled from the second `oldest` on. How many.
    pub fn evict(&mut self, oldest: i64, most: usize) -> u64 {
        let oldest = oldest.max(self.known_from);
        if self.ids.len() <= most {
            return 0;
        }
        let mut seconds: Vec<i64> = self.ids.values().map(|settled| settled.second).filter(|second| *second >= oldest).collect();
        let Some(over) = seconds.len().checked_sub(most).filter(|over| *over > 0) else { return 0 };
        let known = seconds.len();
        let (_, last, _) = seconds.select_nth_unstable(over - 1);
        self.known_from = *last + 1;
        self.ids.retain(|_, settled| settled.second >= self.known_from);
        (known - self.ids.len()) as u64
    }

    /// Ids that settled from a second on.
    pub fn since(&self, from: i64) -> Vec<(u64, Settled)> {
        self.ids.iter().filter(|(_, settled)| settled.second >= from).map(|(id, settled)| (*id, *settled)).collect()
    }

    /// Restores an id. One that settled again after it was forgotten is saved twice: the later time holds.
    pub fn restore(&mut self, id: u64, settled: Settled) {
        let known = self.ids.entry(id).or_insert(settled);
        *known = settled.max(*known);
    }

    /// Adds those that another shard knows.
    pub fn join(&mut self, other: &SettledIds) {
        other.ids.iter().for_each(|(id, settled)| {
            self.ids.entry(*id).or_insert(*settled);
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

#[cfg(test)]
mod tests {
    use super::*;

    const DEDUP: Span = Span::hours(24);

    fn content(login: u32, rest: u32) -> RecordContent {
        RecordContent { login, rest }
    }

    #[test]
    fn a_repeat_is_one_only_with_the_same_content() {
        let mut ids = SettledIds::default();
        let mut take = |content, second: i64| ids.take(7, content, Timestamp(second * 1_000), DEDUP);
        assert_eq!(take(content(1, 1), 10), Seen::First);
        assert_eq!(take(content(1, 1), 11), Seen::Repeat);
        assert_eq!(take(content(1, 2), 12), Seen::Other { same_login: true });
        assert_eq!(take(content(1, 2), 13), Seen::Repeat, "what was counted once is known from then on");
        assert_eq!(take(content(2, 1), 14), Seen::Other { same_login: false });
        assert_eq!(take(content(1, 1), 15), Seen::Repeat);
        assert_eq!(take(content(1, 3), 10 + 86_401), Seen::First, "the id is forgotten");
    }

    #[test]
    fn what_is_saved_knows_the_same_repeats() {
        let (mut ids, mut restored) = (SettledIds::default(), SettledIds::default());
        ids.take(7, content(1, 1), Timestamp(10_000), DEDUP);
        ids.take(7, content(1, 2), Timestamp(11_000), DEDUP);
        ids.since(0).into_iter().for_each(|(id, settled)| restored.restore(id, settled));
        for known in [content(1, 1), content(1, 2)] {
            assert!(restored.contains(7, known));
            assert_eq!(restored.take(7, known, Timestamp(12_000), DEDUP), Seen::Repeat);
        }
        assert!(!restored.contains(7, content(1, 3)));
    }
}
