//! What the tests share: a small bank in memory ([`world`]), canonical lines ([`line`]), cases told in files ([`case`]), dossiers ([`dossier`]), the engine
//! driven by lines ([`play`]), the program itself ([`program`]), the service as a process ([`service`]), receivers of messages ([`receiver`]),
//! Prometheus and Alertmanager ([`daemons`]) and a real Kafka ([`kafka`]).

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod case;
#[allow(clippy::disallowed_methods, reason = "it waits for processes, and not for ever")]
pub mod daemons;
#[allow(clippy::disallowed_methods, reason = "it waits for servers, and not for ever")]
pub mod databases;
pub mod dossier;
#[allow(clippy::disallowed_methods, reason = "it waits for processes, and not for ever")]
pub mod early_stop;
#[allow(clippy::disallowed_methods, reason = "it waits for brokers and processes, and not for ever")]
pub mod kafka;
pub mod line;
pub mod play;
pub mod program;
pub mod receiver;
pub mod service;
pub mod sources;
pub mod world;
