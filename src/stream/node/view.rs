//! What can be seen of a node from outside.

use crate::model::alert::AlertState;
use crate::model::time::Timestamp;
use crate::model::topic::TopicPartition;
use crate::stream::coordinator::Coordinator;
use crate::stream::node::{InputState, Node, StatePart};
use crate::stream::task::Task;
use crate::triage::budget::cases_told::CasesShown;
use crate::triage::open_alerts::{OpenAlerts, OpenCounts};
use std::collections::BTreeMap;

/// How far a restore has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RestoreProgress {
    /// Tasks that are being restored.
    pub tasks: usize,
    /// Records read for them.
    pub messages: u64,
    /// Bytes read for them.
    pub bytes: u64,
}

impl Node {
    /// Whether a task runs.
    pub fn is_running(&self, task: i32) -> bool {
        matches!(self.parts.get(&task), Some(StatePart::Task(_)))
    }

    /// Whether a checkpoint of a task is under way.
    pub fn is_checkpointing(&self, task: i32) -> bool {
        matches!(self.parts.get(&task), Some(StatePart::Task(task)) if task.is_checkpointing())
    }

    /// Whether effects are waiting, which must be carried out before the next record of a partition of the state.
    pub fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// How many records and alerts are not acknowledged yet.
    pub fn unacknowledged(&self) -> usize {
        self.unacknowledged.len()
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
            if let Some(InputState::Running(input)) = self.inputs.get(name) {
                note(name, input.watermark());
            }
            for part in self.parts.values() {
                if let StatePart::Task(task) = part {
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
                StatePart::Fencing | StatePart::LoadingCache(_) => all.tasks += 1,
                StatePart::Restoring(restoration) => {
                    let stats = restoration.stats();
                    all.tasks += 1;
                    all.messages += stats.cached + stats.read;
                    all.bytes += stats.bytes;
                }
                StatePart::Task(_) | StatePart::Coordinator(_) => {}
            }
        }
        all
    }

    /// The running tasks.
    pub fn tasks(&self) -> impl Iterator<Item = (i32, &Task)> + Clone {
        self.parts.iter().filter_map(|(part, state)| match state {
            StatePart::Task(task) => Some((*part, &**task)),
            StatePart::Coordinator(_) | StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_) => None,
        })
    }

    /// The coordinator, if it runs here.
    pub fn coordinator(&self) -> Option<&Coordinator> {
        match self.parts.get(&self.coordinator_partition()) {
            Some(StatePart::Coordinator(coordinator)) => Some(coordinator),
            _ => None,
        }
    }

    /// The same, to give it something.
    pub fn coordinator_mut(&mut self) -> Option<&mut Coordinator> {
        match self.parts.get_mut(&self.layout.tasks) {
            Some(StatePart::Coordinator(coordinator)) => Some(coordinator),
            _ => None,
        }
    }

    /// Of the coordinator, if it runs here: cases of which an alert is open, and those that were shown since this was asked last.
    pub fn take_cases(&mut self) -> Option<(OpenCounts, CasesShown)> {
        match self.parts.get_mut(&self.coordinator_partition()) {
            Some(StatePart::Coordinator(coordinator)) => Some((coordinator.open_cases(), coordinator.take_cases_shown())),
            _ => None,
        }
    }

    /// How many alerts are open by what is known here: those that tasks of this process have shown and that have not settled; with the
    /// coordinator, those that the settled state has.
    pub fn open_counts(&self) -> OpenCounts {
        let settled = self.coordinator().map(Coordinator::open_alerts);
        let mut counts = settled.map_or_else(OpenCounts::default, OpenAlerts::counts);
        let shown = self.tasks().flat_map(|(_, task)| task.stage().unsettled()).filter(|alert| alert.state == AlertState::Open);
        let early = shown.filter(|alert| !settled.is_some_and(|settled| settled.contains(&alert.id)));
        early.for_each(|alert| counts.open[alert.severity as usize] += 1);
        counts
    }

    /// The input partitions that run here.
    pub fn running_inputs(&self) -> Vec<TopicPartition> {
        self.inputs.iter().filter(|(_, input)| matches!(input, InputState::Running(_))).map(|(name, _)| name.clone()).collect()
    }

    /// Takes the running tasks out, to compare their states.
    pub fn into_tasks(self) -> Vec<Task> {
        let task = |part| match part {
            StatePart::Task(task) => Some(*task),
            StatePart::Coordinator(_) | StatePart::Fencing | StatePart::LoadingCache(_) | StatePart::Restoring(_) => None,
        };
        self.parts.into_values().filter_map(task).collect()
    }
}
