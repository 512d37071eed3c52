//! Envelopes that run over lines: what `aws logs` and `jq` print of CloudWatch's, Loki's and Elasticsearch's answers.
//!
//! Lines are held until the object that they begin has its end. Where it turns out to be no envelope, they go on as they came.

use crate::decode::LONGEST_RECORD;
use crate::decode::Raw;
use crate::decode::framing::document::{Found, Scan, object_end};
use crate::model::access::{Position, RecordHash};
use serde::de::IgnoredAny;

/// Lines of an object whose end has not come.
pub(super) struct Spread {
    text: String,
    scan: Scan,
    /// Where each line ends in the text, without its line end, and what it is.
    lines: Vec<(usize, Position, RecordHash)>,
}

/// Most lines of one object: each is kept with its place.
const MOST_LINES: usize = 100_000;

/// What has become of the object by another line.
pub(super) enum Next {
    /// It is whole; what follows it on the line stands behind.
    Whole(Document),
    /// It wants more lines.
    More(Spread),
    /// It is none, or too long: its lines.
    Not(Spread),
}

/// An object over lines.
pub(super) struct Document {
    lines: Spread,
    end: usize,
}

impl Spread {
    /// An object that begins with this line and does not end on it.
    pub(super) fn begin(raw: Raw<'_>) -> Option<Spread> {
        let text = std::str::from_utf8(raw.bytes).ok()?;
        // What stands before it in a list is of no use any more.
        let start = text.find(|c: char| !(c.is_whitespace() || matches!(c, '[' | ',')))?;
        if !text[start..].starts_with('{') || text.len() > LONGEST_RECORD {
            return None;
        }
        match object_end(&text[start..], Scan::default()) {
            Found::End(_) => None,
            Found::More(scan) => {
                let text = text[start..].to_owned();
                Some(Spread { lines: vec![(text.len(), raw.position, raw.hash)], text, scan })
            }
        }
    }

    /// Goes on with the next line.
    pub(super) fn next(mut self, raw: Raw<'_>) -> Next {
        // What stands alone on a line has not waited for the end of another.
        let alone = raw.bytes.first() == Some(&b'{') && serde_json::from_slice::<IgnoredAny>(raw.bytes).is_ok();
        let Some(text) = std::str::from_utf8(raw.bytes).ok().filter(|_| !alone) else { return Next::Not(self) };
        if self.text.len() + text.len() > LONGEST_RECORD || self.lines.len() >= MOST_LINES {
            return Next::Not(self);
        }
        self.text.push('\n');
        self.text.push_str(text);
        self.lines.push((self.text.len(), raw.position, raw.hash));
        match object_end(&self.text, self.scan) {
            Found::End(end) => Next::Whole(Document { lines: self, end }),
            Found::More(scan) => Next::More(Spread { scan, ..self }),
        }
    }

    /// Its lines as they came.
    pub(super) fn lines(&self) -> impl Iterator<Item = Raw<'_>> {
        let mut start = 0;
        self.lines.iter().map(move |(end, position, hash)| {
            let bytes = &self.text.as_bytes()[start..*end];
            start = end + 1;
            Raw::new(bytes, *position, *hash)
        })
    }
}

impl Document {
    /// The object.
    pub(super) fn whole(&self) -> Raw<'_> {
        let mut hashes = self.lines.lines.iter();
        let (position, hash) = hashes.next().map_or_else(Default::default, |(_, position, hash)| (*position, *hash));
        let hash = hashes.fold(hash, |hash, (_, _, next)| hash.and(*next));
        Raw::new(&self.lines.text.as_bytes()[..self.end], position, hash)
    }

    /// Over how many lines it runs.
    pub(super) fn line_count(&self) -> u64 {
        self.lines.lines.len() as u64
    }

    /// What stands behind it on its last line.
    pub(super) fn rest(&self) -> &str {
        self.lines.text[self.end..].trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ']'))
    }

    /// Its lines.
    pub(super) fn into_lines(self) -> Spread {
        self.lines
    }
}
