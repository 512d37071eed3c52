//! What the configuration says of Kafka, in the terms of a source.

use crate::config::schema::Kafka;
use crate::kafka::identity::MarkKey;
use crate::model::keys::Keys;
use crate::model::topic::TopicPartition;
use crate::source::kafka::KafkaSettings;

/// What a source reads, and from where.
pub fn source(kafka: &Kafka, keys: &Keys) -> KafkaSettings {
    KafkaSettings { cluster: kafka.cluster(), topics: kafka.topics.clone(), group: kafka.group.clone(), key: MarkKey::new(keys) }
}

/// Tells that a partition is read from before where it had been left.
pub fn tell_rewound(partition: &TopicPartition, expected: i64, to: Option<i64>) {
    match to {
        None => tracing::warn!(
            %partition,
            expected,
            "the topic was made anew: it is read from its start; what the former one held and was not read is lost"
        ),
        Some(to) => tracing::warn!(
            %partition,
            expected,
            to,
            "the topic has lost its end: it is read on behind what is left of it; what it lost and was not read is lost to us"
        ),
    }
}
