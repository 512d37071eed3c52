//! Log formats: bytes in, records or a reason out. One file a format, one row each in [`FORMATS`]; the head of the file is the
//! format's page for operators (`docs/formats/`).
//!
//! [`framing`] takes a record out of syslog and the envelopes of log shippers, the decoder of its format puts
//! lines together and reads them.
//!
//! Owns what a record of each format looks like; whose data it disclosed is decided by [`crate::classify`].

pub mod aws_das;
pub mod canonical;
mod codec;
pub mod csv;
pub mod custom;
pub mod databricks;
pub mod ecs;
mod field;
pub mod framing;
pub mod hdfs_audit;
pub mod health;
mod hidden_tables;
mod ignored;
mod json;
mod lenient;
mod local_clock;
pub mod mongodb;
pub mod mysql;
pub mod nearest;
pub mod ocsf;
mod operation;
pub mod oracle;
mod pending;
pub mod postgresql;
pub mod ranger_audit;
mod row;
mod salvage;
mod salvaging;
mod sheet;
pub mod snowflake;
pub mod sqlserver;
mod tool_time;
mod tree;
pub mod trino;
mod xml;

use crate::model::access::{Position, RecordHash};
pub use crate::model::ignored::{IgnoredCounts, IgnoredReason};
use crate::model::record::Record;
use crate::model::time::{TimeUnit, Timestamp};
pub use codec::{Codec, FormatChoice, recognise};
pub use field::{KEPT_ENDS, cut_middle};
pub use ignored::Ignored;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// One record as it arrived (a line, a Kafka message), free of its envelope, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    /// Its bytes, without the line end. A message may hold several lines.
    pub bytes: &'a [u8],
    /// Its place at its source.
    pub position: Position,
    /// Keyed hash of the bytes that arrived, the envelope included.
    pub hash: RecordHash,
    /// What the envelope said of it.
    pub envelope: Envelope<'a>,
    /// It was longer than a record may be, and these are its head and its tail: [`cut_middle`].
    pub cut: bool,
}

impl<'a> Raw<'a> {
    /// A record that came without an envelope.
    pub fn new(bytes: &'a [u8], position: Position, hash: RecordHash) -> Raw<'a> {
        Raw { bytes, position, hash, envelope: Envelope::default(), cut: false }
    }
}

/// What syslog or a log shipper said of the record that it carried.
#[derive(Clone, Copy, Default, Debug)]
pub struct Envelope<'a> {
    /// When it was logged or shipped: for formats whose records have no time of their own.
    pub time: Option<Timestamp>,
    /// The machine that logged it.
    pub host: Option<&'a str>,
    /// The program that logged it.
    pub program: Option<&'a str>,
    /// Its process id.
    pub pid: Option<&'a str>,
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
    /// Its bytes are not UTF-8.
    #[error("record is not valid UTF-8 at byte {at}")]
    NotUtf8 {
        /// First bad byte, from 0.
        at: usize,
    },
    /// Decoding it met a bug of ours.
    #[error("record met a bug of the decoder, which went on with the next")]
    Bug,
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
        /// The rule that its value breaks, without the value.
        rule: String,
    },
}

/// Why the bytes of a record are no text that any format could read, if so.
pub fn unreadable(bytes: &[u8]) -> Option<DecodeError> {
    framing::unpacked(bytes).err()
}

/// What a decoder emits.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "records are many and lost ones few: a box for each record would cost more than it saves")]
pub enum Decoded<'a> {
    /// A record.
    Record(Record<'a>),
    /// Bytes of earlier lines that turned out to be no record.
    Lost(LostRecord),
    /// A line, whether or not it becomes a record, has a number in a sequence of its source.
    Numbered(SequenceNumber<'a>),
    /// Lines that are passed over on purpose.
    Ignored(Ignored),
}

/// A number that the source itself gave: what is skipped never came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SequenceNumber<'a> {
    /// What is numbered through: a session, a file.
    pub stream: &'a str,
    /// The number, rising by one.
    pub number: u64,
    /// When it was written.
    pub time: Timestamp,
    /// Where it stands.
    pub position: Position,
    /// Keyed hash of its bytes.
    pub hash: RecordHash,
}

/// A record of several lines that could not be decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LostRecord {
    /// Its first line.
    pub position: Position,
    /// Keyed hash of its lines: [`RecordHash::and`].
    pub hash: RecordHash,
    /// Its length in bytes.
    pub length: u64,
    /// Why it could not be decoded.
    pub error: DecodeError,
    /// Its ends, as far as they are known: whoever is named there is told. Never shown.
    pub ends: Box<[u8]>,
}

/// Bytes of each end of a lost record that are kept.
const LOST_ENDS: usize = 16 * 1024;

impl LostRecord {
    /// A lost record of that text.
    pub(crate) fn new(position: Position, hash: RecordHash, text: &str, error: DecodeError) -> LostRecord {
        LostRecord { position, hash, length: text.len() as u64, error, ends: LostRecord::ends(&[text]) }
    }

    /// The ends of texts.
    pub(crate) fn ends(texts: &[&str]) -> Box<[u8]> {
        let mut ends = Vec::new();
        for text in texts.iter().map(|text| text.as_bytes()).filter(|text| !text.is_empty()) {
            if !ends.is_empty() {
                ends.push(b'\n');
            }
            match text.len().checked_sub(LOST_ENDS) {
                Some(from) if from > LOST_ENDS => {
                    ends.extend_from_slice(&text[..LOST_ENDS]);
                    ends.push(b'\n');
                    ends.extend_from_slice(&text[from..]);
                }
                _ => ends.extend_from_slice(text),
            }
        }
        ends.into_boxed_slice()
    }
}

impl<'a> From<Record<'a>> for Decoded<'a> {
    fn from(record: Record<'a>) -> Decoded<'a> {
        Decoded::Record(record)
    }
}

impl<'a> Decoded<'a> {
    /// The record, if it is one.
    pub fn record(self) -> Option<Record<'a>> {
        match self {
            Decoded::Record(record) => Some(record),
            Decoded::Lost(_) | Decoded::Numbered(_) | Decoded::Ignored(_) => None,
        }
    }

    /// The line whose fate this is, and how many lines; a number is none.
    pub fn fate(&self) -> Option<(Position, u64)> {
        match self {
            Decoded::Record(record) => Some((record.position, 1)),
            Decoded::Lost(lost) => Some((lost.position, 1)),
            Decoded::Ignored(ignored) => Some((ignored.position, ignored.lines)),
            Decoded::Numbered(_) => None,
        }
    }
}

/// Receives what a decoder completes.
pub type Emit<'e> = dyn FnMut(Decoded<'_>) + 'e;

/// Decodes the records of one source partition, in order.
pub trait Decoder: Send + Sync {
    /// Takes what arrived next. It may complete none, one or several records; each carries its own position.
    /// An error concerns these bytes alone: the decoder goes on with the next. What is passed over on purpose is emitted as
    /// [`Decoded::Ignored`] with its reason, so that every line is counted as something.
    fn decode(&mut self, raw: Raw<'_>, emit: &mut Emit<'_>) -> Result<(), DecodeError>;

    /// The input goes on in the middle of a file that begins with these bytes: its first lines may name the columns of all others.
    fn begin(&mut self, _head: &[u8]) {}

    /// The names of the columns by which rows are read, where a line of the input told them: later rows mean nothing without.
    fn columns(&self) -> Option<&[String]> {
        None
    }

    /// Whether it reads headers itself, so that no line is to be taken for that of an export.
    fn reads_headers(&self) -> bool {
        false
    }

    /// Goes on with rows below a header that was read before.
    fn know_columns(&mut self, _names: &[String]) {}

    /// The input ends or pauses: whatever was held back for later lines is emitted now.
    fn flush(&mut self, _emit: &mut Emit<'_>) {}

    /// Whether the last line was the beginning of a record whose rest has not come: a flush would tear it apart.
    fn is_record_incomplete(&self) -> bool {
        false
    }

    /// Whether lines are held of which it is open what they are: one record, or each one of its own. What became of every one of them
    /// is told once it is known.
    fn holds_lines(&self) -> bool {
        false
    }
}

/// One log format.
pub struct Format {
    /// Its name in configurations.
    pub name: &'static str,
    /// What it is recognised by, to be said to the user.
    pub recognised_by: &'static str,
    /// Whether records stand alone, so that blocks of one partition may be decoded in parallel.
    pub stateless: bool,
    /// A new decoder for one partition.
    pub decoder: fn(&Settings) -> Box<dyn Decoder>,
    /// Whether these bytes look like a record of this format; used by `auto`. They are one line, or the first hundred lines
    /// together where no format knew a single one.
    pub recognises: fn(&[u8]) -> bool,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What a configuration says to the decoders of a format.
#[derive(Clone, Default, Debug)]
pub struct Settings {
    /// The zone of times that name none, or one of several meanings.
    pub zone: Option<TimeZone>,
    /// The same, where it was said of this format alone: also for sources whose times are known to be of UTC.
    pub own_zone: Option<TimeZone>,
    /// The unit of times that are numbers, in formats that leave it open.
    pub time_unit: TimeUnit,
    /// A time that the log does not go beyond by more than a day: tells the year of times that have none.
    pub latest: Option<Timestamp>,
    /// PostgreSQL's `log_line_prefix`, where it is not to be inferred.
    pub log_line_prefix: Option<String>,
    /// Where the fields stand in a format of one's own.
    pub mapping: Option<Arc<custom::Mapping>>,
}

/// The name that stands for recognising the format from the first records.
pub const AUTO: &str = "auto";

/// Every format, in the order in which `auto` asks. Adding one is a file and a row; tests/suite/corpus.rs names what else is
/// missing (a fuzz target and a seed, both made by a command).
pub const FORMATS: &[Format] = &[
    postgresql::JSONLOG,
    postgresql::CSVLOG,
    postgresql::AZURE,
    postgresql::CLOUDSQL,
    postgresql::STDERR,
    mysql::MARIADB,
    mysql::AUDIT_JSON,
    mysql::PERCONA_JSON,
    mysql::PERCONA_XML,
    mysql::PERCONA_CSV,
    mysql::TRELLIX,
    mysql::AZURE,
    sqlserver::FORMAT,
    oracle::UNIFIED_JSON,
    oracle::XML,
    oracle::SYSLOG,
    aws_das::FORMAT,
    mongodb::FORMAT,
    trino::FORMAT,
    snowflake::FORMAT,
    databricks::FORMAT,
    hdfs_audit::FORMAT,
    ranger_audit::FORMAT,
    health::FHIR,
    health::ATNA,
    ocsf::FORMAT,
    canonical::FORMAT,
    ecs::FORMAT,
];

/// The format of that name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Longest record that is decoded whole, in bytes; of a longer one the head and the tail are.
pub const LONGEST_RECORD: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod testing;
