//! What a partition tells beside its records: that one could not be decoded, that some are lost, and the numbers that its source gives.
//!
//! A note waits for its minute as a record does, and is taken with it. So what is made of it depends on the partition alone, not on
//! when it was read, and a state as of a minute holds the notes before that minute and no other.

use crate::engine::sequences::Sequences;
use crate::engine::shard::Shard;
use crate::model::access::PartitionId;
use crate::model::time::{MINUTE_MS, Span, Timestamp};
use crate::population::volume::{HourVolume, RecordRef};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A note of a partition.
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
        edge: RecordRef,
    },
}

/// What a partition failed to bring.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LossCounts {
    /// Records that could not be decoded.
    pub dead_letters: u64,
    /// Times at which the source skipped records that it no longer had.
    pub losses: u64,
}

impl LossCounts {
    /// Adds more.
    pub fn add(&mut self, more: LossCounts) {
        (self.dead_letters, self.losses) = (self.dead_letters + more.dead_letters, self.losses + more.losses);
    }

    /// Whether nothing is amiss.
    pub fn is_nothing(self) -> bool {
        self == LossCounts::default()
    }
}

/// The notes of all partitions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PartitionEvents {
    /// By the minute in which they are taken, in the order of each partition.
    pending: BTreeMap<i64, Vec<(PartitionId, PartitionEvent)>>,
    numbers: BTreeMap<PartitionId, Sequences>,
    /// Partitions whose numbers have changed since they were last given.
    #[serde(skip)]
    changed: BTreeSet<PartitionId>,
}

impl PartitionEvents {
    /// Takes a note to wait for its time.
    pub fn push(&mut self, partition: PartitionId, at: Timestamp, note: PartitionEvent) {
        self.pending.entry(at.0.div_euclid(MINUTE_MS)).or_default().push((partition, note));
    }

    /// Takes the notes of the minutes that end by `until`. They concern no employee, so any shard may keep what comes of them.
    pub fn settle(&mut self, until: Timestamp, lateness: Span, shard: &mut Shard) {
        let end = until.0.div_euclid(MINUTE_MS);
        while let Some(entry) = self.pending.first_entry()
            && *entry.key() < end
        {
            let (minute, notes) = entry.remove_entry();
            let at = Timestamp(minute * MINUTE_MS);
            for (partition, note) in notes {
                match note {
                    PartitionEvent::Losses(LossCounts { dead_letters, losses }) => {
                        shard.flow(partition, at).join(&HourVolume { dead_letters, losses, ..HourVolume::default() });
                    }
                    PartitionEvent::Number { stream, number, edge } => {
                        self.changed.insert(partition);
                        self.numbers.entry(partition).or_default().take(stream, number, edge, lateness, &mut |due| {
                            // What was due before an hour that has been told is told with the next.
                            let flow = HourVolume { numbers: due.numbers, missing: due.missing, hole: due.edges, ..HourVolume::default() };
                            shard.flow(partition, due.at.max(at)).join(&flow);
                        });
                    }
                }
            }
        }
    }

    /// The numbers of partitions that have changed since they were last given, or of all.
    pub fn changed(&mut self, all: bool) -> Vec<(PartitionId, &Sequences)> {
        let changed = std::mem::take(&mut self.changed);
        self.numbers.iter().filter(|(partition, _)| all || changed.contains(partition)).map(|(id, of)| (*id, of)).collect()
    }

    /// Takes back what was given of a partition.
    pub fn restore(&mut self, partition: PartitionId, numbers: Sequences) {
        self.numbers.insert(partition, numbers);
    }
}
