//! What a node is assigned and what is revoked from it, and the way of a task from its assignment to running: fence, cache, restore.

use crate::model::topic::TopicPartition;
use crate::stream::InternalTopic;
use crate::stream::changelog::{Changelog, ChangelogId};
use crate::stream::coordinator::Coordinator;
use crate::stream::effect::Effect;
use crate::stream::input_partition::{InputPartition, InputPosition};
use crate::stream::node::{InputState, Node, Sender, StatePart};
use crate::stream::outbox::OutboxItem;
use crate::stream::restore::{CachedLog, Restoration, RestoreStep};
use crate::stream::task::Task;
use std::sync::Arc;

impl Node {
    /// The coordinator's partition of the state: that behind those of the tasks.
    pub(super) fn coordinator_partition(&self) -> i32 {
        self.layout.tasks
    }

    /// A task was assigned; the coordinator comes with the first.
    pub fn assign(&mut self, task: i32) {
        self.revoke(task);
        self.send_fence(task);
        if task == 0 {
            self.send_fence(self.coordinator_partition());
        }
    }

    fn send_fence(&mut self, part: i32) {
        self.parts.insert(part, StatePart::Fencing);
        self.put_out(Sender::Fence(part), 0, OutboxItem::Record(Changelog::fence(part)));
    }

    /// A task was revoked.
    pub fn revoke(&mut self, task: i32) {
        let mut gone = vec![task];
        if task == 0 {
            gone.push(self.coordinator_partition());
        }
        for part in gone {
            // If the part comes back, its outbox counts from 1 again: acknowledgements of what was sent before must not reach it.
            self.unacknowledged.retain(|_, (sender, _)| *sender != Sender::Part(part) && *sender != Sender::Fence(part));
            let removed = self.parts.remove(&part);
            if removed.is_some() {
                self.effects.push(Effect::ReleaseCache(part));
            }
            match removed {
                Some(StatePart::Restoring(_)) => self.effects.push(Effect::StopConsuming(InternalTopic::State, part)),
                Some(StatePart::Task(_)) => self.effects.push(Effect::StopConsuming(InternalTopic::Access, part)),
                Some(StatePart::Coordinator(_)) => self.effects.push(Effect::StopConsuming(InternalTopic::Summaries, 0)),
                Some(StatePart::Fencing | StatePart::LoadingCache(_)) | None => {}
            }
        }
    }

    /// An input partition was assigned. It begins at its committed position, once recorded ticks were read up to an offset.
    pub fn assign_input(&mut self, name: TopicPartition, from: InputPosition, ticks_end: i64) {
        self.revoke_input(&name);
        self.inputs.insert(name, InputState::AwaitsTicks(from, ticks_end));
        self.start_inputs();
    }

    /// An input partition was revoked.
    pub fn revoke_input(&mut self, name: &TopicPartition) {
        self.unacknowledged.retain(|_, (sender, _)| !matches!(sender, Sender::Input(of) if of == name));
        self.inputs.remove(name);
        self.not_consumed.remove(name);
        self.effects.retain(|effect| !matches!(effect, Effect::ConsumeInput(of, _) if of == name));
    }

    pub(super) fn start_inputs(&mut self) {
        for (name, state) in &mut self.inputs {
            if let InputState::AwaitsTicks(from, ticks_end) = state
                && self.ticks_next >= *ticks_end
            {
                let input = InputPartition::new(name.clone(), self.context.clone(), self.layout.tasks, *from, self.ticks.clone());
                self.effects.push(Effect::ConsumeInput(name.clone(), input.next()));
                self.not_consumed.insert(name.clone());
                *state = InputState::Running(Box::new(input));
            }
        }
    }

    /// What this machine has cached of a partition of the state, and an identity for its log should that have none.
    pub fn cache_loaded(&mut self, part: i32, cached: Option<CachedLog>, new_id: ChangelogId) {
        let Some(StatePart::LoadingCache(fence)) = self.parts.get(&part) else { return };
        let (restoration, step) = Restoration::begin(*fence, cached, new_id);
        self.parts.insert(part, StatePart::Restoring(Box::new(restoration)));
        self.follow(part, step);
    }

    /// Takes a record of a partition of the state.
    pub(super) fn take_state(&mut self, part: i32, offset: i64, key: &[u8], value: Option<&[u8]>) -> Result<(), String> {
        let Some(StatePart::Restoring(restoration)) = self.parts.get_mut(&part) else { return Ok(()) };
        match restoration.take(offset, key, value)? {
            RestoreStep::Continue => Ok(()),
            step @ (RestoreStep::ReadFrom(_) | RestoreStep::CacheRejected(_)) => {
                self.follow(part, step);
                Ok(())
            }
            RestoreStep::Complete => self.start(part),
        }
    }

    fn follow(&mut self, part: i32, step: RestoreStep) {
        match step {
            RestoreStep::ReadFrom(offset) => self.effects.push(Effect::Consume(InternalTopic::State, part, offset)),
            RestoreStep::CacheRejected(why) => {
                self.effects.extend([Effect::DiscardCache(part, why), Effect::Consume(InternalTopic::State, part, 0)]);
            }
            RestoreStep::Continue | RestoreStep::Complete => {}
        }
    }

    /// Starts a task, or the coordinator, from its restored state.
    fn start(&mut self, part: i32) -> Result<(), String> {
        let Some(StatePart::Restoring(restoration)) = self.parts.remove(&part) else { return Ok(()) };
        self.effects.push(Effect::StopConsuming(InternalTopic::State, part));
        self.effects.push(Effect::Restored(part, restoration.stats()));
        let (restored, new_id) = restoration.finish(part);
        if let Some(id) = new_id {
            self.put_out(Sender::Node, 0, OutboxItem::Record(Changelog::identity(part, id)));
        }
        if part == self.coordinator_partition() {
            let coordinator = Coordinator::new(self.layout.tasks, self.context.alerts.budget_per_day, restored)?;
            self.effects.push(Effect::Consume(InternalTopic::Summaries, 0, coordinator.next()));
            self.parts.insert(part, StatePart::Coordinator(Box::new(coordinator)));
        } else {
            let task = Task::new(part, Arc::new(self.context.with_own_partitions()), &self.layout.inputs, restored)?;
            self.effects.push(Effect::Consume(InternalTopic::Access, part, task.next()));
            self.parts.insert(part, StatePart::Task(Box::new(task)));
        }
        Ok(())
    }
}
