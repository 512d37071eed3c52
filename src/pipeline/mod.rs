//! Joins sources, the engine and sinks: [`replay`] over files of the past, and [`live`] as a service.

pub mod feed;
pub mod labels;
pub mod ledger;
pub mod parallel;
pub mod replay;
