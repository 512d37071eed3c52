//! What a node wants its process to do.

use crate::engine::output::ToldAlert;
use crate::model::time::Timestamp;
use crate::model::topic::TopicPartition;
use crate::stream::authentication::MessageSeal;
use crate::stream::input_partition::InputPosition;
use crate::stream::restore::RestoreStats;
use crate::stream::{InternalTopic, OutgoingRecord};

/// Something to be done. Effects with a number (u64) are to be acknowledged by it: [`super::node::Node::acknowledged`].
#[derive(Clone, Debug)]
pub enum Effect {
    /// Produce a record, with its seal as a header: those of a partition in this order.
    Produce(u64, OutgoingRecord, MessageSeal),
    /// Give settled alerts to the sinks; acknowledged once all sinks have them.
    Alerts(u64, Vec<ToldAlert>),
    /// Give alerts to the sinks that may change before they settle: those that a record of `leakwarden.access` led to, with the time at
    /// which it came to its broker, or retractions.
    Provisional(Option<Timestamp>, Vec<ToldAlert>),
    /// Consume a partition of an internal topic from an offset on. Records buffered from an earlier position are to be dropped.
    Consume(InternalTopic, i32, i64),
    /// Stop consuming it.
    StopConsuming(InternalTopic, i32),
    /// Consume an input partition from an offset on.
    ConsumeInput(TopicPartition, i64),
    /// Commit the position of an input partition.
    Commit(TopicPartition, InputPosition),
    /// Load what this machine has cached of a partition of the state: [`super::node::Node::cache_loaded`].
    LoadCache(i32),
    /// Discard the cache of a partition of the state, and why: it contradicts the log.
    DiscardCache(i32, &'static str),
    /// A partition of the state was restored. It is worth caching as it grows.
    Restored(i32, RestoreStats),
    /// Release the cache of a partition of the state: it was revoked.
    ReleaseCache(i32),
}
