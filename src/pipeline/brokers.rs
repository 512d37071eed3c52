//! What the configuration says of Kafka, in the terms of a source.

use crate::config::schema::Kafka;
use crate::source::kafka::KafkaSettings;

/// What a source reads, and from where.
pub fn source(kafka: &Kafka) -> KafkaSettings {
    KafkaSettings { cluster: kafka.cluster(), topics: kafka.topics.clone(), group: kafka.group.clone() }
}
