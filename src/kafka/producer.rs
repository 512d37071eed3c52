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
pub struct ProducerRecord {
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
    /// It can wait: much of its kind comes at once, and all others go first.
    pub low_priority: bool,
}

impl ProducerRecord {
    fn bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}

/// Bytes of low-priority records that the client has at once.
const LOW_PRIORITY: usize = 8 * 1024 * 1024;

/// A client that sends.
pub struct RecordProducer {
    client: BaseProducer<Reports>,
    waiting: VecDeque<ProducerRecord>,
    /// Bytes that are not acknowledged.
    under_way: usize,
    low_priority: VecDeque<ProducerRecord>,
    /// Bytes of these that the client has.
    low_priority_under_way: usize,
}

#[derive(Default)]
struct Reports(Mutex<Vec<Report>>);

struct Report {
    number: u64,
    low_priority: bool,
    bytes: usize,
    offset: Result<i64, KafkaError>,
}

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

    fn delivery(&self, result: &DeliveryResult<'_>, mark: usize) {
        let (Ok(message) | Err((_, message))) = result;
        let bytes = message.payload_len() + message.key_len();
        let offset = result.as_ref().map(|message| message.offset()).map_err(|(error, _)| error.clone());
        let report = Report { number: (mark >> 1) as u64, low_priority: mark & 1 == 1, bytes, offset };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(report);
    }
}

impl RecordProducer {
    /// Connects; brokers may be away.
    pub fn new(cluster: &Cluster) -> Result<RecordProducer, SettingsError> {
        let mut config = cluster.config(DEFAULTS)?;
        config.set_log_level(RDKafkaLogLevel::Warning);
        Ok(RecordProducer {
            client: cluster.client(&config, Reports::default())?,
            waiting: VecDeque::new(),
            under_way: 0,
            low_priority: VecDeque::new(),
            low_priority_under_way: 0,
        })
    }

    /// Sends a message, now or when there is room.
    pub fn send(&mut self, message: ProducerRecord) {
        if message.low_priority {
            self.low_priority.push_back(message);
        } else {
            self.under_way += message.bytes();
            self.waiting.push_back(message);
        }
    }

    /// Bytes that were given and are not acknowledged, without low-priority ones.
    pub fn under_way(&self) -> usize {
        self.under_way
    }

    /// Goes on sending; gives what was acknowledged since. After an error the client is of no more use.
    pub fn poll(&mut self) -> Result<Vec<(u64, i64)>, KafkaError> {
        while let Some(message) = self.waiting.front()
            && hand_over(&self.client, message)?
        {
            self.waiting.pop_front();
        }
        while self.low_priority_under_way < LOW_PRIORITY
            && let Some(message) = self.low_priority.front()
            && hand_over(&self.client, message)?
        {
            self.low_priority_under_way += message.bytes();
            self.low_priority.pop_front();
        }
        let reports = || self.client.context().0.lock().unwrap_or_else(PoisonError::into_inner);
        // One call tells of one batch.
        let mut told = 0;
        loop {
            self.client.poll(Duration::ZERO);
            let now = reports().len();
            if now == std::mem::replace(&mut told, now) {
                break;
            }
        }
        let reports = std::mem::take(&mut *reports());
        for report in &reports {
            let under_way = if report.low_priority { &mut self.low_priority_under_way } else { &mut self.under_way };
            *under_way = under_way.saturating_sub(report.bytes);
        }
        reports.into_iter().map(|Report { number, offset, .. }| offset.map(|offset| (number, offset))).collect()
    }
}

/// Whether the client had room for it.
fn hand_over(client: &BaseProducer<Reports>, message: &ProducerRecord) -> Result<bool, KafkaError> {
    let mark = (message.number as usize) << 1 | usize::from(message.low_priority);
    let mut record = BaseRecord::with_opaque_to(&message.topic, mark).partition(message.partition).key(&message.key);
    if let Some(value) = &message.value {
        record = record.payload(value);
    }
    match client.send(record) {
        Ok(()) => Ok(true),
        Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(false),
        Err((error, _)) => Err(error),
    }
}
