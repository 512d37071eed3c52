//! Produces to Kafka and waits for every acknowledgement.

use crate::kafka::context::{ClientEvents, KafkaContext};
use crate::kafka::settings::Cluster;
use crate::sink::SinkError;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Idempotent: retries inside librdkafka neither repeat nor reorder.
const DEFAULTS: &[(&str, &str)] =
    &[("enable.idempotence", "true"), ("delivery.timeout.ms", "30000"), ("linger.ms", "5"), ("allow.auto.create.topics", "true")];

/// Reports come by `delivery.timeout.ms`; past this the client is taken for stuck.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// A producer to one topic.
pub struct Producer {
    cluster: Cluster,
    topic: String,
    /// None after a fatal error: an idempotent producer cannot be used any more then, a new one can.
    client: Option<BaseProducer<KafkaContext<Reports>>>,
}

/// Delivery reports that have come.
#[derive(Default)]
struct Reports(Mutex<Vec<Result<(), KafkaError>>>);

impl ClientEvents for Reports {}

impl ProducerContext for KafkaContext<Reports> {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let result = result.as_ref().map(|_| ()).map_err(|(error, _)| error.clone());
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).push(result);
    }
}

impl Producer {
    /// To that topic. Fails only for settings: brokers may be away.
    pub fn new(cluster: &Cluster, topic: &str) -> Result<Producer, SinkError> {
        let mut producer = Producer { cluster: cluster.clone(), topic: topic.to_owned(), client: None };
        producer.client = Some(producer.connect()?);
        Ok(producer)
    }

    fn connect(&self) -> Result<BaseProducer<KafkaContext<Reports>>, SinkError> {
        let permanent = |error: crate::kafka::settings::SettingsError| SinkError::permanent(error.to_string());
        let mut config = self.cluster.config(DEFAULTS).map_err(permanent)?;
        config.set_log_level(RDKafkaLogLevel::Warning);
        self.cluster.client(&config, KafkaContext::<Reports>::default()).map_err(permanent)
    }

    /// Produces (key, content) pairs in order; `Ok` once the brokers have acknowledged all.
    pub fn produce<'a>(&mut self, records: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Result<(), SinkError> {
        let client = match self.client.take() {
            Some(client) => client,
            None => self.connect()?,
        };
        let outcome = self.produce_with(&client, records);
        if client.client().fatal_error().is_none() && !matches!(outcome, Err(Failure::Stuck)) {
            self.client = Some(client);
        }
        outcome.map_err(|failure| match failure {
            Failure::Kafka(error) => SinkError { retryable: is_transient(&error), message: format!("topic {}: {error}", self.topic) },
            Failure::Stuck => SinkError::transient(format!("topic {}: no delivery report within {LONGEST_WAIT:?}", self.topic)),
        })
    }

    /// A client that is not polled renews no token, and goes on knocking with one that has expired.
    pub fn idle(&self) {
        if let Some(client) = &self.client {
            client.poll(Duration::ZERO);
        }
    }

    fn produce_with<'a>(
        &self,
        client: &BaseProducer<KafkaContext<Reports>>,
        records: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + LONGEST_WAIT;
        let mut first_error = None;
        let mut open = 0_usize;
        for (key, content) in records {
            let mut record = BaseRecord::to(&self.topic).key(key).payload(content);
            loop {
                match client.send(record) {
                    Ok(()) => {
                        open += 1;
                        break;
                    }
                    // The queue holds what is under way: reports make room.
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) if Instant::now() < deadline => {
                        client.poll(POLL);
                        record = back;
                    }
                    Err((error, _)) => {
                        first_error.get_or_insert(error);
                        break;
                    }
                }
            }
        }
        loop {
            for report in std::mem::take(&mut *client.context().0.0.lock().unwrap_or_else(PoisonError::into_inner)) {
                open = open.saturating_sub(1);
                if let Err(error) = report {
                    first_error.get_or_insert(error);
                }
            }
            if open == 0 {
                return first_error.map_or(Ok(()), |error| Err(Failure::Kafka(error)));
            }
            if Instant::now() >= deadline {
                return Err(Failure::Stuck);
            }
            client.poll(POLL);
        }
    }
}

enum Failure {
    Kafka(KafkaError),
    Stuck,
}

/// Only errors of the message itself are permanent: missing topics and rights can be granted while the service retries.
fn is_transient(error: &KafkaError) -> bool {
    !matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize | RDKafkaErrorCode::InvalidRecord)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
    use std::collections::BTreeMap;

    #[test]
    fn everything_acknowledged_is_there_and_transient_errors_are_retried() {
        let mock = MockCluster::new(1).expect("a cluster");
        mock.create_topic("out", 1, 1).expect("a topic");
        mock.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION; 2]);
        let cluster = Cluster { brokers: mock.bootstrap_servers(), client: BTreeMap::new() };
        let mut producer = Producer::new(&cluster, "out").expect("made");
        let records: Vec<(Vec<u8>, Vec<u8>)> = (0..500_u32).map(|i| (b"k".to_vec(), i.to_le_bytes().to_vec())).collect();
        producer.produce(records.iter().map(|(k, v)| (k.as_slice(), v.as_slice()))).expect("acknowledged");
        let bounds = crate::source::kafka::bounds(&cluster, &["out".to_owned()], Duration::from_secs(10)).expect("bounds");
        assert_eq!(bounds[&crate::model::topic::TopicPartition::new("out", 0)], (0, 500));
    }

    #[test]
    fn a_message_too_large_is_a_permanent_error_and_the_producer_goes_on() {
        let mock = MockCluster::new(1).expect("a cluster");
        mock.create_topic("out", 1, 1).expect("a topic");
        let client = BTreeMap::from([("message.max.bytes".to_owned(), "2000".to_owned())]);
        let mut producer = Producer::new(&Cluster { brokers: mock.bootstrap_servers(), client }, "out").expect("made");
        let error = producer.produce([(&b"k"[..], &[b'x'; 5_000][..])]).expect_err("too large");
        assert!(!error.retryable && error.message.starts_with("topic out: "), "{error}");
        producer.produce([(&b"k"[..], &b"small"[..])]).expect("acknowledged");
    }

    #[test]
    fn a_broker_that_is_away_may_come_back() {
        let client = BTreeMap::from([("delivery.timeout.ms".to_owned(), "300".to_owned())]);
        let mut producer = Producer::new(&Cluster { brokers: "127.0.0.1:1".to_owned(), client }, "out").expect("made");
        assert!(producer.produce([(&b"k"[..], &b"v"[..])]).expect_err("away").retryable);
    }
}
