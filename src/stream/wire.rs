//! The encodings of the records of internal topics. Each begins with the version of its encoding; a record of another version is
//! rejected.

use crate::engine::StageReport;
use crate::engine::output::Revision;
use crate::engine::partition_events::PartitionEvent;
use crate::engine::provisional::ShownAlert;
use crate::model::access::Access;
use crate::model::time::Timestamp;
use crate::model::topic::TopicPartition;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of all encodings.
pub const VERSION: u8 = 7;

/// The position of an item in the output of its input partition: it rises, and is the same whichever process sends it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct RecordPosition {
    /// How often the input partition was made anew before: its offsets begin again.
    pub generation: u32,
    /// The offset after the record of the input that the item comes from.
    pub next: i64,
    /// Its index among the items since that offset.
    pub sub: u32,
}

/// The header of a record of `leakwarden.access`: a bundle of items from one input partition to one task, which follow it in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bundle {
    /// Topic of the input partition.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// The watermark of the input partition after these items; older where a later bundle of the same record follows. [`RETIRED`]: there is
    /// no such partition any more.
    pub watermark: Option<Timestamp>,
    /// How many items follow; none where only the watermark is sent.
    pub records: u32,
    /// How often the input partition was made anew before.
    pub generation: u32,
    /// Whether they are re-driven dead letters: they have no position in the input partition, and settle when they are read.
    pub redriven: bool,
}

/// An item of a bundle.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BundleItem {
    /// Its position in the output of its input partition.
    pub position: RecordPosition,
    /// When it settles.
    pub at: Timestamp,
    /// What it is.
    pub item: RoutedItem,
}

/// What an input partition sends to a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RoutedItem {
    /// A record. Its partition and position are those of the input.
    Record {
        /// The record.
        access: Access,
        /// Whether it came late.
        late: bool,
    },
    /// An event of the partition itself, such as lost records.
    Event(PartitionEvent),
    /// A record of another task's employee, for what it takes of a reason that the employee's unit shares.
    Drawn {
        /// The record.
        access: Access,
        /// Whether it came late.
        late: bool,
    },
}

impl RoutedItem {
    /// A record on its way to a task.
    pub fn of(access: Access, late: bool) -> RoutedItem {
        if access.drawn { RoutedItem::Drawn { access, late } } else { RoutedItem::Record { access, late } }
    }

    /// A record as it arrives, and whether it came late; or an event.
    pub fn arrived(self) -> Result<(Access, bool), PartitionEvent> {
        match self {
            RoutedItem::Record { access, late } => Ok((access, late)),
            RoutedItem::Drawn { access, late } => Ok((Access { drawn: true, ..access }, late)),
            RoutedItem::Event(event) => Err(event),
        }
    }
}

/// The watermark of an input partition that its topic has no more: it holds nobody up.
pub const RETIRED: Timestamp = Timestamp(i64::MAX);

/// A bundle that is being filled.
#[derive(Clone, Debug, Default)]
pub struct BundleBuilder {
    bytes: Vec<u8>,
    records: u32,
}

impl BundleBuilder {
    /// Adds an item.
    pub fn push(&mut self, item: &BundleItem) {
        self.bytes = postcard::to_extend(item, std::mem::take(&mut self.bytes)).expect("messages are plain data");
        self.records += 1;
    }

    /// Whether it holds no items.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Bytes of its items.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Encodes the bundle, and begins the next.
    pub fn close(&mut self, input: &TopicPartition, generation: u32, watermark: Option<Timestamp>) -> Vec<u8> {
        let (topic, partition) = (input.topic.to_string(), input.partition);
        self.close_as(Bundle { topic, partition, watermark, records: 0, generation, redriven: false })
    }

    /// The same for re-driven records.
    pub fn close_redriven(&mut self, topic: &str, partition: i32) -> Vec<u8> {
        self.close_as(Bundle { topic: topic.to_owned(), partition, watermark: None, records: 0, generation: 0, redriven: true })
    }

    fn close_as(&mut self, bundle: Bundle) -> Vec<u8> {
        let records = std::mem::take(&mut self.records);
        let mut record = encode(&Bundle { records, ..bundle });
        record.append(&mut self.bytes);
        record
    }
}

/// Reads a record of `leakwarden.access`: its header, and its items one by one.
pub fn read_bundle(bytes: &[u8]) -> Result<(Bundle, BundleItems<'_>), String> {
    let rest = versioned(bytes)?;
    let (bundle, rest) = postcard::take_from_bytes::<Bundle>(rest).map_err(unreadable)?;
    let left = bundle.records;
    Ok((bundle, BundleItems { rest, left }))
}

/// The items of a bundle.
#[derive(Debug)]
pub struct BundleItems<'a> {
    rest: &'a [u8],
    left: u32,
}

impl Iterator for BundleItems<'_> {
    type Item = Result<BundleItem, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(postcard::take_from_bytes(self.rest).map_err(unreadable).map(|(item, rest)| {
            self.rest = rest;
            item
        }))
    }
}

/// The key of a record of `leakwarden.access` that is no bundle: [`ShownNote`]. Bundles have that of their input partition.
pub const SHOWN_KEY: &[u8] = b"\0shown";

/// Alerts that the owner of a task is about to show before they settle. Whoever has the task reads it, and takes back what does not
/// settle, also where that owner is gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShownNote {
    /// The epoch of the owner: it knows its own.
    pub epoch: u64,
    /// As they are shown.
    pub alerts: Vec<ShownAlert>,
}

/// A message of a task to the coordinator. Hours count from 1970.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum TaskMessage {
    /// It has no records before this hour.
    FirstHour {
        /// The hour.
        hour: i64,
        /// Whether its first record lies in that hour; otherwise that is not known yet.
        is_known: bool,
    },
    /// What settled in a range of time.
    Settled {
        /// From, inclusive.
        from: Timestamp,
        /// To, exclusive.
        to: Timestamp,
        /// Revisions of alerts, in order.
        revisions: Vec<Revision>,
    },
    /// It has reached an hour and waits for the reply.
    HourReached {
        /// Revisions of alerts of a day that ends with it.
        day_revisions: Vec<Revision>,
        /// The report to the global stage.
        report: StageReport,
        /// The hour up to which the state of the task is saved.
        checkpointed_hour: i64,
    },
    /// It has applied what the global stage learnt at the beginning of a day.
    DayApplied {
        /// The hour at which the day began.
        hour: i64,
        /// Revisions of alerts that this led to, in order.
        revisions: Vec<Revision>,
    },
}

/// A record of `leakwarden.ticks`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum InputNote {
    /// An input partition was idle.
    Tick(Tick),
    /// What an input partition is known by.
    Known(KnownInput),
    /// The configuration of the process that writes it.
    Configured {
        /// Its hash; empty where the process ends.
        config: String,
        /// When it was told, by the clock of the process.
        at: Timestamp,
    },
}

/// What an input partition is known by, for who reads it where nothing is committed: brokers forget commits with a topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnownInput {
    /// Topic of the input partition.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// How often it was made anew before.
    pub generation: u32,
    /// Offsets and hashes of records that were read of it, from the last on.
    pub marks: Vec<(i64, u64)>,
}

/// An input partition was idle, and its watermark is advanced to follow the others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tick {
    /// Topic of the input partition.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// How often it was made anew before.
    pub generation: u32,
    /// The offset before whose record it takes effect.
    pub next: i64,
    /// The new watermark.
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
