//! A task: the keyed stage of the engine for the employees of one partition of `leakwarden.access`.

use crate::engine::Executor;
use crate::engine::context::Context;
use crate::engine::keyed_stage::{KeyedStage, ReportedHours};
use crate::engine::output::{Counts, Output, Revision};
use crate::engine::provisional::{Arrived, ShownAlert};
use crate::engine::state_entries::{self, SaveProgress};
use crate::engine::watermark::Scheduled;
use crate::engine::watermark::is_shown_early;
use crate::model::access::PartitionId;
use crate::model::time::{HOUR_MS, Timestamp};
use crate::model::topic::TopicPartition;
use crate::stream::authentication::{Refusal, Stamp};
use crate::stream::changelog::{CheckpointId, RestoredState};
use crate::stream::checkpointer::Checkpointer;
use crate::stream::chunks::split;
use crate::stream::outbox::Outbox;
use crate::stream::reply_table::ReplyTable;
use crate::stream::task_input::{NewInput, ReadPosition, TaskInput};
use crate::stream::wire::{BundleBuilder, BundleItem, RETIRED, SHOWN_KEY, ShownNote, TaskMessage, decode, encode, read_bundle};
use crate::stream::{InternalTopic, OutgoingRecord};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A running task.
pub struct Task {
    id: i32,
    stage: KeyedStage,
    input: TaskInput,
    checkpointer: Checkpointer,
    save_progress: SaveProgress,
    /// What leaves it.
    pub outbox: Outbox,
    /// All partitions of the input: event time advances with the last of them.
    input_partitions: Vec<PartitionId>,
    phase: Phase,
    /// The hour before which the coordinator was told that there are no records.
    announced_hour: Option<i64>,
    /// The time up to which results were reported to the coordinator.
    reported_until: Timestamp,
    /// Number of the last message to the coordinator.
    message_number: u64,
    /// Hours up to which the state is saved: by the checkpoint before the last, by the last, and by the one under way. Replies are kept
    /// from the first of these on: a process that has just taken the task over may still restore from there.
    checkpointed_hours: [i64; 3],
    /// How often a reply was gone.
    missing: u64,
    /// Input partitions of which it has said that they are no more, until it reads that.
    retiring: BTreeSet<PartitionId>,
}

/// What a task does, and what it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// It was restored, and waits for the replies of the hour and of the day up to which its state goes.
    AwaitsReplies,
    /// It is new, and looks for the hour of its first record.
    FindsFirstHour,
    /// It waits for the first hour of all tasks.
    AwaitsFirstHour,
    /// It takes records.
    Running,
    /// It waits for the coordinator's reply about an hour.
    AwaitsReply(i64),
}

/// What a checkpoint holds beside the entries of the stage.
#[derive(Serialize, Deserialize)]
struct TaskMetadata {
    stage: state_entries::StateHeader,
    position: ReadPosition,
}

/// When a record whose provisional alerts are to be shown came to its broker, and the time of day.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    /// When it came to its broker.
    pub arrived: Timestamp,
    /// The time of day.
    pub now: Timestamp,
}

/// What a step of a task leads to, beside what leaves it by the outbox.
#[derive(Default)]
pub struct TaskOutput {
    /// Whether anything was done.
    pub progressed: bool,
    /// Metrics to be counted.
    pub counts: Counts,
    /// Alerts that may change before they settle.
    pub provisional: Vec<Revision>,
    /// What must stand in the log before they are shown.
    pub note: Option<OutgoingRecord>,
}

impl Task {
    /// A task from its restored state. The context is the task's own, since it numbers input partitions in the order it meets them.
    pub fn new(id: i32, context: Arc<Context>, inputs: &[TopicPartition], restored: RestoredState) -> Result<Task, String> {
        let mut stage = KeyedStage::new(context, ReportedHours::All);
        stage.expect_others();
        let (mut position, mut phase) = (None, Phase::FindsFirstHour);
        if let Some(bytes) = restored.metadata {
            let metadata: TaskMetadata = decode(&bytes)?;
            stage.restore(metadata.stage, restored.entries).map_err(|error| error.to_string())?;
            (position, phase) = (Some(metadata.position), Phase::AwaitsReplies);
        }
        let input_partitions = inputs.iter().map(|input| stage.context().partition(&input.to_string())).collect();
        let minute = stage.settled_minute();
        let hour = stage.progress().hour;
        Ok(Task {
            id,
            input: TaskInput::new(position, minute),
            stage,
            checkpointer: Checkpointer::new(restored.changelog),
            save_progress: SaveProgress::default(),
            outbox: Outbox::default(),
            input_partitions,
            phase,
            announced_hour: None,
            reported_until: minute,
            message_number: 0,
            checkpointed_hours: [hour; 3],
            missing: 0,
            retiring: BTreeSet::new(),
        })
    }

    /// Its number.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// The keyed stage.
    pub fn stage(&self) -> &KeyedStage {
        &self.stage
    }

    /// Continues with another configuration.
    pub fn set_context(&mut self, context: Arc<Context>) {
        self.stage.set_context(context);
    }

    /// The next offset of `leakwarden.access` to read.
    pub fn next(&self) -> i64 {
        self.input.next()
    }

    /// The time up to which all input partitions have come: records before it settle.
    pub fn frontier(&self) -> Option<Timestamp> {
        self.input.frontier(&self.input_partitions, self.stage.context().lateness)
    }

    /// The watermark of an input partition, as far as it is known here; none of one that its topic has no more.
    pub fn watermark(&self, input: &TopicPartition) -> Option<Timestamp> {
        self.input.watermark(self.stage.context().partition(&input.to_string())).filter(|watermark| *watermark != RETIRED)
    }

    /// Has input partitions hold up this task no more that their topic no longer has. It stands in the log from when on.
    /// Gives those that are new.
    pub fn retire_inputs(&mut self, is_gone: impl Fn(&TopicPartition) -> bool) -> Vec<TopicPartition> {
        let mut gone = Vec::new();
        let known: BTreeMap<PartitionId, u32> = self.input_partitions.iter().map(|input| (*input, 0)).chain(self.input.known()).collect();
        for (input, generation) in known {
            if self.input.watermark(input) == Some(RETIRED) || self.retiring.contains(&input) {
                continue;
            }
            let name = self.stage.context().partition_name(input);
            if let Some(of) = TopicPartition::named(&name).filter(|of| is_gone(of)) {
                self.retiring.insert(input);
                let value = Some(BundleBuilder::default().close(&of, generation, Some(RETIRED)));
                let key = name.into_bytes();
                self.outbox.send(OutgoingRecord { topic: InternalTopic::Access, partition: self.id, key, value });
                gone.push(of);
            }
        }
        gone
    }

    /// Whether a bundle was not taken before.
    pub fn check(&self, stamp: Stamp) -> Result<Stamp, Refusal> {
        self.input.check(stamp)
    }

    /// Passes the message at an offset over, which is not taken.
    pub fn skip(&mut self, offset: i64) {
        self.input.skip(offset);
    }

    /// Takes the bundle at an offset. With `show`, its provisional alerts are put out at once, as of that time of day. Returns how many
    /// records it holds.
    pub fn take(
        &mut self,
        offset: i64,
        stamp: Stamp,
        value: &[u8],
        show: Option<Timestamp>,
        output: &mut TaskOutput,
    ) -> Result<u32, String> {
        let (bundle, items) = read_bundle(value)?;
        let input = self.stage.context().partition(&format!("{}/{}", bundle.topic, bundle.partition));
        let in_front = if bundle.generation > 0 { self.frontier() } else { None };
        self.input.take(offset, stamp, input, &bundle);
        self.retiring.remove(&input);
        let frontier = if bundle.redriven { self.frontier() } else { None };
        let lateness = self.stage.context().lateness;
        let watermark = show.and_then(|_| self.frontier()).map(|frontier| frontier + lateness);
        for item in items {
            let item = item?;
            let new = match (bundle.redriven, item) {
                (true, BundleItem { item, .. }) => item.arrived().ok().and_then(|(access, _)| {
                    output.counts.source(access.source).redriven += u64::from(!access.drawn);
                    self.input.take_redriven(input, access, frontier).map(NewInput::Record)
                }),
                (false, item) => self.input.take_item(input, item, in_front),
            };
            match new {
                Some(NewInput::Record(scheduled)) => {
                    let Scheduled { settles, item: access, .. } = &scheduled;
                    let is_shown = |now: &Timestamp| self.phase != Phase::AwaitsReplies && is_shown_early(access.time, *now, watermark);
                    if let Some(now) = show.filter(is_shown) {
                        output.provisional.extend(self.stage.show_provisional(Arrived { access, settles: *settles, now }));
                    }
                    self.stage.push(scheduled);
                }
                Some(NewInput::Event(input, at, event)) => self.stage.push_event(input, at, event),
                None => {}
            }
        }
        output.note = self.shown_note(&output.provisional);
        Ok(bundle.records)
    }

    /// What stands in the log before these alerts are shown: their newest revisions.
    fn shown_note(&self, revisions: &[Revision]) -> Option<OutgoingRecord> {
        let ids: BTreeSet<&String> = revisions.iter().map(|revision| &revision.alert.id).collect();
        let alerts: Vec<ShownAlert> = ids.into_iter().filter_map(|id| self.stage.shown().get(id).cloned()).collect();
        let value = Some(encode(&ShownNote { epoch: self.checkpointer.epoch(), alerts }));
        (!revisions.is_empty()).then(|| OutgoingRecord { topic: InternalTopic::Access, partition: self.id, key: SHOWN_KEY.to_vec(), value })
    }

    /// Takes the note at an offset of what an owner of this task has shown.
    pub fn take_shown(&mut self, offset: i64, stamp: Stamp, value: &[u8]) -> Result<(), String> {
        self.input.pass(offset, stamp);
        let note: ShownNote = decode(value)?;
        if note.epoch != self.checkpointer.epoch() {
            note.alerts.into_iter().for_each(|shown| self.stage.learn_shown(shown));
        }
        Ok(())
    }

    /// Advances as far as records and replies allow.
    pub fn step(&mut self, replies: &ReplyTable, executor: &impl Executor, output: &mut TaskOutput) -> Result<(), String> {
        if self.checkpointer.poll(&mut self.outbox) {
            let [_, last, current] = self.checkpointed_hours;
            self.checkpointed_hours = [last, current, current];
            output.progressed = true;
        }
        while self.advance(replies, executor, output)? {
            output.progressed = true;
        }
        Ok(())
    }

    /// Retracts provisional alerts that did not settle.
    pub fn reconcile(&mut self, now: Timestamp) -> Vec<Revision> {
        self.stage.retract_unsettled(now)
    }

    fn advance(&mut self, replies: &ReplyTable, executor: &impl Executor, output: &mut TaskOutput) -> Result<bool, String> {
        match self.phase {
            Phase::AwaitsReplies => {
                let reached = self.stage.progress();
                if !reached.has_begun() {
                    self.phase = Phase::FindsFirstHour;
                    return Ok(true);
                }
                // It has begun, and has not come to the end of an hour: there is no reply to wait for.
                if replies.first_hour().is_some_and(|first| reached.hour < first) {
                    self.phase = Phase::Running;
                    return Ok(true);
                }
                let (Some(hour), Some(day)) = (replies.reply(reached.hour)?, replies.reply(reached.day_at)?) else { return Ok(false) };
                self.stage.restore_replies(hour, day.day);
                self.phase = Phase::Running;
                Ok(true)
            }
            Phase::FindsFirstHour => {
                if replies.first_hour().is_some() {
                    self.phase = Phase::AwaitsFirstHour;
                    return Ok(true);
                }
                let Some(frontier) = self.frontier() else { return Ok(false) };
                // Only an hour that the frontier has passed is known to be the first: the result must not depend on when we look.
                let hour = frontier.0.div_euclid(HOUR_MS);
                let first = self.stage.first_pending_hour().filter(|first| *first < hour);
                if first.is_none() && self.announced_hour.is_some_and(|announced| announced >= hour) {
                    return Ok(false);
                }
                self.announced_hour = Some(hour);
                self.send(&TaskMessage::FirstHour { hour: first.unwrap_or(hour), is_known: first.is_some() });
                if first.is_some() {
                    self.phase = Phase::AwaitsFirstHour;
                }
                Ok(true)
            }
            Phase::AwaitsFirstHour => {
                let Some(hour) = replies.first_hour() else { return Ok(false) };
                self.stage.start_at(hour);
                self.phase = Phase::Running;
                Ok(true)
            }
            Phase::Running => {
                let Some(frontier) = self.frontier() else { return Ok(false) };
                let stepped = self.stage.step(frontier, executor);
                let revisions = count(stepped.settled, output);
                let to = self.stage.settled_minute();
                let moved = to > self.reported_until || !revisions.is_empty();
                if moved {
                    self.send(&TaskMessage::Settled { from: self.reported_until, to, revisions });
                    self.reported_until = to;
                    self.input.resume(to);
                }
                let Some(report) = stepped.report else { return Ok(false) };
                self.phase = Phase::AwaitsReply(report.hour);
                let day_revisions = count(stepped.ticked, output);
                self.send(&TaskMessage::HourReached { day_revisions, report, checkpointed_hour: self.checkpointed_hours[0] });
                Ok(true)
            }
            Phase::AwaitsReply(hour) => {
                let Some(reply) = replies.reply(hour)? else { return Ok(false) };
                let is_answered = reply.is_answered();
                let applied = self.stage.take_reply(reply, executor);
                let revisions = count(applied, output);
                if is_answered {
                    self.send(&TaskMessage::DayApplied { hour, revisions });
                }
                self.phase = Phase::Running;
                Ok(true)
            }
        }
    }

    /// Whether it waits for a reply that seems to be gone.
    pub fn lacks_reply(&self, replies: &ReplyTable) -> bool {
        match self.phase {
            Phase::AwaitsReply(hour) => replies.is_gone(hour),
            Phase::AwaitsReplies => {
                let reached = self.stage.progress();
                reached.has_begun() && (replies.is_gone(reached.hour) || replies.is_gone(reached.day_at))
            }
            Phase::FindsFirstHour | Phase::AwaitsFirstHour | Phase::Running => false,
        }
    }

    /// Goes on at the first hour from which on there are replies: that for which it waits is gone, and what it says cannot be had again.
    pub fn go_on_without(&mut self, replies: &ReplyTable) {
        if let Some(hour) = replies.unbroken_from() {
            self.stage.start_at(hour);
        }
        self.missing += 1;
        self.phase = Phase::Running;
    }

    /// How often messages were missing, since this was last asked for.
    pub fn take_missing(&mut self) -> u64 {
        std::mem::take(&mut self.missing)
    }

    /// Sends a message to the coordinator.
    fn send(&mut self, message: &TaskMessage) {
        self.message_number += 1;
        for chunk in split(self.checkpointer.epoch(), self.message_number, &encode(message)) {
            let key = self.id.to_be_bytes().to_vec();
            self.outbox.send(OutgoingRecord { topic: InternalTopic::Summaries, partition: 0, key, value: Some(chunk) });
        }
    }

    /// Begins a checkpoint, unless one is under way or the task waits for a reply.
    pub fn checkpoint(&mut self, executor: &impl Executor) -> bool {
        if self.checkpointer.is_busy() || self.phase != Phase::Running {
            return false;
        }
        let entries = self.stage.changed_entries(&mut self.save_progress, executor);
        let position = self.input.resume(self.stage.settled_minute());
        let metadata = encode(&TaskMetadata { stage: self.stage.state_header(), position });
        self.checkpointed_hours[2] = self.stage.progress().hour;
        self.checkpointer.begin(entries, &metadata, &self.outbox);
        true
    }

    /// The last checkpoint that it has completed.
    pub fn newest_checkpoint(&self) -> Option<CheckpointId> {
        self.checkpointer.newest()
    }

    /// Whether a checkpoint is under way.
    pub fn is_checkpointing(&self) -> bool {
        self.checkpointer.is_busy()
    }

    /// A hash of the whole state as of its minute: the same wherever and however often the task ran.
    pub fn digest(mut self, executor: &impl Executor) -> (Timestamp, String) {
        let mut entries = self.stage.changed_entries(&mut SaveProgress::default(), executor);
        entries.retain(|(id, _)| !state_entries::is_of_this_run(id));
        entries.sort();
        let mut hasher = blake3::Hasher::new();
        for (id, content) in entries {
            hasher.update(&(id.len() as u64).to_le_bytes()).update(&id);
            let content = content.unwrap_or_default();
            hasher.update(&(content.len() as u64).to_le_bytes()).update(&content);
        }
        (self.stage.settled_minute(), hasher.finalize().to_hex().to_string())
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let frontier = self.frontier().map(|at| at.to_string());
        write!(f, "task {} {:?} at {} of {frontier:?}, next {}", self.id, self.phase, self.reported_until, self.next())
    }
}

/// Adds the counts of a stage to the output; returns its revisions.
fn count(of: Output, output: &mut TaskOutput) -> Vec<Revision> {
    output.counts.join(of.counts);
    of.revisions
}
