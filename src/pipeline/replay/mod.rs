//! Historical logs through the engine, as fast as the cores allow, with the result of one thread reading one record after
//! the other.
//!
//! Work goes in rounds: blocks are taken from the inputs that are furthest behind in event time, decoded and classified in
//! parallel, handed to the engine in order, and settled by all shards in parallel. A thread for each input reads and
//! unpacks ahead meanwhile.
//!
//! While a round settles the next is decoded. Which blocks that are is known by then, as settling changes no watermark: the rounds are
//! those of one thread that does one thing after the other. No state may be taken before the last round: inputs are ahead of the engine.

pub mod contents;
mod external_sort;
mod inputs;
mod sorted;
mod tap;

use crate::classify::derivation::MadeTables;
use crate::decode::{Codec, IgnoredCounts};
use crate::engine::context::Context;
use crate::engine::output::Evictions;
use crate::engine::output::Output;
use crate::engine::watermark::LEAP;
use crate::engine::{Engine, Snapshot};
use crate::kafka::identity::Marks;
use crate::model::access::{Access, PartitionId};
use crate::model::decision::outcome::DecisionNote;
use crate::model::time::{DAY_MS, Timestamp};
use crate::pipeline::first_records::Undecoded;
use crate::pipeline::parallel::Parallel;
use crate::pipeline::partition_decoder::{Batch, Item, PartitionDecoder, TimeRange};
use crate::sink::dead_letters::DeadLetter;
use crate::sink::payload::Sealer;
use crate::source::SourceError;
use crate::source::files::{self, Progress};
use crate::source::piece::Piece;
pub use inputs::{Assignment, Disorder, Inputs, Topic, assign};
use inputs::{Origin, Reading};
use rayon::prelude::*;
use sorted::SortedFile;
use std::collections::BTreeMap;
use std::sync::Arc;
pub use tap::{NoTap, Tap};

/// A replay under way.
pub struct Replay {
    engine: Engine,
    inputs: Vec<Reading>,
    range: TimeRange,
    /// Blocks of a round.
    round: usize,
    /// The next round, decoded while this one settled, or why it could not be read.
    ahead: Option<Result<Decoded, SourceError>>,
    /// What was read so far.
    pub tally: Tally,
    /// The earliest time of records that wait for a first watermark.
    earliest: Option<Timestamp>,
}

/// What a replay has read.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Physical records.
    pub lines: u64,
    /// Lines that were passed over on purpose.
    pub ignored: IgnoredCounts,
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
    /// Dead letters: records that could not be decoded.
    pub dead: u64,
    /// The same by reason.
    pub reasons: BTreeMap<String, u64>,
    /// The first of them, with their place.
    pub first_dead: Vec<DeadLetter>,
    /// Earliest and latest event time.
    pub times: Option<(Timestamp, Timestamp)>,
}

impl Tally {
    /// A time was replayed.
    fn cover(&mut self, time: Timestamp) {
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
    }

    /// Days between the earliest and the latest event time, at least one.
    pub fn days(&self) -> f64 {
        self.times.map_or(1.0, |(first, last)| ((last - first).0 as f64 / DAY_MS as f64).max(1.0))
    }
}

/// Dead letters that a summary shows.
const SHOWN_DEAD: usize = 5;

/// Reasons that are counted apart; what comes after is counted together.
const REASONS: usize = 64;

/// What a round has read, in the order of the inputs.
#[derive(Default)]
struct Decoded {
    batches: Vec<(usize, Vec<Batch>)>,
    /// Inputs that are at their end with it.
    ended: Vec<usize>,
}

/// What one round gave.
pub struct Round {
    /// What the engine says.
    pub output: Output,
    /// Records that could not be decoded.
    pub dead_letters: Vec<DeadLetter>,
}

impl Replay {
    /// Opens the files; partitions of topics are open already. `read` says up to which line the content at a path was
    /// applied by an earlier run on the same state.
    pub fn open(
        engine: Engine,
        inputs: impl Into<Inputs>,
        range: TimeRange,
        threads: usize,
        read: &BTreeMap<String, u64>,
    ) -> Result<Replay, SourceError> {
        let Inputs { files, topics, sort } = inputs.into();
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
            engine.add_partition(partition);
            let input = files::open(&file.path, &engine.context().classifier.keys)?;
            let skip = read.get(&file.path).copied().unwrap_or(0);
            let decoder =
                || PartitionDecoder::new(file.source.clone(), index_of(&file.source), partition, name.clone(), file.format.clone());
            let (input, (next_line, next_offset)) = match sort {
                true => {
                    let sorted = SortedFile::read(input, &mut decoder(), &engine.context().classifier, skip)?;
                    let end = sorted.end;
                    (Origin::Sorted(Box::new(sorted)), end)
                }
                false => (Origin::File(input), (skip, 0)),
            };
            let (decoder, disorder) = (decoder(), Disorder::default());
            inputs.push(Reading { input, decoder, done: false, begun: false, skip, next_line, next_offset, disorder });
        }
        for given in topics {
            let name = given.partition.name();
            let partition = engine.context().partition(&name);
            engine.context().belongs(&name, &given.source);
            engine.add_partition(partition);
            let decoder = PartitionDecoder::new(given.source.clone(), index_of(&given.source), partition, name, given.format);
            let next_line = given.partition.next();
            let input = Origin::Topic(Box::new(given.partition), Arc::new(Progress::new(None)));
            let disorder = Disorder::default();
            inputs.push(Reading { input, decoder, done: false, begun: false, skip: 0, next_line, next_offset: 0, disorder });
        }
        Ok(Replay { engine, inputs, range, round: threads.max(1) * 2, ahead: None, tally: Tally::default(), earliest: None })
    }

    /// Keeps the content of dead letters, encrypted.
    #[must_use]
    pub fn sealing(mut self, sealer: Option<Arc<Sealer>>) -> Replay {
        self.inputs.iter_mut().for_each(|reading| reading.decoder.seal_with(sealer.clone()));
        self
    }

    /// How far each input is, for a progress bar.
    pub fn progress(&self) -> Vec<Arc<Progress>> {
        self.inputs.iter().map(|reading| reading.input.progress()).collect()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What became of decisions.
    pub fn take_decision_notes(&mut self) -> Vec<DecisionNote> {
        self.engine.take_decision_notes()
    }

    /// The engine, with its files closed: what comes next comes from elsewhere.
    pub fn into_engine(self) -> Engine {
        self.engine
    }

    /// Formats by file, as given or recognised.
    pub fn formats(&self) -> Vec<(String, Option<&Codec>)> {
        self.inputs.iter().map(|reading| (reading.decoder.name.clone(), reading.decoder.format())).collect()
    }

    /// Inputs that had records of which none was decoded.
    pub fn undecoded(&self) -> Vec<(String, Undecoded)> {
        self.inputs.iter().filter_map(|reading| Some((reading.decoder.name.clone(), reading.decoder.undecoded()?))).collect()
    }

    /// Inputs that are far from the order of time.
    pub fn disordered(&self) -> Vec<(&str, Disorder)> {
        let grave = self.inputs.iter().filter(|reading| reading.disorder.is_grave());
        grave.map(|reading| (reading.decoder.name.as_str(), reading.disorder)).collect()
    }

    /// Goes on with the tables that statements before made, by partition.
    pub fn know(&mut self, made: &BTreeMap<String, MadeTables>) {
        for reading in &mut self.inputs {
            if let Some(made) = made.get(&reading.decoder.name) {
                reading.decoder.know(made.clone());
            }
        }
    }

    /// Tables that statements made, by partition.
    pub fn made_tables(&self) -> impl Iterator<Item = (String, MadeTables)> {
        self.inputs.iter().map(|reading| (reading.decoder.name.clone(), reading.decoder.made_tables().clone()))
    }

    /// Goes on below the headers that were read before, by partition.
    pub fn know_columns(&mut self, columns: &BTreeMap<String, Vec<String>>) {
        for reading in &mut self.inputs {
            if let Some(names) = columns.get(&reading.decoder.name) {
                reading.decoder.know_columns(names.clone());
            }
        }
    }

    /// The headers that were read, by partition.
    pub fn columns(&self) -> impl Iterator<Item = (String, Vec<String>)> {
        self.inputs.iter().filter_map(|reading| Some((reading.decoder.name.clone(), reading.decoder.columns()?.to_vec())))
    }

    /// The next offset of each partition of a topic.
    pub fn offsets(&self) -> BTreeMap<(String, i32), i64> {
        let offset = |reading: &Reading| match &reading.input {
            Origin::File(_) | Origin::Sorted(_) => None,
            Origin::Topic(partition, _) => {
                Some(((partition.of().topic.to_string(), partition.of().partition), reading.next_line.cast_signed()))
            }
        };
        self.inputs.iter().filter_map(offset).collect()
    }

    /// What is known of the records that were read of each partition of a topic.
    pub fn marks(&self) -> BTreeMap<(String, i32), Marks> {
        let marks = |reading: &Reading| match &reading.input {
            Origin::File(_) | Origin::Sorted(_) => None,
            Origin::Topic(partition, _) => Some(((partition.of().topic.to_string(), partition.of().partition), partition.marks().clone())),
        };
        self.inputs.iter().filter_map(marks).collect()
    }

    /// The engine's state as it stands, before what waits is settled by force: whoever goes on from it goes on as if the
    /// input had gone on.
    pub fn image(&self) -> Snapshot {
        debug_assert!(self.ahead.is_none(), "inputs are ahead of the engine");
        self.engine.snapshot()
    }

    /// How far each unpacked file has been applied: path as given, next line, next byte.
    pub fn ends(&self) -> Vec<(String, u64, u64)> {
        let end = |reading: &Reading| match &reading.input {
            Origin::File(input) => Some((input.name().to_owned(), reading.next_line.max(1), reading.next_offset)),
            Origin::Sorted(input) => Some((input.name().to_owned(), reading.next_line.max(1), reading.next_offset)),
            Origin::Topic(..) => None,
        };
        self.inputs.iter().filter_map(end).collect()
    }

    /// Reads, decodes and settles a round. `None` at the end of all inputs.
    pub fn round(&mut self) -> Result<Option<Round>, SourceError> {
        self.round_with(&mut NoTap)
    }

    /// A round whose accesses a tap observes and adds to.
    pub fn round_with(&mut self, tap: &mut impl Tap) -> Result<Option<Round>, SourceError> {
        let decoded = match self.ahead.take() {
            Some(ahead) => ahead?,
            None => {
                let taken = self.next_pieces()?;
                decode(&mut self.inputs, &taken, self.engine.context(), self.range)
            }
        };
        if decoded.batches.is_empty() {
            return Ok(None);
        }
        let mut dead_letters = Vec::new();
        let lateness = self.engine.context().lateness;
        for (at, batches) in decoded.batches {
            self.inputs[at].begun = true;
            for batch in batches {
                self.inputs[at].decoder.note(&batch);
                for access in &batch.accesses {
                    self.inputs[at].disorder.note(access.time, lateness);
                }
                self.take(self.inputs[at].decoder.partition, batch, tap, &mut dead_letters);
            }
        }
        // What is old enough settles before an input ends: where it is the last, nothing else would say how far time has come, and a state
        // that is saved would hold it as if it waited.
        let next = self.next_pieces();
        let (context, range) = (self.engine.context().clone(), self.range);
        let (engine, inputs) = (&mut self.engine, &mut self.inputs);
        let (mut output, ahead) = rayon::join(|| engine.advance(&Parallel), || next.map(|taken| decode(inputs, &taken, &context, range)));
        self.ahead = Some(ahead);
        if !decoded.ended.is_empty() {
            decoded.ended.into_iter().for_each(|at| self.end(at, tap, &mut dead_letters));
            output.join(self.engine.advance(&Parallel));
        }
        self.count(&output);
        Ok(Some(Round { output, dead_letters }))
    }

    /// The blocks of the next round, by input.
    fn next_pieces(&mut self) -> Result<Vec<(usize, Vec<Piece>)>, SourceError> {
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
        Ok(taken)
    }

    /// Inputs that are not at their end, furthest behind in event time first; those not begun before all.
    fn behind(&self) -> Vec<usize> {
        let mut open: Vec<usize> = (0..self.inputs.len()).filter(|at| !self.inputs[*at].done).collect();
        open.sort_by_key(|at| {
            let reading = &self.inputs[*at];
            (reading.begun.then(|| self.engine.watermark(reading.decoder.partition)).flatten(), *at)
        });
        open
    }

    fn take(&mut self, of: PartitionId, batch: Batch, tap: &mut impl Tap, dead_letters: &mut Vec<DeadLetter>) {
        self.tally.lines += batch.records;
        self.tally.ignored.join(&batch.ignored);
        self.tally.accesses += batch.accesses.len() as u64;
        let (letters, items) = batch.into_items();
        for letter in letters {
            self.keep_dead_letter(letter, dead_letters);
        }
        for item in items {
            match item {
                Item::SequenceNumber { stream, number, record } => self.engine.note_number(of, stream, number, record),
                Item::DeadLetter(named) => self.engine.note_dead_letter(of, named),
                Item::Access(access) => self.take_access(access, tap),
            }
        }
    }

    fn take_access(&mut self, access: Access, tap: &mut impl Tap) {
        let (time, partition) = (access.time, access.partition);
        tap.observe(&access, self.engine.context());
        // A leap ahead is no sign that its time has come.
        if self.engine.watermark(partition).is_none_or(|watermark| time <= watermark + LEAP) {
            while let Some(injected) = tap.inject(partition, Some(time)) {
                self.engine.take(injected, None);
            }
        }
        if tap.withholds(&access) {
            return;
        }
        self.engine.take(access, None);
        // What is set aside may never count, and says nothing of the time that was replayed.
        match self.engine.watermark(partition) {
            Some(watermark) if time <= watermark => self.tally.cover(time),
            Some(_) => {}
            // The first records wait for one another; the earliest of them is believed in any case.
            None => self.earliest = Some(self.earliest.map_or(time, |earliest| earliest.min(time))),
        }
    }

    fn end(&mut self, at: usize, tap: &mut impl Tap, dead_letters: &mut Vec<DeadLetter>) {
        let context = self.engine.context().clone();
        let batch = self.inputs[at].decoder.flush(&context.classifier, self.range);
        self.inputs[at].decoder.note(&batch);
        self.take(self.inputs[at].decoder.partition, batch, tap, dead_letters);
        while let Some(injected) = tap.inject(self.inputs[at].decoder.partition, None) {
            self.engine.take(injected, None);
        }
        self.engine.end_partition(self.inputs[at].decoder.partition);
        if let Some(first) = self.earliest.take() {
            self.tally.cover(first);
            self.engine.watermark(self.inputs[at].decoder.partition).into_iter().for_each(|last| self.tally.cover(last));
        }
    }

    fn keep_dead_letter(&mut self, letter: DeadLetter, dead_letters: &mut Vec<DeadLetter>) {
        self.tally.dead += 1;
        let counted = self.tally.reasons.len() < REASONS || self.tally.reasons.contains_key(&letter.reason);
        let reason = if counted { letter.reason.clone() } else { "other reasons".to_owned() };
        *self.tally.reasons.entry(reason).or_default() += 1;
        if self.tally.first_dead.len() < SHOWN_DEAD {
            self.tally.first_dead.push(letter.clone());
        }
        dead_letters.push(letter);
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
        Round { output, dead_letters: Vec::new() }
    }
}

/// Decodes pieces of several inputs, those of a format whose records stand alone on all cores.
fn decode(inputs: &mut [Reading], taken: &[(usize, Vec<Piece>)], context: &Context, range: TimeRange) -> Decoded {
    let classifier = &*context.classifier;
    let by_input: BTreeMap<usize, &Vec<Piece>> = taken.iter().map(|(at, pieces)| (*at, pieces)).collect();
    let ended = by_input.keys().copied().filter(|at| inputs[*at].done).collect();
    let mut batches: Vec<(usize, Vec<Batch>)> = inputs
        .par_iter_mut()
        .enumerate()
        .filter_map(|(at, reading)| by_input.get(&at).map(|pieces| (at, reading, *pieces)))
        .map(|(at, reading, pieces)| {
            if let Some(first) = pieces.first() {
                reading.decoder.recognise(first.first_records(100));
            }
            let decoder = &mut reading.decoder;
            let batches = match decoder.format() {
                Some(codec) if codec.format.stateless => {
                    let mut batches: Vec<Batch> =
                        pieces.par_iter().map(|piece| decoder.decode_stateless(piece, classifier, range)).collect();
                    decoder.in_order(pieces, &mut batches, classifier, range);
                    batches
                }
                Some(_) | None => pieces.iter().map(|piece| decoder.decode(piece, classifier, range)).collect(),
            };
            (at, batches)
        })
        .collect();
    batches.sort_by_key(|(at, _)| *at);
    Decoded { batches, ended }
}
