//! A lane: one partition of the input. It places each record in time, as the engine's clocks do, and brings it to the task of its
//! employee; it tells every task how far its time has come.
//!
//! What it sends depends on the records of the partition and on recorded ticks alone. It has no state of its own beside an offset
//! and the watermark there, which stand in the group's committed offset.

use crate::engine::clock::{Clock, Placed};
use crate::engine::context::Context;
use crate::model::access::Access;
use crate::model::time::{Span, Timestamp};
use crate::stream::save::Outbox;
use crate::stream::wire::{Place, Routed, Settles, Tick, encode};
use crate::stream::{Send, Topic};
use std::collections::VecDeque;
use std::sync::Arc;

/// Tasks hear of a lane's time at the latest when it has moved on by so much.
const MARK: Span = Span::minutes(1);

/// A running lane.
pub struct Lane {
    topic: String,
    partition: i32,
    context: Arc<Context>,
    clock: Clock<Access>,
    next: i64,
    /// From where to read anew while records are set aside: they are not sent yet.
    before: Option<Resume>,
    /// The watermark that each task was told.
    told: Vec<Option<Timestamp>>,
    /// Recorded ticks that stand before offsets not read yet.
    ticks: VecDeque<Tick>,
    /// Messages that what stands before `next` led to.
    sub: u32,
    /// What leaves it.
    pub outbox: Outbox,
    commit: Option<(Resume, u64)>,
}

/// From where a lane is read on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resume {
    /// The next offset.
    pub next: i64,
    /// The watermark there.
    pub watermark: Option<Timestamp>,
}

impl Resume {
    /// As it stands beside a committed offset.
    pub fn metadata(self) -> String {
        self.watermark.map_or_else(String::new, |watermark| format!("w={}", watermark.0))
    }

    /// From a committed offset and what stands beside it.
    pub fn read(next: i64, metadata: &str) -> Resume {
        Resume { next, watermark: metadata.strip_prefix("w=").and_then(|ms| ms.parse().ok()).map(Timestamp) }
    }
}

impl Lane {
    /// A lane that is read on from there, with the ticks that were recorded of it in their order.
    pub fn new(name: (String, i32), context: Arc<Context>, tasks: i32, resume: Resume, ticks: Vec<Tick>) -> Lane {
        let mut clock = Clock::new(context.lateness);
        if let Some(watermark) = resume.watermark {
            clock.advance(watermark, &mut |_| {});
        }
        let is_ours = |tick: &Tick| (&tick.topic, tick.partition) == (&name.0, name.1) && tick.next >= resume.next;
        let ticks = ticks.into_iter().filter(is_ours).collect();
        let mut lane = Lane {
            topic: name.0,
            partition: name.1,
            context,
            clock,
            next: resume.next,
            before: None,
            told: vec![None; tasks.max(1) as usize],
            ticks,
            sub: 0,
            outbox: Outbox::default(),
            commit: None,
        };
        lane.apply_ticks();
        lane.mark(Span(0));
        lane
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

    /// Takes what the record at an offset holds. `believed` is the latest time that can be believed by the broker's clock. What is
    /// returned is given up.
    pub fn take(&mut self, offset: i64, accesses: Vec<Access>, believed: Option<Timestamp>) -> Vec<Access> {
        self.apply_ticks();
        let here = Resume { next: offset, watermark: self.clock.watermark() };
        self.next = offset + 1;
        self.sub = 0;
        let (mut placed, mut given_up) = (Vec::new(), Vec::new());
        for access in accesses {
            given_up.extend(self.clock.take(access.time, believed, access, &mut |found| placed.push(found)));
        }
        self.send(placed);
        self.note_aside(here);
        self.apply_ticks();
        given_up
    }

    /// Takes what a decoder had held back of records before.
    pub fn take_held(&mut self, accesses: Vec<Access>) -> Vec<Access> {
        let here = Resume { next: self.next, watermark: self.clock.watermark() };
        let (mut placed, mut given_up) = (Vec::new(), Vec::new());
        for access in accesses {
            given_up.extend(self.clock.take(access.time, None, access, &mut |found| placed.push(found)));
        }
        self.send(placed);
        self.note_aside(here);
        given_up
    }

    fn note_aside(&mut self, here: Resume) {
        if self.clock.holds_any() {
            self.before.get_or_insert(here);
        } else {
            self.before = None;
        }
    }

    /// Tells all tasks how far time has come, where they were not told of more than that.
    pub fn mark(&mut self, beyond: Span) {
        let Some(watermark) = self.clock.watermark() else { return };
        for task in 0..self.told.len() {
            if self.told[task].is_none_or(|told| watermark > told && watermark - told >= beyond) {
                self.message(task, None, b"");
            }
        }
    }

    /// The message that records that this silent lane's time moves on.
    pub fn tick(&self, to: Timestamp) -> Send {
        let tick = Tick { topic: self.topic.clone(), partition: self.partition, next: self.next, to };
        let key = format!("{}/{}", self.topic, self.partition).into_bytes();
        Send { topic: Topic::Ticks, partition: 0, key, value: Some(encode(&tick)) }
    }

    /// A tick of this lane has been recorded.
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
            self.send(placed);
            if !self.clock.holds_any() {
                self.before = None;
            }
            self.mark(Span(0));
        }
    }

    fn send(&mut self, placed: Vec<Placed<Access>>) {
        for Placed { settles, late, item } in placed {
            let task = self.context.task(&item.actor, self.told.len() as u32) as usize;
            let key = item.actor.name().clone();
            self.message(task, Some(Settles { at: settles, late, access: item }), key.as_bytes());
        }
        self.mark(MARK);
    }

    fn message(&mut self, task: usize, record: Option<Settles>, key: &[u8]) {
        let place = Place { next: self.next, sub: self.sub };
        // The time is told with a later message, once everything that this record led to has been sent.
        match record {
            Some(_) => self.sub += 1,
            None => self.told[task] = self.clock.watermark(),
        }
        let told = self.told[task];
        let routed = Routed { topic: self.topic.clone(), partition: self.partition, place, watermark: told, record };
        self.outbox.send(Send { topic: Topic::Access, partition: task as i32, key: key.to_vec(), value: Some(encode(&routed)) });
    }

    /// From where to read anew once everything sent is acknowledged; to be asked for with [`Lane::committed`].
    pub fn prepare_commit(&mut self) {
        if self.commit.is_none() {
            let now = Resume { next: self.next, watermark: self.clock.watermark() };
            self.commit = Some((self.before.unwrap_or(now), self.outbox.given()));
        }
    }

    /// What may be committed, once it may.
    pub fn committed(&mut self) -> Option<Resume> {
        let (resume, after) = self.commit?;
        if !self.outbox.is_acknowledged(after) {
            return None;
        }
        self.commit = None;
        Some(resume)
    }
}
