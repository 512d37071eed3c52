//! The service against a real Apache Kafka: what it promises where brokers and processes die.
//!
//! `tests/kafka/broker` starts the brokers; a bare machine needs Java and Maven, or docker, or the address of a broker in
//! `LEAKWARDEN_TEST_BROKERS`. `cargo test --features tls --test kafka` tests secured listeners too.

#![allow(clippy::disallowed_methods, reason = "it waits for brokers and processes, and not for ever")]

#[path = "kafka/alone.rs"]
mod alone;
#[path = "kafka/cache.rs"]
mod cache;
#[path = "kafka/cluster.rs"]
mod cluster;
mod common;
#[path = "kafka/crashes.rs"]
mod crashes;
#[path = "kafka/figures.rs"]
mod figures;
#[path = "kafka/files.rs"]
mod files;
#[path = "kafka/history.rs"]
mod history;
#[path = "kafka/redriven.rs"]
mod redriven;
#[cfg(feature = "tls")]
#[path = "kafka/security.rs"]
mod security;
