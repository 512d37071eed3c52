//! What the configuration says of Kafka, in the terms of the client: how its brokers are reached, and what a source reads.

use crate::config::schema::Kafka;
use crate::kafka::settings::Cluster;
use crate::source::kafka::KafkaSettings;

/// How the brokers are reached.
pub fn cluster(kafka: &Kafka) -> Cluster {
    Cluster { brokers: kafka.brokers.clone(), client: kafka.client.clone() }
}

/// What a source reads, and from where.
pub fn source(kafka: &Kafka) -> KafkaSettings {
    KafkaSettings { cluster: cluster(kafka), topics: kafka.topics.clone(), group: kafka.group.clone() }
}
