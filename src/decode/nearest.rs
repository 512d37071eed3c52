//! Which formats come near to lines of which none was decoded: whoever named the wrong format, or none, is told.
//!
//! Each format tries the lines. What counts is how many it decodes, and how many of the words by which it is recognised stand in them.

use crate::decode::{Codec, Decoded, FORMATS, Format, IgnoredReason, Raw, Settings};
use crate::model::access::{Position, RecordHash};
use std::fmt;
use std::sync::Arc;

/// A format that comes near.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NearFormat {
    /// Its name.
    pub name: &'static str,
    /// How many of the lines it decodes, or passes over knowing why.
    pub decoded: usize,
    /// Of how many.
    pub of: usize,
    /// What is wrong with the first of the others, without its content.
    pub why: Option<String>,
}

/// How many formats are named.
const NAMED: usize = 3;

impl fmt::Display for NearFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of the first {} decode", self.name, self.decoded, self.of)?;
        self.why.as_ref().map_or(Ok(()), |why| write!(f, "; {why}"))
    }
}

/// The formats that come nearest to the lines, the nearest first; none where none does.
pub fn nearest(lines: &[&[u8]], settings: &Arc<Settings>) -> Vec<NearFormat> {
    let lines: Vec<&[u8]> = lines.iter().copied().filter(|line| !line.trim_ascii().is_empty()).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let tried = FORMATS.iter().map(|format| {
        let near = attempt(format, &lines, settings);
        let nearness = 3.0 * near.decoded as f64 / near.of as f64 + words_found(format, &lines);
        (nearness, near)
    });
    let mut tried: Vec<(f64, NearFormat)> = tried.filter(|(nearness, _)| *nearness >= LEAST).collect();
    tried.sort_by(|a, b| b.0.total_cmp(&a.0));
    tried.into_iter().take(NAMED).map(|(_, near)| near).collect()
}

/// A format is named if one in six lines decodes, or half of its words are there.
const LEAST: f64 = 0.5;

fn attempt(format: &'static Format, lines: &[&[u8]], settings: &Arc<Settings>) -> NearFormat {
    let mut decoder = Codec::named(format, settings.clone()).decoder();
    let (mut decoded, mut why) = (0, None);
    let mut keep = |one: Decoded<'_>| match one {
        Decoded::Record(_) => decoded += 1,
        Decoded::Ignored(ignored) => {
            let knows = match ignored.reason {
                IgnoredReason::Session | IgnoredReason::NotDataAccess | IgnoredReason::ServerMessage => true,
                IgnoredReason::ReplicationStatus | IgnoredReason::DuplicateEvent | IgnoredReason::OutsideTime => true,
                IgnoredReason::Blank | IgnoredReason::Header | IgnoredReason::Continuation => false,
                IgnoredReason::OtherEvent | IgnoredReason::Other => false,
            };
            decoded += usize::from(knows);
        }
        Decoded::Lost(lost) => drop(why.get_or_insert_with(|| lost.error.to_string())),
        Decoded::Numbered(_) => {}
    };
    let mut refused = None;
    for (at, line) in lines.iter().enumerate() {
        let raw = Raw::new(line, Position(at as u64 + 1), RecordHash::default());
        if let Err(error) = decoder.decode(raw, &mut keep) {
            refused.get_or_insert_with(|| error.to_string());
        }
    }
    decoder.flush(&mut keep);
    NearFormat { name: format.name, decoded: decoded.min(lines.len()), of: lines.len(), why: refused.or(why) }
}

/// Which part of the words that stand in backticks in what a format is recognised by is found in one of the lines.
fn words_found(format: &Format, lines: &[&[u8]]) -> f64 {
    let words: Vec<&str> = format.recognised_by.split('`').skip(1).step_by(2).filter(|word| word.len() > 2).collect();
    let found = |line: &&[u8]| words.iter().filter(|word| memchr::memmem::find(line, word.as_bytes()).is_some()).count();
    let most = lines.iter().map(found).max().unwrap_or(0);
    if words.is_empty() { 0.0 } else { most as f64 / words.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_whose_lines_are_broken_is_named_and_nothing_is_named_for_rubbish() {
        let settings = Arc::default();
        let cut = br#"{"eventTime":"x","serviceName":"databrickssql","actionName":"commandSubmit","requestParams":{}}"#;
        let near = nearest(&[cut], &settings);
        assert_eq!((near[0].name, near[0].decoded, near[0].of), ("databricks-audit", 0, 1), "{near:?}");
        assert!(near[0].to_string().contains("event_time must be a time"), "{}", near[0]);
        let one_of_two: [&[u8]; 2] = [b"2026-03-02 09:14:05.990 UTC [77] li@crm LOG:  statement: SELECT 1", b"\tx"];
        assert_eq!(nearest(&one_of_two, &settings)[0].name, "postgresql-stderr");
        assert!(nearest(&[b"lorem ipsum dolor"], &settings).is_empty());
        assert!(nearest(&[b"", b"  "], &settings).is_empty());
    }
}
