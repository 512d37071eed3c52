//! Topics from their beginning to where they end now, for a replay: each partition is an input of its own.
//!
//! One client reads all partitions; what it fetches ahead waits in a queue per partition, and librdkafka stops fetching one
//! that nobody takes from. No group is joined and nothing is committed.

use crate::kafka::context::{KafkaContext, LastError};
use crate::kafka::identity::{Continuity, MarkKey, Marks, RecordMark};
use crate::kafka::lookup::LogReader;
use crate::kafka::settings::{Cluster, READS_OFFSETS, SettingsError};
use crate::model::topic::TopicPartition;
use crate::source::SourceError;
use crate::source::kafka::{Positions, bounds};
use crate::source::piece::{Messages, Piece};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of a piece, about.
const PIECE: usize = 1024 * 1024;
/// How long one look into a queue may take.
const POLL: Duration = Duration::from_millis(100);
/// How long no message may come before reading fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(20);
/// How long letting go of the client may take.
const LEAVING: Duration = Duration::from_secs(5);

const DEFAULTS: &[(&str, &str)] = &[
    // Of all partitions together: what waits while others are further behind.
    ("queued.max.messages.kbytes", "16384"),
];

/// Topics as they stood at one moment.
#[derive(Clone, Debug)]
pub struct BoundedTopics {
    cluster: Cluster,
    group: String,
    bounds: BTreeMap<TopicPartition, (i64, i64)>,
}

impl BoundedTopics {
    /// Looks where the topics begin and end. `group` is only a name that librdkafka asks for: it is not joined.
    pub fn of(cluster: &Cluster, group: &str, topics: &[String]) -> Result<BoundedTopics, SettingsError> {
        let bounds = bounds(cluster, topics, REQUEST)?;
        Ok(BoundedTopics { cluster: cluster.clone(), group: group.to_owned(), bounds })
    }

    /// Opens every partition, in the order of their names; `positions` says what an earlier run has applied, and `marks` what it read: a topic
    /// that was made anew since is read from its start.
    pub fn open(
        &self,
        positions: &Positions,
        marks: &BTreeMap<TopicPartition, Marks>,
        key: &MarkKey,
    ) -> Result<Vec<BoundedPartition>, SettingsError> {
        let known: BTreeMap<TopicPartition, Vec<RecordMark>> =
            self.bounds.keys().filter_map(|of| Some((of.clone(), marks.get(of)?.newest_first()))).collect();
        let continuity = match known.is_empty() {
            true => BTreeMap::new(),
            false => LogReader::new(&self.cluster, &self.group, key.clone())?.continuity(&known, REQUEST),
        };
        // Where to go on, and whether that is before where it was left.
        let goes_on = |of: &TopicPartition, (first, end): (i64, i64)| -> Result<(i64, Option<Rewound>), SettingsError> {
            let Some(next) = positions.get(of).copied() else { return Ok((first, None)) };
            let to = match continuity.get(of) {
                Some(Continuity::Unknown) => {
                    return Err(SettingsError::Client(format!("{of}: whether it is what was read before cannot be asked for")));
                }
                Some(Continuity::MadeAnew) => None,
                Some(Continuity::LostEnd(to)) => Some(*to),
                // Positions of a state that knows no records.
                None if next > end => None,
                Some(Continuity::Same) | None => return Ok((next.max(first), None)),
            };
            Ok((to.unwrap_or(0).max(first), Some(Rewound { expected: next, to })))
        };
        let mut config = self.cluster.config(&[READS_OFFSETS, DEFAULTS].concat())?;
        config.set("group.id", &self.group);
        config.set_log_level(RDKafkaLogLevel::Warning);
        let consumer = self.cluster.request_client(&config, KafkaContext(LastError::default()))?;
        let failed = |error: KafkaError| SettingsError::Client(error.to_string());
        let mut list = TopicPartitionList::new();
        let mut starts = BTreeMap::new();
        for (partition, bounds) in &self.bounds {
            let (next, rewound) = goes_on(partition, *bounds)?;
            list.add_partition_offset(&partition.topic, partition.partition, Offset::Offset(next)).map_err(failed)?;
            starts.insert(partition, (next, rewound));
        }
        consumer.assign(&list).map_err(failed)?;
        let client = Arc::new(Client { consumer: Some(Arc::new(consumer)), early: Mutex::default(), key: key.clone() });
        let mut partitions = Vec::new();
        for (partition, (_, end)) in &self.bounds {
            let consumer = client.consumer();
            let queue = consumer.split_partition_queue(&partition.topic, partition.partition);
            let queue = queue.ok_or_else(|| SettingsError::Client(format!("{partition} has no queue")))?;
            let (next, rewound) = starts[partition];
            let mut marks = marks.get(partition).cloned().unwrap_or_default();
            if let Some(rewound) = rewound {
                marks.cut(rewound.to.unwrap_or(0));
            }
            partitions.push(BoundedPartition {
                of: partition.clone(),
                queue,
                client: Arc::clone(&client),
                next,
                end: *end,
                ended: next >= *end,
                marks,
                rewound,
            });
        }
        client.serve();
        Ok(partitions)
    }
}

/// A partition, from where it is read to where it ended.
pub struct BoundedPartition {
    of: TopicPartition,
    // Before the client: a queue goes before the client whose it is.
    queue: PartitionQueue<KafkaContext<LastError>>,
    client: Arc<Client>,
    next: i64,
    end: i64,
    ended: bool,
    marks: Marks,
    rewound: Option<Rewound>,
}

/// A partition is read from before where it had been left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rewound {
    /// Where it had been left.
    pub expected: i64,
    /// Behind what is left of it; `None`: from its start, since it was made anew.
    pub to: Option<i64>,
}

impl BoundedPartition {
    /// Its topic and number.
    pub fn of(&self) -> &TopicPartition {
        &self.of
    }

    /// The name of its partition, as in the service: what evidence cites.
    pub fn name(&self) -> String {
        self.of.to_string()
    }

    /// The next offset.
    pub fn next(&self) -> u64 {
        self.next.unsigned_abs()
    }

    /// What is known of the records that were read.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// How it is not read on from where it had been left, if so.
    pub fn rewound(&self) -> Option<Rewound> {
        self.rewound
    }

    /// What comes next; `None` at the end.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, SourceError> {
        let (mut list, mut bytes) = (Vec::new(), 0);
        let deadline = Instant::now() + PATIENCE;
        while !self.ended && bytes < PIECE {
            self.client.serve();
            if let Some((mark, payload)) = self.client.early(&self.of) {
                bytes += self.keep(mark, payload, &mut list);
                continue;
            }
            match self.queue.poll(POLL) {
                Some(Ok(message)) => {
                    let (mark, payload) = owned(&message, &self.client.key);
                    bytes += self.keep(mark, payload, &mut list);
                }
                // Also where what was there has expired meanwhile, or the last messages are none of ours to see.
                Some(Err(KafkaError::PartitionEOF(_))) => self.ended = true,
                Some(Err(error)) => return Err(self.failed(&error.to_string())),
                None if Instant::now() < deadline => {}
                None => {
                    let why = self.client.consumer().context().0.last();
                    return Err(self.failed(&why.unwrap_or_else(|| format!("nothing came within {PATIENCE:?}"))));
                }
            }
        }
        Ok((!list.is_empty()).then_some(Piece::Messages(Messages { list, bytes })))
    }

    /// Takes a message that is asked for; gives its length.
    fn keep(&mut self, mark: RecordMark, payload: Vec<u8>, list: &mut Vec<(u64, Vec<u8>)>) -> usize {
        let (length, offset) = (payload.len(), mark.offset);
        if offset >= self.next && offset < self.end {
            self.marks.note(mark);
            list.push((offset.unsigned_abs(), payload));
            self.next = offset + 1;
        }
        self.ended |= offset + 1 >= self.end;
        length
    }

    fn failed(&self, why: &str) -> SourceError {
        SourceError::Topic { place: format!("{} at offset {}", self.name(), self.next), why: why.to_owned() }
    }
}

/// Messages: what each is known by, and its content.
type Early = VecDeque<(RecordMark, Vec<u8>)>;

/// The client behind all partitions.
struct Client {
    /// None once it is let go.
    consumer: Option<Arc<BaseConsumer<KafkaContext<LastError>>>>,
    /// Messages that had come before their partition had a queue of its own.
    early: Mutex<BTreeMap<TopicPartition, Early>>,
    key: MarkKey,
}

impl Client {
    fn consumer(&self) -> &Arc<BaseConsumer<KafkaContext<LastError>>> {
        self.consumer.as_ref().expect("it is taken in drop alone")
    }

    /// Lets the client call back.
    fn serve(&self) {
        while let Some(polled) = self.consumer().poll(Duration::ZERO) {
            let Ok(message) = polled else { continue };
            let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
            early.entry(TopicPartition::new(message.topic(), message.partition())).or_default().push_back(owned(&message, &self.key));
        }
    }

    fn early(&self, partition: &TopicPartition) -> Option<(RecordMark, Vec<u8>)> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner).get_mut(partition)?.pop_front()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Dropping a client can hang for ever (rust-rdkafka 509): it is left behind then.
        let consumer = self.consumer.take();
        let (done, dropped) = crossbeam_channel::bounded::<()>(0);
        let begun = std::thread::Builder::new().name("kafka-leave".to_owned()).spawn(move || {
            drop(consumer);
            drop(done);
        });
        if begun.is_ok() {
            // Disconnected when it is dropped.
            let _ = dropped.recv_timeout(LEAVING);
        }
    }
}

fn owned(message: &BorrowedMessage<'_>, key: &MarkKey) -> (RecordMark, Vec<u8>) {
    let hash = key.hash(message.timestamp().to_millis(), message.key().unwrap_or_default(), message.payload());
    (RecordMark { offset: message.offset(), hash }, message.payload().unwrap_or_default().to_vec())
}
