//! The service as one of several processes: what the group gives it is read, decided by a [`Node`], and sent. The node decides; here
//! are the brokers, the clock and the sinks.

mod caches;
mod input_partitions;
mod setup;
mod sinks;

use crate::config::schema::Config;
use crate::engine::context::Context;
use crate::http::health::Health;
use crate::kafka::consumer::PartitionConsumer;
use crate::kafka::group::{Commit, GroupEvent, GroupMember};
use crate::kafka::producer::{ProducerRecord, RecordProducer};
use crate::model::time::{Span, Timestamp};
use crate::model::topic::TopicPartition;
use crate::pipeline::coverage::Published;
use crate::pipeline::delivery::Delivery;
use crate::pipeline::failpoint::hit;
use crate::pipeline::parallel::Parallel;
use crate::pipeline::reload::{Loaded, Reloads};
use crate::sink::dead_letters::DeadLetters;
use crate::sink::payload::Sealer;
use crate::stream::InternalTopic;
use crate::stream::input_partition::InputPosition;
use crate::stream::node::{Effect, Node};
use crate::telemetry::metrics::{Metrics, Reload};
use anyhow::Context as _;
use caches::{Caches, Place, log_name};
use crossbeam_channel::{Receiver, Sender};
use input_partitions::InputPartitions;
pub use setup::Setup;
use sinks::Sinks;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The parts that the process is made of.
pub struct Parts {
    /// Where alerts go.
    pub delivery: Delivery,
    /// Where what cannot be decoded is kept.
    pub dead_letters: Option<DeadLetters>,
    /// Encrypts what dead letters keep; `None`: they keep nothing of the content.
    pub sealer: Option<Arc<Sealer>>,
    /// Changes of the configuration.
    pub reloads: Option<Reloads>,
    /// Numbers.
    pub metrics: Metrics,
    /// Readiness.
    pub health: Arc<Health>,
    /// Where how far employees' days could be evaluated is published.
    pub coverage: Arc<Published>,
}

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
    reading: GroupMember,
    /// Of the group of the tasks.
    working: GroupMember,
    reader: PartitionConsumer,
    writer: RecordProducer,
    input_partitions: InputPartitions,
    sinks: Sinks,
    caches: Caches,
    parts: Parts,
    /// What was committed last of each input partition, and when.
    committed: BTreeMap<TopicPartition, (InputPosition, Instant)>,
    checkpoint: Duration,
    idle: Duration,
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
        let millis = |span: Span| Duration::from_millis(span.0.unsigned_abs());
        let (reader, writer) = (PartitionConsumer::start(&setup.cluster, &setup.groups[0].group)?, RecordProducer::new(&setup.cluster)?);
        let reading = GroupMember::join(&setup.cluster, &setup.groups[0])?;
        let working = GroupMember::join(&setup.cluster, &setup.groups[1])?;
        let checkpoint = millis(config.checkpoint);
        let now = Instant::now();
        let place = Place {
            dir: config.state.join("cache"),
            topic: setup.topics[&InternalTopic::State].clone(),
            cluster: setup.cluster.clone(),
            group: setup.groups[0].group.clone(),
        };
        Ok(Process {
            node: Node::new(context.clone(), setup.layout.clone()),
            input_partitions: InputPartitions::new(config, context, &parts.metrics, parts.sealer.clone()),
            sinks: Sinks::new(&parts.metrics),
            caches: Caches::start(place, &parts.metrics),
            setup,
            reading,
            working,
            reader,
            writer,
            parts,
            committed: BTreeMap::new(),
            checkpoint,
            idle: millis(config.idle),
            save_at: now + checkpoint,
            second_at: now,
            stepped_at: now,
            restored: false,
            behind: false,
            saving_since: None,
        })
    }

    /// Runs until told to stop, then saves and leaves.
    pub fn run(mut self, stop: &Receiver<()>) -> anyhow::Result<()> {
        self.configured(&self.node.context().config.clone());
        while matches!(stop.try_recv(), Err(crossbeam_channel::TryRecvError::Empty)) {
            self.step()?;
        }
        self.parts.health.set_stopping();
        let tasks: Vec<i32> = self.node.tasks().map(|(task, _)| task).collect();
        self.last_save(&tasks)?;
        let acknowledged = self.parts.delivery.stop(LAST_SAVE);
        if !acknowledged {
            tracing::warn!("sinks have not acknowledged all alerts; they are told again after the next start");
        }
        self.caches.stop(CACHE_WITHIN);
        let left = [self.working, self.reading].map(|member| member.leave(LEAVE_WITHIN));
        if left.contains(&false) {
            tracing::warn!("the Kafka client did not leave in time and is left behind");
        }
        Ok(())
    }

    fn step(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        // Whoever was stopped for long has heard nothing, and nobody is silent for that.
        if now.duration_since(self.stepped_at) > Duration::from_secs(5) {
            self.input_partitions.awake(now);
        }
        self.stepped_at = now;
        self.take_up_changes()?;
        self.hear_group()?;
        if self.writer.unacknowledged_bytes() < UNDER_WAY {
            let mut wait = WAIT;
            for _ in 0..BATCHES {
                let Some(batch) = self.reader.receive(wait).context("kafka: reading")? else { break };
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
            self.save_at = now + self.checkpoint;
            self.saving_since.get_or_insert(now);
            self.release_held(|_| true)?;
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
            self.parts.metrics.checkpoint(took);
        }
        Ok(())
    }

    /// A changed configuration is in use from one record to the next.
    fn take_up_changes(&mut self) -> anyhow::Result<()> {
        let newest = self.parts.reloads.as_ref().and_then(|reloads| reloads.fresh.try_iter().last());
        let Some(Loaded { config, context, .. }) = newest else { return Ok(()) };
        self.release_held(|_| true)?;
        self.node.set_context(context.clone());
        self.input_partitions.set_context(&config, context.clone());
        let millis = |span: Span| Duration::from_millis(span.0.unsigned_abs());
        (self.checkpoint, self.idle) = (millis(config.checkpoint), millis(config.idle));
        self.configured(&context.config);
        self.parts.metrics.reload(Reload::Applied);
        tracing::info!(config = %context.config, "the configuration was read again and is in use");
        Ok(())
    }

    fn configured(&self, hash: &str) {
        self.parts.metrics.set_config(hash, SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
    }

    fn take(
        &mut self,
        partition: &TopicPartition,
        assignment: u64,
        messages: Vec<crate::kafka::consumer::ConsumerRecord>,
    ) -> anyhow::Result<()> {
        let ours = self.setup.topics.iter().find(|(_, name)| **name == partition.topic).map(|(topic, _)| *topic);
        let Some(topic) = ours else { return self.take_input(partition, &messages) };
        let fresh = now_ms() - FRESH.0;
        for message in messages {
            hit("message taken");
            let show = self.input_partitions.provisional && !self.behind && message.timestamp_ms.is_some_and(|ms| ms >= fresh);
            self.node.message(topic, partition.partition, message.offset, &message.key, message.value.as_deref(), show);
            if topic == InternalTopic::State && self.node.has_effects() {
                self.act()?;
                if !self.reader.is_current(partition, assignment) {
                    break;
                }
            }
        }
        Ok(())
    }

    fn take_input(&mut self, input: &TopicPartition, messages: &[crate::kafka::consumer::ConsumerRecord]) -> anyhow::Result<()> {
        self.look_for_lost(input, messages);
        for (offset, content) in self.input_partitions.take(input, messages) {
            let given_up = self.node.record(input, offset, content);
            self.input_partitions.give_up(input, given_up);
            hit("record taken");
        }
        self.bury()
    }

    /// Records that expired before they were read are lost to us, and that is told.
    fn look_for_lost(&mut self, input: &TopicPartition, messages: &[crate::kafka::consumer::ConsumerRecord]) {
        let Some(came) = messages.first().map(|message| message.offset) else { return };
        let Some(expected) = self.input_partitions.is_missed(input, came, Instant::now()) else { return };
        match crate::kafka::topics::bounds(&self.setup.cluster, &input.topic, input.partition) {
            Ok((first, _)) if first > expected => {
                tracing::warn!(partition = %input, expected, found = came, "records expired before they were read");
                self.input_partitions.lost(input);
            }
            Ok(_) => {}
            // The watch goes on without the answer.
            Err(error) => {
                tracing::warn!(partition = %input, expected, found = came, %error, "it cannot be told whether records expired");
            }
        }
    }

    /// Dead letters are kept before the offset behind them can be committed. A place that takes none ends the process.
    fn bury(&mut self) -> anyhow::Result<()> {
        let letters = self.input_partitions.letters();
        match &mut self.parts.dead_letters {
            Some(keep) if !letters.is_empty() => {
                keep.write(&letters).map_err(|error| anyhow::anyhow!("dead letters cannot be kept: {error}"))?;
                hit("dead letters kept");
                Ok(())
            }
            Some(_) | None => Ok(()),
        }
    }

    fn release_held(&mut self, of: impl Fn(Duration) -> bool) -> anyhow::Result<()> {
        for (input, content) in self.input_partitions.held(Instant::now(), of) {
            let given_up = self.node.take_held(&input, content);
            self.input_partitions.give_up(&input, given_up);
        }
        self.bury()
    }

    fn each_second(&mut self, now: Instant) -> anyhow::Result<()> {
        self.release_held(|silent| silent >= SECOND)?;
        self.node.publish_watermarks();
        if self.input_partitions.provisional {
            self.node.reconcile();
        }
        let silent: Vec<TopicPartition> =
            self.node.running_inputs().into_iter().filter(|input| self.input_partitions.is_silent(input, now, self.idle)).collect();
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
        let (ours, input): (Vec<_>, Vec<_>) = self.reader.lag().into_iter().partition(|(of, _)| of.topic == *access);
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
            self.input_partitions.heard(input, Instant::now());
        }
        self.reader.pause(held);
    }

    fn measure(&mut self) {
        let metrics = &self.parts.metrics;
        let restoring = self.node.restore_progress();
        metrics.restoring(restoring.tasks as u64, restoring.messages, restoring.bytes);
        if restoring.tasks > 0 {
            tracing::info!(tasks = restoring.tasks, messages = restoring.messages, bytes = restoring.bytes, "restoring state");
        }
        let running = self.node.tasks().count();
        if restoring.tasks == 0 && self.has_joined() && !self.restored {
            self.restored = true;
            self.parts.health.set_restored();
            tracing::info!(tasks = running, "ready");
        }
        metrics.set_tasks(running as u64);
        let employees: usize = self.node.tasks().map(|(_, task)| task.first().employees()).sum();
        metrics.set_employees_tracked(employees as u64);
        let firsts = self.node.tasks().map(|(task, of)| (task, of.first()));
        if let Some(newest) = self.parts.coverage.publish_tasks(firsts, self.setup.layout.tasks) {
            metrics.set_coverage(&newest);
        }
        self.input_partitions.measure(&self.node.watermarks(), &self.reader.lag(), now_ms(), &self.parts.health, self.has_joined());
        let counts = self.node.counts();
        self.sinks.count(&counts, &self.input_partitions);
    }

    fn has_joined(&self) -> bool {
        self.reading.has_joined() && self.working.has_joined()
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
                        self.writer.send(ProducerRecord {
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
                        self.sinks.settled(number, &alerts, &mut self.parts.delivery);
                        hit("alerts given");
                    }
                    Effect::Provisional(alerts) => self.sinks.provisional(&alerts, &mut self.parts.delivery),
                    Effect::Consume(topic, partition, from) => {
                        self.reader.assign(TopicPartition::new(self.setup.topics[&topic].clone(), partition), from)
                    }
                    Effect::StopConsuming(topic, partition) => {
                        self.reader.unassign(TopicPartition::new(self.setup.topics[&topic].clone(), partition))
                    }
                    Effect::ConsumeInput(input, from) => {
                        self.input_partitions.open(&input, from);
                        self.reader.assign(input, from);
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
                self.working.commit(read.collect());
                self.reading.commit(commits);
                hit("offsets committed");
            }
            for (number, offset) in self.writer.poll().context("kafka: sending")? {
                self.node.acknowledged(number, offset);
                hit("message acknowledged");
            }
            for number in self.sinks.acknowledged(&self.parts.delivery) {
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
        while let Ok(event) = self.working.events.try_recv().or_else(|_| self.reading.events.try_recv()) {
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
                self.input_partitions.close(of);
                self.reader.unassign(of.clone());
            }
        }
    }

    /// Saves tasks that are given up, so that whoever takes them on need not read much again. Nothing rests on it.
    fn last_save(&mut self, tasks: &[i32]) -> anyhow::Result<()> {
        let until = Instant::now() + LAST_SAVE;
        self.release_held(|_| true)?;
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

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// The latest event time that is believed of a message of that time.
fn believed(timestamp_ms: Option<i64>, skew: Span) -> Option<Timestamp> {
    timestamp_ms.filter(|ms| *ms > 0).map(|ms| Timestamp(ms) + skew)
}
