//! Sends messages in order and says, by number, which were acknowledged and where they stand.

use crate::kafka::log_line;
use crate::kafka::settings::{Cluster, SettingsError};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Idempotent: what is tried again is neither repeated nor out of order. A message is tried for as long as the process lives:
/// nothing may go on as if it had not been sent.
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

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its number.
    pub number: u64,
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its key.
    pub key: Vec<u8>,
    /// Its content; `None` removes the key from a compacted topic.
    pub value: Option<Vec<u8>>,
}

impl Outgoing {
    fn bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}

/// A client that sends.
pub struct Writer {
    client: BaseProducer<Reports>,
    waiting: VecDeque<Outgoing>,
    /// Bytes given and not acknowledged.
    under_way: usize,
}

#[derive(Default)]
struct Reports(Mutex<Vec<Report>>);

struct Report {
    number: u64,
    bytes: usize,
    offset: Result<i64, KafkaError>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "kafka");
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let (Ok(message) | Err((_, message))) = result;
        let bytes = message.payload_len() + message.key_len();
        let offset = result.as_ref().map(|message| message.offset()).map_err(|(error, _)| error.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Report { number: number as u64, bytes, offset });
    }
}

impl Writer {
    /// Connects; brokers may be away.
    pub fn new(cluster: &Cluster) -> Result<Writer, SettingsError> {
        let mut config = cluster.config(DEFAULTS)?;
        config.set_log_level(RDKafkaLogLevel::Warning);
        Ok(Writer { client: cluster.client(&config, Reports::default())?, waiting: VecDeque::new(), under_way: 0 })
    }

    /// Sends a message, now or when there is room.
    pub fn send(&mut self, message: Outgoing) {
        self.under_way += message.bytes();
        self.waiting.push_back(message);
    }

    /// Bytes that were given and are not acknowledged.
    pub fn under_way(&self) -> usize {
        self.under_way
    }

    /// Goes on sending; gives what was acknowledged since. After an error the client is of no more use.
    pub fn poll(&mut self) -> Result<Vec<(u64, i64)>, KafkaError> {
        while let Some(message) = self.waiting.front() {
            let mut record =
                BaseRecord::with_opaque_to(&message.topic, message.number as usize).partition(message.partition).key(&message.key);
            if let Some(value) = &message.value {
                record = record.payload(value);
            }
            match self.client.send(record) {
                Ok(()) => {
                    self.waiting.pop_front();
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => break,
                Err((error, _)) => return Err(error),
            }
        }
        self.client.poll(Duration::ZERO);
        let reports = std::mem::take(&mut *self.client.context().0.lock().unwrap_or_else(PoisonError::into_inner));
        self.under_way = self.under_way.saturating_sub(reports.iter().map(|report| report.bytes).sum());
        reports.into_iter().map(|Report { number, offset, .. }| offset.map(|offset| (number, offset))).collect()
    }
}
