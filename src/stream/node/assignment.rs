//! What a node is assigned and what is revoked from it, and the way of a task from its assignment to running: fence, cache, restore.

use crate::model::topic::TopicPartition;
use crate::stream::authentication::{Refusal, Stamp};
use crate::stream::changelog::{Changelog, ChangelogId};
use crate::stream::committed::SavedStates;
use crate::stream::coordinator::Coordinator;
use crate::stream::effect::Effect;
use crate::stream::input_partition::{InputPartition, InputPosition};
use crate::stream::node::{InputState, Node, Sender, StateLoss, StatePart};
use crate::stream::outbox::OutboxItem;
use crate::stream::restore::{CachedLog, Restoration, RestoreStep};
use crate::stream::task::Task;
use crate::stream::{InternalTopic, StreamError};
use std::sync::Arc;

impl Node {
    /// The coordinator's partition of the state: that behind those of the tasks.
    pub(super) fn coordinator_partition(&self) -> i32 {
        self.layout.tasks
    }

    /// A task was assigned, and how far its state had been saved; the coordinator comes with the first.
    pub fn assign(&mut self, task: i32, saved: SavedStates) {
        self.revoke(task);
        let (coordinator, saved) = (self.coordinator_partition(), saved);
        self.saved.extend(saved.task.map(|checkpoint| (task, checkpoint)));
        self.saved.extend(saved.coordinator.filter(|_| task == 0).map(|checkpoint| (coordinator, checkpoint)));
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
        self.showing.forget(task);
        let mut gone = vec![task];
        if task == 0 {
            gone.push(self.coordinator_partition());
        }
        for part in gone {
            // If the part comes back, its outbox counts from 1 again: acknowledgements of what was sent before must not reach it.
            self.unacknowledged.retain(|_, (sender, _)| *sender != Sender::Part(part) && *sender != Sender::Fence(part));
            let removed = self.parts.remove(&part);
            self.saved.remove(&part);
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
        let (restoration, step) = Restoration::begin(*fence, cached, new_id, self.saved.get(&part).copied());
        self.parts.insert(part, StatePart::Restoring(Box::new(restoration)));
        self.follow(part, step);
    }

    /// Takes a record of a partition of the state.
    pub(super) fn take_state(
        &mut self,
        part: i32,
        offset: i64,
        key: &[u8],
        value: Option<&[u8]>,
        stamp: Result<Stamp, Refusal>,
    ) -> Result<(), String> {
        let Some(StatePart::Restoring(restoration)) = self.parts.get_mut(&part) else { return Ok(()) };
        let step = restoration.take(offset, key, value, stamp)?;
        for (offset, why) in restoration.take_refused() {
            self.refused.note(InternalTopic::State.name(), part, offset, why);
        }
        match step {
            RestoreStep::Continue => Ok(()),
            step @ (RestoreStep::ReadFrom(_) | RestoreStep::CacheRejected(_)) => {
                self.follow(part, step);
                Ok(())
            }
            RestoreStep::Complete => self.start(part),
        }
    }

    /// Partitions of the state that are being restored, and the next offset of each.
    pub fn restoring(&self) -> Vec<(i32, i64)> {
        let next = |(part, state): (&i32, &StatePart)| match state {
            StatePart::Restoring(restoration) => Some((*part, restoration.next())),
            StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Task(_) | StatePart::Coordinator(_) => None,
        };
        self.parts.iter().filter_map(next).collect()
    }

    /// Starts a part of the state with what there is of it, though it is not whole: all of its log was read. Whoever else may have been
    /// at work has left what makes it whole in the log before removing anything; so somebody has removed the rest, and waiting
    /// brings nothing back.
    pub fn start_in_part(&mut self, part: i32) {
        if matches!(self.parts.get(&part), Some(StatePart::Restoring(_)))
            && let Err(why) = self.start(part)
        {
            self.failure.get_or_insert(StreamError::State { partition: part, why });
        }
    }

    /// How far the states of a task, and with the first of the coordinator, are known to be saved.
    pub fn saved_states(&self, task: i32) -> SavedStates {
        let coordinator = self.saved.get(&self.coordinator_partition()).filter(|_| task == 0).copied();
        SavedStates { task: self.saved.get(&task).copied(), coordinator }
    }

    /// Learns how far states are saved by now.
    pub(super) fn note_saved(&mut self) {
        for (part, state) in &self.parts {
            let newest = match state {
                StatePart::Task(task) => task.newest_checkpoint(),
                StatePart::Coordinator(coordinator) => coordinator.newest_checkpoint(),
                StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_) => None,
            };
            self.saved.extend(newest.map(|checkpoint| (*part, checkpoint)));
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
        let saved = self.saved.get(&part).copied();
        if restored.missing > 0 || saved > restored.newest {
            self.losses.push(StateLoss { part, saved, found: restored.newest, missing: restored.missing });
        }
        // Told once: what is there is what counts from now on.
        self.saved.remove(&part);
        self.saved.extend(restored.newest.map(|checkpoint| (part, checkpoint)));
        if let Some(id) = new_id {
            self.put_out(Sender::Node, 0, OutboxItem::Record(Changelog::identity(part, id)));
        }
        if part == self.coordinator_partition() {
            let coordinator = Coordinator::new(self.layout.tasks, &self.context.alerts, restored)?;
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
