//! A member of a consumer group, used for assignment only: the group decides which process works on which partitions. Nothing is read
//! through it. Offsets are committed through it, so that a member that the group has evicted can commit nothing.

use crate::kafka::consumer::partition_list;
use crate::kafka::context::{ClientEvents, KafkaContext};
use crate::kafka::leaving;
use crate::kafka::settings::{Cluster, SettingsError};
use crate::model::topic::TopicPartition;
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What happens to the membership.
#[derive(Debug)]
pub enum GroupEvent {
    /// A partition was assigned to this member.
    Assigned {
        /// Which.
        partition: TopicPartition,
        /// The committed offset and its metadata.
        committed: Option<(i64, String)>,
    },
    /// Partitions are being revoked. The rebalance goes on once the sender is dropped, or after a few seconds.
    Revoked(Vec<TopicPartition>, Sender<()>),
    /// Partitions were lost without a chance to commit: other members have them already.
    Lost(Vec<TopicPartition>),
    /// The client failed for good. Nothing follows.
    Failed(String),
}

/// An offset to commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// The partition.
    pub partition: TopicPartition,
    /// The next offset to read.
    pub offset: i64,
    /// Metadata that is committed with it.
    pub metadata: String,
}

/// How to join a group.
#[derive(Clone, Debug)]
pub struct GroupSettings {
    /// The group.
    pub group: String,
    /// `group.instance.id`, a name that stays over restarts, so that a restart causes no rebalance.
    pub instance: Option<String>,
    /// Topics whose partitions are assigned among the members.
    pub topics: Vec<String>,
    /// A member that sends no heartbeat for so long is evicted.
    pub session_timeout: Duration,
}

/// A running member.
pub struct GroupMember {
    /// What happens, in order.
    pub events: Receiver<GroupEvent>,
    commits: Sender<Vec<Commit>>,
    state: Arc<MemberState>,
    finished: Receiver<()>,
}

/// Shared by the owner, the thread that polls, and the callbacks, which run on that thread.
#[derive(Default)]
struct MemberState {
    stopping: AtomicBool,
    joined: AtomicBool,
    failed_commits: AtomicU64,
    assigned: Mutex<BTreeSet<TopicPartition>>,
    /// Assigned, while their committed offsets are not known yet.
    unannounced: Mutex<Vec<TopicPartition>>,
}

/// How long a rebalance waits for revoked partitions to be given up in order.
const REVOKE_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a poll waits; a stop and commits wait as long.
const POLL: Duration = Duration::from_millis(50);
const COMMITTED_TIMEOUT: Duration = Duration::from_secs(15);
/// The client's own default of how long a member may do without a poll.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(300);
/// How long leaving the group may take.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);

struct Membership {
    state: Arc<MemberState>,
    events: Sender<GroupEvent>,
}

impl ClientEvents for Membership {
    fn on_commit_failed(&self) {
        self.state.failed_commits.fetch_add(1, Ordering::AcqRel);
    }
}

impl ConsumerContext for KafkaContext<Membership> {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let KafkaContext(Membership { state, events }) = self;
        let named: Vec<TopicPartition> =
            partitions.elements().iter().map(|element| TopicPartition::new(element.topic(), element.partition())).collect();
        let cooperative = matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let outcome = if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            state.assigned().extend(named.iter().cloned());
            state.unannounced().extend(named);
            // Nothing is read through this client: partitions start at their end, and paused.
            for mut element in partitions.elements() {
                let _ = element.set_offset(Offset::End);
            }
            let assigned = if cooperative { consumer.incremental_assign(partitions) } else { consumer.assign(partitions) };
            assigned.and_then(|()| consumer.pause(partitions))
        } else {
            state.assigned().retain(|assigned| !named.contains(assigned));
            state.unannounced().retain(|new| !named.contains(new));
            if consumer.assignment_lost() {
                let _ = events.send(GroupEvent::Lost(named));
            } else if !named.is_empty() && !state.stopping.load(Ordering::Acquire) {
                // Who stops has given them up already.
                let (done, given_up) = bounded(1);
                if events.send(GroupEvent::Revoked(named, done)).is_ok() {
                    let _ = given_up.recv_timeout(REVOKE_TIMEOUT);
                }
            }
            if cooperative { consumer.incremental_unassign(partitions) } else { consumer.unassign() }
        };
        state.joined.store(true, Ordering::Release);
        if let Err(error) = outcome {
            tracing::error!(%error, "kafka: rebalance");
        }
    }
}

impl MemberState {
    fn assigned(&self) -> MutexGuard<'_, BTreeSet<TopicPartition>> {
        self.assigned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unannounced(&self) -> MutexGuard<'_, Vec<TopicPartition>> {
        self.unannounced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GroupMember {
    /// Joins the group.
    pub fn join(cluster: &Cluster, settings: &GroupSettings) -> Result<GroupMember, SettingsError> {
        let session_timeout = settings.session_timeout.as_millis().to_string();
        // The client refuses a session that is longer.
        let poll_interval = settings.session_timeout.max(MAX_POLL_INTERVAL).as_millis().to_string();
        let heartbeat = (settings.session_timeout.as_millis() / 5).clamp(100, 3_000).to_string();
        let defaults: &[(&str, &str)] = &[
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "earliest"),
            ("partition.assignment.strategy", "cooperative-sticky"),
            ("session.timeout.ms", &session_timeout),
            ("heartbeat.interval.ms", &heartbeat),
            ("max.poll.interval.ms", &poll_interval),
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
        let state = Arc::<MemberState>::default();
        let membership = Membership { state: Arc::clone(&state), events: sender.clone() };
        let consumer: BaseConsumer<KafkaContext<Membership>> = cluster.client(&config, KafkaContext(membership))?;
        let topics: Vec<&str> = settings.topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).map_err(|error| SettingsError::Client(format!("topics {topics:?}: {error}")))?;
        let (commits, to_commit) = unbounded();
        let (finish, finished): (Sender<()>, _) = bounded(1);
        let thread = MemberThread { consumer, state: Arc::clone(&state), events: sender, commits: to_commit };
        std::thread::Builder::new()
            .name("kafka-group".to_owned())
            .spawn(move || {
                let _finish = finish;
                thread.run();
            })
            .map_err(|error| SettingsError::Client(format!("cannot start its thread: {error}")))?;
        Ok(GroupMember { events, commits, state, finished })
    }

    /// Commits soon. Partitions that are no longer assigned to this member are left out.
    pub fn commit(&self, commits: Vec<Commit>) {
        if !commits.is_empty() {
            let _ = self.commits.send(commits);
        }
    }

    /// Whether the group has assigned or revoked something since the start: before that it has not answered.
    pub fn has_joined(&self) -> bool {
        self.state.joined.load(Ordering::Acquire)
    }

    /// How many commits have failed for good since this was last asked for.
    pub fn take_failed_commits(&self) -> u64 {
        self.state.failed_commits.swap(0, Ordering::AcqRel)
    }

    /// Begins to leave the group, where there are others to do so at the same time.
    pub fn begin_to_leave(&self) {
        self.state.stopping.store(true, Ordering::Release);
    }

    /// Leaves the group. False if the client has not ended by the deadline; the process may exit all the same.
    pub fn leave(self, deadline: Duration) -> bool {
        self.begin_to_leave();
        drop(self.events);
        matches!(self.finished.recv_timeout(deadline), Err(crossbeam_channel::RecvTimeoutError::Disconnected))
    }
}

struct MemberThread {
    consumer: BaseConsumer<KafkaContext<Membership>>,
    state: Arc<MemberState>,
    events: Sender<GroupEvent>,
    commits: Receiver<Vec<Commit>>,
}

impl MemberThread {
    fn run(self) {
        while !self.state.stopping.load(Ordering::Acquire) {
            match self.consumer.poll(POLL) {
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                    let _ = self.events.send(GroupEvent::Failed(error.to_string()));
                    return;
                }
                Some(Err(error)) => tracing::warn!(%error, "kafka: group"),
                // Paused partitions deliver nothing.
                Some(Ok(_)) | None => {}
            }
            self.announce();
            loop {
                match self.commits.try_recv() {
                    Ok(commits) => self.commit(&commits),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return self.leave(),
                }
            }
        }
        self.leave();
    }

    /// Announces new partitions with their committed offsets. Those are asked for here, not in the callback, and until brokers answer.
    fn announce(&self) {
        let new = std::mem::take(&mut *self.state.unannounced());
        if new.is_empty() {
            return;
        }
        let list = partition_list(&new.iter().map(|partition| (partition, None)).collect::<Vec<_>>());
        match self.consumer.committed_offsets(list, COMMITTED_TIMEOUT) {
            Ok(offsets) => {
                for element in offsets.elements() {
                    let committed = match element.offset() {
                        Offset::Offset(offset) => Some((offset, element.metadata().to_owned())),
                        _ => None,
                    };
                    let partition = TopicPartition::new(element.topic(), element.partition());
                    let _ = self.events.send(GroupEvent::Assigned { partition, committed });
                }
            }
            Err(error) => {
                tracing::warn!(%error, "kafka: committed offsets cannot be read; trying again");
                let assigned = self.state.assigned().clone();
                self.state.unannounced().extend(new.into_iter().filter(|new| assigned.contains(new)));
            }
        }
    }

    /// Commits that fail are logged as their answers come.
    fn commit(&self, commits: &[Commit]) {
        let assigned = self.state.assigned().clone();
        let mut list = TopicPartitionList::new();
        for commit in commits.iter().filter(|commit| assigned.contains(&commit.partition)) {
            let mut element = list.add_partition(&commit.partition.topic, commit.partition.partition);
            let _ = element.set_offset(Offset::Offset(commit.offset));
            element.set_metadata(&*commit.metadata);
        }
        if list.count() > 0
            && let Err(error) = self.consumer.commit(&list, CommitMode::Async)
        {
            tracing::warn!(%error, "kafka: offsets are not committed; more is read again after a restart");
        }
    }

    fn leave(self) {
        while let Ok(commits) = self.commits.try_recv() {
            self.commit(&commits);
        }
        leaving::leave(self.consumer, LEAVE_TIMEOUT);
    }
}
