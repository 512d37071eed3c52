//! A consumer of partitions that are assigned by hand, from given offsets on, outside of any group: who reads what is decided
//! elsewhere.

use crate::kafka::context::{ClientEvents, KafkaContext};
use crate::kafka::settings::{Cluster, SettingsError};
use crate::model::topic::TopicPartition;
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Records of a batch, about.
const BATCH_RECORDS: usize = 4_096;
/// Bytes of a batch, about.
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// Batches that wait to be received. When they are full the thread waits: a consumer without a group cannot be evicted from one.
const BATCHES: usize = 4;
const POLL: Duration = Duration::from_millis(20);

const DEFAULTS: &[(&str, &str)] = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // Offsets that have expired are skipped; whoever takes the records sees the gap.
    ("auto.offset.reset", "earliest"),
    ("fetch.wait.max.ms", "20"),
    ("fetch.min.bytes", "1"),
    ("queued.max.messages.kbytes", "32768"),
    // A full queue is looked at again soon; a second later, as by default, it has long been empty.
    ("fetch.queue.backoff.ms", "10"),
    ("allow.auto.create.topics", "false"),
    ("statistics.interval.ms", "2000"),
    ("isolation.level", "read_committed"),
];

/// A record that was read.
#[derive(Clone, Debug)]
pub struct ConsumerRecord {
    /// Its offset.
    pub offset: i64,
    /// The broker's or producer's time in epoch milliseconds.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; `None` of a tombstone.
    pub value: Option<Vec<u8>>,
    /// The header of the name that was asked for.
    pub header: Option<Vec<u8>>,
}

/// Records of one partition, in order.
#[derive(Clone, Debug)]
pub struct ConsumerBatch {
    /// The partition.
    pub partition: TopicPartition,
    /// The assignment that they were read under: those of an earlier one are to be dropped.
    pub assignment: u64,
    /// The records.
    pub records: Vec<ConsumerRecord>,
}

enum Command {
    /// From that offset, under that number of an assignment.
    Assign(TopicPartition, i64, u64),
    Unassign(TopicPartition),
    Pause(BTreeSet<TopicPartition>),
}

/// What the statistics and errors of the client say.
#[derive(Default)]
struct Observed {
    lag: Mutex<BTreeMap<TopicPartition, u64>>,
    /// No broker can be reached.
    is_cut_off: AtomicBool,
}

/// A running consumer.
pub struct PartitionConsumer {
    commands: Sender<Command>,
    batches: Receiver<Result<ConsumerBatch, KafkaError>>,
    /// The number of the current assignment of each partition.
    assigned: BTreeMap<TopicPartition, u64>,
    last_assignment: u64,
    observed: Arc<Observed>,
    paused: BTreeSet<TopicPartition>,
}

struct LagObserver(Arc<Observed>);

impl ClientEvents for LagObserver {
    fn on_error(&self, error: &KafkaError, _: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) && !self.0.is_cut_off.swap(true, Ordering::AcqRel) {
            tracing::warn!("kafka: no broker can be reached");
        }
    }

    fn on_statistics(&self, statistics: &Statistics) {
        if statistics.brokers.values().any(|broker| broker.state == "UP") {
            self.0.is_cut_off.store(false, Ordering::Release);
        }
        let of_topic = |(topic, about): (&String, &rdkafka::statistics::Topic)| {
            let name: Arc<str> = topic.as_str().into();
            let known = about.partitions.iter().filter(|(_, about)| about.hi_offset >= 0 && about.app_offset >= 0);
            let lag = |(partition, about): (&i32, &rdkafka::statistics::Partition)| {
                (TopicPartition::new(name.clone(), *partition), u64::try_from(about.hi_offset - about.app_offset).unwrap_or(0))
            };
            known.map(lag).collect::<Vec<_>>()
        };
        let lags = statistics.topics.iter().flat_map(of_topic).collect();
        *self.0.lag.lock().unwrap_or_else(PoisonError::into_inner) = lags;
    }
}

impl ConsumerContext for KafkaContext<LagObserver> {}

impl PartitionConsumer {
    /// Starts its thread. `group` is only a name for the brokers' logs: no group is joined. Of headers it reads the one of that name.
    pub fn start(cluster: &Cluster, group: &str, header: &'static str) -> Result<PartitionConsumer, SettingsError> {
        PartitionConsumer::start_with(cluster, group, header, &[])
    }

    /// A consumer for work in the background: it fetches seldom and buffers little.
    pub fn in_background(cluster: &Cluster, group: &str, header: &'static str) -> Result<PartitionConsumer, SettingsError> {
        PartitionConsumer::start_with(cluster, group, header, &[("fetch.wait.max.ms", "500"), ("queued.max.messages.kbytes", "8192")])
    }

    fn start_with(cluster: &Cluster, group: &str, header: &'static str, more: &[(&str, &str)]) -> Result<PartitionConsumer, SettingsError> {
        let mut config = cluster.config(&[DEFAULTS, more].concat())?;
        config.set("group.id", format!("{group}.reader"));
        config.set_log_level(RDKafkaLogLevel::Warning);
        let observed = Arc::default();
        let consumer = cluster.client(&config, KafkaContext(LagObserver(Arc::clone(&observed))))?;
        let (commands, to_obey) = unbounded();
        let (sender, batches) = bounded(BATCHES);
        std::thread::Builder::new()
            .name("kafka-read".to_owned())
            .spawn(move || {
                ConsumerThread { consumer, commands: to_obey, sender, assigned: BTreeMap::new(), topics: BTreeMap::new(), header }.run()
            })
            .map_err(|error| SettingsError::Client(format!("cannot start its thread: {error}")))?;
        Ok(PartitionConsumer { commands, batches, assigned: BTreeMap::new(), last_assignment: 0, observed, paused: BTreeSet::new() })
    }

    /// Reads a partition from an offset on, also where it is being read from elsewhere.
    pub fn assign(&mut self, partition: TopicPartition, from: i64) {
        self.last_assignment += 1;
        self.assigned.insert(partition.clone(), self.last_assignment);
        // A thread that has ended has sent its error.
        let _ = self.commands.send(Command::Assign(partition, from, self.last_assignment));
    }

    /// Stops reading a partition.
    pub fn unassign(&mut self, partition: TopicPartition) {
        self.assigned.remove(&partition);
        let _ = self.commands.send(Command::Unassign(partition));
    }

    /// Pauses these partitions and resumes all others.
    pub fn pause(&mut self, partitions: BTreeSet<TopicPartition>) {
        if self.paused != partitions {
            self.paused.clone_from(&partitions);
            let _ = self.commands.send(Command::Pause(partitions));
        }
    }

    /// The next batch, waiting for it at most so long. Batches of earlier assignments are dropped.
    pub fn receive(&self, wait: Duration) -> Result<Option<ConsumerBatch>, KafkaError> {
        let Ok(batch) = self.batches.recv_timeout(wait) else { return Ok(None) };
        let batch = batch?;
        Ok(self.is_current(&batch.partition, batch.assignment).then_some(batch))
    }

    /// Whether that is the current assignment of the partition.
    pub fn is_current(&self, partition: &TopicPartition, assignment: u64) -> bool {
        self.assigned.get(partition) == Some(&assignment)
    }

    /// Records not read yet of each partition, as of a few seconds ago.
    pub fn lag(&self) -> BTreeMap<TopicPartition, u64> {
        self.observed.lag.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether no broker can be reached.
    pub fn is_cut_off(&self) -> bool {
        self.observed.is_cut_off.load(Ordering::Acquire)
    }
}

struct ConsumerThread {
    consumer: BaseConsumer<KafkaContext<LagObserver>>,
    commands: Receiver<Command>,
    sender: Sender<Result<ConsumerBatch, KafkaError>>,
    assigned: BTreeMap<TopicPartition, u64>,
    /// Names of topics: one allocation for each, not for each record.
    topics: BTreeMap<String, Arc<str>>,
    header: &'static str,
}

impl ConsumerThread {
    fn run(mut self) {
        loop {
            match self.commands.try_recv() {
                Ok(command) => {
                    if let Err(error) = self.obey(command) {
                        let _ = self.sender.send(Err(error));
                        break;
                    }
                    continue;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => break,
            }
            match self.poll_batches() {
                Ok(batches) => {
                    if batches.into_iter().any(|batch| self.sender.send(Ok(batch)).is_err()) {
                        break;
                    }
                }
                Err(error) => {
                    let _ = self.sender.send(Err(error));
                    break;
                }
            }
        }
        // Closing a consumer can hang for ever (rust-rdkafka 509, 453, 611); it belongs to no group that it would have to leave.
        std::mem::forget(self.consumer);
    }

    fn obey(&mut self, command: Command) -> KafkaResult<()> {
        match command {
            Command::Assign(partition, from, assignment) => {
                if self.assigned.insert(partition.clone(), assignment).is_some() {
                    self.consumer.incremental_unassign(&partition_list(&[(&partition, None)]))?;
                }
                self.consumer.incremental_assign(&partition_list(&[(&partition, Some(from))]))
            }
            Command::Unassign(partition) => match self.assigned.remove(&partition) {
                Some(_) => self.consumer.incremental_unassign(&partition_list(&[(&partition, None)])),
                None => Ok(()),
            },
            Command::Pause(paused) => {
                let (pause, resume): (Vec<&TopicPartition>, Vec<&TopicPartition>) =
                    self.assigned.keys().partition(|partition| paused.contains(*partition));
                let list = |of: Vec<&TopicPartition>| partition_list(&of.into_iter().map(|of| (of, None)).collect::<Vec<_>>());
                self.consumer.pause(&list(pause))?;
                self.consumer.resume(&list(resume))
            }
        }
    }

    /// Records that have been fetched, by partition.
    fn poll_batches(&mut self) -> KafkaResult<Vec<ConsumerBatch>> {
        let mut batches: Vec<ConsumerBatch> = Vec::new();
        let (mut records, mut bytes, mut wait) = (0, 0, POLL);
        while records < BATCH_RECORDS && bytes < BATCH_BYTES {
            let Some(polled) = self.consumer.poll(wait) else { break };
            wait = Duration::ZERO;
            let message = match polled {
                Ok(message) => message,
                Err(error @ KafkaError::MessageConsumptionFatal(_)) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "kafka: reading");
                    continue;
                }
            };
            records += 1;
            bytes += message.payload_len() + message.key_len();
            if !self.topics.contains_key(message.topic()) {
                self.topics.insert(message.topic().to_owned(), message.topic().into());
            }
            let topic = &self.topics[message.topic()];
            let of_partition = |batch: &ConsumerBatch| batch.partition.partition == message.partition() && batch.partition.topic == *topic;
            let at = match batches.iter().rposition(of_partition) {
                Some(at) => at,
                None => {
                    let partition = TopicPartition::new(Arc::clone(topic), message.partition());
                    let Some(assignment) = self.assigned.get(&partition).copied() else { continue };
                    batches.push(ConsumerBatch { partition, assignment, records: Vec::new() });
                    batches.len() - 1
                }
            };
            batches[at].records.push(owned(&message, self.header));
        }
        Ok(batches)
    }
}

fn owned(message: &BorrowedMessage<'_>, header: &str) -> ConsumerRecord {
    let found = message.headers().and_then(|headers| headers.iter().find(|found| found.key == header));
    ConsumerRecord {
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().map(<[u8]>::to_vec),
        header: found.and_then(|found| found.value).map(<[u8]>::to_vec),
    }
}

/// Partitions as librdkafka takes them, with the offsets to begin at.
pub fn partition_list(partitions: &[(&TopicPartition, Option<i64>)]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (of, offset) in partitions {
        let mut element = list.add_partition(&of.topic, of.partition);
        if let Some(offset) = offset {
            // Fails for negative offsets only; ours came from brokers.
            let _ = element.set_offset(Offset::Offset(*offset));
        }
    }
    list
}
