//! The engine as tasks of a partitioned log: messages in, messages out. What a process does with brokers stays outside.
//!
//! ```text
//!  db.access ──→ input partition ──→ leakwarden.access ──→ task ──→ leakwarden.summaries ──→ coordinator ──→ alerts
//!  (any key)    decode,   (keyed by employee)   first     (partition 0)            second
//!               clock                           stage  ←── leakwarden.baselines ←── stage
//!                                                 ⇅                                  ⇅
//!                                          leakwarden.state/N                 leakwarden.state/0
//! ```
//!
//! * A [`input_partition`] is one partition of the input: it places records in time and brings each to the task of its employee.
//! * A [`task`] is one partition of `leakwarden.access`: the first stage of the engine for the employees who belong there.
//! * The [`coordinator`] is the second stage; whoever has task 0 has it.
//! * A [`node`] is one process: the input partitions, tasks and the coordinator that it has been given.
//!
//! # Why nothing is lost, and nothing counts twice
//!
//! Every task is a function of the log: what it makes of the records that settle before a minute S does not depend on when,
//! where or how often it reads them. Its state is saved as of such a minute, complete or not at all ([`changelog`]), and
//! says from where to read on; records before S that are read again are known by their time. So a crash costs time only:
//! whoever goes on makes the same alerts with the same ids. The order of saving is: what was sent is acknowledged, then the
//! state that contains it, then the input's offsets. A process that was taken for dead and is not (a zombie) writes the same
//! messages, which are known by their place, and its state under an epoch of its own, which nobody reads any more. What a machine
//! has cached of a state only spares reading: it is checked against the log, and given up in doubt ([`restore`]).

pub mod changelog;
pub mod coordinator;
pub mod effect;
pub mod frames;
pub mod input_partition;
pub mod node;
pub mod reader;
pub mod restore;
pub mod save;
pub mod table;
pub mod task;
pub mod topics;
pub mod wire;

pub use topics::InternalTopic;

/// A message to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutgoingRecord {
    /// Where to.
    pub topic: InternalTopic,
    /// Its partition.
    pub partition: i32,
    /// Its key.
    pub key: Vec<u8>,
    /// Its content; `None` removes the key from a compacted topic.
    pub value: Option<Vec<u8>>,
}

/// Why a task cannot go on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StreamError {
    /// A message that this version cannot read.
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
    /// A state that this set-up cannot go on from.
    #[error("leakwarden.state/{partition}: {why}")]
    State {
        /// The partition.
        partition: i32,
        /// What is wrong with it.
        why: String,
    },
}
