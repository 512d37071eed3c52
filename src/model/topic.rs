//! What every part that speaks of Kafka calls a partition of a topic, and a record in one.

use crate::model::stamp::Stamp;
use std::fmt;
use std::sync::Arc;

/// A partition of a topic. Shown as `topic/partition`, which is also the name that evidence cites.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Arc<str>,
    /// The number of the partition.
    pub partition: i32,
}

impl TopicPartition {
    /// A partition of a topic.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> TopicPartition {
        TopicPartition { topic: topic.into(), partition }
    }

    /// From its name, as it is shown.
    pub fn named(name: &str) -> Option<TopicPartition> {
        let (topic, partition) = name.rsplit_once('/')?;
        Some(TopicPartition::new(topic, partition.parse().ok()?))
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

/// A record of a partition of a compacted topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangelogRecord {
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; `None` of a tombstone, which removes the key.
    pub value: Option<Vec<u8>>,
    /// What its seal says.
    pub stamp: Stamp,
}
