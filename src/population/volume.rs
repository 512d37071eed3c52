//! Volumes of sources: how many records of each partition came in each UTC hour, and which were the first and the last of them.
//!
//! Shards note every record that settles, in the hour in which it settles, and report at the start of the next hour. Everything is a
//! whole-number sum or an extreme, so that a report does not depend on how employees are spread over shards and processes, nor on
//! what came first.

use crate::model::access::{Access, PartitionId};
use crate::model::time::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The beginning of a UTC hour.
pub fn begin(hour: i64) -> Timestamp {
    Timestamp(hour * HOUR_MS)
}

/// A record at the edge of a silence. The order is that of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct RecordRef {
    /// Its event time.
    pub time: Timestamp,
    /// Its hash.
    pub hash: [u8; 32],
    /// Line or offset.
    pub position: u64,
}

/// One hour of one partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HourVolume {
    /// Records that settled, repeats left out.
    pub records: u64,
    /// Records that could not be decoded.
    pub dead_letters: u64,
    /// Records that are lost to us: the source no longer had them when we went on.
    pub losses: u64,
    /// Records whose time lay beyond what could be believed.
    pub ahead: u64,
    /// Numbers of audit sequences that were due.
    pub numbers: u64,
    /// Those of them that never came.
    pub missing: u64,
    /// The records at the edges of the first hole in them.
    pub hole: Option<[RecordRef; 2]>,
    /// The first record by time.
    pub first: Option<RecordRef>,
    /// The last.
    pub last: Option<RecordRef>,
}

impl HourVolume {
    /// Joins what another shard or process counted in the same hour.
    pub fn join(&mut self, other: &HourVolume) {
        self.records += other.records;
        self.dead_letters += other.dead_letters;
        self.losses += other.losses;
        self.ahead += other.ahead;
        self.numbers += other.numbers;
        self.missing += other.missing;
        self.hole = [self.hole, other.hole].into_iter().flatten().min();
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
    }

    /// Whether nothing came.
    pub fn is_empty(&self) -> bool {
        *self == HourVolume::default()
    }
}

/// A report: one hour of one partition, by name, so that processes understand each other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VolumeReport {
    /// The source.
    pub source: Arc<str>,
    /// The partition, as evidence cites it.
    pub partition: Arc<str>,
    /// UTC hour since 1970.
    pub hour: i64,
    /// What came in it.
    pub volume: HourVolume,
}

/// What came to one shard since its last report.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VolumeAccumulator {
    hours: BTreeMap<(i64, PartitionId), HourVolume>,
}

impl VolumeAccumulator {
    /// Notes a record that settles at that time.
    pub fn note(&mut self, access: &Access, settles: Timestamp) {
        let edge = RecordRef { time: access.time, hash: access.hash.0, position: access.position.0 };
        let flow = self.of(access.partition, settles);
        flow.records += 1;
        flow.first = Some(flow.first.map_or(edge, |first| first.min(edge)));
        flow.last = flow.last.max(Some(edge));
    }

    /// The hour of a partition in which that time lies.
    pub fn of(&mut self, partition: PartitionId, at: Timestamp) -> &mut HourVolume {
        self.hours.entry((at.0.div_euclid(HOUR_MS), partition)).or_default()
    }

    /// Takes out what came before an hour.
    pub fn take_before(&mut self, hour: i64) -> Vec<(PartitionId, i64, HourVolume)> {
        let later = self.hours.split_off(&(hour, PartitionId(0)));
        let before = std::mem::replace(&mut self.hours, later);
        before.into_iter().map(|((hour, partition), flow)| (partition, hour, flow)).collect()
    }
}

/// Joins reports, in the order of hour, source and partition.
pub fn join(reports: impl IntoIterator<Item = VolumeReport>) -> Vec<VolumeReport> {
    let mut all: BTreeMap<(i64, Arc<str>, Arc<str>), HourVolume> = BTreeMap::new();
    for VolumeReport { source, partition, hour, volume } in reports {
        all.entry((hour, source, partition)).or_default().join(&volume);
    }
    all.into_iter().map(|((hour, source, partition), volume)| VolumeReport { source, partition, hour, volume }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(partition: &str, hour: i64, second: i64) -> VolumeReport {
        let edge = Some(RecordRef { time: Timestamp(hour * HOUR_MS + second * 1_000), hash: [second as u8; 32], position: second as u64 });
        let flow = HourVolume { records: 1, first: edge, last: edge, ..HourVolume::default() };
        VolumeReport { source: "core".into(), partition: partition.into(), hour, volume: flow }
    }

    #[test]
    fn reports_join_to_the_same_in_any_order() {
        let reports = [heard("a", 7, 3), heard("b", 7, 5), heard("a", 7, 1), heard("a", 6, 9)];
        let forth = join(reports.clone());
        let back = join(reports.into_iter().rev());
        assert_eq!(forth, back);
        let a = &forth[1].volume;
        assert_eq!((forth.len(), a.records, a.first.map(|edge| edge.position), a.last.map(|edge| edge.position)), (3, 2, Some(1), Some(3)));
    }
}
