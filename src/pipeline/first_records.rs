//! The first records of an input, kept until one of them is decoded: where none ever is, the formats that come near can be told.

use crate::decode::nearest::{NearFormat, nearest};
use crate::decode::{IgnoredCounts, IgnoredReason, Settings};
use std::fmt;
use std::sync::Arc;

/// Records that are kept, and how much of each.
const KEPT: usize = 20;
const KEPT_BYTES: usize = 64 * 1024;

/// What is known of an input while nothing of it was decoded.
#[derive(Default, Debug)]
pub struct FirstRecords {
    sample: Vec<Vec<u8>>,
    dead: u64,
    /// Lines of others that share the stream.
    foreign: u64,
    understood: bool,
    /// Something of it was more than that.
    own: bool,
}

/// Formats in whose streams other programs write: lines of those are passed over, and are no sign that the format is right.
const SHARED: [&str; 3] = ["oracle-syslog", "postgresql-stderr", "sqlserver-audit"];

/// An input that had records of which none was decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Undecoded {
    /// How many records could not be decoded.
    pub records: u64,
    /// The format that was tried; none where none was recognised.
    pub format: Option<&'static str>,
    /// The formats that come nearest.
    pub near: Vec<NearFormat>,
}

impl fmt::Display for Undecoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format {
            Some(format) => write!(f, "none of its {} records decodes as {format}", self.records)?,
            None => write!(f, "no format recognises any of its {} records", self.records)?,
        }
        if self.near.is_empty() {
            return f.write_str("; no format comes near");
        }
        let near: Vec<String> = self.near.iter().map(ToString::to_string).collect();
        write!(f, "; formats that come near: {}", near.join(" | "))
    }
}

impl FirstRecords {
    /// Keeps records, while nothing was decoded.
    pub fn offer<'a>(&mut self, records: impl IntoIterator<Item = &'a [u8]>) {
        if self.own || self.sample.len() >= KEPT {
            return;
        }
        let fit = |record: &&[u8]| !record.trim_ascii().is_empty() && record.len() <= KEPT_BYTES;
        let room = KEPT - self.sample.len();
        self.sample.extend(records.into_iter().filter(fit).take(room).map(<[u8]>::to_vec));
    }

    /// Notes that so many became accesses, were passed over or became dead letters.
    pub fn count(&mut self, accesses: u64, ignored: &IgnoredCounts, dead: u64) {
        if self.own {
            return;
        }
        self.dead += dead;
        self.foreign += ignored.iter().filter(|(reason, _)| *reason == IgnoredReason::OtherEvent).map(|(_, lines)| lines).sum::<u64>();
        let says_nothing =
            |reason| matches!(reason, IgnoredReason::Blank | IgnoredReason::Header | IgnoredReason::Continuation | IgnoredReason::Other);
        self.understood |= accesses > 0 || ignored.iter().any(|(reason, _)| !says_nothing(reason));
        self.own = accesses > 0 || ignored.iter().any(|(reason, _)| !says_nothing(reason) && reason != IgnoredReason::OtherEvent);
        if self.own {
            self.sample = Vec::new();
        }
    }

    /// Whether a record was decoded, or passed over by a decoder that knew what it was.
    pub fn is_understood(&self) -> bool {
        self.understood
    }

    /// Records that could not be decoded, while none could.
    pub fn dead(&self) -> u64 {
        if self.understood { 0 } else { self.dead }
    }

    /// What is to be told of the input if none of its records was decoded.
    pub fn undecoded(&self, format: Option<&'static str>, settings: &Arc<Settings>) -> Option<Undecoded> {
        let sample: Vec<&[u8]> = self.sample.iter().map(Vec::as_slice).collect();
        let shared = format.is_some_and(|format| SHARED.contains(&format)) && !self.own;
        let records = if shared { self.dead + self.foreign } else { self.dead() };
        (records > 0).then(|| Undecoded { records, format, near: nearest(&sample, settings) })
    }
}
