//! The service as one of several processes: what the group gives it is read, decided by a [`Node`], and sent. The node decides; here
//! are the brokers, the clock and the sinks. What it shares with a service of one process stands in [`crate::pipeline::service`].

mod caches;
mod configurations;
mod continuity;
mod decisions;
mod effects;
mod input_partitions;
mod intruders;
mod measure;
mod membership;
mod setup;
mod survey;

use crate::config::schema::Config;
use crate::engine::context::Context;
use crate::failpoint::hit;
use crate::kafka::consumer::PartitionConsumer;
use crate::kafka::group::GroupMember;
use crate::kafka::producer::RecordProducer;
use crate::model::time::{Span, Timestamp};
use crate::model::topic::TopicPartition;
use crate::pipeline::decisions::letters::DecisionLetters;
use crate::pipeline::parallel::Parallel;
use crate::pipeline::reload::Loaded;
use crate::pipeline::service::followed::Released;
use crate::pipeline::service::losses::Losses;
use crate::pipeline::service::stopping::Stopping;
use crate::pipeline::service::{BEHIND, Parts, Service, now, record_counts};
use crate::store::seal::StateSealer;
use crate::stream::InternalTopic;
use crate::stream::authentication::{self, MessageSealer, SealKey, WriterId};
use crate::stream::committed::SavedStates;
use crate::stream::input_partition::InputPosition;
use crate::stream::node::{Message, Node, Show};
use anyhow::Context as _;
use caches::{CacheLocation, Caches};
use crossbeam_channel::Receiver;
use decisions::ClusterDecisions;
use input_partitions::Reading;
pub use setup::Setup;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long to wait for messages before looking at everything else.
const WAIT: Duration = Duration::from_millis(20);
/// Batches of messages taken in a step.
const BATCHES: usize = 8;
/// How often tasks are sent watermarks, and provisional alerts that did not settle are retracted.
const SECOND: Duration = Duration::from_secs(1);
/// Bytes sent and not acknowledged; with more, nothing is read until brokers have caught up.
const UNDER_WAY: usize = 64 * 1024 * 1024;
/// An input partition whose watermark is so far ahead of the one furthest behind is paused: its records could only wait.
const AHEAD: Span = Span::hours(2);
/// Records that came to their broker longer ago than this are a backlog as well.
const FRESH: Span = Span::minutes(15);
/// A save may take at most 1 / (UNSAVED + 1) of the time: after a backlog much has changed.
const UNSAVED: u32 = 4;
/// After so long the same offset is committed again: a commit may have failed.
const COMMITTED_AGAIN: Duration = Duration::from_secs(5);
/// How long the save of tasks that are revoked may take: all others wait for it.
const REVOKED_SAVE: Duration = Duration::from_secs(3);
/// How long the last save may take before this process leaves its groups: the others wait for its tasks.
const LAST_SAVE: Duration = Duration::from_millis(600);
/// How long the sinks may take to acknowledge at the end.
const LAST_ALERTS: Duration = Duration::from_secs(6);
/// How long the Kafka client may take to leave a group.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);
/// How long caches may take to be written when the process ends.
const CACHE_WITHIN: Duration = Duration::from_secs(1);

/// A running process.
pub struct Process {
    setup: Setup,
    node: Node,
    /// Member of the group that shares out the input's partitions.
    input_group: GroupMember,
    /// Member of the group that shares out the tasks.
    task_group: GroupMember,
    consumer: PartitionConsumer,
    producer: RecordProducer,
    service: Service<TopicPartition, Reading>,
    inputs: continuity::InputWatch,
    survey: survey::Survey,
    configurations: configurations::ConfigurationWatch,
    losses: Losses<TopicPartition>,
    /// Batches of alerts that the node waits for every sink to acknowledge: number of the sinks' batch, and of the node's effect.
    unacknowledged_alerts: VecDeque<(u64, u64)>,
    caches: Caches,
    /// What was committed last of each input partition, and when.
    committed: BTreeMap<TopicPartition, (InputPosition, Instant)>,
    /// How far the states of tasks were saved when that was last committed.
    committed_states: BTreeMap<i32, SavedStates>,
    save_at: Instant,
    second_at: Instant,
    stepped_at: Instant,
    restored: bool,
    /// Records that were finished since that was last reported.
    finished: u64,
    /// Whether there is a backlog, so that nothing is published before it settles.
    behind: bool,
    saving_since: Option<Instant>,
    watch: intruders::Watch,
    decisions: Option<ClusterDecisions>,
}

/// This run of this process as a writer.
pub fn writer() -> WriterId {
    let name = caches::log_name();
    WriterId::new(now().0, name.first_chunk().map_or(0, |half| u64::from_be_bytes(*half)))
}

impl Process {
    /// Joins the others; `letters` are of messages that are no decisions.
    pub fn start(
        config: &Config,
        context: Arc<Context>,
        setup: Setup,
        letters: Option<DecisionLetters>,
        parts: Parts,
    ) -> anyhow::Result<Process> {
        let consumer = PartitionConsumer::start(&setup.cluster, &setup.groups[0].group, authentication::HEADER)?;
        let producer = RecordProducer::new(&setup.cluster)?;
        let keys = &context.classifier.keys;
        let key = SealKey::new(keys.messages(&setup.prefix));
        let input_group = GroupMember::join(&setup.cluster, &setup.groups[0])?;
        let task_group = GroupMember::join(&setup.cluster, &setup.groups[1])?;
        let service: Service<TopicPartition, Reading> = Service::new(config, parts);
        let decisions = ClusterDecisions::start(config, letters)?;
        let now = Instant::now();
        let place = CacheLocation {
            dir: config.state.dir.join("cache"),
            topic: setup.topics[&InternalTopic::State].clone(),
            cluster: setup.cluster.clone(),
            group: setup.groups[0].group.clone(),
            key: key.clone(),
            sealer: StateSealer::new(keys),
        };
        Ok(Process {
            inputs: continuity::InputWatch::new(&setup, keys)?,
            survey: survey::Survey::start(&setup)?,
            configurations: configurations::ConfigurationWatch::default(),
            node: Node::new(context, setup.layout.clone(), MessageSealer::new(key, writer())),
            losses: Losses::default(),
            unacknowledged_alerts: VecDeque::new(),
            caches: Caches::start(place, &service.metrics),
            setup,
            input_group,
            task_group,
            consumer,
            producer,
            committed: BTreeMap::new(),
            committed_states: BTreeMap::new(),
            save_at: now + service.settings.checkpoint,
            service,
            second_at: now,
            stepped_at: now,
            restored: false,
            finished: 0,
            behind: false,
            saving_since: None,
            watch: intruders::Watch::default(),
            decisions,
        })
    }

    /// Runs until it is to stop, then saves and leaves.
    pub fn run(mut self, stop: &Receiver<()>) -> anyhow::Result<()> {
        self.service.configured(&self.node.context().config);
        while matches!(stop.try_recv(), Err(crossbeam_channel::TryRecvError::Empty)) {
            self.step(stop)?;
        }
        self.service.health.set_stopping();
        let stopping = Stopping::begin();
        let tasks: Vec<i32> = self.node.tasks().map(|(task, _)| task).collect();
        self.make_inputs_known(Instant::now(), true);
        self.withdraw_configuration();
        self.last_save(&tasks, LAST_SAVE)?;
        stopping.done("tasks are saved");
        let members = [self.task_group, self.input_group];
        members.iter().for_each(GroupMember::begin_to_leave);
        let left = members.map(|member| member.leave(LEAVE_WITHIN));
        stopping.done("the groups are left");
        // Whoever has the tasks now tells again what is not acknowledged.
        self.service.publisher.stop(LAST_ALERTS);
        self.caches.stop(CACHE_WITHIN);
        stopping.done("sinks and caches are closed");
        if left.contains(&false) {
            tracing::warn!("the Kafka client did not leave in time and is left behind");
        }
        Ok(())
    }

    /// One step. What came and was not taken when it is to stop is read by whoever comes next.
    fn step(&mut self, stop: &Receiver<()>) -> anyhow::Result<()> {
        let now = Instant::now();
        // Where this process was stopped for long, that nothing was read says nothing of the partitions.
        if now.duration_since(self.stepped_at) > Duration::from_secs(5) {
            self.service.followed.iter_mut().for_each(|(_, followed)| followed.awake(now));
        }
        self.stepped_at = now;
        self.take_up_changes()?;
        self.take_group_events()?;
        self.begin_inputs()?;
        if self.producer.unacknowledged_bytes() < UNDER_WAY {
            let mut wait = WAIT;
            for _ in 0..BATCHES {
                if !stop.is_empty() {
                    return Ok(());
                }
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
        self.give_decisions(now)?;
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
            self.service.metrics.set_state_bytes(self.caches.size());
        }
        Ok(())
    }

    /// Takes what people have decided, and gives it to the coordinator where that is here.
    fn give_decisions(&mut self, now: Instant) -> anyhow::Result<()> {
        let Some(decisions) = &mut self.decisions else { return Ok(()) };
        decisions.read(&self.service.metrics);
        if let Some(coordinator) = self.node.coordinator_mut() {
            decisions.give_to(coordinator, &self.service.metrics);
            decisions.write(now);
            let letters = decisions.take_letters(&self.node.context().classifier.keys, &self.service.metrics);
            self.service.dead_letters.extend(letters);
        } else {
            decisions.leave_letters();
        }
        self.service.dead_letters.keep()
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
        let Some(topic) = ours else { return self.take_input(partition, messages) };
        let fresh = now() - FRESH;
        let shows = self.service.settings.provisional && !self.behind;
        for message in messages {
            hit("message taken");
            let arrived = message.timestamp_ms.map(Timestamp).filter(|at| shows && *at >= fresh);
            let show = arrived.map(|arrived| Show { arrived, now: now() });
            let (key, value, seal) = (&message.key, message.value.as_deref(), message.header.as_deref());
            self.node.message(topic, partition.partition, Message { offset: message.offset, key, value, seal }, show);
            if topic == InternalTopic::State && self.node.has_effects() {
                self.act()?;
                if !self.consumer.is_current(partition, assignment) {
                    break;
                }
            }
        }
        Ok(())
    }

    fn take_input(&mut self, input: &TopicPartition, messages: Vec<crate::kafka::consumer::ConsumerRecord>) -> anyhow::Result<()> {
        self.look_for_lost(input, &messages);
        let messages = &self.not_taken_yet(input, messages)?;
        let classifier = self.node.context().classifier.clone();
        let Some(followed) = self.service.followed.get_mut(input) else { return Ok(()) };
        let batches = input_partitions::decode(followed, messages, &classifier, now());
        // It is told with the first record behind it.
        let mut lost = if messages.is_empty() { 0 } else { followed.more.take_lost() };
        let source = followed.source;
        if lost > 0 {
            let since = self.node.watermarks().get(input).copied();
            self.losses.begin(input.clone(), input.to_string(), None, since);
        }
        for (message, batch) in messages.iter().zip(batches) {
            record_counts::count_decoded(&batch, &self.service.followed.sources()[source].metrics);
            self.service.followed.note(input, &batch);
            self.finished += batch.records;
            let limit = self.service.settings.limit(message.timestamp_ms, now());
            let (content, letters) = input_partitions::as_input(batch, std::mem::take(&mut lost), Some(limit));
            self.service.dead_letters.extend(letters);
            if let Some(first) = content.accesses.first() {
                self.losses.end(input, first.time);
            }
            self.node.record(input, message.offset, content);
            hit("record taken");
        }
        // Also where the last messages were taken before.
        if let Some(next) = self.service.followed.get(input).and_then(|followed| followed.more.read.next) {
            self.node.pass_input(input, next);
        }
        self.service.dead_letters.keep()
    }

    /// Where offsets are missing, asks the brokers whether their records expired before they were read: those are lost, and it is logged.
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
            self.service.followed.note(&partition, &batch);
            if let Some(followed) = self.service.followed.get(&partition) {
                record_counts::count_decoded(&batch, &self.service.followed.sources()[followed.source].metrics);
            }
            let (content, letters) = input_partitions::as_input(batch, 0, None);
            self.service.dead_letters.extend(letters);
            self.node.take_held(&partition, content);
        }
        self.service.dead_letters.keep()
    }

    fn each_second(&mut self, now: Instant) -> anyhow::Result<()> {
        let classifier = self.node.context().classifier.clone();
        let released = self.service.followed.release_complete(now, &classifier);
        self.take_released(released)?;
        self.node.publish_watermarks();
        // Also where nothing is shown any more: what was shown is settled or retracted.
        self.node.reconcile(crate::pipeline::service::now());
        let idle = self.service.settings.idle;
        let is_silent = |input: &TopicPartition| self.service.followed.get(input).is_some_and(|followed| followed.silence(now) >= idle);
        let silent: Vec<TopicPartition> = self.node.running_inputs().into_iter().filter(is_silent).collect();
        self.node.advance_idle(&silent);
        self.behind = self.backlog() > BEHIND;
        self.hold_those_ahead();
        self.node.prepare_commits();
        self.look_at_inputs(now)?;
        self.retire_inputs();
        self.make_inputs_known(now, false);
        self.compare_configurations(now);
        self.look_for_intruders(now);
        self.measure();
        Ok(())
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
}
