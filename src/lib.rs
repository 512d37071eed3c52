//! placeholder
#![allow(missing_docs)]
pub mod classify;
pub mod config;
pub mod decode;
pub mod detect;
pub mod engine;
pub mod model;
pub mod population;
pub mod profile;
pub mod simulate;
pub mod triage;
