//! The trail of evidence: where the records behind the last days stand, and a chained hash over them.
//!
//! For each hour of the last 24, and each day of some before: how many records, their ranges by source partition, and `h = BLAKE3(h' || record hash)` over them in
//! settled order. An alert takes over the hours that its window reaches back, and goes on from there; its root is the chain
//! over the roots of those hours and days and the records that followed. Re-reading the cited ranges gives the same root.

use crate::model::access::{Access, PartitionId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Units of five minutes in an hour.
const UNITS_PER_HOUR: u32 = 12;

/// A stretch of records: how many, where, and their chained hash.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Stretch {
    /// How many records.
    pub records: u64,
    /// First and last event time, in milliseconds.
    pub first_ms: i64,
    /// Last event time.
    pub last_ms: i64,
    /// Ranges of positions by partition, ascending by partition.
    pub ranges: Vec<(PartitionId, u64, u64)>,
    /// The chained hash.
    pub root: [u8; 32],
    /// How it was concluded what tables hold that the catalog does not list; boxed, as hardly any stretch has them.
    pub inferred: Option<Box<BTreeSet<Arc<str>>>>,
}

/// The stretches of the last 24 hours, one for each hour with records, and of the days before them, one for each day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Trail {
    hours: VecDeque<(u32, Stretch)>,
    days: VecDeque<(u32, Stretch)>,
}

/// Inferred tables that are told of one stretch.
const MOST_INFERRED: usize = 8;

/// Days with records that are kept beyond the last 24 hours.
const DAYS: usize = 8;

impl Stretch {
    /// That of one record.
    pub fn of(access: &Access) -> Stretch {
        let mut stretch = Stretch::default();
        stretch.push(access);
        stretch
    }

    /// Adds a record.
    pub fn push(&mut self, access: &Access) {
        self.root = chain(&self.root, &access.hash.0);
        self.cover(access.time.0, access.time.0);
        self.records += 1;
        self.range(access.partition, access.position.0, access.position.0);
        self.note_inferred(access.inferred.iter());
    }

    /// Adds a whole stretch by its root.
    pub fn append(&mut self, other: &Stretch) {
        self.root = chain(&self.root, &other.root);
        self.cover(other.first_ms, other.last_ms);
        self.records += other.records;
        for (partition, first, last) in &other.ranges {
            self.range(*partition, *first, *last);
        }
        self.note_inferred(other.told_tables());
    }

    /// What is told of tables that the catalog does not list, in the order of their names.
    pub fn told_tables(&self) -> impl Iterator<Item = &Arc<str>> {
        self.inferred.iter().flat_map(|told| told.iter())
    }

    fn note_inferred<'a>(&mut self, told: impl Iterator<Item = &'a Arc<str>>) {
        for told in told {
            let all = self.inferred.get_or_insert_default();
            // The first few in the order of their names, in whatever order they come.
            all.insert(Arc::clone(told));
            if all.len() > MOST_INFERRED {
                all.pop_last();
            }
        }
    }

    fn cover(&mut self, first: i64, last: i64) {
        let empty = self.records == 0;
        self.first_ms = if empty { first } else { self.first_ms.min(first) };
        self.last_ms = if empty { last } else { self.last_ms.max(last) };
    }

    fn range(&mut self, partition: PartitionId, first: u64, last: u64) {
        match self.ranges.binary_search_by_key(&partition, |(of, ..)| *of) {
            Ok(at) => {
                let range = &mut self.ranges[at];
                (range.1, range.2) = (range.1.min(first), range.2.max(last));
            }
            Err(at) => {
                // Most stretches are of one partition, and there are many stretches.
                if self.ranges.len() == self.ranges.capacity() {
                    self.ranges.reserve_exact(1 + self.ranges.len() / 4);
                }
                self.ranges.insert(at, (partition, first, last));
            }
        }
    }
}

impl Trail {
    /// Notes a record of a unit of five minutes.
    pub fn push(&mut self, unit: u32, access: &Access) {
        let hour = unit / UNITS_PER_HOUR;
        let newest = self.hours.back().map_or(0, |(hour, _)| *hour);
        if hour + 24 < newest {
            return;
        }
        while self.hours.front().is_some_and(|(first, _)| first + 24 < hour) {
            self.fold();
        }
        let at = match self.hours.binary_search_by_key(&hour, |(hour, _)| *hour) {
            Ok(at) => at,
            Err(at) => {
                if self.hours.len() == self.hours.capacity() {
                    self.hours.reserve_exact(2);
                }
                self.hours.insert(at, (hour, Stretch::default()));
                at
            }
        };
        self.hours[at].1.push(access);
    }

    /// The oldest hour joins its day.
    fn fold(&mut self) {
        let Some((hour, stretch)) = self.hours.pop_front() else { return };
        let day = hour / 24;
        match self.days.back_mut() {
            Some((last, sum)) if *last == day => sum.append(&stretch),
            _ => {
                if self.days.len() == DAYS {
                    self.days.pop_front();
                }
                if self.days.len() == self.days.capacity() {
                    self.days.reserve_exact(1);
                }
                self.days.push_back((day, stretch));
            }
        }
    }

    /// The stretch from that of `unit` on: hours of the last day, whole days before.
    pub fn since(&self, unit: u32) -> Stretch {
        let mut all = Stretch::default();
        for (_, stretch) in self.days.iter().filter(|(day, _)| *day >= unit / UNITS_PER_HOUR / 24) {
            all.append(stretch);
        }
        for (_, stretch) in self.hours.iter().filter(|(hour, _)| *hour >= unit / UNITS_PER_HOUR) {
            all.append(stretch);
        }
        all
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let all = self.hours.iter().chain(&self.days);
        let ranges: usize = all.map(|(_, s)| s.ranges.capacity() * size_of::<(PartitionId, u64, u64)>()).sum();
        (self.hours.capacity() + self.days.capacity()) * size_of::<(u32, Stretch)>() + ranges
    }
}

fn chain(root: &[u8; 32], next: &[u8; 32]) -> [u8; 32] {
    let mut both = [0; 64];
    both[..32].copy_from_slice(root);
    both[32..].copy_from_slice(next);
    *blake3::hash(&both).as_bytes()
}
