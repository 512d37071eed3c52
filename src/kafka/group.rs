//! A member of the consumer group: the group decides who works on which partitions. Nothing is read through it; what was worked on
//! is committed through it, so that a member that was taken for dead can commit nothing.

use crate::kafka::log_line;
use crate::kafka::settings::{Cluster, SettingsError};
use crate::kafka::token::shows_token;
use crate::model::topic::TopicPartition;
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the group says.
#[derive(Debug)]
pub enum GroupEvent {
    /// This partition is ours; where it was committed, with what stood beside it.
    Assigned {
        /// Which.
        partition: TopicPartition,
        /// The committed offset and its metadata.
        committed: Option<(i64, String)>,
    },
    /// These are to be given up. Whoever drops the sender lets the group go on.
    Revoked(Vec<TopicPartition>, Sender<()>),
    /// These were lost: others have them already.
    Lost(Vec<TopicPartition>),
    /// The client cannot go on.
    Failed(String),
}

/// An offset to commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Of which partition.
    pub partition: TopicPartition,
    /// The next offset to read.
    pub offset: i64,
    /// What is to stand beside it.
    pub metadata: String,
}

/// How to join.
#[derive(Clone, Debug)]
pub struct GroupSettings {
    /// The group.
    pub group: String,
    /// A name that stays over restarts, so that a restart moves nothing.
    pub instance: Option<String>,
    /// Topics whose partitions are shared out.
    pub topics: Vec<String>,
    /// After so long without a sign of life a member is taken for dead.
    pub session_timeout: Duration,
}

/// A running member.
pub struct GroupMember {
    /// What the group says, in order.
    pub events: Receiver<GroupEvent>,
    commits: Sender<Vec<Commit>>,
    shared: Arc<Shared>,
    finished: Receiver<()>,
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    joined: AtomicBool,
    ours: Mutex<BTreeSet<TopicPartition>>,
    new: Mutex<Vec<TopicPartition>>,
}

/// How long the group waits for partitions to be given up in order.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(8);
const POLL: Duration = Duration::from_millis(100);
const COMMITTED_WITHIN: Duration = Duration::from_secs(15);

struct Context {
    shared: Arc<Shared>,
    said: Sender<GroupEvent>,
}

impl ClientContext for Context {
    shows_token!();

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "kafka");
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let named: Vec<TopicPartition> = partitions.elements().iter().map(|e| TopicPartition::new(e.topic(), e.partition())).collect();
        let cooperative = matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let outcome = if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.shared.ours().extend(named.iter().cloned());
            self.shared.new.lock().unwrap_or_else(PoisonError::into_inner).extend(named);
            // Nothing is read here: offsets at the end, and paused.
            for mut element in partitions.elements() {
                let _ = element.set_offset(Offset::End);
            }
            let assigned = if cooperative { consumer.incremental_assign(partitions) } else { consumer.assign(partitions) };
            assigned.and_then(|()| consumer.pause(partitions))
        } else {
            self.shared.ours().retain(|ours| !named.contains(ours));
            self.shared.new.lock().unwrap_or_else(PoisonError::into_inner).retain(|new| !named.contains(new));
            if consumer.assignment_lost() {
                let _ = self.said.send(GroupEvent::Lost(named));
            } else if !named.is_empty() {
                let (done, given_up) = bounded(1);
                if self.said.send(GroupEvent::Revoked(named, done)).is_ok() {
                    let _ = given_up.recv_timeout(GIVEN_UP_WITHIN);
                }
            }
            if cooperative { consumer.incremental_unassign(partitions) } else { consumer.unassign() }
        };
        self.shared.joined.store(true, Ordering::Release);
        if let Err(error) = outcome {
            tracing::error!(%error, "kafka: rebalance");
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(error) = result {
            tracing::warn!(%error, "kafka: offsets are not committed; more is read again after a restart");
        }
    }
}

impl Shared {
    fn ours(&self) -> std::sync::MutexGuard<'_, BTreeSet<TopicPartition>> {
        self.ours.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GroupMember {
    /// Joins the group.
    pub fn join(cluster: &Cluster, settings: &GroupSettings) -> Result<GroupMember, SettingsError> {
        let session = settings.session_timeout.as_millis().to_string();
        let heartbeat = (settings.session_timeout.as_millis() / 5).clamp(100, 3_000).to_string();
        let defaults: &[(&str, &str)] = &[
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "earliest"),
            ("partition.assignment.strategy", "cooperative-sticky"),
            ("session.timeout.ms", &session),
            ("heartbeat.interval.ms", &heartbeat),
            ("allow.auto.create.topics", "false"),
            ("topic.metadata.refresh.interval.ms", "10000"),
        ];
        let mut config = cluster.config(defaults)?;
        config.set("group.id", &settings.group);
        if let Some(instance) = &settings.instance {
            config.set("group.instance.id", instance);
        }
        config.set_log_level(RDKafkaLogLevel::Warning);
        let (sender, events) = unbounded();
        let shared = Arc::<Shared>::default();
        let context = Context { shared: Arc::clone(&shared), said: sender.clone() };
        let consumer: BaseConsumer<Context> = cluster.client(&config, context)?;
        let topics: Vec<&str> = settings.topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).map_err(|error| SettingsError::Client(format!("topics {topics:?}: {error}")))?;
        let (commits, orders) = unbounded();
        let (finish, finished): (Sender<()>, _) = bounded(1);
        let thread = Thread { consumer, shared: Arc::clone(&shared), said: sender, orders };
        std::thread::Builder::new()
            .name("kafka-group".to_owned())
            .spawn(move || {
                let _finish = finish;
                thread.run();
            })
            .map_err(|error| SettingsError::Client(format!("cannot start its thread: {error}")))?;
        Ok(GroupMember { events, commits, shared, finished })
    }

    /// Commits soon, what is still ours.
    pub fn commit(&self, commits: Vec<Commit>) {
        if !commits.is_empty() {
            let _ = self.commits.send(commits);
        }
    }

    /// Whether the group has answered.
    pub fn has_joined(&self) -> bool {
        self.shared.joined.load(Ordering::Acquire)
    }

    /// Leaves the group. False if the client did not come to its end by the deadline; the process may exit all the same.
    pub fn leave(self, deadline: Duration) -> bool {
        self.shared.stopping.store(true, Ordering::Release);
        drop(self.events);
        matches!(self.finished.recv_timeout(deadline), Err(crossbeam_channel::RecvTimeoutError::Disconnected))
    }
}

struct Thread {
    consumer: BaseConsumer<Context>,
    shared: Arc<Shared>,
    said: Sender<GroupEvent>,
    orders: Receiver<Vec<Commit>>,
}

impl Thread {
    fn run(self) {
        while !self.shared.stopping.load(Ordering::Acquire) {
            match self.consumer.poll(POLL) {
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                    let _ = self.said.send(GroupEvent::Failed(error.to_string()));
                    return;
                }
                Some(Err(error)) => tracing::warn!(%error, "kafka: group"),
                // Paused partitions give nothing.
                Some(Ok(_)) | None => {}
            }
            self.tell_new();
            loop {
                match self.orders.try_recv() {
                    Ok(commits) => self.commit(&commits, CommitMode::Async),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return self.leave(),
                }
            }
        }
        self.leave();
    }

    /// Where new partitions were committed is asked for outside of the callback, and until it is answered.
    fn tell_new(&self) {
        let new = std::mem::take(&mut *self.shared.new.lock().unwrap_or_else(PoisonError::into_inner));
        if new.is_empty() {
            return;
        }
        let mut list = TopicPartitionList::new();
        for new in &new {
            list.add_partition(&new.topic, new.partition);
        }
        match self.consumer.committed_offsets(list, COMMITTED_WITHIN) {
            Ok(committed) => {
                for element in committed.elements() {
                    let offset = match element.offset() {
                        Offset::Offset(offset) => Some((offset, element.metadata().to_owned())),
                        _ => None,
                    };
                    let ours =
                        GroupEvent::Assigned { partition: TopicPartition::new(element.topic(), element.partition()), committed: offset };
                    let _ = self.said.send(ours);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "kafka: committed offsets cannot be read; trying again");
                let ours = self.shared.ours().clone();
                let again = new.into_iter().filter(|new| ours.contains(new));
                self.shared.new.lock().unwrap_or_else(PoisonError::into_inner).extend(again);
            }
        }
    }

    fn commit(&self, commits: &[Commit], mode: CommitMode) {
        let ours = self.shared.ours().clone();
        let mut list = TopicPartitionList::new();
        for commit in commits.iter().filter(|commit| ours.contains(&commit.partition)) {
            let mut element = list.add_partition(&commit.partition.topic, commit.partition.partition);
            let _ = element.set_offset(Offset::Offset(commit.offset));
            element.set_metadata(&*commit.metadata);
        }
        if list.count() > 0
            && let Err(error) = self.consumer.commit(&list, mode)
        {
            tracing::warn!(%error, "kafka: offsets are not committed; more is read again after a restart");
        }
    }

    fn leave(self) {
        while let Ok(commits) = self.orders.try_recv() {
            self.commit(&commits, CommitMode::Sync);
        }
        self.consumer.unsubscribe();
        let until = Instant::now() + Duration::from_secs(3);
        while !self.shared.ours().is_empty() && Instant::now() < until {
            let _ = self.consumer.poll(POLL);
        }
    }
}
