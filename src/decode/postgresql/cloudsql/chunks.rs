//! Entries of which Google has cut the statement or its parameters into chunks.

use crate::decode::postgresql::recent::Recent;
use crate::decode::{DecodeError, Decoded, Emit, LONGEST_RECORD, LostRecord, Raw};
use crate::model::access::{Position, RecordHash};
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeMap;

/// Most entries that wait for chunks, and most chunks of one.
const MOST_OPEN: usize = 64;
const MOST_CHUNKS: u64 = 4_096;

/// A number as JSON has it, or in quotes as the JSON of protocol buffers does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Number(pub u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Number, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u64),
            Text(String),
        }
        match Either::deserialize(from)? {
            Either::Number(number) => Ok(Number(number)),
            Either::Text(text) => text.parse().map(Number).map_err(|_| de::Error::custom("must be a number")),
        }
    }
}

/// A part of an entry.
pub(super) struct Chunk<'a> {
    /// What all chunks of one entry share.
    pub key: String,
    /// From 1.
    pub index: u64,
    pub count: u64,
    pub statement: &'a str,
    pub parameter: &'a str,
}

/// An entry with all its chunks. A text that was not there is none.
pub(super) struct Whole {
    pub statement: Option<String>,
    pub parameter: Option<String>,
    pub position: Position,
    pub hash: RecordHash,
}

/// The entries that wait for chunks.
pub(super) struct Chunks {
    open: Recent<OpenEntry>,
    /// Given up and not told yet.
    lost: Vec<LostRecord>,
}

#[derive(Default)]
struct OpenEntry {
    parts: BTreeMap<u64, (String, String)>,
    position: Position,
    hash: RecordHash,
    length: usize,
}

impl Chunks {
    pub fn new() -> Chunks {
        Chunks { open: Recent::new(MOST_OPEN), lost: Vec::new() }
    }

    /// Takes a chunk; gives the entry once it is whole. Chunks may come in any order, and again.
    pub fn take(&mut self, chunk: Chunk<'_>, raw: Raw<'_>) -> Option<Whole> {
        let said = |text: String| Some(text).filter(|text| !text.is_empty());
        if chunk.count <= 1 {
            let (statement, parameter) = (said(chunk.statement.to_owned()), said(chunk.parameter.to_owned()));
            return Some(Whole { statement, parameter, position: raw.position, hash: raw.hash });
        }
        let new = || OpenEntry { position: raw.position, hash: raw.hash, ..OpenEntry::default() };
        if let Some(forgotten) = self.open.make_room() {
            self.lost.push(forgotten.lose("a chunk of it is missing"));
        }
        let open = self.open.get_or(&chunk.key, new);
        if !open.parts.is_empty() {
            open.hash = open.hash.and(raw.hash);
        }
        open.length = open.length.saturating_add(chunk.statement.len() + chunk.parameter.len());
        if open.length > LONGEST_RECORD || chunk.count > MOST_CHUNKS {
            self.lost.extend(self.open.remove(&chunk.key).map(|open| open.lose("too long")));
            return None;
        }
        open.parts.insert(chunk.index, (chunk.statement.to_owned(), chunk.parameter.to_owned()));
        if (open.parts.len() as u64) < chunk.count {
            return None;
        }
        let open = self.open.remove(&chunk.key)?;
        let (mut statement, mut parameter) = (String::new(), String::new());
        for (text, values) in open.parts.into_values() {
            statement.push_str(&text);
            parameter.push_str(&values);
        }
        Some(Whole { statement: said(statement), parameter: said(parameter), position: open.position, hash: open.hash })
    }

    /// Tells of those that were given up.
    pub fn tell_lost(&mut self, emit: &mut Emit<'_>) {
        self.lost.drain(..).map(Decoded::Lost).for_each(emit);
    }

    pub fn flush(&mut self, emit: &mut Emit<'_>) {
        self.lost.extend(self.open.drain().iter().map(|open| open.lose("a chunk of it is missing")));
        self.tell_lost(emit);
    }
}

impl OpenEntry {
    fn lose(&self, what: &str) -> LostRecord {
        let error = DecodeError::Form { expected: super::EXPECTED, what: what.to_owned() };
        let texts: Vec<&str> = self.parts.values().take(2).map(|(text, _)| text.as_str()).collect();
        LostRecord { position: self.position, hash: self.hash, length: self.length as u64, error, ends: LostRecord::ends(&texts) }
    }
}
