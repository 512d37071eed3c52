//! How a task reads `leakwarden.access`: every record of every input partition once, the time up to which all input partitions have
//! come, and the position from which a restored task reads on.

use crate::engine::partition_events::PartitionEvent;
use crate::engine::watermark::Scheduled;
use crate::model::access::{Access, PartitionId};
use crate::model::time::{Span, Timestamp};
use crate::stream::authentication::{Refusal, SeenWriters, Stamp};
use crate::stream::wire::{Bundle, BundleItem, RecordPosition};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// How far an input partition has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct PartitionProgress {
    /// Of the last record taken.
    position: RecordPosition,
    watermark: Option<Timestamp>,
}

/// A position from which `leakwarden.access` can be read again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReadPosition {
    /// The next offset to read.
    pub offset: i64,
    /// How far each input partition had been read there.
    inputs: BTreeMap<PartitionId, PartitionProgress>,
    /// How far each writer had been read there.
    writers: SeenWriters,
    /// The latest time at which any record before it settles.
    latest: Timestamp,
}

/// The input of one task.
#[derive(Clone, Debug)]
pub struct TaskInput {
    now: ReadPosition,
    /// Positions from which reading may resume, oldest first: one for each minute by which watermarks have advanced.
    resume_positions: VecDeque<ReadPosition>,
    /// The watermark at the last of these.
    last_watermark: Timestamp,
    /// The restored state holds what settles before this time.
    applied: Timestamp,
}

/// What a task has not seen before.
#[expect(clippy::large_enum_variant, reason = "almost all are records")]
pub enum NewInput {
    /// A record.
    Record(Scheduled<Access>),
    /// An event of an input partition, and the time at which it settles.
    Event(PartitionId, Timestamp, PartitionEvent),
}

/// Watermarks advance so far between two positions from which reading may resume.
const RESUME_INTERVAL: Span = Span::minutes(1);

impl TaskInput {
    /// Begins at a position, with a state that holds what settles before `applied`.
    pub fn new(position: Option<ReadPosition>, applied: Timestamp) -> TaskInput {
        let latest = Timestamp(i64::MIN / 4);
        let now = position.unwrap_or(ReadPosition { offset: 0, inputs: BTreeMap::new(), writers: SeenWriters::default(), latest });
        TaskInput { resume_positions: VecDeque::from([now.clone()]), last_watermark: latest, applied, now }
    }

    /// The next offset to read.
    pub fn next(&self) -> i64 {
        self.now.offset
    }

    /// Whether a message was not read before.
    pub fn check(&self, stamp: Stamp) -> Result<Stamp, Refusal> {
        self.now.writers.check(stamp)
    }

    /// Passes a message over that is not taken.
    pub fn skip(&mut self, offset: i64) {
        self.now.offset = offset + 1;
    }

    /// Takes the header of the bundle at an offset.
    pub fn take(&mut self, offset: i64, stamp: Stamp, input: PartitionId, bundle: &Bundle) {
        if bundle.redriven {
            self.now.offset = offset + 1;
            self.now.writers.take(stamp);
            return;
        }
        if let Some(watermark) = bundle.watermark.filter(|watermark| *watermark >= self.last_watermark + RESUME_INTERVAL) {
            self.last_watermark = watermark;
            self.resume_positions.push_back(ReadPosition { offset, ..self.now.clone() });
        }
        self.now.offset = offset + 1;
        self.now.writers.take(stamp);
        let progress = self.now.inputs.entry(input).or_default();
        progress.watermark = progress.watermark.max(bundle.watermark);
    }

    /// Takes an item of that bundle; returns it if it is new.
    ///
    /// What comes of an input partition that was made anew knows nothing of the time up to which the former one had come: it settles
    /// no earlier than the frontier in front of its bundle, which is the same for everybody who reads it.
    pub fn take_item(
        &mut self,
        input: PartitionId,
        BundleItem { position, at, item }: BundleItem,
        in_front: Option<Timestamp>,
    ) -> Option<NewInput> {
        let progress = self.now.inputs.entry(input).or_default();
        if position <= progress.position {
            return None;
        }
        progress.position = position;
        let (at, is_late) = match in_front {
            Some(earliest) if earliest > at => (earliest, true),
            Some(_) | None => (at, false),
        };
        self.now.latest = self.now.latest.max(at);
        if at < self.applied {
            return None;
        }
        Some(match item.arrived() {
            Ok((access, late)) => {
                NewInput::Record(Scheduled { settles: at, late: late || is_late, item: Access { partition: input, ..access } })
            }
            Err(event) => NewInput::Event(input, at, event),
        })
    }

    /// Takes a re-driven record. It settles at the frontier in front of it, which is the same for everybody who reads it.
    pub fn take_redriven(&mut self, input: PartitionId, access: Access, frontier: Option<Timestamp>) -> Option<Scheduled<Access>> {
        let settles = frontier.map_or(access.time, |frontier| frontier.max(access.time));
        self.now.latest = self.now.latest.max(settles);
        let late = settles > access.time;
        (settles >= self.applied).then_some(Scheduled { settles, late, item: Access { partition: input, ..access } })
    }

    /// The watermark of an input partition.
    pub fn watermark(&self, input: PartitionId) -> Option<Timestamp> {
        self.now.inputs.get(&input).and_then(|progress| progress.watermark)
    }

    /// The time up to which all of these input partitions have come: the lowest watermark, less the allowed lateness.
    pub fn frontier(&self, inputs: &[PartitionId], lateness: Span) -> Option<Timestamp> {
        let all = inputs.iter().chain(self.now.inputs.keys());
        let watermarks: Option<Vec<Timestamp>> = all.map(|input| self.watermark(*input)).collect();
        watermarks?.into_iter().min().map(|least| least - lateness)
    }

    /// From where to read again with a state that holds what settles before `minute`. Earlier positions are dropped.
    pub fn resume(&mut self, minute: Timestamp) -> ReadPosition {
        while self.resume_positions.len() > 1 && self.resume_positions[1].latest < minute {
            self.resume_positions.pop_front();
        }
        self.resume_positions.front().cloned().expect("there is always a position")
    }
}
