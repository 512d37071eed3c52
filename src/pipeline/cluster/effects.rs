//! What the node wants to be done, and what has been acknowledged of it.

use super::caches::log_name;
use super::continuity::commit_text;
use super::{COMMITTED_AGAIN, Process};
use crate::engine::output::ToldAlert;
use crate::failpoint::hit;
use crate::kafka::group::Commit;
use crate::kafka::producer::ProducerRecord;
use crate::model::topic::TopicPartition;
use crate::pipeline::service::now;
use crate::pipeline::service::publisher::Cause;
use crate::stream::InternalTopic;
use crate::stream::authentication;
use crate::stream::committed;
use crate::stream::node::Effect;
use anyhow::Context as _;
use std::time::Instant;

impl Process {
    /// Does what the node wants.
    pub(super) fn act(&mut self) -> anyhow::Result<()> {
        loop {
            let effects = self.node.effects();
            let idle = effects.is_empty();
            let mut commits = Vec::new();
            for effect in effects {
                match effect {
                    Effect::Produce(number, message, seal) => {
                        self.producer.send(ProducerRecord {
                            number,
                            topic: self.setup.topics[&message.topic].to_string(),
                            partition: message.partition,
                            key: message.key,
                            value: message.value,
                            header: Some((authentication::HEADER, seal.to_vec())),
                            low_priority: message.topic == InternalTopic::State,
                        });
                        hit("message sent");
                    }
                    Effect::Alerts(number, alerts) => {
                        self.publish(alerts, Cause::Settled);
                        self.unacknowledged_alerts.push_back((self.service.publisher.given(), number));
                        hit("alerts given");
                    }
                    Effect::Provisional(arrived, alerts) => self.publish(alerts, arrived.map_or(Cause::Retraction, Cause::Access)),
                    Effect::Consume(topic, partition, from) => {
                        self.consumer.assign(TopicPartition::new(self.setup.topics[&topic].clone(), partition), from)
                    }
                    Effect::StopConsuming(topic, partition) => {
                        self.consumer.unassign(TopicPartition::new(self.setup.topics[&topic].clone(), partition))
                    }
                    Effect::ConsumeInput(input, from) => {
                        let reading = self.inputs.resume(&input, from);
                        self.service.followed.follow_input(&input, reading);
                        self.consumer.assign(input, from);
                    }
                    Effect::Commit(input, resume) => {
                        // A commit may have failed, so the same is said again now and then.
                        let now = Instant::now();
                        let known = self.committed.get(&input);
                        let is_due = known.is_none_or(|(said, at)| *said != resume || now.duration_since(*at) >= COMMITTED_AGAIN);
                        // Brokers refuse those of a partition that is no more.
                        if is_due && !self.is_gone(&input) {
                            self.committed.insert(input.clone(), (resume, now));
                            let read = self.service.followed.get(&input).map(|followed| &followed.more.read);
                            let text = commit_text(resume, read);
                            let metadata = committed::seal(self.node.seal_key(), &input.to_string(), resume.next, &text);
                            commits.push(Commit { partition: input, offset: resume.next, metadata });
                        }
                    }
                    Effect::LoadCache(part) => self.caches.recall(part),
                    Effect::DiscardCache(part, why) => self.caches.forget(part, why),
                    Effect::Restored(part, read) => self.caches.keep(part, read),
                    Effect::ReleaseCache(part) => self.caches.release(part),
                }
            }
            let reached = || self.node.tasks().filter(|(_, task)| task.next() > 0);
            // A state that was saved and not noted here could be taken away unnoticed.
            let is_news = reached().any(|(task, _)| self.committed_states.get(&task) != Some(&self.node.saved_states(task)));
            if !commits.is_empty() || is_news {
                // Of tasks the offset stands in the state: it is for people who watch the group. How far states are saved is for the
                // next owner, who tells by it whether they were rolled back.
                let access = &self.setup.topics[&InternalTopic::Access];
                let read = reached().map(|(task, of)| {
                    let partition = TopicPartition::new(access.clone(), task);
                    let text = self.node.saved_states(task).text();
                    let metadata = committed::seal(self.node.seal_key(), &partition.to_string(), of.next(), &text);
                    Commit { partition, offset: of.next(), metadata }
                });
                let read: Vec<Commit> = read.collect();
                self.committed_states = reached().map(|(task, _)| (task, self.node.saved_states(task))).collect();
                self.task_group.commit(read);
                self.input_group.commit(commits);
                hit("offsets committed");
            }
            for (number, offset) in self.producer.poll().context("kafka: sending")? {
                self.node.acknowledged(number, offset);
                hit("message acknowledged");
            }
            for number in self.acknowledged_alerts() {
                self.node.acknowledged(number, 0);
                hit("alerts acknowledged");
            }
            while let Some((part, cached)) = self.caches.recalled() {
                self.node.cache_loaded(part, cached, log_name());
            }
            if idle {
                return Ok(());
            }
        }
    }

    fn publish(&mut self, alerts: Vec<ToldAlert>, cause: Cause) {
        self.service.publisher.publish_told(alerts, cause, now());
    }

    /// Effects whose alerts every sink has acknowledged since this was last asked for.
    fn acknowledged_alerts(&mut self) -> Vec<u64> {
        let done = self.service.publisher.acknowledged();
        let mut effects = Vec::new();
        while self.unacknowledged_alerts.front().is_some_and(|(batch, _)| *batch <= done) {
            effects.extend(self.unacknowledged_alerts.pop_front().map(|(_, effect)| effect));
        }
        effects
    }
}
