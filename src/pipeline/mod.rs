//! Joins sources, the engine and sinks: [`replay`] over files of the past, and [`live`] as a service.

pub mod arrivals;
pub mod cluster;
pub mod coverage;
pub mod delivery;
mod evicted;
pub mod failpoint;
pub mod feed;
pub mod intake;
pub mod live;
pub mod parallel;
pub mod redrive;
pub mod reload;
pub mod replay;
pub mod state;
