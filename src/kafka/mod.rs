//! Kafka clients that everything else is built from: settings, token, one context, a consumer of chosen partitions, a member of a
//! consumer group, a producer, and topics that are made where they are missing.

pub mod consumer;
pub mod context;
pub mod group;
pub mod identity;
pub mod leaving;
pub mod lookup;
pub mod producer;
pub mod read_records;
pub mod settings;
pub mod token;
pub mod topics;

pub use context::is_outage;
