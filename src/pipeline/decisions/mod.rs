//! Decisions of people on their way to the engine: the file that they are appended to ([`log`]), followed while the service runs ([`mod@file`])
//! and read as a whole by a replay ([`replayed`]); in a cluster a [`topic`]. Lines that are none are dead [`letters`].
//!
//! Whoever lets people decide appends to the file by [`log::DecisionLog`]; the service reads it, and appends only when it has taken in what
//! came late. Nothing is ever removed from it: with the same records it makes the same alerts again.

pub mod contents;
pub mod file;
pub mod letters;
pub mod log;
pub mod replayed;
pub mod topic;
