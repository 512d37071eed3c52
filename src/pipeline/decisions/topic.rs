//! The topic of decisions, for processes that share the work: read from its beginning and followed, and written to.
//!
//! A message is a line of the file, keyed by the decision's id. Nothing of it may be removed: with the same records it makes the same alerts.

use crate::config::schema::Kafka;
use crate::kafka::consumer::PartitionConsumer;
use crate::kafka::topics::{bounds, partitions};
use crate::model::decision::Decision;
use crate::model::decision::parse::Taken;
use crate::model::topic::TopicPartition;
use crate::pipeline::decisions::contents::Contents;
use crate::sink::SinkError;
use crate::sink::produce::Producer;
use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The topic as it is read.
pub struct TopicDecisions {
    fresh: Receiver<Contents>,
    is_complete: Arc<AtomicBool>,
}

/// How long one look for messages takes.
const WAIT: Duration = Duration::from_millis(200);

/// How often brokers are asked again that did not answer, and how often it is told.
const RETRY: Duration = Duration::from_secs(1);
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// After such a silence nothing more comes of what the topic held: offsets at its end may hold no message.
const SILENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether the topic has more partitions.
const LOOK: Duration = Duration::from_secs(30);

/// Batches that wait to be taken; the reader waits beyond.
const WAITING: usize = 64;

impl TopicDecisions {
    /// Starts to read the topic.
    pub fn start(kafka: Kafka) -> std::io::Result<TopicDecisions> {
        let (sender, fresh) = bounded(WAITING);
        let is_complete = Arc::new(AtomicBool::new(false));
        let reader = Reader { kafka, sender, is_complete: is_complete.clone(), next: BTreeMap::new(), told: None };
        std::thread::Builder::new().name("decisions".to_owned()).spawn(move || reader.run())?;
        Ok(TopicDecisions { fresh, is_complete })
    }

    /// What has come since this was last asked for, and whether all that the topic held at the start is in it.
    pub fn take(&self) -> (Vec<Contents>, bool) {
        // Asked first: what came before it was set is taken below.
        let is_complete = self.is_complete.load(Ordering::Acquire);
        (self.fresh.try_iter().collect(), is_complete && self.fresh.is_empty())
    }
}

struct Reader {
    kafka: Kafka,
    sender: Sender<Contents>,
    is_complete: Arc<AtomicBool>,
    /// The next offset of each partition.
    next: BTreeMap<TopicPartition, i64>,
    told: Option<Instant>,
}

/// Why reading ends.
enum End {
    /// Nobody wants to know any more.
    Left,
    /// It is tried again.
    Failed(String),
}

impl Reader {
    fn run(mut self) {
        loop {
            match self.follow() {
                Err(End::Left) => return,
                Err(End::Failed(why)) => {
                    if self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                        self.told = Some(Instant::now());
                        tracing::warn!(why, "decisions of the topic {} cannot be read", self.topic());
                    }
                    std::thread::sleep(RETRY);
                }
                Ok(()) => {}
            }
        }
    }

    fn topic(&self) -> String {
        self.kafka.topics.first().cloned().unwrap_or_default()
    }

    /// The partitions of the topic, each with its end.
    fn ends(&self) -> Result<BTreeMap<TopicPartition, i64>, End> {
        let (cluster, topic) = (self.kafka.cluster(), self.topic());
        let failed = |error: &dyn std::fmt::Display| End::Failed(error.to_string());
        let known = partitions(&cluster, std::slice::from_ref(&topic)).map_err(|error| failed(&error))?;
        let count = known.get(&topic).ok_or_else(|| End::Failed(format!("topic {topic} does not exist")))?;
        let end = |partition: i32| {
            let (_, end) = bounds(&cluster, &topic, partition).map_err(|error| failed(&error))?;
            Ok((TopicPartition::new(topic.as_str(), partition), end))
        };
        (0..*count).map(end).collect()
    }

    /// Reads until the partitions are others, nobody wants to know any more, or something fails.
    fn follow(&mut self) -> Result<(), End> {
        let ends = self.ends()?;
        let mut consumer = PartitionConsumer::in_background(&self.kafka.cluster(), "leakwarden.decisions", "")
            .map_err(|error| End::Failed(error.to_string()))?;
        for partition in ends.keys() {
            consumer.assign(partition.clone(), *self.next.entry(partition.clone()).or_insert(0));
        }
        let (mut looked, mut came) = (Instant::now(), Instant::now());
        loop {
            if let Some(batch) = consumer.receive(WAIT).map_err(|error| End::Failed(error.to_string()))? {
                came = Instant::now();
                for record in batch.records {
                    let bytes = record.value.as_deref().unwrap_or_default();
                    self.send(Contents::of_message(bytes, batch.partition.partition, record.offset.unsigned_abs()))?;
                    self.next.insert(batch.partition.clone(), record.offset + 1);
                }
            }
            let is_read = ends.iter().all(|(partition, end)| self.next.get(partition).is_some_and(|next| next >= end));
            if is_read || (came.elapsed() >= SILENCE && self.ends().is_ok()) {
                self.is_complete.store(true, Ordering::Release);
            }
            // An empty batch asks whether anybody still wants to know.
            self.send(Contents::default())?;
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                if !self.ends()?.keys().eq(ends.keys()) {
                    return Ok(());
                }
            }
        }
    }

    fn send(&self, contents: Contents) -> Result<(), End> {
        let is_empty = contents.decisions.is_empty() && contents.taken.is_empty() && contents.bad.is_empty();
        let mut waiting = contents;
        loop {
            let wait = if is_empty { Duration::ZERO } else { WAIT };
            match self.sender.send_timeout(waiting, wait) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Disconnected(_)) => return Err(End::Left),
                Err(SendTimeoutError::Timeout(_)) if is_empty => return Ok(()),
                Err(SendTimeoutError::Timeout(back)) => waiting = back,
            }
        }
    }
}

/// Writes decisions to their topic.
pub struct TopicLog {
    producer: Producer,
}

impl TopicLog {
    /// To that topic. Fails only for settings: brokers may be away.
    pub fn new(kafka: &Kafka) -> Result<TopicLog, SinkError> {
        let topic = kafka.topics.first().cloned().unwrap_or_default();
        Ok(TopicLog { producer: Producer::new(&kafka.cluster(), &topic)? })
    }

    /// Writes a decision: `Ok` once the brokers have it.
    pub fn append(&mut self, decision: &Decision) -> Result<(), SinkError> {
        let line = decision.to_line();
        self.producer.produce([(decision.id.as_bytes(), line.as_bytes())])
    }

    /// Writes down from when on a decision that came late is in force.
    pub fn append_taken(&mut self, taken: &Taken) -> Result<(), SinkError> {
        let (key, line) = (format!("taken:{}", taken.of), taken.to_line());
        self.producer.produce([(key.as_bytes(), line.as_bytes())])
    }
}
