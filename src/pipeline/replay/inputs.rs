//! What a replay reads: files and partitions of topics, each with the source it belongs to and the format of its records.

use crate::config::schema::{Config, Source, SourceKind};
use crate::config::source::partition_name;
use crate::decode::FormatChoice;
use crate::engine::watermark::LEAP;
use crate::model::time::{Span, Timestamp};
use crate::pipeline::partition_decoder::PartitionDecoder;
use crate::pipeline::replay::sorted::SortedFile;
use crate::source::SourceError;
use crate::source::files::{FileInput, Progress};
use crate::source::kafka::bounded::BoundedPartition;
use crate::source::piece::Piece;
use std::path::Path;
use std::sync::Arc;

/// Which source a file belongs to, and in which format it is.
pub struct Assignment {
    /// The file as given.
    pub path: String,
    /// Name of its source.
    pub source: String,
    /// Name of its partition: what evidence cites.
    pub partition: String,
    /// Its format.
    pub format: FormatChoice,
}

/// A partition of a topic, and the source that it belongs to.
pub struct Topic {
    /// What is read.
    pub partition: BoundedPartition,
    /// Name of its source.
    pub source: String,
    /// Its format.
    pub format: FormatChoice,
}

/// What is replayed.
pub struct Inputs {
    /// Files.
    pub files: Vec<Assignment>,
    /// Partitions of topics.
    pub topics: Vec<Topic>,
    /// Whether files are sorted by the times of their records first.
    pub sort: bool,
}

impl From<Vec<Assignment>> for Inputs {
    fn from(files: Vec<Assignment>) -> Inputs {
        Inputs { files, topics: Vec::new(), sort: false }
    }
}

/// Assigns files to sources: the source whose path matches, else the only one gives the format; a file of no source is a
/// source of its own by its file name (docs/contract.md §10).
pub fn assign(config: &Config, files: &[String], format: Option<&FormatChoice>) -> Vec<Assignment> {
    let of_files = config.sources.iter().filter_map(|source| match &source.kind {
        SourceKind::Files(path) => Some((source, path.as_str())),
        SourceKind::Kafka(_) => None,
    });
    let of_files: Vec<(&Source, &str)> = of_files.collect();
    let mut assigned: Vec<Assignment> = files
        .iter()
        .map(|path| {
            let found = of_files.iter().find(|(_, pattern)| matches(pattern, path));
            let matching = found.map(|(source, _)| *source);
            let partition =
                found.map_or_else(|| file_name(path), |(source, pattern)| partition_name(&source.name, pattern, &file_name(path)));
            let only = if config.sources.len() == 1 { config.sources.first() } else { None };
            let named = matching.or(only).and_then(|source| config.choice(&source.format));
            let source = matching.map_or_else(|| file_name(path), |source| source.name.clone());
            Assignment { path: path.clone(), source, partition, format: format.cloned().or(named).unwrap_or_else(|| config.automatic()) }
        })
        .collect();
    assigned.sort_by(|a, b| a.path.cmp(&b.path));
    assigned.dedup_by(|a, b| a.path == b.path);
    assigned
}

fn matches(pattern: &str, path: &str) -> bool {
    let same = |a: &str, b: &str| match (std::fs::canonicalize(a), std::fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    };
    same(pattern, path)
        || glob::glob(pattern).is_ok_and(|paths| paths.flatten().any(|found| found.to_str().is_some_and(|found| same(found, path))))
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// What one input is read from.
pub(super) enum Origin {
    File(FileInput),
    Sorted(Box<SortedFile>),
    Topic(Box<BoundedPartition>, Arc<Progress>),
}

/// An input with its decoder, and how far it was read.
pub(super) struct Reading {
    pub(super) input: Origin,
    pub(super) decoder: PartitionDecoder,
    pub(super) done: bool,
    pub(super) begun: bool,
    /// Lines before this one were applied by an earlier run.
    pub(super) skip: u64,
    pub(super) next_line: u64,
    pub(super) next_offset: u64,
    /// How far its records are from the order of time.
    pub(super) disorder: Disorder,
}

/// How far the records of an input are from the order of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Disorder {
    /// Records with a time that is believed.
    pub records: u64,
    /// Those that stand after one that is later by more than `[time] lateness`.
    pub behind: u64,
    newest: Option<Timestamp>,
    /// Records in a row that leap ahead.
    leaping: u32,
}

/// So many in a row are no wrong clock: the log was silent for so long.
const LEAPS: u32 = 64;

impl Disorder {
    /// Notes the time of the next record.
    pub(super) fn note(&mut self, time: Timestamp, lateness: Span) {
        let newest = *self.newest.get_or_insert(time);
        self.records += 1;
        self.behind += u64::from(time + lateness < newest);
        // A leap ahead may be no more than a wrong clock, and would put everything after it behind.
        self.leaping = if time > newest + LEAP { self.leaping + 1 } else { 0 };
        if time > newest && (self.leaping == 0 || self.leaping >= LEAPS) {
            (self.newest, self.leaping) = (Some(time), 0);
        }
    }

    /// Hundredths of the records that stand behind.
    pub fn percent(&self) -> f64 {
        self.behind as f64 * 100.0 / self.records.max(1) as f64
    }

    /// Whether so many stand behind that it is no matter of a few stragglers.
    pub fn is_grave(&self) -> bool {
        self.behind * 100 > self.records
    }
}

impl Origin {
    fn next_piece(&mut self) -> Result<Option<Piece>, SourceError> {
        match self {
            Origin::File(input) => input.next_block(),
            Origin::Sorted(input) => input.next_piece(),
            Origin::Topic(partition, progress) => {
                let piece = partition.next_piece()?;
                if let Some(Piece::Messages(messages)) = &piece {
                    progress.add(messages.bytes as u64);
                }
                Ok(piece)
            }
        }
    }

    pub(super) fn progress(&self) -> Arc<Progress> {
        match self {
            Origin::File(input) => input.progress(),
            Origin::Sorted(input) => input.progress(),
            Origin::Topic(_, progress) => Arc::clone(progress),
        }
    }
}

impl Reading {
    /// The next pieces, without what an earlier run applied.
    pub(super) fn pieces(&mut self, wanted: usize) -> Result<Vec<Piece>, SourceError> {
        let mut pieces = Vec::with_capacity(wanted);
        while pieces.len() < wanted.max(1) {
            let Some(piece) = self.input.next_piece()? else {
                self.done = true;
                break;
            };
            if let Origin::Sorted(_) = self.input {
                // Its lines come in any order, and how far it reaches is known.
                pieces.push(piece);
                continue;
            }
            let (after, offset) = piece.end();
            self.next_line = self.next_line.max(after);
            self.next_offset = offset;
            if after > self.skip {
                pieces.push(piece.from_line(self.skip));
            }
        }
        Ok(pieces)
    }
}
