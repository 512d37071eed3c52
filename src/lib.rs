//! placeholder
#![allow(missing_docs)]
pub mod classify;
pub mod decode;
pub mod model;
pub mod source;
