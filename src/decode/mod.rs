//! Bytes in, records or a reason out. One file per log format, one row each in [`FORMATS`].
//!
//! Owns what a record of each format looks like; whose data it disclosed is decided by [`crate::classify`].

pub mod canonical;
pub mod postgresql;

use crate::model::access::{Position, RecordHash};
use crate::model::record::Record;

/// One physical record (a line, a Kafka message) and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    /// Its bytes, without the line end.
    pub bytes: &'a [u8],
    /// Its place at its source.
    pub position: Position,
    /// Keyed hash of its bytes.
    pub hash: RecordHash,
}

/// Why a record could not be decoded. It never repeats the record's content.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// Longer than a record may be.
    #[error("record is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// Not UTF-8.
    #[error("record is not valid UTF-8 at byte {at}")]
    NotUtf8 {
        /// First bad byte, from 0.
        at: usize,
    },
    /// Not of the form of its format.
    #[error("record is not {expected}: {what}")]
    Form {
        /// What the format expects.
        expected: &'static str,
        /// What was wrong, without content.
        what: String,
    },
    /// A field holds what it must not.
    #[error("{field} {rule}")]
    Field {
        /// The field.
        field: &'static str,
        /// What must hold.
        rule: String,
    },
}

/// Receives the records that a decoder completes.
pub type Emit<'e> = dyn FnMut(Record<'_>) + 'e;

/// Decodes the records of one source partition, in order.
pub trait Decoder: Send + Sync {
    /// Takes one physical record. It may complete none, one or several records; each carries its own position.
    /// An error concerns these bytes alone: the decoder goes on with the next.
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError>;

    /// The input ends or pauses: whatever was held back for later lines is emitted now.
    fn flush(&mut self, _emit: &mut Emit<'_>) {}
}

/// One log format.
pub struct Format {
    /// Its name in configurations.
    pub name: &'static str,
    /// Whether records stand alone, so that blocks of one partition may be decoded in parallel.
    pub stateless: bool,
    /// A new decoder for one partition.
    pub decoder: fn() -> Box<dyn Decoder>,
    /// Whether these bytes look like a record of this format; used by `auto`.
    pub recognises: fn(&[u8]) -> bool,
}

/// The name that stands for recognising the format from the first records.
pub const AUTO: &str = "auto";

/// Every format. Adding one is a file and a row. The order is that in which `auto` asks.
pub const FORMATS: &[Format] = &[postgresql::JSONLOG, canonical::FORMAT];

/// The format of that name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// The first format that recognises one of the lines.
pub fn recognise<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<&'static Format> {
    lines.into_iter().find_map(|line| FORMATS.iter().find(|format| (format.recognises)(line)))
}

/// Longest record that is decoded, in bytes; a longer one becomes a dead letter.
pub const LONGEST_RECORD: usize = 4 * 1024 * 1024;
