//! What operators do every week, one test per situation: files that are mirrored and rotated, topics that are made anew, feeds of the
//! personnel system that come empty, restarts. Real processes on real files, and a real Kafka in `topics`.
//!
//! Each test says in its first line what somebody did, and cites the public report that it comes from where there is one.

#![allow(clippy::disallowed_methods, reason = "it waits for brokers and processes, and not for ever")]

mod chain;
mod chaos;
#[path = "../common/mod.rs"]
mod common;
mod directory;
mod files;
mod restarts;
mod told;
mod topics;
