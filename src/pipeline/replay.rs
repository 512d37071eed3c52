//! Historical logs through the engine, as fast as the cores allow, with the result of one thread reading one record after
//! the other.
//!
//! Work goes in rounds: blocks are taken from the inputs that are furthest behind in event time, decoded and classified in
//! parallel, handed to the engine in order, and settled by all shards in parallel. A thread for each input reads and
//! unpacks ahead meanwhile.

mod tap;

pub use tap::{NoTap, Tap};

use crate::config::schema::{Config, Source, SourceKind};
use crate::decode::{Codec, FormatChoice};
use crate::engine::output::Evictions;
use crate::engine::output::Output;
use crate::engine::watermark::LEAP;
use crate::engine::{Engine, Snapshot};
use crate::model::access::{Access, PartitionId};
use crate::model::time::{DAY_MS, Timestamp};
use crate::pipeline::feed::{Batch, Between, Dead, Feed};
use crate::pipeline::parallel::Parallel;
use crate::source::SourceError;
use crate::source::files::{self, Input, Progress};
use crate::source::kafka::bounded::BoundedPartition;
use crate::source::lines::Piece;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A replay under way.
pub struct Replay {
    engine: Engine,
    inputs: Vec<Reading>,
    between: Between,
    /// Blocks of a round.
    round: usize,
    /// What was read so far.
    pub tally: Tally,
}

/// What is read: a file, or a partition of a topic.
enum Reads {
    File(Input),
    Topic(Box<BoundedPartition>, Arc<Progress>),
}

struct Reading {
    input: Reads,
    feed: Feed,
    done: bool,
    begun: bool,
    /// Lines before this one were applied by an earlier run.
    skip: u64,
    next_line: u64,
    next_offset: u64,
}

/// What a replay has read.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Physical records.
    pub lines: u64,
    /// Records outside of the time asked for.
    pub ignored: u64,
    /// Accesses decoded.
    pub accesses: u64,
    /// Accesses by source and what became of them: accepted, duplicate, late.
    pub accepted: u64,
    /// Counted before.
    pub duplicate: u64,
    /// Applied late.
    pub late: u64,
    /// What was given up to keep within the limits.
    pub evicted: Evictions,
    /// Records that could not be decoded.
    pub dead: u64,
    /// The same by reason.
    pub reasons: BTreeMap<String, u64>,
    /// The first of them, with their place.
    pub first_dead: Vec<Dead>,
    /// Earliest and latest event time.
    pub times: Option<(Timestamp, Timestamp)>,
}

impl Tally {
    /// Days between the earliest and the latest event time, at least one.
    pub fn days(&self) -> f64 {
        self.times.map_or(1.0, |(first, last)| ((last - first).0 as f64 / DAY_MS as f64).max(1.0))
    }
}

/// Dead letters that a summary shows.
const SHOWN_DEAD: usize = 5;

/// Reasons that are counted apart; what comes after is counted together.
const REASONS: usize = 64;

/// What one round gave.
pub struct Round {
    /// What the engine says.
    pub output: Output,
    /// Records that could not be decoded.
    pub dead: Vec<Dead>,
}

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
}

impl std::convert::From<Vec<Assignment>> for Inputs {
    fn from(files: Vec<Assignment>) -> Inputs {
        Inputs { files, topics: Vec::new() }
    }
}

/// Assigns files to sources: the source whose path matches, else the only one gives the format; a file of no source is a
/// source of its own by its file name (SPEC §10).
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

/// The name of a file's partition: that of its source, with the file's name where the source has several files.
pub fn partition_name(source: &str, pattern: &str, file: &str) -> String {
    if pattern.contains(['*', '?', '[']) { format!("{source}/{file}") } else { source.to_owned() }
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

impl Replay {
    /// Opens the files; partitions of topics are open already. `positions` says up to which line a file was applied by an earlier run on the same state.
    pub fn open(
        engine: Engine,
        inputs: impl Into<Inputs>,
        between: Between,
        threads: usize,
        positions: &BTreeMap<String, u64>,
    ) -> Result<Replay, SourceError> {
        let Inputs { files, topics } = inputs.into();
        let of_topics = topics.iter().map(|topic| topic.source.clone());
        let mut names: Vec<String> = files.iter().map(|file| file.source.clone()).chain(of_topics).collect();
        names.sort_unstable();
        names.dedup();
        let index_of = |source: &str| names.binary_search_by(|name| name.as_str().cmp(source)).unwrap_or(0) as u16;
        let mut inputs = Vec::new();
        let short: Vec<&str> = files.iter().map(|file| file.partition.as_str()).collect();
        let mut engine = engine;
        for (at, file) in files.iter().enumerate() {
            let alone = short.iter().filter(|name| **name == short[at]).count() == 1;
            let name = if alone { short[at].to_owned() } else { file.path.clone() };
            let partition = engine.context().partition(&name);
            engine.context().belongs(&name, &file.source);
            engine.open(partition);
            let input = files::open(&file.path, &engine.context().classifier.keys)?;
            let skip = positions.get(&name).copied().unwrap_or(0);
            let feed = Feed::new(file.source.clone(), index_of(&file.source), partition, name, file.format.clone());
            inputs.push(Reading { input: Reads::File(input), feed, done: false, begun: false, skip, next_line: skip, next_offset: 0 });
        }
        for given in topics {
            let name = given.partition.name();
            let partition = engine.context().partition(&name);
            engine.open(partition);
            let feed = Feed::new(given.source.clone(), index_of(&given.source), partition, name, given.format);
            let next_line = given.partition.next();
            let input = Reads::Topic(Box::new(given.partition), Arc::new(Progress::new(None)));
            inputs.push(Reading { input, feed, done: false, begun: false, skip: 0, next_line, next_offset: 0 });
        }
        Ok(Replay { engine, inputs, between, round: threads.max(1) * 2, tally: Tally::default() })
    }

    /// How far each input is, for a progress bar.
    pub fn progress(&self) -> Vec<Arc<Progress>> {
        self.inputs.iter().map(|reading| reading.input.progress()).collect()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, with its files closed: what comes next comes from elsewhere.
    pub fn into_engine(self) -> Engine {
        self.engine
    }

    /// Formats by file, as given or recognised.
    pub fn formats(&self) -> Vec<(String, Option<&Codec>)> {
        self.inputs.iter().map(|reading| (reading.feed.name.clone(), reading.feed.format())).collect()
    }

    /// Up to which line each file has been applied.
    pub fn positions(&self) -> BTreeMap<String, u64> {
        let files = self.inputs.iter().filter(|reading| matches!(reading.input, Reads::File(_)));
        files.map(|reading| (reading.feed.name.clone(), reading.next_line)).collect()
    }

    /// The next offset of each partition of a topic.
    pub fn offsets(&self) -> BTreeMap<(String, i32), i64> {
        let offset = |reading: &Reading| match &reading.input {
            Reads::File(_) => None,
            Reads::Topic(partition, _) => {
                Some(((partition.of().topic.to_string(), partition.of().partition), reading.next_line.cast_signed()))
            }
        };
        self.inputs.iter().filter_map(offset).collect()
    }

    /// The engine's state as it stands, before what waits is settled by force: whoever goes on from it goes on as if the
    /// input had gone on.
    pub fn image(&self) -> Snapshot {
        self.engine.image()
    }

    /// How far each unpacked file has been applied: path as given, next line, next byte.
    pub fn ends(&self) -> Vec<(String, u64, u64)> {
        let end = |reading: &Reading| match &reading.input {
            Reads::File(input) => Some((input.name().to_owned(), reading.next_line.max(1), reading.next_offset)),
            Reads::Topic(..) => None,
        };
        self.inputs.iter().filter_map(end).collect()
    }

    /// Reads, decodes and settles a round. `None` at the end of all inputs.
    pub fn round(&mut self) -> Result<Option<Round>, SourceError> {
        self.round_with(&mut NoTap)
    }

    /// A round whose accesses a tap observes and adds to.
    pub fn round_with(&mut self, tap: &mut impl Tap) -> Result<Option<Round>, SourceError> {
        let mut taken: Vec<(usize, Vec<Piece>)> = Vec::new();
        let mut blocks = 0;
        for at in self.behind() {
            // An input that has not begun gives one block, so that its time is known; the one furthest behind fills the round.
            let wanted = if self.inputs[at].begun { self.round - blocks } else { 1 };
            let pieces = self.inputs[at].pieces(wanted)?;
            blocks += pieces.len();
            taken.push((at, pieces));
            if blocks >= self.round || self.inputs[at].begun {
                break;
            }
        }
        if taken.is_empty() {
            return Ok(None);
        }
        let batches = self.decode(&taken);
        let mut dead = Vec::new();
        for (at, batches) in batches {
            self.inputs[at].begun = true;
            for batch in batches {
                self.take(self.inputs[at].feed.partition, batch, tap, &mut dead);
            }
            if self.inputs[at].done {
                self.end(at, tap, &mut dead);
            }
        }
        let output = self.engine.advance(&Parallel);
        self.count(&output);
        Ok(Some(Round { output, dead }))
    }

    /// Inputs that are not at their end, furthest behind in event time first; those not begun before all.
    fn behind(&self) -> Vec<usize> {
        let mut open: Vec<usize> = (0..self.inputs.len()).filter(|at| !self.inputs[*at].done).collect();
        open.sort_by_key(|at| {
            let reading = &self.inputs[*at];
            (reading.begun.then(|| self.engine.watermark(reading.feed.partition)).flatten(), *at)
        });
        open
    }

    fn decode(&mut self, taken: &[(usize, Vec<Piece>)]) -> Vec<(usize, Vec<Batch>)> {
        let context = self.engine.context().clone();
        let (classifier, between) = (&*context.classifier, self.between);
        let mut by_input: BTreeMap<usize, &Vec<Piece>> = taken.iter().map(|(at, pieces)| (*at, pieces)).collect();
        let mut decoded: Vec<(usize, Vec<Batch>)> = self
            .inputs
            .par_iter_mut()
            .enumerate()
            .filter_map(|(at, reading)| by_input.get(&at).map(|pieces| (at, reading, *pieces)))
            .map(|(at, reading, pieces)| {
                if let Some(first @ (Piece::Block(_) | Piece::Messages(_))) = pieces.first() {
                    reading.feed.recognise(first.first_records(100));
                }
                let feed = &mut reading.feed;
                let batches = match feed.format() {
                    Some(codec) if codec.format.stateless => {
                        pieces.par_iter().map(|piece| feed.alone(piece, classifier, between)).collect()
                    }
                    Some(_) | None => pieces.iter().map(|piece| feed.next(piece, classifier, between)).collect(),
                };
                (at, batches)
            })
            .collect();
        by_input.clear();
        decoded.sort_by_key(|(at, _)| *at);
        decoded
    }

    fn take(&mut self, of: PartitionId, batch: Batch, tap: &mut impl Tap, dead: &mut Vec<Dead>) {
        self.tally.lines += batch.lines;
        self.tally.ignored += batch.ignored;
        self.tally.accesses += batch.accesses.len() as u64;
        for letter in batch.dead {
            self.bury(letter, dead);
        }
        for (stream, number, edge) in batch.numbers {
            self.engine.numbered(of, stream, number, edge);
        }
        let mut after = batch.dead_after.into_iter().peekable();
        let count = batch.accesses.len();
        for (at, access) in batch.accesses.into_iter().enumerate() {
            (0..Batch::dead_before(&mut after, at)).for_each(|_| self.engine.dead(of));
            let (time, partition) = (access.time, access.partition);
            tap.observe(&access, self.engine.context());
            // A leap ahead is no sign that its time has come.
            if self.engine.watermark(partition).is_some_and(|watermark| time <= watermark + LEAP) {
                while let Some(injected) = tap.inject(partition, Some(time)) {
                    self.engine.take(injected, None);
                }
            }
            if let Some(given_up) = self.engine.take(access, None) {
                self.give_up(&given_up, dead);
            }
            // What is set aside may never count, and says nothing of the time that was replayed.
            if self.engine.watermark(partition).is_none_or(|watermark| time <= watermark) {
                let (first, last) = self.tally.times.unwrap_or((time, time));
                self.tally.times = Some((first.min(time), last.max(time)));
            }
        }
        (0..Batch::dead_before(&mut after, count)).for_each(|_| self.engine.dead(of));
    }

    fn end(&mut self, at: usize, tap: &mut impl Tap, dead: &mut Vec<Dead>) {
        let context = self.engine.context().clone();
        let batch = self.inputs[at].feed.flush(&context.classifier, self.between);
        self.take(self.inputs[at].feed.partition, batch, tap, dead);
        while let Some(injected) = tap.inject(self.inputs[at].feed.partition, None) {
            self.engine.take(injected, None);
        }
        for access in self.engine.close(self.inputs[at].feed.partition) {
            self.give_up(&access, dead);
        }
    }

    /// A record of a time that nothing confirmed.
    fn give_up(&mut self, access: &Access, dead: &mut Vec<Dead>) {
        let letter = Dead {
            partition: self.engine.context().partition_name(access.partition),
            position: access.position,
            length: u64::from(access.length),
            hash: access.hash,
            reason: UNCONFIRMED.to_owned(),
            payload: None,
        };
        self.engine.dead(access.partition);
        self.bury(letter, dead);
    }

    fn bury(&mut self, letter: Dead, dead: &mut Vec<Dead>) {
        self.tally.dead += 1;
        let counted = self.tally.reasons.len() < REASONS || self.tally.reasons.contains_key(&letter.reason);
        let reason = if counted { letter.reason.clone() } else { "other reasons".to_owned() };
        *self.tally.reasons.entry(reason).or_default() += 1;
        if self.tally.first_dead.len() < SHOWN_DEAD {
            self.tally.first_dead.push(letter.clone());
        }
        dead.push(letter);
    }

    fn count(&mut self, output: &Output) {
        for counts in &output.counts.sources {
            self.tally.accepted += counts.accepted;
            self.tally.duplicate += counts.duplicate;
            self.tally.late += counts.late;
        }
        self.tally.evicted.add(output.counts.evicted);
    }

    /// Settles what waits, once all inputs are at their end.
    pub fn finish(&mut self) -> Round {
        let output = self.engine.finish(&Parallel);
        self.count(&output);
        Round { output, dead: Vec::new() }
    }
}

/// Why a record of the future is given up.
pub const UNCONFIRMED: &str = "time is more than 7 days ahead of the records around it, which do not confirm it";

impl Reads {
    fn next_piece(&mut self) -> Result<Option<Piece>, SourceError> {
        match self {
            Reads::File(input) => input.next_block(),
            Reads::Topic(partition, progress) => {
                let piece = partition.next_piece()?;
                if let Some(Piece::Messages(messages)) = &piece {
                    progress.add(messages.bytes as u64);
                }
                Ok(piece)
            }
        }
    }

    fn progress(&self) -> Arc<Progress> {
        match self {
            Reads::File(input) => input.progress(),
            Reads::Topic(_, progress) => Arc::clone(progress),
        }
    }
}

impl Reading {
    /// The next pieces, without what an earlier run applied.
    fn pieces(&mut self, wanted: usize) -> Result<Vec<Piece>, SourceError> {
        let mut pieces = Vec::with_capacity(wanted);
        while pieces.len() < wanted.max(1) {
            let Some(piece) = self.input.next_piece()? else {
                self.done = true;
                break;
            };
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
