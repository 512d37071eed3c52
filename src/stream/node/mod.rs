//! A node: the input partitions, tasks and the coordinator that one process has been assigned, and how records find them. It does
//! nothing by itself: its methods report what happened, and [`Node::effects`] returns what is to be done.

mod assignment;
mod known;
mod showing;
mod view;

use crate::engine::Executor;
use crate::engine::context::Context;
use crate::engine::output::{Counts, Revision};
use crate::model::time::{Span, Timestamp};
use crate::model::topic::TopicPartition;
use crate::stream::authentication::{MessageSealer, Refusal, Refused, SealKey, SeenWriters, WriterId};
use crate::stream::changelog::CheckpointId;
use crate::stream::coordinator::Coordinator;
pub use crate::stream::effect::Effect;
use crate::stream::input_partition::{DecodedInput, InputPartition, InputPosition};
use crate::stream::outbox::OutboxItem;
use crate::stream::reply_table::ReplyTable;
use crate::stream::restore::Restoration;
pub use crate::stream::task::Show;
use crate::stream::task::{Task, TaskOutput};
use crate::stream::wire::{InputNote, KnownInput, SHOWN_KEY, Tick, decode};
use crate::stream::{InternalTopic, StreamError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
pub use view::RestoreProgress;

/// What is the same in all processes.
#[derive(Clone, Debug)]
pub struct Layout {
    /// How many tasks there are.
    pub tasks: i32,
    /// All partitions of the input, sorted.
    pub inputs: Vec<TopicPartition>,
}

/// A record of an internal topic as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: &'a [u8],
    /// Its value; `None` of a tombstone.
    pub value: Option<&'a [u8]>,
    /// The header that should hold its seal.
    pub seal: Option<&'a [u8]>,
}

/// A state that is not what had been saved: it was rolled back, deleted or damaged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StateLoss {
    /// The partition of the state.
    pub part: i32,
    /// The checkpoint that is known to have been saved.
    pub saved: Option<CheckpointId>,
    /// The checkpoint that was found.
    pub found: Option<CheckpointId>,
    /// Entries of it that are missing.
    pub missing: u64,
}

/// One process's share of the work.
pub struct Node {
    context: Arc<Context>,
    layout: Layout,
    replies: ReplyTable,
    /// All recorded ticks, and the next offset of their topic; what it says of input partitions, and of the configurations of processes.
    ticks: Vec<Tick>,
    ticks_next: i64,
    known: BTreeMap<TopicPartition, KnownInput>,
    configurations: BTreeMap<WriterId, (String, Timestamp)>,
    /// How far each writer of the replies and of the ticks was read.
    seen: [SeenWriters; 2],
    sealer: MessageSealer,
    refused: Refused,
    losses: Vec<StateLoss>,
    /// How far states had been saved when their partition was assigned.
    saved: BTreeMap<i32, CheckpointId>,
    inputs: BTreeMap<TopicPartition, InputState>,
    /// Running input partitions whose [`Effect::ConsumeInput`] has not been taken yet.
    not_consumed: BTreeSet<TopicPartition>,
    /// By partition of `leakwarden.state`: tasks, and the coordinator behind them.
    parts: BTreeMap<i32, StatePart>,
    effects: Vec<Effect>,
    showing: showing::Showing,
    /// What is not acknowledged yet, by the number of its effect: whose it is, and its number in their outbox.
    unacknowledged: BTreeMap<u64, (Sender, u64)>,
    last_number: u64,
    counts: Counts,
    /// Recent bundles, and records in them.
    bundles: (u64, u64),
    failure: Option<StreamError>,
}

/// Who sent something, and is told of its acknowledgement.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Sender {
    /// A task, or the coordinator, by its partition of the state.
    Part(i32),
    /// The same, which sent its fence.
    Fence(i32),
    Input(TopicPartition),
    /// Its acknowledgement does not matter.
    Node,
}

/// An assigned input partition.
enum InputState {
    /// It begins at a position once recorded ticks were read up to an offset.
    AwaitsTicks(InputPosition, i64),
    Running(Box<InputPartition>),
}

/// An assigned partition of the state.
enum StatePart {
    /// Its fence is sent, and not acknowledged yet.
    Fencing,
    /// The offset of its fence is known, and what is cached of the state is being loaded.
    LoadingCache(i64),
    /// Its state is read up to the fence, and beyond it until it is whole.
    Restoring(Box<Restoration>),
    Task(Box<Task>),
    Coordinator(Box<Coordinator>),
}

impl Node {
    /// A node that has been assigned nothing yet. It consumes what every node must know.
    pub fn new(context: Arc<Context>, layout: Layout, sealer: MessageSealer) -> Node {
        Node {
            context,
            layout,
            replies: ReplyTable::default(),
            ticks: Vec::new(),
            ticks_next: 0,
            known: BTreeMap::new(),
            configurations: BTreeMap::new(),
            seen: Default::default(),
            sealer,
            refused: Refused::default(),
            losses: Vec::new(),
            saved: BTreeMap::new(),
            inputs: BTreeMap::new(),
            not_consumed: BTreeSet::new(),
            parts: BTreeMap::new(),
            effects: vec![Effect::Consume(InternalTopic::Baselines, 0, 0), Effect::Consume(InternalTopic::Ticks, 0, 0)],
            showing: showing::Showing::default(),
            unacknowledged: BTreeMap::new(),
            last_number: 0,
            counts: Counts::default(),
            bundles: (0, 0),
            failure: None,
        }
    }

    /// The configuration.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Continues with another configuration with the same keys, from the next record on.
    pub fn set_context(&mut self, context: Arc<Context>) {
        for part in self.parts.values_mut() {
            match part {
                StatePart::Task(task) => task.set_context(Arc::new(context.with_own_partitions())),
                StatePart::Coordinator(coordinator) => coordinator.set_budget(&context.alerts),
                StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_) => {}
            }
        }
        for input in self.inputs.values_mut() {
            if let InputState::Running(input) = input {
                input.set_context(context.clone());
            }
        }
        self.context = context;
    }

    /// Takes a record of an input partition.
    ///
    /// An input partition that was revoked and assigned again is read anew from its committed position. Until
    /// [`Effect::ConsumeInput`] has been taken, records still come from where it had been read to before: they are ignored, since what
    /// lies between would be missing from the watermark.
    pub fn record(&mut self, name: &TopicPartition, offset: i64, input: DecodedInput) {
        match self.consumed(name) {
            Some(partition) if offset >= partition.next() => partition.take(offset, input),
            // What was read once is not read again: the topic has been made anew, or has lost its end.
            Some(_) => self.refused.note("input", name.partition, offset, Refusal::Missing),
            None => {}
        }
    }

    /// Takes what a decoder had held back of earlier records of an input partition.
    pub fn take_held(&mut self, name: &TopicPartition, input: DecodedInput) {
        if let Some(partition) = self.consumed(name) {
            partition.take_held(input);
        }
    }

    fn consumed(&mut self, name: &TopicPartition) -> Option<&mut InputPartition> {
        match self.inputs.get_mut(name) {
            Some(InputState::Running(input)) if !self.not_consumed.contains(name) => Some(input),
            Some(_) | None => None,
        }
    }

    /// Takes a record of an internal topic; `show`: where provisional alerts are to be shown. Effects ([`Node::has_effects`]) must be carried
    /// out before the next record of a state, which may have to be read from elsewhere. What has no seal that holds is passed over and counted.
    pub fn message(&mut self, topic: InternalTopic, partition: i32, message: Message<'_>, show: Option<Show>) {
        let offset = message.offset;
        let outcome = self.take(topic, partition, message, show);
        if let Err(why) = outcome {
            let failure = match topic {
                InternalTopic::State => StreamError::State { partition, why },
                _ => StreamError::Unreadable { topic: topic.name(), partition, offset, why },
            };
            self.failure.get_or_insert(failure);
        }
    }

    fn take(
        &mut self,
        topic: InternalTopic,
        partition: i32,
        Message { offset, key, value, seal }: Message<'_>,
        show: Option<Show>,
    ) -> Result<(), String> {
        let stamp = self.sealer.key().verify(topic.name(), partition, key, value, seal);
        match topic {
            InternalTopic::Baselines => match stamp.and_then(|stamp| self.seen[0].accept(stamp)) {
                Ok(_) => self.replies.take(offset, key, value),
                Err(why) => {
                    self.replies.pass(offset);
                    self.refuse(topic, partition, offset, why)
                }
            },
            InternalTopic::Ticks => {
                let stamp = match stamp.and_then(|stamp| self.seen[1].accept(stamp)) {
                    Ok(stamp) => stamp,
                    Err(why) => {
                        self.ticks_next = offset + 1;
                        self.start_inputs();
                        return self.refuse(topic, partition, offset, why);
                    }
                };
                let note: InputNote = decode(value.unwrap_or_default())?;
                self.ticks_next = offset + 1;
                self.take_note(note, stamp.writer);
                self.start_inputs();
                Ok(())
            }
            InternalTopic::State => self.take_state(partition, offset, key, value, stamp),
            InternalTopic::Access => {
                let Some(StatePart::Task(task)) = self.parts.get_mut(&partition) else { return Ok(()) };
                // Nobody asked for what is before the next offset: the log has lost its end, and goes on from earlier offsets.
                if offset < task.next() {
                    self.refused.note(topic.name(), partition, offset, Refusal::Missing);
                }
                let stamp = match stamp.and_then(|stamp| task.check(stamp)) {
                    Ok(stamp) => stamp,
                    Err(why) => {
                        task.skip(offset);
                        return self.refuse(topic, partition, offset, why);
                    }
                };
                if key == SHOWN_KEY {
                    return task.take_shown(offset, stamp, value.unwrap_or_default());
                }
                let mut output = TaskOutput::default();
                let records = task.take(offset, stamp, value.unwrap_or_default(), show.map(|show| show.now), &mut output)?;
                self.bundles = (self.bundles.0 + 1, self.bundles.1 + u64::from(records));
                self.counts.join(output.counts);
                self.show(partition, show.map(|show| show.arrived), output.note, output.provisional);
                Ok(())
            }
            InternalTopic::Summaries => {
                let coordinator = self.coordinator_partition();
                let Some(StatePart::Coordinator(coordinator)) = self.parts.get_mut(&coordinator) else { return Ok(()) };
                if offset < coordinator.next() {
                    self.refused.note(topic.name(), partition, offset, Refusal::Missing);
                }
                if let Err(why) = stamp.and_then(|stamp| coordinator.accept(stamp)) {
                    coordinator.skip(offset);
                    return self.refuse(topic, partition, offset, why);
                }
                coordinator.take(offset, key, value.unwrap_or_default())
            }
        }
    }

    /// Counts a message that is not taken: that is no failure.
    #[expect(clippy::unnecessary_wraps, reason = "it ends the taking of a message")]
    fn refuse(&mut self, topic: InternalTopic, partition: i32, offset: i64, why: Refusal) -> Result<(), String> {
        self.refused.note(topic.name(), partition, offset, why);
        Ok(())
    }

    /// Tasks that wait for a reply which seems to be gone, and the next offset of the replies: where nothing is there, it is.
    pub fn lacking_replies(&self) -> (Vec<i32>, i64) {
        let lacks = |(part, state): (&i32, &StatePart)| match state {
            StatePart::Task(task) => task.lacks_reply(&self.replies).then_some(*part),
            StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_) | StatePart::Coordinator(_) => None,
        };
        (self.parts.iter().filter_map(lacks).collect(), self.replies.next())
    }

    /// Has a task go on without a reply that is gone.
    pub fn go_on_without_reply(&mut self, task: i32) {
        if let Some(StatePart::Task(task)) = self.parts.get_mut(&task)
            && task.lacks_reply(&self.replies)
        {
            task.go_on_without(&self.replies);
        }
    }

    /// Counts what tasks and the coordinator lack.
    fn note_missing(&mut self) {
        for (part, state) in &mut self.parts {
            let (topic, missing) = match state {
                StatePart::Task(task) => (InternalTopic::Baselines, task.take_missing()),
                StatePart::Coordinator(coordinator) => (InternalTopic::Summaries, coordinator.take_missing()),
                StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_) => continue,
            };
            (0..missing).for_each(|_| self.refused.note(topic.name(), *part, 0, Refusal::Missing));
        }
    }

    /// A committed offset whose mark does not hold is not believed.
    pub fn refuse_commit(&mut self, partition: i32, offset: i64) {
        self.refused.note("offsets", partition, offset, Refusal::Forged);
    }

    /// What was refused since this was last asked for.
    pub fn take_refused(&mut self) -> Refused {
        std::mem::take(&mut self.refused)
    }

    /// States that are not what had been saved, since this was last asked for.
    pub fn take_losses(&mut self) -> Vec<StateLoss> {
        std::mem::take(&mut self.losses)
    }

    /// The key of seals and marks.
    pub fn seal_key(&self) -> &SealKey {
        self.sealer.key()
    }

    /// The effect of that number is acknowledged; a record has its offset.
    pub fn acknowledged(&mut self, number: u64, offset: i64) {
        self.noted(number);
        let Some((sender, number)) = self.unacknowledged.remove(&number) else { return };
        match sender {
            Sender::Node => {}
            Sender::Fence(part) => {
                if let Some(fencing @ StatePart::Fencing) = self.parts.get_mut(&part) {
                    *fencing = StatePart::LoadingCache(offset);
                    self.effects.push(Effect::LoadCache(part));
                }
            }
            Sender::Part(part) => match self.parts.get_mut(&part) {
                Some(StatePart::Task(task)) => task.outbox.acknowledge(number),
                Some(StatePart::Coordinator(coordinator)) => coordinator.acknowledged(number, offset),
                Some(StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_)) | None => {}
            },
            Sender::Input(name) => {
                if let Some(InputState::Running(input)) = self.inputs.get_mut(&name) {
                    input.outbox.acknowledge(number);
                }
            }
        }
    }

    /// Lets all tasks and the coordinator advance as far as they can.
    pub fn step(&mut self, executor: &impl Executor) -> Result<(), StreamError> {
        let parts: Vec<i32> = self.parts.keys().copied().collect();
        for part in parts {
            let mut output = TaskOutput::default();
            let outcome = match self.parts.get_mut(&part) {
                Some(StatePart::Task(task)) => task.step(&self.replies, executor, &mut output),
                Some(StatePart::Coordinator(coordinator)) => {
                    coordinator.step(&self.context);
                    Ok(())
                }
                Some(StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_)) | None => Ok(()),
            };
            if let Err(why) = outcome {
                self.failure.get_or_insert(StreamError::State { partition: part, why });
            }
            self.counts.join(output.counts);
        }
        self.note_saved();
        self.note_missing();
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Sends the watermarks of the input partitions here to all tasks.
    pub fn publish_watermarks(&mut self) {
        for input in self.inputs.values_mut() {
            if let InputState::Running(input) = input {
                input.flush(Span(0));
            }
        }
    }

    /// Retracts provisional alerts that did not settle; `now` is the time of day.
    pub fn reconcile(&mut self, now: Timestamp) {
        let retract = |(id, part): (&i32, &mut StatePart)| match part {
            StatePart::Task(task) => Some((*id, task.reconcile(now))),
            StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_) | StatePart::Coordinator(_) => None,
        };
        let retracted: Vec<(i32, Vec<Revision>)> = self.parts.iter_mut().filter_map(retract).collect();
        retracted.into_iter().for_each(|(task, revisions)| self.show(task, None, None, revisions));
    }

    /// Begins a checkpoint of everything that runs here and is not being saved.
    pub fn checkpoint(&mut self, executor: &impl Executor) {
        for part in self.parts.values_mut() {
            match part {
                StatePart::Task(task) => {
                    task.checkpoint(executor);
                }
                StatePart::Coordinator(coordinator) => {
                    coordinator.checkpoint();
                }
                StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_) => {}
            }
        }
        self.prepare_commits();
    }

    /// Begins a checkpoint of one task.
    pub fn checkpoint_task(&mut self, task: i32, executor: &impl Executor) -> bool {
        match self.parts.get_mut(&task) {
            Some(StatePart::Task(task)) => task.checkpoint(executor),
            Some(StatePart::Coordinator(_) | StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_)) | None => false,
        }
    }

    /// Has the positions of input partitions committed, once what they sent is acknowledged.
    pub fn prepare_commits(&mut self) {
        for input in self.inputs.values_mut() {
            if let InputState::Running(input) = input {
                input.prepare_commit();
            }
        }
    }

    /// Advances the watermarks of idle input partitions, by a recorded tick each: to the lowest watermark ahead of its own.
    pub fn advance_idle(&mut self, idle: &[TopicPartition]) {
        let watermarks = self.watermarks();
        for name in idle {
            let Some(InputState::Running(input)) = self.inputs.get(name) else { continue };
            let own = input.watermark();
            let ahead = watermarks.values().copied().filter(|watermark| own.is_none_or(|own| *watermark > own)).min();
            if let Some(to) = ahead {
                let tick = input.tick(to);
                self.put_out(Sender::Node, 0, OutboxItem::Record(tick));
            }
        }
    }

    /// What is to be done, in order.
    pub fn effects(&mut self) -> Vec<Effect> {
        let mut items: Vec<(Sender, u64, OutboxItem)> = Vec::new();
        for (part, state) in &mut self.parts {
            let outbox = match state {
                StatePart::Task(task) => &mut task.outbox,
                StatePart::Coordinator(coordinator) => &mut coordinator.outbox,
                StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_) => continue,
            };
            items.extend(outbox.take().into_iter().map(|(number, item)| (Sender::Part(*part), number, item)));
        }
        for (name, input) in &mut self.inputs {
            if let InputState::Running(input) = input {
                input.flush_due();
                items.extend(input.outbox.take().into_iter().map(|(number, item)| (Sender::Input(name.clone()), number, item)));
                if let Some(position) = input.take_commit() {
                    self.effects.push(Effect::Commit(name.clone(), position));
                }
            }
        }
        for (sender, number, item) in items {
            self.put_out(sender, number, item);
        }
        self.not_consumed.clear();
        std::mem::take(&mut self.effects)
    }

    fn put_out(&mut self, sender: Sender, number: u64, item: OutboxItem) {
        self.last_number += 1;
        self.unacknowledged.insert(self.last_number, (sender, number));
        self.effects.push(match item {
            OutboxItem::Record(record) => {
                let seal = self.sealer.seal(&record);
                Effect::Produce(self.last_number, record, seal)
            }
            OutboxItem::Alerts(alerts) => Effect::Alerts(self.last_number, alerts),
        });
    }

    /// Records in a recent bundle, on average.
    pub fn mean_bundle_size(&mut self) -> u64 {
        let (bundles, records) = self.bundles;
        // Halved, so that later bundles weigh more.
        self.bundles = (bundles / 2, records / 2);
        records.div_ceil(bundles.max(1)).max(1)
    }

    /// Counts since they were last taken.
    pub fn counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}
