//! The service against a real Apache Kafka: what it promises where brokers and processes die.
//!
//! `tests/kafka/broker` starts the brokers; a bare machine needs Java and Maven, or docker, or the address of a broker in
//! `LEAKWARDEN_TEST_BROKERS`. `cargo test --features tls --test kafka` tests secured listeners too.

#![allow(clippy::disallowed_methods, reason = "it waits for brokers and processes, and not for ever")]

mod alone;
mod cache;
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod crashes;
mod figures;
mod files;
mod history;
mod redriven;
#[cfg(feature = "tls")]
mod security;
