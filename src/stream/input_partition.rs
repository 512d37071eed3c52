//! An input partition gives each of its records the time at which it settles, as the engine does with one source, and routes it to the
//! task of its employee; it sends its watermark to every task.
//!
//! What it sends is a function of the records of the partition and of recorded ticks. It has no state beside an offset and the
//! watermark there, which are committed to the consumer group.

use crate::engine::context::Context;
use crate::engine::partition_events::{LossCounts, PartitionEvent, lost_hours};
use crate::engine::partition_watermarks::MOST_LETTERS;
use crate::engine::watermark::{Scheduled, WatermarkTracker};
use crate::model::access::Access;
use crate::model::time::{Span, Timestamp};
use crate::model::topic::TopicPartition;
use crate::population::volume::RecordRef;
use crate::stream::outbox::Outbox;
use crate::stream::wire::{BundleBuilder, BundleItem, InputNote, RecordPosition, RoutedItem, Tick, encode};
use crate::stream::{InternalTopic, OutgoingRecord};
use std::collections::VecDeque;
use std::sync::Arc;

/// A task without records is sent the watermark once it has advanced by so much.
const WATERMARK_INTERVAL: Span = Span::minutes(1);

/// A bundle with so many bytes is sent at once. Brokers accept a mebibyte unless configured otherwise.
const FULL_BUNDLE: usize = 256 * 1024;

/// A running input partition.
pub struct InputPartition {
    name: TopicPartition,
    context: Arc<Context>,
    watermarks: WatermarkTracker<Access>,
    /// What could be believed when the last record came.
    limit: Option<Timestamp>,
    /// How often the partition was made anew before.
    generation: u32,
    /// The next offset to read.
    next: i64,
    /// Since when records are lost of which the first behind them has not come.
    lost_since: Option<Timestamp>,
    /// While records are set aside, which are not sent yet, or the end of a loss is not known: the position from which to read again.
    set_aside_from: Option<InputPosition>,
    tasks: Vec<Destination>,
    /// The task that gets the events of this partition.
    event_task: usize,
    /// Losses before the first watermark: they are sent once there is one.
    losses: LossCounts,
    /// Dead letters before it that name somebody.
    letters: Vec<Access>,
    /// Recorded ticks before offsets that are not read yet.
    ticks: VecDeque<Tick>,
    /// Items sent since `next` was advanced.
    sub: u32,
    /// What leaves it.
    pub outbox: Outbox,
    /// The position to commit, and the number in the outbox that must be acknowledged before.
    commit: Option<(InputPosition, u64)>,
}

/// What a record of the input decodes to.
#[derive(Clone, Default, Debug)]
pub struct DecodedInput {
    /// Its accesses.
    pub accesses: Vec<Access>,
    /// Sequence numbers that its source gave it: hash of the sequence, number, record.
    pub numbers: Vec<(u64, u64, RecordRef)>,
    /// Records that could not be decoded, or were lost before it.
    pub losses: LossCounts,
    /// What dead letters say of those whom they name, who have no time of their own.
    pub letters: Vec<Access>,
    /// The latest event time that can be believed by the broker's clock and ours; what was held back is believed as what came last.
    pub believed: Option<Timestamp>,
    /// Whether the broker's clock, or that of whoever wrote the record, was beyond ours.
    pub is_ahead: bool,
}

/// A task as a destination.
#[derive(Clone, Default)]
struct Destination {
    bundle: BundleBuilder,
    /// The watermark that was last sent to it.
    sent_watermark: Option<Timestamp>,
}

/// A position in an input partition, as it is committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InputPosition {
    /// How often the partition was made anew before.
    pub generation: u32,
    /// The next offset.
    pub next: i64,
    /// The watermark there.
    pub watermark: Option<Timestamp>,
}

impl InputPosition {
    /// The metadata to commit with the offset.
    pub fn metadata(self) -> String {
        let watermark = self.watermark.map(|watermark| format!("w={}", watermark.0));
        let generation = (self.generation > 0).then(|| format!("g={}", self.generation));
        watermark.into_iter().chain(generation).collect::<Vec<_>>().join(",")
    }

    /// From a committed offset and its metadata.
    pub fn read(next: i64, metadata: &str) -> InputPosition {
        let part = |name: &str| metadata.split(',').find_map(|part| part.strip_prefix(name));
        InputPosition {
            generation: part("g=").and_then(|number| number.parse().ok()).unwrap_or(0),
            next,
            watermark: part("w=").and_then(|ms| ms.parse().ok()).map(Timestamp),
        }
    }
}

impl InputPartition {
    /// Begins at a position. `ticks` are all that were recorded, in their order; those of other partitions are ignored.
    pub fn new(name: TopicPartition, context: Arc<Context>, tasks: i32, from: InputPosition, ticks: Vec<Tick>) -> InputPartition {
        let mut watermarks = WatermarkTracker::new(context.lateness);
        if let Some(watermark) = from.watermark {
            watermarks.advance(watermark, &mut |_| {});
        }
        let is_ours = |tick: &Tick| tick.of() == name && tick.generation == from.generation && tick.next >= from.next;
        let ticks = ticks.into_iter().filter(is_ours).collect();
        let event_task = context.task_of_source(&name.to_string(), tasks.max(1) as u32) as usize;
        let mut input = InputPartition {
            name,
            context,
            watermarks,
            limit: None,
            generation: from.generation,
            next: from.next,
            lost_since: None,
            set_aside_from: None,
            tasks: vec![Destination::default(); tasks.max(1) as usize],
            event_task,
            losses: LossCounts::default(),
            letters: Vec::new(),
            ticks,
            sub: 0,
            outbox: Outbox::default(),
            commit: None,
        };
        input.apply_ticks();
        input.flush(Span(0));
        input
    }

    /// The next offset to read.
    pub fn next(&self) -> i64 {
        self.next
    }

    /// Continues with another configuration, as a process would that reads from here.
    pub fn set_context(&mut self, context: Arc<Context>) {
        self.watermarks.set_lateness(context.lateness);
        self.context = context;
    }

    /// How often the partition was made anew before.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    fn position(&self) -> InputPosition {
        InputPosition { generation: self.generation, next: self.next, watermark: self.watermarks.watermark() }
    }

    /// The latest plausible event time.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.watermarks.watermark()
    }

    /// Takes the record at an offset.
    pub fn take(&mut self, offset: i64, input: DecodedInput) {
        self.apply_ticks();
        // Whoever reads again finds out again that records before this one are lost.
        let next = if input.losses.losses > 0 { self.next } else { offset };
        let here = InputPosition { next, ..self.position() };
        self.next = offset + 1;
        self.sub = 0;
        self.take_input(input);
        self.note_set_aside(here);
        self.apply_ticks();
    }

    /// Goes on at a later offset: what comes before it was taken in another generation, or is no record.
    pub fn pass(&mut self, next: i64) {
        if next > self.next {
            self.apply_ticks();
            (self.next, self.sub) = (next, 0);
            self.apply_ticks();
        }
    }

    /// Takes what a decoder had held back of earlier records.
    pub fn take_held(&mut self, input: DecodedInput) {
        let here = self.position();
        self.take_input(input);
        self.note_set_aside(here);
    }

    fn take_input(&mut self, input: DecodedInput) {
        for (stream, number, edge) in input.numbers {
            if let Some(at) = self.watermarks.settling_time(edge.time) {
                self.send_event(at, PartitionEvent::Number { stream, number, record: edge });
            }
        }
        self.limit = input.believed.or(self.limit);
        if input.losses.losses > 0 {
            self.lost_since = self.lost_since.or_else(|| self.watermarks.now());
        }
        let first = input.accesses.first().map(|access| self.limit.map_or(access.time, |limit| access.time.min(limit)));
        let lost = first.and_then(|to| Some((self.lost_since.take()?, to)));
        let mut scheduled = Vec::new();
        for access in input.accesses {
            match self.limit {
                Some(limit) if input.is_ahead => {
                    self.watermarks.take_at_once(access.time, limit, access, &mut |found| scheduled.push(found))
                }
                limit => self.watermarks.take(access.time, limit, access, &mut |found| scheduled.push(found)),
            }
        }
        self.letters.extend(input.letters);
        if self.watermarks.watermark().is_some() {
            for access in std::mem::take(&mut self.letters) {
                drop(self.watermarks.take_here(access, &mut |found| scheduled.push(found)));
            }
        }
        self.letters.truncate(MOST_LETTERS);
        self.route(scheduled);
        // Behind the records: what has a place of its own has it whether or not anything before it was lost by then.
        for at in lost.into_iter().flat_map(|(from, to)| lost_hours(from, to.max(from))) {
            self.send_event(at, PartitionEvent::Losses(LossCounts { losses: 1, ..LossCounts::default() }));
        }
        self.losses.add(input.losses);
        self.losses.ahead += self.watermarks.take_ahead();
        if let Some(at) = self.watermarks.watermark().filter(|_| !self.losses.is_nothing()) {
            let losses = std::mem::take(&mut self.losses);
            self.send_event(at, PartitionEvent::Losses(losses));
        }
    }

    fn send_event(&mut self, at: Timestamp, event: PartitionEvent) {
        self.add_to_bundle(self.event_task, at, RoutedItem::Event(event));
    }

    fn note_set_aside(&mut self, here: InputPosition) {
        if self.watermarks.holds_any() || self.lost_since.is_some() {
            self.set_aside_from.get_or_insert(here);
        } else {
            self.set_aside_from = None;
        }
    }

    /// Sends all bundles that hold something, and the watermark to tasks for which it has advanced by at least so much.
    pub fn flush(&mut self, at_least: Span) {
        let watermark = self.watermarks.watermark();
        for task in 0..self.tasks.len() {
            let Destination { bundle, sent_watermark } = &self.tasks[task];
            let is_due =
                watermark.is_some_and(|watermark| sent_watermark.is_none_or(|sent| watermark > sent && watermark - sent >= at_least));
            if !bundle.is_empty() || is_due {
                self.send_bundle(task, watermark);
            }
        }
    }

    /// Sends all bundles that hold something, and watermarks that are due.
    pub fn flush_due(&mut self) {
        self.flush(WATERMARK_INTERVAL);
    }

    /// The record that advances the watermark of this idle partition.
    pub fn tick(&self, to: Timestamp) -> OutgoingRecord {
        let (topic, partition) = (self.name.topic.to_string(), self.name.partition);
        let tick = Tick { topic, partition, generation: self.generation, next: self.next, to };
        OutgoingRecord { topic: InternalTopic::Ticks, partition: 0, key: self.key(), value: Some(encode(&InputNote::Tick(tick))) }
    }

    /// A tick of this partition has been recorded.
    pub fn recorded(&mut self, tick: Tick) {
        if tick.generation == self.generation && tick.next >= self.next {
            self.ticks.push_back(tick);
            self.apply_ticks();
        }
    }

    /// Applies the ticks that stand before the next record.
    fn apply_ticks(&mut self) {
        while let Some(tick) = self.ticks.front()
            && tick.next <= self.next
        {
            let tick = self.ticks.pop_front().expect("there is one");
            if tick.next < self.next {
                continue;
            }
            let mut scheduled = Vec::new();
            self.watermarks.advance(tick.to, &mut |found| scheduled.push(found));
            self.route(scheduled);
            if !self.watermarks.holds_any() && self.lost_since.is_none() {
                self.set_aside_from = None;
            }
            self.flush(Span(0));
        }
    }

    /// Adds records to the bundles of their tasks.
    fn route(&mut self, scheduled: Vec<Scheduled<Access>>) {
        let context = self.context.clone();
        for Scheduled { settles, late, item } in scheduled {
            for (task, access) in context.route(item, self.tasks.len() as u32) {
                self.add_to_bundle(task as usize, settles, RoutedItem::of(access, late));
            }
        }
    }

    fn add_to_bundle(&mut self, task: usize, at: Timestamp, item: RoutedItem) {
        let position = RecordPosition { generation: self.generation, next: self.next, sub: self.sub };
        self.sub += 1;
        self.tasks[task].bundle.push(&BundleItem { position, at, item });
        if self.tasks[task].bundle.len() >= FULL_BUNDLE {
            // The new watermark is sent with a later bundle, after all items of this record of the input.
            self.send_bundle(task, self.tasks[task].sent_watermark);
        }
    }

    fn send_bundle(&mut self, task: usize, watermark: Option<Timestamp>) {
        let Destination { bundle, sent_watermark } = &mut self.tasks[task];
        *sent_watermark = watermark;
        let value = bundle.close(&self.name, self.generation, watermark);
        self.outbox.send(OutgoingRecord { topic: InternalTopic::Access, partition: task as i32, key: self.key(), value: Some(value) });
    }

    fn key(&self) -> Vec<u8> {
        self.name.to_string().into_bytes()
    }

    /// Sends what is due, and keeps the position to commit once it is acknowledged: see [`InputPartition::take_commit`].
    pub fn prepare_commit(&mut self) {
        if self.commit.is_none() {
            self.flush_due();
            let now = self.position();
            self.commit = Some((self.set_aside_from.unwrap_or(now), self.outbox.last_number()));
        }
    }

    /// The position to commit, once everything before it is acknowledged.
    pub fn take_commit(&mut self) -> Option<InputPosition> {
        let (position, after) = self.commit?;
        if !self.outbox.is_acknowledged(after) {
            return None;
        }
        self.commit = None;
        Some(position)
    }
}
