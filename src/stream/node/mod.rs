//! A node: the input partitions, tasks and the coordinator that one process has been given, and how messages find them. It does nothing by itself:
//! what happened is told to it, and what is to be done is taken from it.

mod view;

use crate::engine::Executor;
use crate::engine::context::Context;
use crate::engine::output::{Counts, Revision};
use crate::model::access::Access;
use crate::model::time::{Span, Timestamp};
use crate::model::topic::TopicPartition;
use crate::stream::changelog::{Changelog, ChangelogId};
use crate::stream::coordinator::Coordinator;
pub use crate::stream::effect::Effect;
use crate::stream::input_partition::{DecodedInput, InputPartition, InputPosition};
use crate::stream::restore::{CachedLog, Restoration, RestoreStep};
use crate::stream::save::OutboxItem;
use crate::stream::table::Table;
use crate::stream::task::{Step, Task};
use crate::stream::wire::{Tick, decode};
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

/// The process's part of the work.
pub struct Node {
    context: Arc<Context>,
    layout: Layout,
    table: Table,
    ticks: Vec<Tick>,
    ticks_next: i64,
    inputs: BTreeMap<TopicPartition, InputState>,
    /// Input partitions that are open, while nobody has taken from where they are to be read.
    unfollowed: BTreeSet<TopicPartition>,
    parts: BTreeMap<i32, Part>,
    effects: Vec<Effect>,
    tickets: BTreeMap<u64, (Owner, u64)>,
    ticket: u64,
    /// What was counted since it was last asked for.
    counts: Counts,
    /// Bundles taken of late, and records in them.
    bundles: (u64, u64),
    failure: Option<StreamError>,
}

/// Who sent something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Owner {
    /// A task, or the coordinator, by its partition of the state.
    Part(i32),
    /// Its fence.
    Fence(i32),
    Input(TopicPartition),
    /// Nobody waits.
    Nobody,
}

/// An input partition that is ours.
enum InputState {
    /// It waits until recorded ticks were read up to an offset.
    Opening(InputPosition, i64),
    Open(Box<InputPartition>),
}

/// A task that is ours, or the coordinator.
enum Part {
    /// Its fence is on the way.
    Fencing,
    /// Its fence stands there, and what is cached of the state is asked for.
    Recalling(i64),
    /// Its state is read up to the fence, and beyond it until it is whole.
    Restoring(Box<Restoration>),
    Task(Box<Task>),
    Coordinator(Box<Coordinator>),
}

impl Node {
    /// A node that has been given nothing yet. It follows what every node must know.
    pub fn new(context: Arc<Context>, layout: Layout) -> Node {
        Node {
            context,
            layout,
            table: Table::default(),
            ticks: Vec::new(),
            ticks_next: 0,
            inputs: BTreeMap::new(),
            unfollowed: BTreeSet::new(),
            parts: BTreeMap::new(),
            effects: vec![Effect::Consume(InternalTopic::Baselines, 0, 0), Effect::Consume(InternalTopic::Ticks, 0, 0)],
            tickets: BTreeMap::new(),
            ticket: 0,
            counts: Counts::default(),
            bundles: (0, 0),
            failure: None,
        }
    }

    /// The set-up.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Goes on under another set-up of the same subject key, from the next record on.
    pub fn set_context(&mut self, context: Arc<Context>) {
        for part in self.parts.values_mut() {
            match part {
                Part::Task(task) => task.set_context(Arc::new(context.with_own_partitions())),
                Part::Coordinator(coordinator) => coordinator.set_budget(context.alerts.budget_per_day),
                Part::Fencing | Part::Recalling(_) | Part::Restoring(_) => {}
            }
        }
        for input in self.inputs.values_mut() {
            if let InputState::Open(input) = input {
                input.set_context(context.clone());
            }
        }
        self.context = context;
    }

    /// The partition of the state that is the coordinator's: that after the tasks'.
    fn coordinator_partition(&self) -> i32 {
        self.layout.tasks
    }

    /// A task is ours; with the first comes the coordinator.
    pub fn assign(&mut self, task: i32) {
        self.revoke(task);
        self.open(task);
        if task == 0 {
            self.open(self.coordinator_partition());
        }
    }

    fn open(&mut self, part: i32) {
        self.parts.insert(part, Part::Fencing);
        self.give(Owner::Fence(part), 0, OutboxItem::Record(Changelog::fence(part)));
    }

    /// A task is no longer ours.
    pub fn revoke(&mut self, task: i32) {
        let mut gone = vec![task];
        if task == 0 {
            gone.push(self.coordinator_partition());
        }
        for part in gone {
            // Who takes the part on anew counts anew: an acknowledgement of what was sent before must not reach it.
            self.tickets.retain(|_, (owner, _)| *owner != Owner::Part(part) && *owner != Owner::Fence(part));
            let removed = self.parts.remove(&part);
            if removed.is_some() {
                self.effects.push(Effect::ReleaseCache(part));
            }
            match removed {
                Some(Part::Restoring(_)) => self.effects.push(Effect::StopConsuming(InternalTopic::State, part)),
                Some(Part::Task(_)) => self.effects.push(Effect::StopConsuming(InternalTopic::Access, part)),
                Some(Part::Coordinator(_)) => self.effects.push(Effect::StopConsuming(InternalTopic::Summaries, 0)),
                Some(Part::Fencing | Part::Recalling(_)) | None => {}
            }
        }
    }

    /// A partition of the input is ours. It is read on from there, once ticks were read up to that offset of theirs.
    pub fn assign_input(&mut self, name: TopicPartition, resume: InputPosition, ticks_end: i64) {
        self.revoke_input(&name);
        self.inputs.insert(name, InputState::Opening(resume, ticks_end));
        self.open_inputs();
    }

    /// A partition of the input is no longer ours.
    pub fn revoke_input(&mut self, name: &TopicPartition) {
        self.tickets.retain(|_, (owner, _)| !matches!(owner, Owner::Input(of) if of == name));
        self.inputs.remove(name);
        self.unfollowed.remove(name);
        self.effects.retain(|effect| !matches!(effect, Effect::ConsumeInput(of, _) if of == name));
    }

    fn open_inputs(&mut self) {
        for (name, input) in &mut self.inputs {
            if let InputState::Opening(resume, ticks_end) = input
                && self.ticks_next >= *ticks_end
            {
                let opened = InputPartition::new(name.clone(), self.context.clone(), self.layout.tasks, *resume, self.ticks.clone());
                self.effects.push(Effect::ConsumeInput(name.clone(), opened.next()));
                self.unfollowed.insert(name.clone());
                *input = InputState::Open(Box::new(opened));
            }
        }
    }

    /// What a record of the input holds. What is returned was set aside and is given up.
    ///
    /// An input partition that was ours before is read anew from what was committed. Until [`Effect::ConsumeInput`] has been taken, records come from
    /// where it had been read to: what they pass over would be missing from the input partition's time, and what is late would not be known as such.
    pub fn record(&mut self, name: &TopicPartition, offset: i64, content: DecodedInput) -> Vec<Access> {
        match self.followed(name) {
            Some(input) if offset >= input.next() => input.take(offset, content),
            Some(_) | None => Vec::new(),
        }
    }

    fn followed(&mut self, name: &TopicPartition) -> Option<&mut InputPartition> {
        match self.inputs.get_mut(name) {
            Some(InputState::Open(input)) if !self.unfollowed.contains(name) => Some(input),
            Some(_) | None => None,
        }
    }

    /// What a decoder had held back of records of the input before.
    pub fn take_held(&mut self, name: &TopicPartition, content: DecodedInput) -> Vec<Access> {
        self.followed(name).map_or_else(Vec::new, |input| input.take_held(content))
    }

    /// A message of a topic of ours. `show`: when it came to its broker, where it is recent enough to be shown at once. Of a partition of the state no message may
    /// come before what the last one led to is done ([`Node::has_effects`]): it may have to be read from elsewhere.
    pub fn message(
        &mut self,
        topic: InternalTopic,
        partition: i32,
        offset: i64,
        key: &[u8],
        value: Option<&[u8]>,
        show: Option<Timestamp>,
    ) {
        let outcome = self.take(topic, partition, offset, key, value, show);
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
        offset: i64,
        key: &[u8],
        value: Option<&[u8]>,
        show: Option<Timestamp>,
    ) -> Result<(), String> {
        match topic {
            InternalTopic::Baselines => self.table.take(offset, key, value),
            InternalTopic::Ticks => {
                let tick: Tick = decode(value.unwrap_or_default())?;
                self.ticks_next = offset + 1;
                if let Some(InputState::Open(input)) = self.inputs.get_mut(&tick.of()) {
                    input.recorded(tick.clone());
                }
                self.ticks.push(tick);
                self.open_inputs();
                Ok(())
            }
            InternalTopic::State => self.restore(partition, offset, key, value),
            InternalTopic::Access => {
                let Some(Part::Task(task)) = self.parts.get_mut(&partition) else { return Ok(()) };
                if offset < task.next() {
                    return Ok(());
                }
                let mut step = Step::default();
                let records = task.take(offset, value.unwrap_or_default(), show.is_some(), &mut step)?;
                self.bundles = (self.bundles.0 + 1, self.bundles.1 + u64::from(records));
                self.counts.join(step.counts);
                self.shown(show, step.provisional);
                Ok(())
            }
            InternalTopic::Summaries => {
                let coordinator = self.coordinator_partition();
                let Some(Part::Coordinator(coordinator)) = self.parts.get_mut(&coordinator) else { return Ok(()) };
                if offset < coordinator.next() { Ok(()) } else { coordinator.take(offset, key, value.unwrap_or_default()) }
            }
        }
    }

    fn restore(&mut self, part: i32, offset: i64, key: &[u8], value: Option<&[u8]>) -> Result<(), String> {
        let Some(Part::Restoring(reading)) = self.parts.get_mut(&part) else { return Ok(()) };
        match reading.take(offset, key, value)? {
            RestoreStep::Continue => Ok(()),
            turn @ (RestoreStep::ReadFrom(_) | RestoreStep::CacheRejected(_)) => {
                self.turn(part, turn);
                Ok(())
            }
            RestoreStep::Complete => self.restored(part),
        }
    }

    fn restored(&mut self, part: i32) -> Result<(), String> {
        let Some(Part::Restoring(reading)) = self.parts.remove(&part) else { return Ok(()) };
        self.effects.push(Effect::StopConsuming(InternalTopic::State, part));
        self.effects.push(Effect::Restored(part, reading.read()));
        let (restored, unnamed) = reading.finish(part);
        if let Some(name) = unnamed {
            self.give(Owner::Nobody, 0, OutboxItem::Record(Changelog::name(part, name)));
        }
        if part == self.coordinator_partition() {
            let coordinator = Coordinator::new(self.layout.tasks, self.context.alerts.budget_per_day, restored)?;
            self.effects.push(Effect::Consume(InternalTopic::Summaries, 0, coordinator.next()));
            self.parts.insert(part, Part::Coordinator(Box::new(coordinator)));
        } else {
            let task = Task::new(part, Arc::new(self.context.with_own_partitions()), &self.layout.inputs, restored)?;
            self.effects.push(Effect::Consume(InternalTopic::Access, part, task.next()));
            self.parts.insert(part, Part::Task(Box::new(task)));
        }
        Ok(())
    }

    /// What this machine has cached of a partition of the state, and a name for it should it have none.
    pub fn cache_loaded(&mut self, part: i32, cached: Option<CachedLog>, name: ChangelogId) {
        let Some(Part::Recalling(fence)) = self.parts.get(&part) else { return };
        let (reading, turn) = Restoration::begin(*fence, cached, name);
        self.parts.insert(part, Part::Restoring(Box::new(reading)));
        self.turn(part, turn);
    }

    fn turn(&mut self, part: i32, turn: RestoreStep) {
        match turn {
            RestoreStep::ReadFrom(offset) => self.effects.push(Effect::Consume(InternalTopic::State, part, offset)),
            RestoreStep::CacheRejected(why) => {
                self.effects.extend([Effect::DiscardCache(part, why), Effect::Consume(InternalTopic::State, part, 0)])
            }
            RestoreStep::Continue | RestoreStep::Complete => {}
        }
    }

    /// Something was acknowledged; a message has its offset.
    pub fn acknowledged(&mut self, ticket: u64, offset: i64) {
        let Some((owner, number)) = self.tickets.remove(&ticket) else { return };
        match owner {
            Owner::Nobody => {}
            Owner::Fence(part) => {
                if let Some(fencing @ Part::Fencing) = self.parts.get_mut(&part) {
                    *fencing = Part::Recalling(offset);
                    self.effects.push(Effect::LoadCache(part));
                }
            }
            Owner::Part(part) => match self.parts.get_mut(&part) {
                Some(Part::Task(task)) => task.outbox.acknowledged(number),
                Some(Part::Coordinator(coordinator)) => coordinator.outbox.acknowledged(number),
                Some(Part::Fencing | Part::Recalling(_) | Part::Restoring(_)) | None => {}
            },
            Owner::Input(name) => {
                if let Some(InputState::Open(input)) = self.inputs.get_mut(&name) {
                    input.outbox.acknowledged(number);
                }
            }
        }
    }

    /// Goes on as far as it can.
    pub fn step(&mut self, executor: &impl Executor) -> Result<(), StreamError> {
        let parts: Vec<i32> = self.parts.keys().copied().collect();
        for part in parts {
            let mut step = Step::default();
            let outcome = match self.parts.get_mut(&part) {
                Some(Part::Task(task)) => task.step(&self.table, executor, &mut step),
                Some(Part::Coordinator(coordinator)) => {
                    coordinator.step(&self.context);
                    Ok(())
                }
                Some(Part::Fencing | Part::Recalling(_) | Part::Restoring(_)) | None => Ok(()),
            };
            if let Err(why) = outcome {
                self.failure.get_or_insert(StreamError::State { partition: part, why });
            }
            self.counts.join(step.counts);
        }
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Tells all tasks how far the input partitions here have come.
    pub fn publish_watermarks(&mut self) {
        for input in self.inputs.values_mut() {
            if let InputState::Open(input) = input {
                input.flush(Span(0));
            }
        }
    }

    /// Retracts what was shown and did not settle.
    pub fn reconcile(&mut self) {
        let mut revisions = Vec::new();
        for part in self.parts.values_mut() {
            if let Part::Task(task) = part {
                revisions.extend(task.reconcile());
            }
        }
        self.shown(None, revisions);
    }

    fn shown(&mut self, arrived: Option<Timestamp>, revisions: Vec<Revision>) {
        if !revisions.is_empty() {
            let alerts = revisions.into_iter().map(|Revision { alert, .. }| Arc::new(alert)).collect();
            self.effects.push(Effect::Provisional(arrived, alerts));
        }
    }

    /// Begins to save what can be saved.
    pub fn checkpoint(&mut self, executor: &impl Executor) {
        for part in self.parts.values_mut() {
            match part {
                Part::Task(task) => {
                    task.save(executor);
                }
                Part::Coordinator(coordinator) => {
                    coordinator.save();
                }
                Part::Fencing | Part::Recalling(_) | Part::Restoring(_) => {}
            }
        }
        self.prepare_commits();
    }

    /// Begins to save one task.
    pub fn checkpoint_task(&mut self, task: i32, executor: &impl Executor) -> bool {
        match self.parts.get_mut(&task) {
            Some(Part::Task(task)) => task.save(executor),
            Some(Part::Coordinator(_) | Part::Fencing | Part::Recalling(_) | Part::Restoring(_)) | None => false,
        }
    }

    /// How far input partitions have been read is to be committed once what they sent is acknowledged.
    pub fn prepare_commits(&mut self) {
        for input in self.inputs.values_mut() {
            if let InputState::Open(input) = input {
                input.prepare_commit();
            }
        }
    }

    /// Records that these silent input partitions follow the time of the others: each that of the next one ahead.
    pub fn advance_idle(&mut self, silent: &[TopicPartition]) {
        let watermarks = self.watermarks();
        for name in silent {
            let Some(InputState::Open(input)) = self.inputs.get(name) else { continue };
            let own = input.watermark();
            let ahead = watermarks.values().copied().filter(|watermark| own.is_none_or(|own| *watermark > own)).min();
            if let Some(to) = ahead {
                let tick = input.tick(to);
                self.give(Owner::Nobody, 0, OutboxItem::Record(tick));
            }
        }
    }

    /// What is to be done, in order.
    pub fn effects(&mut self) -> Vec<Effect> {
        let mut outs: Vec<(Owner, u64, OutboxItem)> = Vec::new();
        for (part, state) in &mut self.parts {
            let outbox = match state {
                Part::Task(task) => &mut task.outbox,
                Part::Coordinator(coordinator) => &mut coordinator.outbox,
                Part::Fencing | Part::Recalling(_) | Part::Restoring(_) => continue,
            };
            outs.extend(outbox.take().into_iter().map(|(number, out)| (Owner::Part(*part), number, out)));
        }
        for (name, input) in &mut self.inputs {
            if let InputState::Open(input) = input {
                input.flush_due();
                outs.extend(input.outbox.take().into_iter().map(|(number, out)| (Owner::Input(name.clone()), number, out)));
                if let Some(resume) = input.committed() {
                    self.effects.push(Effect::Commit(name.clone(), resume));
                }
            }
        }
        for (owner, number, out) in outs {
            self.give(owner, number, out);
        }
        self.unfollowed.clear();
        std::mem::take(&mut self.effects)
    }

    fn give(&mut self, owner: Owner, number: u64, out: OutboxItem) {
        self.ticket += 1;
        self.tickets.insert(self.ticket, (owner, number));
        self.effects.push(match out {
            OutboxItem::Record(message) => Effect::Produce(self.ticket, message),
            OutboxItem::Alerts(alerts) => Effect::Alerts(self.ticket, alerts),
        });
    }

    /// Records in a bundle of late, about.
    pub fn mean_bundle_size(&mut self) -> u64 {
        let (bundles, records) = self.bundles;
        // What comes weighs more than what was.
        self.bundles = (bundles / 2, records / 2);
        records.div_ceil(bundles.max(1)).max(1)
    }

    /// What was counted since it was last asked for.
    pub fn counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}
