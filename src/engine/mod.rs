//! The one engine: records in, revisions of alerts out. Live service, replay, demo and tests drive this and nothing else.
//!
//! It owns no thread, no clock and no I/O: time is what records and ticks say, and work on shards is handed to an [`Executor`].
//!
//! A record's way through it: a [`watermark`] per partition schedules it; its shard holds it in the settling buffer until its time has
//! passed in every partition; then it is judged (profile, detectors, triage). That is the [`keyed_stage`], which needs nothing but the
//! records of its own employees. Once an hour of event time it reports sums to the [`global_stage`], which compares employees and sources,
//! and goes on with its reply. [`Engine`] is both stages in one process; `crate::stream` spreads them over several.
//!
//! The files use one another in one direction; this one declares them and uses nothing.

mod both_stages;
mod case;
pub mod context;
mod decide;
pub mod decisions;
pub mod dossier;
pub mod env;
pub mod evaluation;
mod evicted_actors;
mod eviction;
mod exchange;
mod executor;
pub mod global_stage;
mod granted;
mod judge;
pub mod keyed_stage;
pub mod listening;
pub mod output;
pub mod partition_events;
pub mod partition_watermarks;
pub mod provisional;
mod reload;
mod routing;
pub mod sequences;
mod settled_ids;
mod settling;
pub mod shard;
mod snapshot;
pub mod source_monitor;
pub mod state_entries;
mod telling;
pub mod tracked;
pub mod watch;
pub mod watermark;

pub use both_stages::Engine;
pub use exchange::{DayReply, StageReply, StageReport};
pub use executor::{Executor, Sequential};
pub use snapshot::Snapshot;
pub use state_entries::RestoreError;
