//! Records from Kafka: a thread of its own polls, batches go through a bounded channel in order.
//!
//! Guarantees rest on the saved state, not on the group: the state says where to start, and offsets are committed only for those who
//! watch the lag of the group. The state is that of one process, which must read every partition: see [`exclusive`].

pub mod bounded;
pub mod consumer_state;
mod continuity;
pub mod exclusive;
pub mod poll;
pub mod range;

use crate::kafka::context::{KafkaContext, LastError};
use crate::kafka::identity::{MarkKey, Marks};
use crate::kafka::lookup::LogReader;
pub use crate::kafka::settings;
use crate::kafka::topics::retry_unready;
use crate::model::topic::TopicPartition;
use consumer_state::{Callbacks, ConsumerState};
use continuity::ContinuityWatch;
use crossbeam_channel::{Receiver, Sender, bounded};
use exclusive::ExclusiveAssignment;
use poll::Poller;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use settings::{Cluster, SettingsError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The next offset to read of each partition.
pub type Positions = BTreeMap<TopicPartition, i64>;

/// What to read.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// From where.
    pub cluster: Cluster,
    /// Topics; `^…` is a regular expression, as in librdkafka.
    pub topics: Vec<String>,
    /// Consumer group.
    pub group: String,
    /// The key of the hashes by which a topic is known.
    pub key: MarkKey,
}

/// A message as it arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KafkaMessage {
    /// Its topic.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The broker's or producer's time in epoch milliseconds.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its content; empty for a tombstone.
    pub payload: Vec<u8>,
    /// Its hash, by which it is known that the partition is the one that it was read from.
    pub hash: u64,
}

/// What happens in a source, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KafkaEvent {
    /// Messages; those of a partition in the order of their offsets.
    Batch(Vec<KafkaMessage>),
    /// Partitions were assigned, and are read from these offsets where the state has one.
    Assigned(Vec<(TopicPartition, Option<i64>)>),
    /// Partitions no longer exist. Messages of them may have come before.
    Revoked(Vec<TopicPartition>),
    /// Messages of a partition have expired before they were read.
    Jumped {
        /// Which.
        partition: TopicPartition,
        /// Where it should have continued.
        expected: i64,
        /// Where it does.
        found: i64,
    },
    /// A partition is read from before where it should have continued: its topic was made anew, or has lost its end. Messages of it
    /// that are read already, of the new one too, do not come again.
    Rewound {
        /// Which.
        partition: TopicPartition,
        /// Where it should have continued.
        expected: i64,
        /// Behind what is left of it; `None`: from its start, since it was made anew, and its offsets mean other messages.
        to: Option<i64>,
    },
    /// A partition goes on at that offset, since what comes before it was read already.
    GoesOn {
        /// Which.
        partition: TopicPartition,
        /// The next offset.
        next: i64,
    },
    /// The client failed for good. Nothing follows.
    Failed(String),
}

/// Batches between the poll thread and the engine. When the engine does not take them, partitions are paused and the thread
/// polls on, so that the group does not evict it; memory stays at these batches and librdkafka's own queue.
const BATCHES: usize = 16;

/// librdkafka's statistics are the cheap way to the high watermarks: no request of its own, they come with each fetch.
const DEFAULTS: &[(&str, &str)] = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("auto.offset.reset", "earliest"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("fetch.wait.max.ms", "100"),
    ("topic.metadata.refresh.interval.ms", "30000"),
    ("allow.auto.create.topics", "false"),
    ("statistics.interval.ms", "2000"),
];

/// A running consumer.
pub struct KafkaSource {
    events: Receiver<KafkaEvent>,
    state: Arc<ConsumerState>,
    finished: Receiver<()>,
}

impl KafkaSource {
    /// Subscribes and begins to poll. `positions` is where the state wants to continue; it wins over what the group committed. `marks`
    /// are of what was read of each partition until then.
    pub fn start(
        settings: &KafkaSettings,
        positions: Positions,
        marks: BTreeMap<TopicPartition, Marks>,
    ) -> Result<KafkaSource, SettingsError> {
        KafkaSource::start_with(settings, positions, marks, BATCHES)
    }

    fn start_with(
        settings: &KafkaSettings,
        positions: Positions,
        marks: BTreeMap<TopicPartition, Marks>,
        batches: usize,
    ) -> Result<KafkaSource, SettingsError> {
        let mut config = settings.cluster.config(DEFAULTS)?;
        config.set("group.id", &settings.group);
        config.set_log_level(RDKafkaLogLevel::Warning);
        let state = Arc::new(ConsumerState::new(positions, marks));
        let reader = LogReader::new(&settings.cluster, &settings.group, settings.key.clone())?;
        let consumer = settings.cluster.client(&config, KafkaContext(Callbacks(Arc::clone(&state))))?;
        let exclusive = ExclusiveAssignment::new(settings, &config)?;
        let (sender, events) = bounded(batches);
        let (finish, finished): (Sender<()>, _) = bounded(1);
        let continuity = ContinuityWatch::new(reader);
        let poller = Poller::new(consumer, Arc::clone(&state), exclusive, continuity, sender);
        std::thread::Builder::new()
            .name("kafka-poll".to_owned())
            .spawn(move || {
                // Dropped when the thread ends, in whatever way: `stop` sees it.
                let _finish = finish;
                poller.run();
            })
            .map_err(|error| SettingsError::Client(format!("cannot start its thread: {error}")))?;
        Ok(KafkaSource { events, state, finished })
    }

    /// What happens, in order. Disconnected once the thread has ended.
    pub fn events(&self) -> &Receiver<KafkaEvent> {
        &self.events
    }

    /// Whether all partitions are assigned and a broker answers.
    pub fn is_connected(&self) -> bool {
        self.state.connected.load(Ordering::Acquire)
    }

    /// Whether some partitions are not assigned to us: nothing is read then.
    pub fn is_partial(&self) -> bool {
        self.state.is_partial()
    }

    /// Messages not read yet, per assigned partition, as of a few seconds ago. Zero: caught up.
    pub fn lag(&self) -> BTreeMap<TopicPartition, u64> {
        self.state.lag()
    }

    /// How many commits have failed for good since this was last asked for.
    pub fn take_failed_commits(&self) -> u64 {
        self.state.failed_commits.swap(0, Ordering::AcqRel)
    }

    /// These offsets are contained in the saved state: commits them soon. Asynchronous; only the latest call counts. A failed commit is logged, counted, and harms nothing.
    pub fn commit(&self, positions: Positions) {
        self.state.request_commit(positions);
    }

    /// Begins to leave the group, where there are others to do so at the same time.
    pub fn begin_to_stop(&self) {
        self.state.stopping.store(true, Ordering::Release);
    }

    /// Leaves the group. False if the client did not come to its end by the deadline: it is left behind then, since closing it
    /// can hang for ever (rust-rdkafka 509, 453, 611), and the process may exit.
    pub fn stop(self, deadline: Duration) -> bool {
        self.begin_to_stop();
        // Wakes a poll thread that waits for room in the channel.
        drop(self.events);
        matches!(self.finished.recv_timeout(deadline), Err(crossbeam_channel::RecvTimeoutError::Disconnected))
    }
}

/// The first and next offset of every partition of the topics, for a replay that ends where the topic ended when it began.
pub fn bounds(cluster: &Cluster, topics: &[String], timeout: Duration) -> Result<BTreeMap<TopicPartition, (i64, i64)>, SettingsError> {
    let config = cluster.config(&[])?;
    let consumer = cluster.request_client(&config, KafkaContext(LastError::default()))?;
    let mut bounds = BTreeMap::new();
    for topic in topics {
        let failed = |error: KafkaError| {
            // The cause is reported to callbacks, which run inside of a poll.
            while consumer.poll(Duration::from_millis(100)).is_some() {}
            let why = consumer.context().0.last().unwrap_or_else(|| error.to_string());
            SettingsError::Client(format!("topic {topic:?}: {why}"))
        };
        let metadata = retry_unready(|| consumer.fetch_metadata(Some(topic), timeout)).map_err(failed)?;
        let known = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
        let known = known.ok_or_else(|| SettingsError::Client(format!("topic {topic:?} does not exist")))?;
        let name: Arc<str> = topic.as_str().into();
        for partition in known.partitions() {
            let range = retry_unready(|| consumer.fetch_watermarks(topic, partition.id(), timeout)).map_err(failed)?;
            bounds.insert(TopicPartition::new(Arc::clone(&name), partition.id()), range);
        }
    }
    Ok(bounds)
}

#[cfg(test)]
mod tests;
