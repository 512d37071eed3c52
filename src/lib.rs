//! leakwarden notices, early and with evidence, when one of an organisation's own people looks up customers
//! beyond what their work explains.
//!
//! # The way of a record
//!
//! ```text
//!  bytes ──► source ──► decode ──► classify ──► engine ────────────────────────────────► sink
//!            files,     one file   whose, what,  settle ► profile ► detect ► triage       JSON lines,
//!            Kafka      a format   how many      (per employee)   (a typology) (alerts)    Kafka, …
//!                                                   └── population (per peer group) ──┘
//! ```
//!
//! Data goes forward only. Each stage is a folder; each variant (a format, a detector, a sink) is one file and one row of
//! a table. Everything above `source` and `sink` in the list below is pure: synchronous functions of records and ticks,
//! without I/O, clock, randomness or logging, so that the live service, the replay, the demo and the tests drive the very
//! same [`engine::Engine`].
//!
//! # Who may use whom
//!
//! Core, in ascending order; a module uses only what stands above it in this list:
//! [`model`] → [`sql`] → [`decode`] → [`classify`] → [`profile`] → [`population`] → [`detect`] → [`triage`] → [`engine`] →
//! [`stream`].
//! Shell: [`settings`], [`kafka`], [`telemetry`], [`store`], [`database`], [`page`] use the model; [`source`] (with the limits of `decode`), [`sink`] (with
//! `settings`: a sink declares and parses its own), [`http`] use the model, `kafka` and `telemetry`; [`config`] uses the core,
//! `settings`, `kafka`, `sink` and `database`: it holds what each sink made of its own table; [`pipeline`] joins all of them with the engine;
//! [`desk`] keeps alerts and cases in the `database` (a sink of alerts, with the model and the directory of `classify`); [`console`] shows them
//! to people by `desk`, `notify`, `page` and `http`, and writes what they decide by `pipeline`;
//! [`evaluate`] measures detection on the pipeline's replay, which knows of it only as a [`pipeline::replay::Tap`]; the binary's
//! commands use everything. [`notify`] (with `settings`, `database`, `telemetry`, `random` and what a sink appends by) tells people of
//! cases; `config` holds what each of its sinks made of its own table. [`simulate`] knows nothing of the detection that it is to test; [`random`] serves it, evaluation and
//! tests. Whatever writes files does so by [`private_file`] (the store's own excepted).
//! Tests end a process at the points of [`failpoint`]. `tests/suite/house.rs` holds this rule.

#![warn(missing_docs)]

pub mod classify;
pub mod config;
#[allow(clippy::disallowed_methods, reason = "sessions and views are told by the clock")]
pub mod console;
pub mod database;
pub mod decode;
#[allow(clippy::disallowed_methods, reason = "when alerts came in is told by the clock")]
pub mod desk;
pub mod detect;
pub mod engine;
pub mod evaluate;
pub mod failpoint;
pub mod http;
#[expect(clippy::disallowed_methods, reason = "it waits for brokers, and not for ever")]
pub mod kafka;
pub mod model;
#[expect(clippy::disallowed_methods, reason = "it says when, and tries again later")]
pub mod notify;
pub mod page;
#[allow(clippy::disallowed_methods, reason = "the live pipeline is the clock of the service")]
pub mod pipeline;
pub mod population;
pub mod private_file;
pub mod profile;
pub mod random;
pub mod settings;
pub mod simulate;
#[expect(clippy::disallowed_methods, reason = "it waits for brokers, and not for ever")]
pub mod sink;
#[expect(clippy::disallowed_methods, reason = "it waits for brokers and for files that rotate, and not for ever")]
pub mod source;
pub mod sql;
pub mod store;
pub mod stream;
pub mod telemetry;
pub mod triage;
