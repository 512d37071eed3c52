//! Joins sources, the engine and sinks: [`replay`] over files of the past, and [`live`] as a service.

pub mod batch;
pub mod brokers;
pub mod cluster;
pub mod coverage;
pub mod dead_letters;
pub mod decisions;
pub mod delivery;
pub mod feeds;
pub mod first_records;
pub mod identities;
pub mod live;
pub mod parallel;
pub mod partition_decoder;
pub mod reasons;
pub mod redrive;
pub mod reload;
pub mod replay;
pub mod service;
pub mod state;
