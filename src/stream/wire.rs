//! What the messages of our topics hold. Each begins with the version of its encoding; a message of another version is refused and
//! never guessed at.

use crate::engine::global_stage::StageReport;
use crate::engine::output::Revision;
use crate::engine::partition_events::PartitionEvent;
use crate::model::access::Access;
use crate::model::time::Timestamp;
use crate::model::topic::TopicPartition;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of all encodings.
pub const VERSION: u8 = 2;

/// The place of a message within its input partition: it rises, and is the same whoever sends it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct RecordPosition {
    /// The offset after the record that led to it.
    pub next: i64,
    /// Several of one record.
    pub sub: u32,
}

/// What a message of `leakwarden.access` begins with: a bundle of records and notes that one input partition brings to one task, in order. They
/// follow.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bundle {
    /// InternalTopic of the input.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The input partition's watermark once the records are taken, as far as it may be told.
    pub watermark: Option<Timestamp>,
    /// How many of them follow; none where only the time is told.
    pub records: u32,
    /// Whether they are dead letters that were re-driven: they have no place in the input partition, and settle when they are read.
    pub redriven: bool,
}

/// What a bundle brings, with its place in the input partition and in time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Routed {
    /// Its place in the input partition.
    pub place: RecordPosition,
    /// When it settles.
    pub at: Timestamp,
    /// What it is.
    pub what: RoutedItem,
}

/// What an input partition brings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "almost all are records")]
pub enum RoutedItem {
    /// A record. Its partition and position are those of the input.
    Record {
        /// The record.
        access: Access,
        /// Whether it came late.
        late: bool,
    },
    /// What the partition tells beside its records.
    Note(PartitionEvent),
}

/// Records that wait for their bundle to be full.
#[derive(Clone, Debug, Default)]
pub struct BundleBuilder {
    bytes: Vec<u8>,
    records: u32,
}

impl BundleBuilder {
    /// Adds a record.
    pub fn push(&mut self, record: &Routed) {
        self.bytes = postcard::to_extend(record, std::mem::take(&mut self.bytes)).expect("messages are plain data");
        self.records += 1;
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Bytes of its records.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Ends the message, and begins the next.
    pub fn close(&mut self, topic: &str, partition: i32, watermark: Option<Timestamp>) -> Vec<u8> {
        self.close_as(Bundle { topic: topic.to_owned(), partition, watermark, records: 0, redriven: false })
    }

    /// The same with re-driven records.
    pub fn close_redriven(&mut self, topic: &str, partition: i32) -> Vec<u8> {
        self.close_as(Bundle { topic: topic.to_owned(), partition, watermark: None, records: 0, redriven: true })
    }

    fn close_as(&mut self, bundle: Bundle) -> Vec<u8> {
        let records = std::mem::take(&mut self.records);
        let mut message = encode(&Bundle { records, ..bundle });
        message.append(&mut self.bytes);
        message
    }
}

/// Opens a message of `leakwarden.access`; its records are read one by one.
pub fn read_bundle(bytes: &[u8]) -> Result<(Bundle, BundleReader<'_>), String> {
    let rest = versioned(bytes)?;
    let (bundle, rest) = postcard::take_from_bytes::<Bundle>(rest).map_err(unreadable)?;
    let left = bundle.records;
    Ok((bundle, BundleReader { rest, left }))
}

/// The records of a bundle.
#[derive(Debug)]
pub struct BundleReader<'a> {
    rest: &'a [u8],
    left: u32,
}

impl Iterator for BundleReader<'_> {
    type Item = Result<Routed, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(postcard::take_from_bytes(self.rest).map_err(unreadable).map(|(record, rest)| {
            self.rest = rest;
            record
        }))
    }
}

/// What a task tells the coordinator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Told {
    /// Nothing of it lies before this hour.
    Begins {
        /// The hour.
        hour: i64,
        /// Whether its first record lies in that hour; otherwise that is not known yet.
        first: bool,
    },
    /// What came about from one time, inclusive, to another.
    Settled {
        /// From.
        from: Timestamp,
        /// To.
        to: Timestamp,
        /// Revisions, in order.
        revisions: Vec<Revision>,
    },
    /// It has come to an hour and waits.
    Hour {
        /// Revisions of a day that ends.
        ticked: Vec<Revision>,
        /// What the second stage hears.
        report: StageReport,
        /// The hour up to which the state of the task is saved.
        saved: i64,
    },
    /// What came about when it heard what was learnt at the beginning of a day.
    Heard {
        /// The hour at which the day began.
        hour: i64,
        /// Revisions, in order.
        revisions: Vec<Revision>,
    },
}

/// A recorded tick: an input partition was silent, and its time follows that of the others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tick {
    /// InternalTopic of the input.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The offset before which it stands.
    pub next: i64,
    /// Where the watermark moves.
    pub to: Timestamp,
}

impl Tick {
    /// The input partition that it is of.
    pub fn of(&self) -> TopicPartition {
        TopicPartition::new(self.topic.as_str(), self.partition)
    }
}

/// Encodes a message.
pub fn encode(message: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(message, vec![VERSION]).expect("messages are plain data")
}

/// Decodes a message.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    postcard::from_bytes(versioned(bytes)?).map_err(unreadable)
}

fn versioned(bytes: &[u8]) -> Result<&[u8], String> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        Some((version, _)) => Err(format!("is of version {version}, this program reads version {VERSION}")),
        None => Err("is empty".to_owned()),
    }
}

fn unreadable(error: postcard::Error) -> String {
    format!("cannot be read: {error}")
}
