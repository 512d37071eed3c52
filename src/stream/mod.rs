//! The engine as tasks of a partitioned log: records in, records out. Brokers, threads and clocks stay outside.
//!
//! ```text
//!  db.access ──→ input     ──→ leakwarden.access ──→ task ──→ leakwarden.summaries ──→ coordinator ──→ alerts
//!  (any key)     partition    (keyed by employee)   keyed     (partition 0)            global
//!                decode,                            stage  ←── leakwarden.baselines ←── stage
//!                clock                                ⇅                                   ⇅
//!                                            leakwarden.state/N              leakwarden.state/last
//! ```
//!
//! * An [`input_partition`] is one partition of the input: it gives each record its time of settling and routes it to the task of its
//!   employee.
//! * A [`task`] is one partition of `leakwarden.access`: the keyed stage of the engine for the employees of that partition.
//! * The [`coordinator`] is the global stage; whoever has task 0 runs it.
//! * A [`node`] is one process: the input partitions, tasks and the coordinator that it has been assigned.
//! * A [`changelog`] holds the state of a task or of the coordinator as checkpoints; [`restore`] reads it.
//!
//! # Why nothing is lost, and nothing counts twice
//!
//! Every task is a function of the log: what it makes of the records that settle before a minute S does not depend on when,
//! where or how often it reads them. A checkpoint holds its state as of such a minute, complete or not at all, and the position from
//! which to read on; records before S that are read again are recognised by their time. So a crash costs time only: whoever takes the
//! task over makes the same alerts with the same ids. Everything is acknowledged in this order: what was sent, then the checkpoint
//! that contains it, then the committed offsets of the input. A zombie (a process that the group has evicted and that still runs)
//! writes the same records, which are recognised by their position, and its checkpoints under an epoch of its own, which a later epoch
//! replaces. What a machine has cached of a changelog only saves reading: it is checked against the log, and rejected in doubt.
//!
//! # Why nobody else is believed
//!
//! Every message carries a seal ([`authentication`]). What carries none, was changed, moved or written a second time is passed over,
//! and counted. Where messages are missing, what is there is taken, and that something is missing is told: no message of others, and
//! no removal, ends the work.

pub mod authentication;
pub mod changelog;
pub mod checkpointer;
pub mod chunks;
pub mod committed;
pub mod coordinator;
pub mod effect;
pub mod input_partition;
pub mod node;
pub mod outbox;
pub mod reply_table;
pub mod restore;
pub mod task;
pub mod task_input;
pub mod wire;

pub use crate::model::own_topics::InternalTopic;

/// A record to be produced to an internal topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutgoingRecord {
    /// Its topic.
    pub topic: InternalTopic,
    /// Its partition.
    pub partition: i32,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; `None` is a tombstone, which removes the key from a compacted topic.
    pub value: Option<Vec<u8>>,
}

/// Why a node cannot go on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StreamError {
    /// A record that this version cannot read.
    #[error("{topic}/{partition} offset {offset}: {why}")]
    Unreadable {
        /// Its topic.
        topic: &'static str,
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
        /// What is wrong with it.
        why: String,
    },
    /// A state that cannot be continued with this configuration.
    #[error("leakwarden.state/{partition}: {why}")]
    State {
        /// The partition.
        partition: i32,
        /// What is wrong with it.
        why: String,
    },
}
