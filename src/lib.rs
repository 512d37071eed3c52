//! placeholder
#![allow(missing_docs)]
pub mod classify;
pub mod decode;
pub mod engine;
pub mod model;
pub mod population;
pub mod profile;
