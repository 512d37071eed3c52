//! A task: the first stage of the engine for the employees of one partition of `leakwarden.access`.

use crate::engine::Executor;
use crate::engine::context::Context;
use crate::engine::keyed_stage::{Hours, KeyedStage};
use crate::engine::output::{Counts, Output, Revision};
use crate::engine::state_entries::{self, SaveProgress};
use crate::model::access::PartitionId;
use crate::model::time::{HOUR_MS, Timestamp};
use crate::model::topic::TopicPartition;
use crate::stream::changelog::Restored;
use crate::stream::frames::cut;
use crate::stream::reader::{Brought, Mark, Reader};
use crate::stream::save::{Outbox, Saver};
use crate::stream::table::Table;
use crate::stream::wire::{Routed, RoutedItem, Told, decode, encode, read_bundle};
use crate::stream::{InternalTopic, OutgoingRecord};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A running task.
pub struct Task {
    id: i32,
    first: KeyedStage,
    reader: Reader,
    saver: Saver,
    given: SaveProgress,
    /// What leaves it.
    pub outbox: Outbox,
    /// Input partitions without which time does not go on.
    inputs: Vec<PartitionId>,
    stands: Stands,
    /// The hour before which it was said to have nothing.
    begins: Option<i64>,
    /// Up to where the coordinator was told.
    told: Timestamp,
    number: u64,
    /// Hours up to which the state was saved: by the save before the last, by the last, and by the one under way. Answers are kept for
    /// the first of these: somebody who has just taken the task on may still go on from there.
    saved: [i64; 3],
}

/// What a task waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stands {
    /// The answer of the hour and of the day up to which its state goes.
    Restored,
    /// Its first hour is yet to be told.
    New,
    /// The first hour of all tasks.
    Begins,
    /// Records.
    Running,
    /// The answer about an hour.
    Waits(i64),
}

#[derive(Serialize, Deserialize)]
struct Head {
    first: state_entries::StateHeader,
    resume: Mark,
}

/// What a step of a task leads to, beside what leaves it by the outbox.
#[derive(Default)]
pub struct Step {
    /// Whether anything moved.
    pub moved: bool,
    /// What was counted.
    pub counts: Counts,
    /// What is told before it settles.
    pub provisional: Vec<Revision>,
}

impl Task {
    /// A task from what was saved of it. The context is the task's own: it names the input partitions.
    pub fn new(id: i32, context: Arc<Context>, inputs: &[TopicPartition], restored: Restored) -> Result<Task, String> {
        let mut first = KeyedStage::new(context, Hours::All);
        let (mut mark, mut stands) = (None, Stands::New);
        if let Some(bytes) = restored.head {
            let head: Head = decode(&bytes)?;
            first.restore(head.first, restored.entries).map_err(|error| error.to_string())?;
            (mark, stands) = (Some(head.resume), Stands::Restored);
        }
        let inputs = inputs.iter().map(|input| first.context().partition(&input.to_string())).collect();
        let minute = first.minute();
        let saved = first.reached().hour;
        Ok(Task {
            id,
            reader: Reader::new(mark, minute),
            first,
            saver: Saver::new(restored.changelog),
            given: SaveProgress::default(),
            outbox: Outbox::default(),
            inputs,
            stands,
            begins: None,
            told: minute,
            number: 0,
            saved: [saved; 3],
        })
    }

    /// Which task it is.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// The first stage.
    pub fn first(&self) -> &KeyedStage {
        &self.first
    }

    /// Goes on under another set-up.
    pub fn set_context(&mut self, context: Arc<Context>) {
        self.first.set_context(context);
    }

    /// The next offset of `leakwarden.access` to read.
    pub fn next(&self) -> i64 {
        self.reader.next()
    }

    /// Up to where all input partitions have come here.
    pub fn frontier(&self) -> Option<Timestamp> {
        self.reader.frontier(&self.inputs, self.first.context().lateness)
    }

    /// The watermark of an input partition, as far as it is known here.
    pub fn watermark(&self, input: &TopicPartition) -> Option<Timestamp> {
        self.reader.watermark(self.first.context().partition(&input.to_string()))
    }

    /// Takes the message at an offset. Shows at once what it changes, where it is to be shown. Returns how many records it holds.
    pub fn take(&mut self, offset: i64, value: &[u8], show: bool, step: &mut Step) -> Result<u32, String> {
        let (bundle, records) = read_bundle(value)?;
        let input = self.first.context().partition(&format!("{}/{}", bundle.topic, bundle.partition));
        self.reader.take(offset, input, &bundle);
        let frontier = if bundle.redriven { self.frontier() } else { None };
        for record in records {
            let brought = match record? {
                Routed { what: RoutedItem::Record { access, .. }, .. } if bundle.redriven => {
                    step.counts.source(access.source).redriven += 1;
                    self.reader.take_redriven(input, access, frontier).map(Brought::Record)
                }
                record => self.reader.take_brought(input, record),
            };
            match brought {
                Some(Brought::Record(placed)) => {
                    if show && self.stands != Stands::Restored {
                        step.provisional.extend(self.first.show(&placed.item));
                    }
                    self.first.push(placed);
                }
                Some(Brought::Note(input, at, note)) => self.first.note(input, at, note),
                None => {}
            }
        }
        Ok(bundle.records)
    }

    /// Goes on as far as it can.
    pub fn step(&mut self, table: &Table, executor: &impl Executor, step: &mut Step) -> Result<(), String> {
        if self.saver.poll(&mut self.outbox) {
            self.saved = [self.saved[1], self.saved[2], self.saved[2]];
            step.moved = true;
        }
        while self.go_on(table, executor, step)? {
            step.moved = true;
        }
        Ok(())
    }

    /// Retracts what was shown and did not settle.
    pub fn reconcile(&mut self) -> Vec<Revision> {
        self.first.reconcile()
    }

    fn go_on(&mut self, table: &Table, executor: &impl Executor, step: &mut Step) -> Result<bool, String> {
        match self.stands {
            Stands::Restored => {
                let reached = self.first.reached();
                if !reached.has_begun() {
                    self.stands = Stands::New;
                    return Ok(true);
                }
                // Begun, and no hour has been stopped at.
                if table.begin().is_some_and(|begin| reached.hour < begin) {
                    self.stands = Stands::Running;
                    return Ok(true);
                }
                let (Some(hour), Some(day)) = (table.answer(reached.hour)?, table.answer(reached.day_at)?) else { return Ok(false) };
                self.first.go_on_with(hour, day.day);
                self.stands = Stands::Running;
                Ok(true)
            }
            Stands::New => {
                if table.begin().is_some() {
                    self.stands = Stands::Begins;
                    return Ok(true);
                }
                let Some(frontier) = self.frontier() else { return Ok(false) };
                // Only what the frontier has passed is known to be the first: the hour of all must not depend on who looks when.
                let hour = frontier.0.div_euclid(HOUR_MS);
                let first = self.first.first_hour().filter(|first| *first < hour);
                if first.is_none() && self.begins.is_some_and(|told| told >= hour) {
                    return Ok(false);
                }
                self.begins = Some(hour);
                self.tell(&Told::Begins { hour: first.unwrap_or(hour), first: first.is_some() });
                if first.is_some() {
                    self.stands = Stands::Begins;
                }
                Ok(true)
            }
            Stands::Begins => {
                let Some(hour) = table.begin() else { return Ok(false) };
                self.first.begin(hour);
                self.stands = Stands::Running;
                Ok(true)
            }
            Stands::Running => {
                let Some(frontier) = self.frontier() else { return Ok(false) };
                let stepped = self.first.step(frontier, executor);
                let revisions = count(stepped.settled, step);
                let to = self.first.minute();
                let moved = to > self.told || !revisions.is_empty();
                if moved {
                    self.tell(&Told::Settled { from: self.told, to, revisions });
                    self.told = to;
                    self.reader.resume(to);
                }
                let Some(report) = stepped.report else { return Ok(false) };
                self.stands = Stands::Waits(report.hour);
                let ticked = count(stepped.ticked, step);
                self.tell(&Told::Hour { ticked, report, saved: self.saved[0] });
                Ok(true)
            }
            Stands::Waits(hour) => {
                let Some(answer) = table.answer(hour)? else { return Ok(false) };
                let begins = answer.day.is_some();
                let heard = self.first.hear(answer, executor);
                let revisions = count(heard, step);
                if begins {
                    self.tell(&Told::Heard { hour, revisions });
                }
                self.stands = Stands::Running;
                Ok(true)
            }
        }
    }

    fn tell(&mut self, told: &Told) {
        self.number += 1;
        for part in cut(self.saver.epoch(), self.number, &encode(told)) {
            let key = self.id.to_be_bytes().to_vec();
            self.outbox.send(OutgoingRecord { topic: InternalTopic::Summaries, partition: 0, key, value: Some(part) });
        }
    }

    /// Begins to save the state, unless it is being saved or the task waits for an answer.
    pub fn save(&mut self, executor: &impl Executor) -> bool {
        if self.saver.is_busy() || self.stands != Stands::Running {
            return false;
        }
        let entries = self.first.entries(&mut self.given, executor);
        let resume = self.reader.resume(self.first.minute());
        let head = encode(&Head { first: self.first.head(), resume });
        self.saved[2] = self.first.reached().hour;
        self.saver.begin(entries, &head, &self.outbox);
        true
    }

    /// Whether a save is under way.
    pub fn is_checkpointing(&self) -> bool {
        self.saver.is_busy()
    }

    /// A hash of the whole state as of its minute: the same wherever and however often the task ran.
    pub fn digest(mut self, executor: &impl Executor) -> (Timestamp, String) {
        let mut entries = self.first.entries(&mut SaveProgress::default(), executor);
        entries.sort();
        let mut hasher = blake3::Hasher::new();
        for (id, content) in entries {
            hasher.update(&(id.len() as u64).to_le_bytes()).update(&id);
            let content = content.unwrap_or_default();
            hasher.update(&(content.len() as u64).to_le_bytes()).update(&content);
        }
        (self.first.minute(), hasher.finalize().to_hex().to_string())
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let frontier = self.frontier().map(|at| at.to_string());
        write!(f, "task {} {:?} at {} of {frontier:?}, next {}", self.id, self.stands, self.told, self.next())
    }
}

/// Keeps the counts; gives the revisions.
fn count(output: Output, step: &mut Step) -> Vec<Revision> {
    step.counts.join(output.counts);
    output.revisions
}
