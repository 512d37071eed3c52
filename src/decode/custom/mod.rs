//! Custom formats: `[format.NAME]` says where in a JSON object, in which column of a row or named group of a pattern, each field of a canonical record
//! (docs/contract.md §2) stands. For logs of in-house applications and whatever has no format here.

mod json;
mod mapping;
mod pattern;
mod record;
mod table;

use crate::decode::Format;
pub use mapping::{Csv, Field, Mapping, Pointer, TimeForm};

/// What a format of one's own may be made of, beside the built-in ones: `kind = "json"`, `"csv"` and `"regex"`.
pub const KINDS: &[Format] = &[json::FORMAT, table::FORMAT, pattern::FORMAT];
