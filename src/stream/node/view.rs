//! What can be seen of a node from outside.

use crate::model::time::Timestamp;
use crate::model::topic::TopicPartition;
use crate::stream::coordinator::Coordinator;
use crate::stream::node::{InputState, Node, Part};
use crate::stream::task::Task;
use std::collections::BTreeMap;

/// How far a restore has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RestoreProgress {
    /// Tasks that are being restored.
    pub tasks: usize,
    /// Messages read for them.
    pub messages: u64,
    /// Bytes read for them.
    pub bytes: u64,
}

impl Node {
    /// Whether a task runs.
    pub fn is_running(&self, task: i32) -> bool {
        matches!(self.parts.get(&task), Some(Part::Task(_)))
    }

    /// Whether a task is being saved.
    pub fn is_checkpointing(&self, task: i32) -> bool {
        matches!(self.parts.get(&task), Some(Part::Task(task)) if task.is_checkpointing())
    }

    /// Whether something is to be done before the next message of a partition of the state.
    pub fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// Messages and alerts that are not acknowledged yet.
    pub fn unacknowledged(&self) -> usize {
        self.tickets.len()
    }

    /// The watermark of every input partition, as far as it is known here.
    pub fn watermarks(&self) -> BTreeMap<TopicPartition, Timestamp> {
        let mut all = BTreeMap::new();
        let mut note = |name: &TopicPartition, watermark: Option<Timestamp>| {
            if let Some(watermark) = watermark {
                let known = all.entry(name.clone()).or_insert(watermark);
                *known = watermark.max(*known);
            }
        };
        for name in &self.layout.inputs {
            if let Some(InputState::Open(input)) = self.inputs.get(name) {
                note(name, input.watermark());
            }
            for part in self.parts.values() {
                if let Part::Task(task) = part {
                    note(name, task.watermark(name));
                }
            }
        }
        all
    }

    /// How far restores have come.
    pub fn restore_progress(&self) -> RestoreProgress {
        let mut all = RestoreProgress::default();
        for part in self.parts.values() {
            match part {
                Part::Fencing | Part::Recalling(_) => all.tasks += 1,
                Part::Restoring(reading) => {
                    let read = reading.read();
                    all.tasks += 1;
                    all.messages += read.cached + read.read;
                    all.bytes += read.bytes;
                }
                Part::Task(_) | Part::Coordinator(_) => {}
            }
        }
        all
    }

    /// The running tasks.
    pub fn tasks(&self) -> impl Iterator<Item = (i32, &Task)> + Clone {
        self.parts.iter().filter_map(|(part, state)| match state {
            Part::Task(task) => Some((*part, &**task)),
            Part::Coordinator(_) | Part::Fencing | Part::Recalling(_) | Part::Restoring(_) => None,
        })
    }

    /// The coordinator, where it is here and runs.
    pub fn coordinator(&self) -> Option<&Coordinator> {
        match self.parts.get(&self.coordinator_partition()) {
            Some(Part::Coordinator(coordinator)) => Some(coordinator),
            _ => None,
        }
    }

    /// The input partitions that run here.
    pub fn running_inputs(&self) -> Vec<TopicPartition> {
        self.inputs.iter().filter(|(_, input)| matches!(input, InputState::Open(_))).map(|(name, _)| name.clone()).collect()
    }

    /// Takes the tasks out, to look at where they have come.
    pub fn into_tasks(self) -> Vec<Task> {
        let task = |part| match part {
            Part::Task(task) => Some(*task),
            Part::Coordinator(_) | Part::Fencing | Part::Recalling(_) | Part::Restoring(_) => None,
        };
        self.parts.into_values().filter_map(task).collect()
    }
}
