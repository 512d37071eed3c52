//! Who is told of cases: every sink against receivers on loopback, a real Alertmanager and a real PostgreSQL; the outbox through refusals,
//! days of absence and restarts.

#![allow(clippy::disallowed_methods, reason = "it waits for receivers, and not for ever")]

#[path = "../common/daemons.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod daemons;
#[path = "../common/databases.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod databases;
#[path = "../common/receiver.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod receiver;

mod away;
mod gathering;
mod harness;
mod leaks;
mod order;
mod schema;
mod servers;
mod troubles;
