//! How a task reads `leakwarden.access`: each message of each input partition once, up to where all input partitions have come, and from where to read on.

use crate::engine::partition_events::PartitionEvent;
use crate::engine::watermark::Scheduled;
use crate::model::access::{Access, PartitionId};
use crate::model::time::{Span, Timestamp};
use crate::stream::wire::{Bundle, RecordPosition, Routed, RoutedItem};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// How far an input partition has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reached {
    place: RecordPosition,
    watermark: Option<Timestamp>,
}

/// A place from which reading can begin anew.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mark {
    /// The next offset to read.
    pub offset: i64,
    /// How far each input partition had been read there.
    inputs: BTreeMap<PartitionId, Reached>,
    /// The latest time at which anything before it settles.
    latest: Timestamp,
}

/// The reader of one task.
#[derive(Clone, Debug)]
pub struct Reader {
    now: Mark,
    /// Where to begin anew, oldest first: one for each minute that watermarks have moved.
    marks: VecDeque<Mark>,
    marked: Timestamp,
    /// What settles before was applied before the state was saved.
    applied: Timestamp,
}

/// What a task has not seen before.
#[expect(clippy::large_enum_variant, reason = "almost all are records")]
pub enum Brought {
    /// A record.
    Record(Scheduled<Access>),
    /// A note of an input partition, and when it is to be heard.
    Note(PartitionId, Timestamp, PartitionEvent),
}

/// Watermarks move so far between two marks.
const STEP: Span = Span::minutes(1);

impl Reader {
    /// Begins at a mark, with a state that holds what settles before `applied`.
    pub fn new(mark: Option<Mark>, applied: Timestamp) -> Reader {
        let latest = Timestamp(i64::MIN / 4);
        let now = mark.unwrap_or(Mark { offset: 0, inputs: BTreeMap::new(), latest });
        Reader { marks: VecDeque::from([now.clone()]), marked: latest, applied, now }
    }

    /// The next offset to read.
    pub fn next(&self) -> i64 {
        self.now.offset
    }

    /// Takes the bundle of an input partition at an offset.
    pub fn take(&mut self, offset: i64, input: PartitionId, bundle: &Bundle) {
        if bundle.redriven {
            self.now.offset = offset + 1;
            return;
        }
        if let Some(watermark) = bundle.watermark.filter(|watermark| *watermark >= self.marked + STEP) {
            self.marked = watermark;
            self.marks.push_back(Mark { offset, ..self.now.clone() });
        }
        self.now.offset = offset + 1;
        let reached = self.now.inputs.entry(input).or_default();
        reached.watermark = reached.watermark.max(bundle.watermark);
    }

    /// Takes one of the things that it brings; gives it, if it is news.
    pub fn take_brought(&mut self, input: PartitionId, Routed { place, at, what }: Routed) -> Option<Brought> {
        let reached = self.now.inputs.entry(input).or_default();
        if place <= reached.place {
            return None;
        }
        reached.place = place;
        self.now.latest = self.now.latest.max(at);
        if at < self.applied {
            return None;
        }
        Some(match what {
            RoutedItem::Record { access, late } => {
                Brought::Record(Scheduled { settles: at, late, item: Access { partition: input, ..access } })
            }
            RoutedItem::Note(note) => Brought::Note(input, at, note),
        })
    }

    /// Takes a record that was re-driven. It settles once all input partitions have come to where they stand in front of it, which everybody who
    /// reads it finds the same.
    pub fn take_redriven(&mut self, input: PartitionId, access: Access, frontier: Option<Timestamp>) -> Option<Scheduled<Access>> {
        let settles = frontier.map_or(access.time, |frontier| frontier.max(access.time));
        self.now.latest = self.now.latest.max(settles);
        let late = settles > access.time;
        (settles >= self.applied).then_some(Scheduled { settles, late, item: Access { partition: input, ..access } })
    }

    /// The watermark of an input partition.
    pub fn watermark(&self, input: PartitionId) -> Option<Timestamp> {
        self.now.inputs.get(&input).and_then(|reached| reached.watermark)
    }

    /// Up to where all of these input partitions have come.
    pub fn frontier(&self, inputs: &[PartitionId], lateness: Span) -> Option<Timestamp> {
        let all = inputs.iter().chain(self.now.inputs.keys());
        let watermarks: Option<Vec<Timestamp>> = all.map(|input| self.watermark(*input)).collect();
        watermarks?.into_iter().min().map(|least| least - lateness)
    }

    /// Where to begin anew with a state that holds what settles before `minute`. Marks before it are forgotten.
    pub fn resume(&mut self, minute: Timestamp) -> Mark {
        while self.marks.len() > 1 && self.marks[1].latest < minute {
            self.marks.pop_front();
        }
        self.marks.front().cloned().expect("there is always a mark")
    }
}
