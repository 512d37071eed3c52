//! An input partition: one partition of the input. It places each record in time, as the engine's clocks do, and brings it to the task of its
//! employee; it tells every task how far its time has come.
//!
//! What it sends depends on the records of the partition and on recorded ticks alone. It has no state of its own beside an offset
//! and the watermark there, which stand in the group's committed offset.

use crate::engine::context::Context;
use crate::engine::partition_events::{LossCounts, PartitionEvent};
use crate::engine::watermark::{Scheduled, WatermarkTracker};
use crate::model::access::Access;
use crate::model::time::{Span, Timestamp};
use crate::model::topic::TopicPartition;
use crate::population::volume::RecordRef;
use crate::stream::save::Outbox;
use crate::stream::wire::{BundleBuilder, RecordPosition, Routed, RoutedItem, Tick, encode};
use crate::stream::{InternalTopic, OutgoingRecord};
use std::collections::VecDeque;
use std::sync::Arc;

/// Tasks hear of an input partition's time at the latest when it has moved on by so much.
const MARK: Span = Span::minutes(1);

/// A bundle with so many bytes is sent, whatever may follow. Brokers take a mebibyte where nothing else is configured.
const FULL: usize = 256 * 1024;

/// A running input partition.
pub struct InputPartition {
    name: TopicPartition,
    context: Arc<Context>,
    clock: WatermarkTracker<Access>,
    next: i64,
    /// From where to read anew while records are set aside: they are not sent yet.
    before: Option<InputPosition>,
    /// Each task, and what waits to be sent to it.
    tasks: Vec<Destination>,
    /// That which hears the input partition's notes.
    noting: usize,
    /// What was amiss before the input partition had a time.
    amiss: LossCounts,
    /// Recorded ticks that stand before offsets not read yet.
    ticks: VecDeque<Tick>,
    /// Messages that what stands before `next` led to.
    sub: u32,
    /// What leaves it.
    pub outbox: Outbox,
    commit: Option<(InputPosition, u64)>,
}

/// What a record of the input holds.
#[derive(Clone, Default, Debug)]
pub struct DecodedInput {
    /// Its accesses.
    pub accesses: Vec<Access>,
    /// Numbers that its source gave it: print of the stream, number, record.
    pub numbers: Vec<(u64, u64, RecordRef)>,
    /// What is amiss with it.
    pub amiss: LossCounts,
    /// The latest time that can be believed of it by the broker's clock.
    pub believed: Option<Timestamp>,
}

/// A task as an input partition sees it.
#[derive(Clone, Default)]
struct Destination {
    pack: BundleBuilder,
    /// The watermark that it was told.
    told: Option<Timestamp>,
}

/// From where an input partition is read on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InputPosition {
    /// The next offset.
    pub next: i64,
    /// The watermark there.
    pub watermark: Option<Timestamp>,
}

impl InputPosition {
    /// As it stands beside a committed offset.
    pub fn metadata(self) -> String {
        self.watermark.map_or_else(String::new, |watermark| format!("w={}", watermark.0))
    }

    /// From a committed offset and what stands beside it.
    pub fn read(next: i64, metadata: &str) -> InputPosition {
        InputPosition { next, watermark: metadata.strip_prefix("w=").and_then(|ms| ms.parse().ok()).map(Timestamp) }
    }
}

impl InputPartition {
    /// An input partition that is read on from there, with the ticks that were recorded of it in their order.
    pub fn new(name: TopicPartition, context: Arc<Context>, tasks: i32, resume: InputPosition, ticks: Vec<Tick>) -> InputPartition {
        let mut clock = WatermarkTracker::new(context.lateness);
        if let Some(watermark) = resume.watermark {
            clock.advance(watermark, &mut |_| {});
        }
        let is_ours = |tick: &Tick| tick.of() == name && tick.next >= resume.next;
        let ticks = ticks.into_iter().filter(is_ours).collect();
        let noting = context.task_of_source(&name.to_string(), tasks.max(1) as u32) as usize;
        let mut input = InputPartition {
            name,
            context,
            clock,
            next: resume.next,
            before: None,
            tasks: vec![Destination::default(); tasks.max(1) as usize],
            noting,
            amiss: LossCounts::default(),
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

    /// Goes on under another set-up.
    pub fn set_context(&mut self, context: Arc<Context>) {
        // As for whoever reads it anew from here.
        self.clock.set_lateness(context.lateness);
        self.context = context;
    }

    /// The latest believed event time.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.clock.watermark()
    }

    /// Takes what the record at an offset holds. What is returned is given up.
    pub fn take(&mut self, offset: i64, content: DecodedInput) -> Vec<Access> {
        self.apply_ticks();
        let here = InputPosition { next: offset, watermark: self.clock.watermark() };
        self.next = offset + 1;
        self.sub = 0;
        let given_up = self.take_content(content);
        self.note_aside(here);
        self.apply_ticks();
        given_up
    }

    /// Takes what a decoder had held back of records before.
    pub fn take_held(&mut self, content: DecodedInput) -> Vec<Access> {
        let here = InputPosition { next: self.next, watermark: self.clock.watermark() };
        let given_up = self.take_content(content);
        self.note_aside(here);
        given_up
    }

    fn take_content(&mut self, DecodedInput { accesses, numbers, amiss, believed }: DecodedInput) -> Vec<Access> {
        for (stream, number, edge) in numbers {
            if let Some(at) = self.clock.place_of(edge.time) {
                self.note(at, PartitionEvent::Number { stream, number, edge });
            }
        }
        let (mut placed, mut given_up) = (Vec::new(), Vec::new());
        for access in accesses {
            given_up.extend(self.clock.take(access.time, believed, access, &mut |found| placed.push(found)));
        }
        self.pack(placed);
        self.amiss.add(amiss);
        self.amiss.dead_letters += given_up.len() as u64;
        // What is amiss stands at the input partition's time, once it has one.
        if let Some(at) = self.clock.watermark().filter(|_| !self.amiss.is_nothing()) {
            let amiss = std::mem::take(&mut self.amiss);
            self.note(at, PartitionEvent::Losses(amiss));
        }
        given_up
    }

    fn note(&mut self, at: Timestamp, note: PartitionEvent) {
        self.bring(self.noting, at, RoutedItem::Note(note));
    }

    fn note_aside(&mut self, here: InputPosition) {
        if self.clock.holds_any() {
            self.before.get_or_insert(here);
        } else {
            self.before = None;
        }
    }

    /// Sends what waits, and tells tasks how far time has come that were not told of more than so much.
    pub fn flush(&mut self, beyond: Span) {
        let watermark = self.clock.watermark();
        for task in 0..self.tasks.len() {
            let Destination { pack, told } = &self.tasks[task];
            let is_behind = watermark.is_some_and(|watermark| told.is_none_or(|told| watermark > told && watermark - told >= beyond));
            if !pack.is_empty() || is_behind {
                self.send(task, watermark);
            }
        }
    }

    /// Sends what waits where that is due.
    pub fn flush_due(&mut self) {
        self.flush(MARK);
    }

    /// The message that records that this silent input partition's time moves on.
    pub fn tick(&self, to: Timestamp) -> OutgoingRecord {
        let tick = Tick { topic: self.name.topic.to_string(), partition: self.name.partition, next: self.next, to };
        OutgoingRecord { topic: InternalTopic::Ticks, partition: 0, key: self.key(), value: Some(encode(&tick)) }
    }

    /// A tick of this input partition has been recorded.
    pub fn recorded(&mut self, tick: Tick) {
        if tick.next >= self.next {
            self.ticks.push_back(tick);
            self.apply_ticks();
        }
    }

    /// Ticks stand before the record at their offset.
    fn apply_ticks(&mut self) {
        while let Some(tick) = self.ticks.front()
            && tick.next <= self.next
        {
            let tick = self.ticks.pop_front().expect("there is one");
            if tick.next < self.next {
                continue;
            }
            let mut placed = Vec::new();
            self.clock.advance(tick.to, &mut |found| placed.push(found));
            self.pack(placed);
            if !self.clock.holds_any() {
                self.before = None;
            }
            self.flush(Span(0));
        }
    }

    /// Puts records into the bundles of their tasks.
    fn pack(&mut self, placed: Vec<Scheduled<Access>>) {
        for Scheduled { settles, late, item } in placed {
            let task = self.context.task(&item.actor, self.tasks.len() as u32) as usize;
            self.bring(task, settles, RoutedItem::Record { access: item, late });
        }
    }

    fn bring(&mut self, task: usize, at: Timestamp, what: RoutedItem) {
        let place = RecordPosition { next: self.next, sub: self.sub };
        self.sub += 1;
        self.tasks[task].pack.push(&Routed { place, at, what });
        if self.tasks[task].pack.len() >= FULL {
            // The time is told with a later bundle, once everything that this record of the input led to has been sent.
            self.send(task, self.tasks[task].told);
        }
    }

    fn send(&mut self, task: usize, watermark: Option<Timestamp>) {
        let Destination { pack, told } = &mut self.tasks[task];
        *told = watermark;
        let value = pack.close(&self.name.topic, self.name.partition, watermark);
        self.outbox.send(OutgoingRecord { topic: InternalTopic::Access, partition: task as i32, key: self.key(), value: Some(value) });
    }

    fn key(&self) -> Vec<u8> {
        self.name.to_string().into_bytes()
    }

    /// From where to read anew once everything sent is acknowledged; to be asked for with [`InputPartition::committed`].
    pub fn prepare_commit(&mut self) {
        if self.commit.is_none() {
            self.flush_due();
            let now = InputPosition { next: self.next, watermark: self.clock.watermark() };
            self.commit = Some((self.before.unwrap_or(now), self.outbox.given()));
        }
    }

    /// What may be committed, once it may.
    pub fn committed(&mut self) -> Option<InputPosition> {
        let (resume, after) = self.commit?;
        if !self.outbox.is_acknowledged(after) {
            return None;
        }
        self.commit = None;
        Some(resume)
    }
}
