//! A producer that sends records in order and reports, by the number that each was given, which are acknowledged and at what offset.

use crate::kafka::context::{ClientEvents, KafkaContext};
use crate::kafka::settings::{Cluster, SettingsError};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Idempotent: retries neither repeat nor reorder. A record is retried for as long as the process lives: nothing may go on as if it
/// had not been sent.
const DEFAULTS: &[(&str, &str)] = &[
    ("enable.idempotence", "true"),
    ("message.timeout.ms", "0"),
    ("linger.ms", "5"),
    ("compression.type", "lz4"),
    ("queue.buffering.max.messages", "500000"),
    ("queue.buffering.max.kbytes", "262144"),
    ("message.max.bytes", "1000000"),
    ("allow.auto.create.topics", "false"),
];

/// A record to be sent.
#[derive(Clone, Debug)]
pub struct ProducerRecord {
    /// Its number: it comes back with the acknowledgement.
    pub number: u64,
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; `None` is a tombstone, which removes the key from a compacted topic.
    pub value: Option<Vec<u8>>,
    /// A header of that name.
    pub header: Option<(&'static str, Vec<u8>)>,
    /// Sent only while there is room beside all others: a checkpoint is large, and nobody waits for it.
    pub low_priority: bool,
}

impl ProducerRecord {
    fn bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}

/// Bytes of low-priority records that the client has at once.
const LOW_PRIORITY_BYTES: usize = 8 * 1024 * 1024;

/// A producer of records with numbers.
pub struct RecordProducer {
    client: BaseProducer<KafkaContext<DeliveryReports>>,
    queue: VecDeque<ProducerRecord>,
    /// Bytes given and not acknowledged, without low-priority records.
    unacknowledged_bytes: usize,
    low_priority_queue: VecDeque<ProducerRecord>,
    /// Bytes of low-priority records that the client has.
    low_priority_bytes: usize,
}

/// Delivery reports that have come since they were last taken.
#[derive(Default)]
struct DeliveryReports(Mutex<Vec<DeliveryReport>>);

struct DeliveryReport {
    number: u64,
    low_priority: bool,
    bytes: usize,
    offset: Result<i64, KafkaError>,
}

impl ClientEvents for DeliveryReports {}

impl ProducerContext for KafkaContext<DeliveryReports> {
    /// The number, and in the lowest bit the priority.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let (Ok(message) | Err((_, message))) = result;
        let bytes = message.payload_len() + message.key_len();
        let offset = result.as_ref().map(|message| message.offset()).map_err(|(error, _)| error.clone());
        let report = DeliveryReport { number: (opaque >> 1) as u64, low_priority: opaque & 1 == 1, bytes, offset };
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).push(report);
    }
}

impl RecordProducer {
    /// Connects; brokers may be away.
    pub fn new(cluster: &Cluster) -> Result<RecordProducer, SettingsError> {
        let mut config = cluster.config(DEFAULTS)?;
        config.set_log_level(RDKafkaLogLevel::Warning);
        Ok(RecordProducer {
            client: cluster.client(&config, KafkaContext::default())?,
            queue: VecDeque::new(),
            unacknowledged_bytes: 0,
            low_priority_queue: VecDeque::new(),
            low_priority_bytes: 0,
        })
    }

    /// Sends a record, now or when there is room.
    pub fn send(&mut self, record: ProducerRecord) {
        if record.low_priority {
            self.low_priority_queue.push_back(record);
        } else {
            self.unacknowledged_bytes += record.bytes();
            self.queue.push_back(record);
        }
    }

    /// Bytes that were given and are not acknowledged, without low-priority records.
    pub fn unacknowledged_bytes(&self) -> usize {
        self.unacknowledged_bytes
    }

    /// Goes on sending; returns (number, offset) of what was acknowledged since. After an error the client cannot be used any more.
    pub fn poll(&mut self) -> Result<Vec<(u64, i64)>, KafkaError> {
        while let Some(record) = self.queue.front()
            && enqueue(&self.client, record)?
        {
            self.queue.pop_front();
        }
        while self.low_priority_bytes < LOW_PRIORITY_BYTES
            && let Some(record) = self.low_priority_queue.front()
            && enqueue(&self.client, record)?
        {
            self.low_priority_bytes += record.bytes();
            self.low_priority_queue.pop_front();
        }
        let reports = || self.client.context().0.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One poll delivers the reports of one batch: poll until no more come.
        let mut received = 0;
        loop {
            self.client.poll(Duration::ZERO);
            let now = reports().len();
            if now == std::mem::replace(&mut received, now) {
                break;
            }
        }
        let reports = std::mem::take(&mut *reports());
        for report in &reports {
            let bytes = if report.low_priority { &mut self.low_priority_bytes } else { &mut self.unacknowledged_bytes };
            *bytes = bytes.saturating_sub(report.bytes);
        }
        reports.into_iter().map(|DeliveryReport { number, offset, .. }| offset.map(|offset| (number, offset))).collect()
    }
}

/// Puts a record into librdkafka's queue; false if that is full.
fn enqueue(client: &BaseProducer<KafkaContext<DeliveryReports>>, record: &ProducerRecord) -> Result<bool, KafkaError> {
    let opaque = (record.number as usize) << 1 | usize::from(record.low_priority);
    let mut base = BaseRecord::with_opaque_to(&record.topic, opaque).partition(record.partition).key(&record.key);
    if let Some(value) = &record.value {
        base = base.payload(value);
    }
    if let Some((key, value)) = &record.header {
        base = base.headers(OwnedHeaders::new_with_capacity(1).insert(Header { key, value: Some(value) }));
    }
    match client.send(base) {
        Ok(()) => Ok(true),
        Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(false),
        Err((error, _)) => Err(error),
    }
}
