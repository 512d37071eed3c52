//! Events of a partition beside its records: that one could not be decoded, that some are lost, and the numbers that its source gives.
//!
//! An event settles in its minute, as a record does. So what comes of it depends on the partition alone, not on when it was read, and a
//! state as of a minute holds the events before that minute and no other.

use crate::engine::sequences::Sequences;
use crate::model::access::PartitionId;
use crate::model::time::{HOUR_MS, MINUTE_MS, Span, Timestamp};
use crate::population::sources::outages::KEPT_DAYS;
use crate::population::volume::{HourVolume, RecordRef, VolumeAccumulator};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An event of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PartitionEvent {
    /// Records are missing: they could not be decoded, or the source no longer had them.
    Losses(LossCounts),
    /// A source has numbered a record, or a line of one, within a stream.
    Number {
        /// Print of the stream.
        stream: u64,
        /// The number.
        number: u64,
        /// The record.
        record: RecordRef,
    },
}

/// What a partition failed to bring.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LossCounts {
    /// Records that could not be decoded.
    pub dead_letters: u64,
    /// Times at which the source skipped records that it no longer had.
    pub losses: u64,
    /// Records whose time lay beyond what could be believed.
    pub ahead: u64,
}

impl LossCounts {
    /// Adds more.
    pub fn add(&mut self, more: LossCounts) {
        self.dead_letters += more.dead_letters;
        self.losses += more.losses;
        self.ahead += more.ahead;
    }

    /// Whether nothing is amiss.
    pub fn is_nothing(self) -> bool {
        self == LossCounts::default()
    }
}

/// When events are to tell of records that were lost between two times: every hour between them may lack some.
pub fn lost_hours(from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
    let hour = |at: Timestamp| at.0.div_euclid(HOUR_MS);
    let first = hour(from).max(hour(to) - KEPT_DAYS * 24);
    (first..=hour(to)).map(move |hour| Timestamp(hour * HOUR_MS).max(from))
}

/// The events of all partitions that have not settled, and the audit sequences of each.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PartitionEvents {
    /// By the minute in which they settle, in the order of each partition.
    pending: BTreeMap<i64, Vec<(PartitionId, PartitionEvent)>>,
    numbers: BTreeMap<PartitionId, Sequences>,
    /// Partitions whose numbers have changed since the last save.
    #[serde(skip)]
    changed: BTreeSet<PartitionId>,
}

impl PartitionEvents {
    /// Holds an event until its time.
    pub fn push(&mut self, partition: PartitionId, at: Timestamp, event: PartitionEvent) {
        self.pending.entry(at.0.div_euclid(MINUTE_MS)).or_default().push((partition, event));
    }

    /// Adds the events of the minutes that end by `until` to the volumes of their partitions.
    pub fn settle(&mut self, until: Timestamp, lateness: Span, volumes: &mut VolumeAccumulator) {
        let end = until.0.div_euclid(MINUTE_MS);
        while let Some(entry) = self.pending.first_entry()
            && *entry.key() < end
        {
            let (minute, events) = entry.remove_entry();
            let at = Timestamp(minute * MINUTE_MS);
            for (partition, event) in events {
                match event {
                    PartitionEvent::Losses(LossCounts { dead_letters, losses, ahead }) => {
                        volumes.of(partition, at).join(&HourVolume { dead_letters, losses, ahead, ..HourVolume::default() });
                    }
                    PartitionEvent::Number { stream, number, record } => {
                        self.changed.insert(partition);
                        self.numbers.entry(partition).or_default().take(stream, number, record, lateness, &mut |due| {
                            // What was due in an hour that has been reported is reported with the next.
                            let volume =
                                HourVolume { numbers: due.numbers, missing: due.missing, hole: due.edges, ..HourVolume::default() };
                            volumes.of(partition, due.at.max(at)).join(&volume);
                        });
                    }
                }
            }
        }
    }

    /// The sequences of partitions that have changed since the last save, or of all.
    pub fn changed(&mut self, all: bool) -> Vec<(PartitionId, &Sequences)> {
        let changed = std::mem::take(&mut self.changed);
        self.numbers.iter().filter(|(partition, _)| all || changed.contains(partition)).map(|(id, of)| (*id, of)).collect()
    }

    /// Restores the sequences of a partition.
    pub fn restore(&mut self, partition: PartitionId, numbers: Sequences) {
        self.numbers.insert(partition, numbers);
    }
}
