//! Joins sources, the engine and sinks: [`replay`] over files of the past, and [`live`] as a service.

pub mod arrivals;
pub mod chance;
pub mod cluster;
pub mod compare;
pub mod coverage;
pub mod delivery;
mod evicted;
pub mod failpoint;
pub mod feed;
pub mod inject;
pub mod intake;
pub mod labels;
pub mod leaks;
pub mod ledger;
pub mod live;
pub mod parallel;
pub mod redrive;
pub mod reference;
pub mod reload;
pub mod replay;
pub mod score;
pub mod state;
