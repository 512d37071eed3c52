//! The service as one of several processes: what the group gives it is read, decided by a [`Node`], and sent. The node decides; here
//! are the brokers, the clock and the sinks. What it shares with a service of one process stands in [`crate::pipeline::service`].

mod caches;
mod input_partitions;
mod setup;

use crate::config::schema::Config;
use crate::engine::context::Context;
use crate::kafka::consumer::PartitionConsumer;
use crate::kafka::group::{Commit, GroupEvent, GroupMember};
use crate::kafka::producer::{ProducerRecord, RecordProducer};
use crate::model::alert::Alert;
use crate::model::time::{Span, Timestamp};
use crate::model::topic::TopicPartition;
use crate::pipeline::failpoint::hit;
use crate::pipeline::parallel::Parallel;
use crate::pipeline::reload::Loaded;
use crate::pipeline::service::followed::Released;
use crate::pipeline::service::observer::NoObserver;
use crate::pipeline::service::publisher::Cause;
use crate::pipeline::service::{Parts, Service, now, record_counts};
use crate::stream::InternalTopic;
use crate::stream::input_partition::InputPosition;
use crate::stream::node::{Effect, Node};
use anyhow::Context as _;
use caches::{Caches, Place, log_name};
use crossbeam_channel::{Receiver, Sender};
use input_partitions::Reading;
pub use setup::Setup;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long to wait for messages before looking at everything else.
const WAIT: Duration = Duration::from_millis(20);
/// Batches of messages taken in a step.
const BATCHES: usize = 8;
/// How often tasks hear of the time, and what was shown too early is taken back.
const SECOND: Duration = Duration::from_secs(1);
/// Bytes under way; with more nothing is read until brokers have caught up.
const UNDER_WAY: usize = 64 * 1024 * 1024;
/// An input partition that is so far ahead of the last one is held, since what it brings could only wait.
const AHEAD: Span = Span::hours(2);
/// With more records than this to be read it is caught up, and nothing is shown before it settles: that costs more than all the rest.
const BEHIND: u64 = 100_000;
/// What is older than this is caught up on as well.
const FRESH: Span = Span::minutes(15);
/// Saving takes no larger part of the time than one in so many and one more: much has changed while much is caught up.
const UNSAVED: u32 = 4;
/// After so long the same offset is committed again, and the longest time that the last save of a task may take.
const COMMITTED_AGAIN: Duration = Duration::from_secs(5);
const LAST_SAVE: Duration = Duration::from_secs(6);
const LEAVE_WITHIN: Duration = Duration::from_secs(5);
/// How long caches may take to be written when the process ends.
const CACHE_WITHIN: Duration = Duration::from_secs(1);

/// A running process.
pub struct Process {
    setup: Setup,
    node: Node,
    /// Of the group of the input's partitions.
    input_group: GroupMember,
    /// Of the group of the tasks.
    task_group: GroupMember,
    consumer: PartitionConsumer,
    producer: RecordProducer,
    service: Service<TopicPartition, Reading>,
    /// Batches of alerts that the node waits for every sink to acknowledge: number of the sinks' batch, and of the node's effect.
    unacknowledged_alerts: VecDeque<(u64, u64)>,
    caches: Caches,
    /// What was committed last of each input partition, and when.
    committed: BTreeMap<TopicPartition, (InputPosition, Instant)>,
    save_at: Instant,
    second_at: Instant,
    stepped_at: Instant,
    restored: bool,
    /// So much waits to be read that nothing is shown before it settles.
    behind: bool,
    saving_since: Option<Instant>,
}

impl Process {
    /// Joins the others.
    pub fn start(config: &Config, context: Arc<Context>, setup: Setup, parts: Parts) -> anyhow::Result<Process> {
        let (consumer, producer) =
            (PartitionConsumer::start(&setup.cluster, &setup.groups[0].group)?, RecordProducer::new(&setup.cluster)?);
        let input_group = GroupMember::join(&setup.cluster, &setup.groups[0])?;
        let task_group = GroupMember::join(&setup.cluster, &setup.groups[1])?;
        let service: Service<TopicPartition, Reading> = Service::new(config, parts);
        let now = Instant::now();
        let place = Place {
            dir: config.state.dir.join("cache"),
            topic: setup.topics[&InternalTopic::State].clone(),
            cluster: setup.cluster.clone(),
            group: setup.groups[0].group.clone(),
        };
        Ok(Process {
            node: Node::new(context, setup.layout.clone()),
            unacknowledged_alerts: VecDeque::new(),
            caches: Caches::start(place, &service.metrics),
            setup,
            input_group,
            task_group,
            consumer,
            producer,
            committed: BTreeMap::new(),
            save_at: now + service.settings.checkpoint,
            service,
            second_at: now,
            stepped_at: now,
            restored: false,
            behind: false,
            saving_since: None,
        })
    }

    /// Runs until told to stop, then saves and leaves.
    pub fn run(mut self, stop: &Receiver<()>) -> anyhow::Result<()> {
        self.service.configured(&self.node.context().config);
        while matches!(stop.try_recv(), Err(crossbeam_channel::TryRecvError::Empty)) {
            self.step()?;
        }
        self.service.health.set_stopping();
        let tasks: Vec<i32> = self.node.tasks().map(|(task, _)| task).collect();
        self.last_save(&tasks)?;
        self.service.publisher.stop(LAST_SAVE);
        self.caches.stop(CACHE_WITHIN);
        let left = [self.task_group, self.input_group].map(|member| member.leave(LEAVE_WITHIN));
        if left.contains(&false) {
            tracing::warn!("the Kafka client did not leave in time and is left behind");
        }
        Ok(())
    }

    fn step(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        // Whoever was stopped for long has heard nothing, and nobody is silent for that.
        if now.duration_since(self.stepped_at) > Duration::from_secs(5) {
            self.service.followed.iter_mut().for_each(|(_, followed)| followed.awake(now));
        }
        self.stepped_at = now;
        self.take_up_changes()?;
        self.hear_group()?;
        if self.producer.unacknowledged_bytes() < UNDER_WAY {
            let mut wait = WAIT;
            for _ in 0..BATCHES {
                let Some(batch) = self.consumer.receive(wait).context("kafka: reading")? else { break };
                wait = Duration::ZERO;
                self.take(&batch.partition, batch.assignment, batch.records)?;
                self.act()?;
            }
        } else {
            std::thread::sleep(WAIT);
        }
        if now >= self.second_at {
            self.second_at = now + SECOND;
            self.each_second(now)?;
        }
        self.node.step(&Parallel)?;
        self.act()?;
        if now >= self.save_at {
            self.save_at = now + self.service.settings.checkpoint;
            self.saving_since.get_or_insert(now);
            self.release_all()?;
            self.node.checkpoint(&Parallel);
            self.act()?;
            hit("save begun");
        }
        if let Some(since) = self.saving_since
            && !self.node.tasks().any(|(_, task)| task.is_checkpointing())
        {
            self.saving_since = None;
            let took = since.elapsed();
            self.save_at = self.save_at.max(now + took * UNSAVED);
            self.service.metrics.checkpoint(took);
        }
        Ok(())
    }

    /// Takes up a changed configuration, from one record to the next: what decoders hold back came before the change.
    fn take_up_changes(&mut self) -> anyhow::Result<()> {
        let Some(Loaded { config, context, .. }) = self.service.reload_due() else { return Ok(()) };
        self.release_all()?;
        self.node.set_context(context.clone());
        self.service.adopt(&config, &context);
        Ok(())
    }

    fn take(
        &mut self,
        partition: &TopicPartition,
        assignment: u64,
        messages: Vec<crate::kafka::consumer::ConsumerRecord>,
    ) -> anyhow::Result<()> {
        let ours = self.setup.topics.iter().find(|(_, name)| **name == partition.topic).map(|(topic, _)| *topic);
        let Some(topic) = ours else { return self.take_input(partition, &messages) };
        let fresh = now() - FRESH;
        let shows = self.service.settings.provisional && !self.behind;
        for message in messages {
            hit("message taken");
            let show = message.timestamp_ms.map(Timestamp).filter(|at| shows && *at >= fresh);
            self.node.message(topic, partition.partition, message.offset, &message.key, message.value.as_deref(), show);
            if topic == InternalTopic::State && self.node.has_effects() {
                self.act()?;
                if !self.consumer.is_current(partition, assignment) {
                    break;
                }
            }
        }
        Ok(())
    }

    fn take_input(&mut self, input: &TopicPartition, messages: &[crate::kafka::consumer::ConsumerRecord]) -> anyhow::Result<()> {
        self.look_for_lost(input, messages);
        let classifier = self.node.context().classifier.clone();
        let Some(followed) = self.service.followed.get_mut(input) else { return Ok(()) };
        let batches = input_partitions::decode(followed, messages, &classifier, now());
        let (source, mut lost) = (followed.source, followed.more.take_lost());
        for (message, batch) in messages.iter().zip(batches) {
            record_counts::count_decoded(&batch, &self.service.followed.sources()[source].metrics);
            let believed = self.service.settings.believed(message.timestamp_ms);
            let (content, letters) = input_partitions::as_input(batch, std::mem::take(&mut lost), believed);
            self.service.dead_letters.extend(letters);
            let given_up = self.node.record(input, message.offset, content);
            self.service.dead_letters.give_up(&input.to_string(), &given_up);
            hit("record taken");
        }
        self.service.dead_letters.keep()
    }

    /// Records that expired before they were read are lost to us, and that is told.
    fn look_for_lost(&mut self, input: &TopicPartition, messages: &[crate::kafka::consumer::ConsumerRecord]) {
        let Some(came) = messages.first().map(|message| message.offset) else { return };
        let Some(followed) = self.service.followed.get_mut(input) else { return };
        let Some(expected) = followed.more.is_missed(came, Instant::now()) else { return };
        match crate::kafka::topics::bounds(&self.setup.cluster, &input.topic, input.partition) {
            Ok((first, _)) if first > expected => {
                tracing::warn!(partition = %input, expected, found = came, "records expired before they were read");
                followed.more.lose();
            }
            Ok(_) => {}
            // The watch goes on without the answer.
            Err(error) => {
                tracing::warn!(partition = %input, expected, found = came, %error, "it cannot be told whether records expired");
            }
        }
    }

    fn release_all(&mut self) -> anyhow::Result<()> {
        let classifier = self.node.context().classifier.clone();
        let released = self.service.followed.release_all(&classifier);
        self.take_released(released)
    }

    fn take_released(&mut self, released: Vec<Released<TopicPartition>>) -> anyhow::Result<()> {
        for Released { partition, batch, .. } in released {
            let (content, letters) = input_partitions::as_input(batch, 0, None);
            self.service.dead_letters.extend(letters);
            let given_up = self.node.take_held(&partition, content);
            self.service.dead_letters.give_up(&partition.to_string(), &given_up);
        }
        self.service.dead_letters.keep()
    }

    fn each_second(&mut self, now: Instant) -> anyhow::Result<()> {
        let classifier = self.node.context().classifier.clone();
        let released = self.service.followed.release_complete(now, &classifier);
        self.take_released(released)?;
        self.node.publish_watermarks();
        if self.service.settings.provisional {
            self.node.reconcile();
        }
        let idle = self.service.settings.idle;
        let is_silent = |input: &TopicPartition| self.service.followed.get(input).is_some_and(|followed| followed.silence(now) >= idle);
        let silent: Vec<TopicPartition> = self.node.running_inputs().into_iter().filter(is_silent).collect();
        self.node.advance_idle(&silent);
        self.behind = self.backlog() > BEHIND;
        self.hold_those_ahead();
        self.node.prepare_commits();
        self.measure();
        Ok(())
    }

    /// Records that wait, about: a message of ours holds as many as the last ones did.
    fn backlog(&mut self) -> u64 {
        let access = &self.setup.topics[&InternalTopic::Access];
        let (ours, input): (Vec<_>, Vec<_>) = self.consumer.lag().into_iter().partition(|(of, _)| of.topic == *access);
        let sum = |lags: Vec<(TopicPartition, u64)>| lags.iter().map(|(_, lag)| lag).sum::<u64>();
        sum(input) + sum(ours) * self.node.mean_bundle_size()
    }

    /// Input partitions far ahead of the last one wait for it.
    fn hold_those_ahead(&mut self) {
        let watermarks = self.node.watermarks();
        let Some(last) = watermarks.values().min().copied() else { return };
        let ahead = watermarks.iter().filter(|(_, watermark)| **watermark > last + AHEAD);
        let held: BTreeSet<TopicPartition> = ahead.map(|(input, _)| input.clone()).collect();
        for input in &held {
            if let Some(followed) = self.service.followed.get_mut(input) {
                followed.awake(Instant::now());
            }
        }
        self.consumer.pause(held);
    }

    fn measure(&mut self) {
        let metrics = &self.service.metrics;
        let restoring = self.node.restore_progress();
        metrics.restoring(restoring.tasks as u64, restoring.messages, restoring.bytes);
        if restoring.tasks > 0 {
            tracing::info!(tasks = restoring.tasks, messages = restoring.messages, bytes = restoring.bytes, "restoring state");
        }
        let running = self.node.tasks().count();
        if restoring.tasks == 0 && self.has_joined() && !self.restored {
            self.restored = true;
            self.service.health.set_restored();
            tracing::info!(tasks = running, "ready");
        }
        metrics.set_tasks(running as u64);
        let employees: usize = self.node.tasks().map(|(_, task)| task.stage().employees()).sum();
        metrics.set_employees_tracked(employees as u64);
        let firsts = self.node.tasks().map(|(task, of)| (task, of.stage()));
        if let Some(newest) = self.service.coverage.publish_tasks(firsts, self.setup.layout.tasks) {
            metrics.set_coverage(&newest);
        }
        let watermarks = self.node.watermarks();
        self.service.followed.measure_watermarks(now(), |input| watermarks.get(input).copied());
        self.measure_lag();
        let counts = self.node.counts();
        record_counts::count_settled(&counts, |index| self.service.followed.metrics_of(index));
        record_counts::count_disclosed(&counts, &self.service.metrics);
    }

    fn measure_lag(&self) {
        let mut lags = vec![0; self.service.followed.sources().len()];
        for (partition, lag) in self.consumer.lag() {
            if let Some(followed) = self.service.followed.get(&partition) {
                lags[followed.source] += lag;
            }
        }
        for (at, (source, lag)) in self.service.followed.sources().iter().zip(lags).enumerate() {
            source.metrics.set_lag(lag);
            self.service.health.set_connected(at, self.has_joined());
        }
    }

    fn publish(&mut self, alerts: &[Arc<Alert>], cause: Cause) {
        self.service.publisher.publish(alerts, cause, now(), &mut NoObserver);
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

    fn has_joined(&self) -> bool {
        self.input_group.has_joined() && self.task_group.has_joined()
    }

    /// Does what the node wants.
    fn act(&mut self) -> anyhow::Result<()> {
        loop {
            let effects = self.node.effects();
            let idle = effects.is_empty();
            let mut commits = Vec::new();
            for effect in effects {
                match effect {
                    Effect::Produce(number, message) => {
                        self.producer.send(ProducerRecord {
                            number,
                            topic: self.setup.topics[&message.topic].to_string(),
                            partition: message.partition,
                            key: message.key,
                            value: message.value,
                            low_priority: message.topic == InternalTopic::State,
                        });
                        hit("message sent");
                    }
                    Effect::Alerts(number, alerts) => {
                        self.publish(&alerts, Cause::Settled);
                        self.unacknowledged_alerts.push_back((self.service.publisher.given(), number));
                        hit("alerts given");
                    }
                    Effect::Provisional(arrived, alerts) => self.publish(&alerts, arrived.map_or(Cause::Retraction, Cause::Access)),
                    Effect::Consume(topic, partition, from) => {
                        self.consumer.assign(TopicPartition::new(self.setup.topics[&topic].clone(), partition), from)
                    }
                    Effect::StopConsuming(topic, partition) => {
                        self.consumer.unassign(TopicPartition::new(self.setup.topics[&topic].clone(), partition))
                    }
                    Effect::ConsumeInput(input, from) => {
                        self.service.followed.follow_input(&input, from);
                        self.consumer.assign(input, from);
                    }
                    Effect::Commit(input, resume) => {
                        // A commit may have failed, so the same is said again now and then.
                        let now = Instant::now();
                        let known = self.committed.get(&input);
                        if known.is_none_or(|(said, at)| *said != resume || now.duration_since(*at) >= COMMITTED_AGAIN) {
                            self.committed.insert(input.clone(), (resume, now));
                            commits.push(Commit { partition: input, offset: resume.next, metadata: resume.metadata() });
                        }
                    }
                    Effect::LoadCache(part) => self.caches.recall(part),
                    Effect::DiscardCache(part, why) => self.caches.forget(part, why),
                    Effect::Restored(part, read) => self.caches.keep(part, read),
                    Effect::ReleaseCache(part) => self.caches.release(part),
                }
            }
            if !commits.is_empty() {
                // Of tasks the offset stands in the state; this is for people who watch the group.
                let access = self.setup.topics[&InternalTopic::Access].clone();
                let tasks = self.node.tasks().filter(|(_, task)| task.next() > 0);
                let read = tasks.map(|(partition, task)| Commit {
                    partition: TopicPartition::new(access.clone(), partition),
                    offset: task.next(),
                    metadata: String::new(),
                });
                self.task_group.commit(read.collect());
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

    fn hear_group(&mut self) -> anyhow::Result<()> {
        while let Ok(event) = self.task_group.events.try_recv().or_else(|_| self.input_group.events.try_recv()) {
            let access = self.setup.topics[&InternalTopic::Access].clone();
            match event {
                GroupEvent::Assigned { partition, .. } if partition.topic == access => {
                    self.node.assign(partition.partition);
                    hit("assigned");
                }
                GroupEvent::Assigned { partition, committed } => {
                    let resume = committed
                        .map_or(InputPosition { next: 0, watermark: None }, |(offset, beside)| InputPosition::read(offset, &beside));
                    let (_, end) = crate::kafka::topics::bounds(&self.setup.cluster, &self.setup.topics[&InternalTopic::Ticks], 0)?;
                    self.node.assign_input(partition, resume, end);
                }
                GroupEvent::Revoked(gone, done) => {
                    let tasks: Vec<i32> = gone.iter().filter(|of| of.topic == access).map(|of| of.partition).collect();
                    self.last_save(&tasks)?;
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

    fn give_up(&mut self, gone: &[TopicPartition], access: &str) {
        for of in gone {
            if &*of.topic == access {
                self.node.revoke(of.partition);
            } else {
                self.node.revoke_input(of);
                self.committed.remove(of);
                self.service.followed.leave(of);
                self.consumer.unassign(of.clone());
            }
        }
    }

    /// Saves tasks that are given up, so that whoever takes them on need not read much again. Nothing rests on it.
    fn last_save(&mut self, tasks: &[i32]) -> anyhow::Result<()> {
        let until = Instant::now() + LAST_SAVE;
        self.release_all()?;
        // One that is under way ends first.
        let mut begun: BTreeSet<i32> = BTreeSet::new();
        while Instant::now() < until {
            for task in tasks {
                if !begun.contains(task) && self.node.checkpoint_task(*task, &Parallel) {
                    begun.insert(*task);
                }
            }
            self.node.prepare_commits();
            self.node.step(&Parallel)?;
            self.act()?;
            let waiting =
                tasks.iter().any(|task| self.node.is_checkpointing(*task) || (!begun.contains(task) && self.node.is_running(*task)));
            if !waiting && self.node.unacknowledged() == 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.act()
    }
}
