//! Custom formats: `[format.NAME]` says where in a JSON object, or in which named group of a pattern, each field of a canonical record
//! (docs/contract.md §2) stands. For logs of in-house applications and whatever has no format here.

mod json;
mod mapping;
mod pattern;
mod record;

use crate::decode::Format;
pub use mapping::{Field, Mapping, Pointer, TimeForm};

/// What a format of one's own may be made of, beside the built-in ones: `kind = "json"` and `kind = "regex"`.
pub const KINDS: &[Format] = &[json::FORMAT, pattern::FORMAT];
