//! Sends messages in order and says, by number, which were acknowledged and where they stand.

use crate::kafka::log_line;
use crate::kafka::settings::{Cluster, SettingsError};
use crate::kafka::token::shows_token;
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

/// A client that sends.
pub struct Writer {
    client: BaseProducer<Reports>,
    waiting: VecDeque<Outgoing>,
}

#[derive(Default)]
struct Reports(Mutex<Vec<(u64, Result<i64, KafkaError>)>>);

impl ClientContext for Reports {
    shows_token!();

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
        let result = result.as_ref().map(|message| message.offset()).map_err(|(error, _)| error.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((number as u64, result));
    }
}

impl Writer {
    /// Connects; brokers may be away.
    pub fn new(cluster: &Cluster) -> Result<Writer, SettingsError> {
        let mut config = cluster.config(DEFAULTS)?;
        config.set_log_level(RDKafkaLogLevel::Warning);
        Ok(Writer { client: cluster.client(&config, Reports::default())?, waiting: VecDeque::new() })
    }

    /// Sends a message, now or when there is room.
    pub fn send(&mut self, message: Outgoing) {
        self.waiting.push_back(message);
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
        reports.into_iter().map(|(number, result)| result.map(|offset| (number, offset))).collect()
    }
}
