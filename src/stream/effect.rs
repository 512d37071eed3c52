//! What a node wants to be done.

use crate::model::alert::Alert;
use crate::model::time::Timestamp;
use crate::model::topic::TopicPartition;
use crate::stream::input_partition::InputPosition;
use crate::stream::restore::RestoreStats;
use crate::stream::{InternalTopic, OutgoingRecord};
use std::sync::Arc;

/// Something to be done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// OutgoingRecord a message; say so when it is acknowledged.
    Produce(u64, OutgoingRecord),
    /// Give alerts to the sinks; say so when all have acknowledged them.
    Alerts(u64, Vec<Arc<Alert>>),
    /// Give alerts to the sinks that may change before they settle: those that a message of `leakwarden.access` led to, with the time at
    /// which it came to its broker, or retractions.
    Provisional(Option<Timestamp>, Vec<Arc<Alert>>),
    /// Read a partition of a topic of ours from an offset on. What was read of it before is of no more use.
    Consume(InternalTopic, i32, i64),
    /// Read it no more.
    StopConsuming(InternalTopic, i32),
    /// Read a partition of the input from an offset on.
    ConsumeInput(TopicPartition, i64),
    /// Commit how far a partition of the input was read.
    Commit(TopicPartition, InputPosition),
    /// Say what this machine has cached of a partition of the state.
    LoadCache(i32),
    /// The cache of a partition of the state contradicts it, and how: it is to be removed.
    DiscardCache(i32, &'static str),
    /// A partition of the state was read. It is ours, and worth to be cached as it grows.
    Restored(i32, RestoreStats),
    /// A partition of the state is no longer ours.
    ReleaseCache(i32),
}
