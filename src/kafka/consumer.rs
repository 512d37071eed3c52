//! Reads partitions from given offsets on, apart from any group: who reads what is decided elsewhere.

use crate::kafka::log_line;
use crate::kafka::settings::{Cluster, SettingsError};
use crate::kafka::token::shows_token;
use crate::model::topic::TopicPartition;
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::statistics::Statistics;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Messages and bytes of a batch, about.
const BATCH: (usize, usize) = (4_096, 2 * 1024 * 1024);
/// Batches that wait to be taken. When they are full the thread waits: a reader of no group is evicted by nobody.
const BATCHES: usize = 4;
const POLL: Duration = Duration::from_millis(20);

const DEFAULTS: &[(&str, &str)] = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // What has expired is passed over, and told.
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

/// A message that was read.
#[derive(Clone, Debug)]
pub struct ConsumerRecord {
    /// Its offset.
    pub offset: i64,
    /// The broker's or producer's time in epoch milliseconds.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Vec<u8>,
    /// Its content; `None` of a removal.
    pub value: Option<Vec<u8>>,
}

/// Messages of one partition, in order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which.
    pub partition: TopicPartition,
    /// How often it was followed anew before: messages of an earlier time are of no more use.
    pub since: u64,
    /// The messages.
    pub messages: Vec<ConsumerRecord>,
}

enum Command {
    Assign(TopicPartition, i64, u64),
    Unassign(TopicPartition),
    Pause(BTreeSet<TopicPartition>),
}

/// A running reader.
pub struct PartitionConsumer {
    commands: Sender<Command>,
    batches: Receiver<Result<Batch, KafkaError>>,
    since: BTreeMap<TopicPartition, u64>,
    follows: u64,
    lag: Arc<Mutex<BTreeMap<TopicPartition, u64>>>,
    held: BTreeSet<TopicPartition>,
}

struct Context {
    lag: Arc<Mutex<BTreeMap<TopicPartition, u64>>>,
}

impl ClientContext for Context {
    shows_token!();

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "kafka");
    }

    fn stats(&self, statistics: Statistics) {
        let of_topic = |(topic, about): (&String, &rdkafka::statistics::Topic)| {
            let name: Arc<str> = topic.as_str().into();
            let known = about.partitions.iter().filter(|(_, about)| about.hi_offset >= 0 && about.app_offset >= 0);
            let lag = |(partition, about): (&i32, &rdkafka::statistics::Partition)| {
                (TopicPartition::new(name.clone(), *partition), u64::try_from(about.hi_offset - about.app_offset).unwrap_or(0))
            };
            known.map(lag).collect::<Vec<_>>()
        };
        let lags = statistics.topics.iter().flat_map(of_topic).collect();
        *self.lag.lock().unwrap_or_else(PoisonError::into_inner) = lags;
    }
}

impl ConsumerContext for Context {}

impl PartitionConsumer {
    /// Starts its thread. `group` is a name for the brokers' logs; the reader joins none.
    pub fn start(cluster: &Cluster, group: &str) -> Result<PartitionConsumer, SettingsError> {
        PartitionConsumer::start_with(cluster, group, &[])
    }

    /// One for which nobody waits: it asks seldom, and holds little.
    pub fn in_background(cluster: &Cluster, group: &str) -> Result<PartitionConsumer, SettingsError> {
        PartitionConsumer::start_with(cluster, group, &[("fetch.wait.max.ms", "500"), ("queued.max.messages.kbytes", "8192")])
    }

    fn start_with(cluster: &Cluster, group: &str, more: &[(&str, &str)]) -> Result<PartitionConsumer, SettingsError> {
        let mut config = cluster.config(&[DEFAULTS, more].concat())?;
        config.set("group.id", format!("{group}.reader"));
        config.set_log_level(RDKafkaLogLevel::Warning);
        let lag = Arc::default();
        let consumer: BaseConsumer<Context> = cluster.client(&config, Context { lag: Arc::clone(&lag) })?;
        let (commands, orders) = unbounded();
        let (sender, batches) = bounded(BATCHES);
        std::thread::Builder::new()
            .name("kafka-read".to_owned())
            .spawn(move || Thread { consumer, orders, sender, following: BTreeMap::new(), names: BTreeMap::new() }.run())
            .map_err(|error| SettingsError::Client(format!("cannot start its thread: {error}")))?;
        Ok(PartitionConsumer { commands, batches, since: BTreeMap::new(), follows: 0, lag, held: BTreeSet::new() })
    }

    /// Reads a partition from an offset on.
    pub fn assign(&mut self, partition: TopicPartition, from: i64) {
        self.follows += 1;
        self.since.insert(partition.clone(), self.follows);
        // A thread that has ended has said why.
        let _ = self.commands.send(Command::Assign(partition, from, self.follows));
    }

    /// Reads a partition no more.
    pub fn unassign(&mut self, partition: TopicPartition) {
        self.since.remove(&partition);
        let _ = self.commands.send(Command::Unassign(partition));
    }

    /// Reads these no further for now, and all others.
    pub fn pause(&mut self, partitions: BTreeSet<TopicPartition>) {
        if self.held != partitions {
            self.held.clone_from(&partitions);
            let _ = self.commands.send(Command::Pause(partitions));
        }
    }

    /// The next messages; waits for them a moment. Those of a partition that is no longer followed, or anew, are passed over.
    pub fn receive(&self, wait: Duration) -> Result<Option<Batch>, KafkaError> {
        let Ok(batch) = self.batches.recv_timeout(wait) else { return Ok(None) };
        let batch = batch?;
        Ok(self.follows(&batch.partition, batch.since).then_some(batch))
    }

    /// Whether messages of that time are still of use.
    pub fn follows(&self, partition: &TopicPartition, since: u64) -> bool {
        self.since.get(partition) == Some(&since)
    }

    /// Messages not read yet of each partition, as of a few seconds ago.
    pub fn lag(&self) -> BTreeMap<TopicPartition, u64> {
        self.lag.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Thread {
    consumer: BaseConsumer<Context>,
    orders: Receiver<Command>,
    sender: Sender<Result<Batch, KafkaError>>,
    following: BTreeMap<TopicPartition, u64>,
    names: BTreeMap<String, Arc<str>>,
}

impl Thread {
    fn run(mut self) {
        loop {
            match self.orders.try_recv() {
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
            if self.following.is_empty() {
                std::thread::sleep(POLL);
                continue;
            }
            match self.batch() {
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
            Command::Assign(partition, from, since) => {
                if self.following.insert(partition.clone(), since).is_some() {
                    self.consumer.incremental_unassign(&list(&[(&partition, None)]))?;
                }
                self.consumer.incremental_assign(&list(&[(&partition, Some(from))]))
            }
            Command::Unassign(partition) => match self.following.remove(&partition) {
                Some(_) => self.consumer.incremental_unassign(&list(&[(&partition, None)])),
                None => Ok(()),
            },
            Command::Pause(held) => {
                let (hold, go): (Vec<&TopicPartition>, Vec<&TopicPartition>) = self.following.keys().partition(|of| held.contains(*of));
                let list = |of: Vec<&TopicPartition>| list(&of.into_iter().map(|of| (of, None)).collect::<Vec<_>>());
                self.consumer.pause(&list(hold))?;
                self.consumer.resume(&list(go))
            }
        }
    }

    /// Messages that are there, by partition.
    fn batch(&mut self) -> KafkaResult<Vec<Batch>> {
        let mut batches: Vec<Batch> = Vec::new();
        let (mut messages, mut bytes, mut wait) = (0, 0, POLL);
        while messages < BATCH.0 && bytes < BATCH.1 {
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
            messages += 1;
            bytes += message.payload_len() + message.key_len();
            if !self.names.contains_key(message.topic()) {
                self.names.insert(message.topic().to_owned(), message.topic().into());
            }
            let topic = &self.names[message.topic()];
            let at = batches.iter().rposition(|batch| batch.partition.partition == message.partition() && batch.partition.topic == *topic);
            let at = match at {
                Some(at) => at,
                None => {
                    let partition = TopicPartition::new(Arc::clone(topic), message.partition());
                    let Some(since) = self.following.get(&partition).copied() else { continue };
                    batches.push(Batch { partition, since, messages: Vec::new() });
                    batches.len() - 1
                }
            };
            batches[at].messages.push(owned(&message));
        }
        Ok(batches)
    }
}

fn owned(message: &BorrowedMessage<'_>) -> ConsumerRecord {
    ConsumerRecord {
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().map(<[u8]>::to_vec),
    }
}

fn list(partitions: &[(&TopicPartition, Option<i64>)]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (of, offset) in partitions {
        let mut element = list.add_partition(&of.topic, of.partition);
        if let Some(offset) = offset {
            // Fails for offsets that cannot be; ours came from brokers.
            let _ = element.set_offset(Offset::Offset(*offset));
        }
    }
    list
}
