//! Input partitions and tasks come and go with the members of the group.

use super::{Process, REVOKED_SAVE};
use crate::failpoint::hit;
use crate::kafka::group::GroupEvent;
use crate::model::topic::TopicPartition;
use crate::pipeline::parallel::Parallel;
use crate::stream::InternalTopic;
use crate::stream::committed::{self, SavedStates};
use crossbeam_channel::Sender;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

impl Process {
    pub(super) fn has_joined(&self) -> bool {
        self.input_group.has_joined() && self.task_group.has_joined()
    }

    pub(super) fn take_group_events(&mut self) -> anyhow::Result<()> {
        while let Ok(event) = self.task_group.events.try_recv().or_else(|_| self.input_group.events.try_recv()) {
            let access = self.setup.topics[&InternalTopic::Access].clone();
            match event {
                GroupEvent::Assigned { partition, committed } if partition.topic == access => {
                    let saved = self.believed(&partition, committed.as_ref()).map(|(_, text)| SavedStates::read(text));
                    self.node.assign(partition.partition, saved.unwrap_or_default());
                    tracing::info!(task = partition.partition, "this process has a task more");
                    hit("assigned");
                }
                GroupEvent::Assigned { partition, committed } => {
                    let believed = self.believed(&partition, committed.as_ref()).map(|(offset, text)| (offset, text.to_owned()));
                    self.inputs.assigned(partition, believed);
                }
                GroupEvent::Revoked(gone, done) => {
                    let tasks: Vec<i32> = gone.iter().filter(|of| of.topic == access).map(|of| of.partition).collect();
                    self.last_save(&tasks, REVOKED_SAVE)?;
                    hit("giving up");
                    self.give_up(&gone, &access);
                    drop::<Sender<()>>(done);
                }
                GroupEvent::Lost(gone) => {
                    tracing::warn!(partitions = gone.len(), "the group took this process for dead; others go on with its work");
                    self.give_up(&gone, &access);
                }
                GroupEvent::Failed(why) => anyhow::bail!("kafka: {why}"),
            }
            self.act()?;
        }
        Ok(())
    }

    /// What was committed for a partition, if this service did it.
    fn believed<'a>(&mut self, partition: &TopicPartition, committed: Option<&'a (i64, String)>) -> Option<(i64, &'a str)> {
        let (offset, metadata) = committed?;
        let text = committed::open(self.node.seal_key(), &partition.to_string(), *offset, metadata);
        if text.is_none() {
            tracing::error!(%partition, offset, "the committed offset is not of this service, and not believed: all is read again");
            self.node.refuse_commit(partition.partition, *offset);
        }
        text.map(|text| (*offset, text))
    }

    fn give_up(&mut self, gone: &[TopicPartition], access: &str) {
        for of in gone {
            if &*of.topic == access {
                tracing::info!(task = of.partition, "this process has a task less");
                self.node.revoke(of.partition);
            } else {
                self.inputs.forget(of);
                self.node.revoke_input(of);
                self.committed.remove(of);
                self.service.followed.leave(of);
                self.consumer.unassign(of.clone());
            }
        }
    }

    /// Saves tasks that are given up, so that whoever takes them on need not read much again. Nothing rests on it: one that cannot be
    /// saved now, since it waits for what others say, is read again from its last save on, and is not waited for.
    pub(super) fn last_save(&mut self, tasks: &[i32], within: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + within;
        self.release_all()?;
        let mut begun: BTreeSet<i32> = BTreeSet::new();
        while Instant::now() < until {
            // A save that is under way ends first.
            let mut is_busy = false;
            for task in tasks.iter().filter(|task| !begun.contains(task)).copied().collect::<Vec<_>>() {
                if self.node.checkpoint_task(task, &Parallel) {
                    begun.insert(task);
                } else {
                    is_busy |= self.node.is_checkpointing(task);
                }
            }
            self.node.prepare_commits();
            self.node.step(&Parallel)?;
            self.act()?;
            if !is_busy && !tasks.iter().any(|task| self.node.is_checkpointing(*task)) && self.node.unacknowledged() == 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.act()
    }
}
