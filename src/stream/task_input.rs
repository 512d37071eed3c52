//! How a task reads `leakwarden.access`: every record of every input partition once, the time up to which all input partitions have
//! come, and the position from which a restored task reads on.

use crate::engine::partition_events::PartitionEvent;
use crate::engine::watermark::Scheduled;
use crate::model::access::{Access, PartitionId};
use crate::model::time::{Span, Timestamp};
use crate::stream::authentication::{Refusal, SeenWriters, Stamp};
use crate::stream::wire::{Bundle, BundleItem, RETIRED, RecordPosition};
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

    /// Takes the message at an offset that is no bundle.
    pub fn pass(&mut self, offset: i64, stamp: Stamp) {
        self.now.offset = offset + 1;
        self.now.writers.take(stamp);
    }

    /// Takes the header of the bundle at an offset.
    pub fn take(&mut self, offset: i64, stamp: Stamp, input: PartitionId, bundle: &Bundle) {
        if bundle.redriven {
            self.pass(offset, stamp);
            return;
        }
        let moves = |watermark: &Timestamp| *watermark != RETIRED && *watermark >= self.last_watermark + RESUME_INTERVAL;
        if let Some(watermark) = bundle.watermark.filter(moves) {
            self.last_watermark = watermark;
            self.resume_positions.push_back(ReadPosition { offset, ..self.now.clone() });
        }
        self.pass(offset, stamp);
        let progress = self.now.inputs.entry(input).or_default();
        progress.watermark = match (progress.watermark, bundle.watermark) {
            // Its topic has it again.
            (Some(RETIRED), Some(watermark)) => Some(watermark),
            (known, watermark) => known.max(watermark),
        };
    }

    /// Input partitions of which anything was read, and how often each was made anew before.
    pub fn known(&self) -> impl Iterator<Item = (PartitionId, u32)> {
        self.now.inputs.iter().map(|(input, progress)| (*input, progress.position.generation))
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

    /// The watermark of an input partition; [`RETIRED`] where its topic has it no more.
    pub fn watermark(&self, input: PartitionId) -> Option<Timestamp> {
        self.now.inputs.get(&input).and_then(|progress| progress.watermark)
    }

    /// The time up to which all of these input partitions have come: the lowest watermark, less the allowed lateness.
    pub fn frontier(&self, inputs: &[PartitionId], lateness: Span) -> Option<Timestamp> {
        let all = inputs.iter().chain(self.now.inputs.keys());
        let watermarks: Option<Vec<Timestamp>> = all.map(|input| self.watermark(*input)).collect();
        watermarks?.into_iter().min().filter(|least| *least != RETIRED).map(|least| least - lateness)
    }

    /// From where to read again with a state that holds what settles before `minute`. Earlier positions are dropped.
    pub fn resume(&mut self, minute: Timestamp) -> ReadPosition {
        while self.resume_positions.len() > 1 && self.resume_positions[1].latest < minute {
            self.resume_positions.pop_front();
        }
        self.resume_positions.front().cloned().expect("there is always a position")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::stamp::WriterId;
    use crate::stream::wire::RETIRED;

    const LATENESS: Span = Span::minutes(5);

    fn minute(at: i64) -> Timestamp {
        Timestamp(0) + Span::minutes(at)
    }

    fn hears(input: &mut TaskInput, partition: u32, watermark: Option<Timestamp>) {
        let offset = input.next();
        let stamp = Stamp { writer: WriterId::new(1, 0), sequence: offset as u64 + 1 };
        let bundle = Bundle { topic: "t".to_owned(), partition: partition as i32, watermark, records: 0, generation: 0, redriven: false };
        input.take(offset, stamp, PartitionId(partition), &bundle);
    }

    #[test]
    fn a_partition_that_is_no_more_holds_nobody_up_until_it_is_there_again() {
        let mut input = TaskInput::new(None, Timestamp(i64::MIN / 4));
        let all = [PartitionId(0), PartitionId(1)];
        hears(&mut input, 0, Some(minute(60)));
        assert_eq!(input.frontier(&all, LATENESS), None, "of the other nothing is known");
        hears(&mut input, 1, Some(minute(30)));
        assert_eq!(input.frontier(&all, LATENESS), Some(minute(25)));
        hears(&mut input, 1, Some(RETIRED));
        assert_eq!(input.frontier(&all, LATENESS), Some(minute(55)));
        hears(&mut input, 0, Some(minute(61)));
        let resumed = input.resume(minute(61));
        assert_eq!(resumed.offset, 3, "positions to resume from go on: {resumed:?}");
        let mut again = TaskInput::new(Some(resumed), minute(50));
        hears(&mut again, 0, Some(minute(61)));
        assert_eq!(again.frontier(&all[..1], LATENESS), Some(minute(56)), "a restart does not forget it");
        hears(&mut input, 1, None);
        assert_eq!(input.frontier(&all, LATENESS), Some(minute(56)));
        hears(&mut input, 1, Some(minute(40)));
        assert_eq!(input.frontier(&all, LATENESS), Some(minute(35)), "its topic has it again");
        (0..2).for_each(|partition| hears(&mut input, partition, Some(RETIRED)));
        assert_eq!(input.frontier(&all, LATENESS), None, "time does not end with the last of them");
    }
}
