//! placeholder
#![allow(missing_docs)]
pub mod classify;
pub mod console;
pub mod decode;
pub mod model;
pub mod sink;
pub mod source;
pub mod store;
pub mod telemetry;
