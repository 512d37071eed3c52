//! A file whose records are not in order of time, in that order: read to its end, sorted by when its records say that they were, and given
//! from the earliest on, each with the line on which it stands.
//!
//! A line that tells no time of its own (a header, the rest of a record, a blank one) stays behind the line before it.

use crate::classify::classifier::Classifier;
use crate::model::time::Timestamp;
use crate::pipeline::partition_decoder::{Batch, PartitionDecoder, TimeRange};
use crate::pipeline::replay::external_sort::{ExternalSort, Sorted};
use crate::source::SourceError;
use crate::source::files::{FileInput, Progress};
use crate::source::piece::{Messages, Oversized, Piece, Run};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

/// What is sorted in memory; more goes by way of a file.
const MEMORY: usize = 256 * 1024 * 1024;

/// About how many bytes are given at once.
const PIECE: usize = 1024 * 1024;

/// Pieces that wait for their times: a decoder may hold a record back for lines that come later.
const WAITING: usize = 4;

/// A file, sorted.
pub(super) struct SortedFile {
    name: String,
    progress: Arc<Progress>,
    sorted: Sorted,
    /// A line that is too long, between what was given and what comes.
    between: Option<Oversized>,
    /// Blank lines in long rows, which are given at the end.
    blank: u64,
    /// The line and the byte behind the last one.
    pub(super) end: (u64, u64),
}

/// What stands before the bytes of a line and of a line that is too long.
const LINE: u8 = 0;
const LONG: u8 = 1;

impl SortedFile {
    /// Reads a file to its end. `decoder` is another one of its kind than the one that will decode it: it tells the times alone.
    pub(super) fn read(
        mut input: FileInput,
        decoder: &mut PartitionDecoder,
        classifier: &Classifier,
        first_line: u64,
    ) -> Result<SortedFile, SourceError> {
        let (name, progress) = (input.name().to_owned(), input.progress());
        let broken = |error| SourceError::Open { place: format!("{name}: a file to sort it by way of"), error };
        let mut taking = Taking { sort: ExternalSort::new(MEMORY), times: BTreeMap::new(), last: i64::MIN, blank: 0 };
        let (mut waiting, mut end): (VecDeque<Piece>, _) = (VecDeque::new(), (first_line, 0));
        while let Some(piece) = input.next_block()? {
            end = piece.end();
            if end.0 <= first_line {
                continue;
            }
            let piece = piece.from_line(first_line);
            decoder.recognise(piece.first_records(100));
            taking.note(&decoder.decode(&piece, classifier, TimeRange::default()));
            waiting.push_back(piece);
            if waiting.len() > WAITING
                && let Some(piece) = waiting.pop_front()
            {
                taking.take(&piece).map_err(broken)?;
            }
        }
        taking.note(&decoder.flush(classifier, TimeRange::default()));
        for piece in waiting {
            taking.take(&piece).map_err(broken)?;
        }
        let sorted = taking.sort.sorted().map_err(broken)?;
        Ok(SortedFile { sorted, between: None, blank: taking.blank, end, name, progress })
    }

    /// The path as given.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How far reading was; it is at its end.
    pub(super) fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// What comes next in order of time.
    pub(super) fn next_piece(&mut self) -> Result<Option<Piece>, SourceError> {
        let broken = |error| SourceError::Open { place: format!("{}: the file that it is sorted by way of", self.name), error };
        if let Some(long) = self.between.take() {
            return Ok(Some(Piece::Oversized(long)));
        }
        let mut messages = Messages { list: Vec::new(), bytes: 0 };
        while messages.bytes < PIECE {
            let Some(((_, line), mut bytes)) = self.sorted.next_item().map_err(broken)? else { break };
            match bytes.split_off(1) {
                content if bytes == [LINE] => {
                    messages.bytes += content.len().max(1);
                    messages.list.push((line, content));
                }
                content => {
                    self.between = Some(long(&content).map_err(broken)?);
                    break;
                }
            }
        }
        if messages.list.is_empty()
            && let Some(long) = self.between.take()
        {
            return Ok(Some(Piece::Oversized(long)));
        }
        // Blank lines say nothing; they are counted, wherever they stood.
        let blank = self.blank.min(PIECE as u64);
        if messages.list.is_empty() && blank > 0 {
            self.blank -= blank;
            messages.list = (0..blank).map(|_| (self.end.0.saturating_sub(1), Vec::new())).collect();
        }
        Ok((!messages.list.is_empty()).then_some(Piece::Messages(messages)))
    }
}

/// What is known while a file is read.
struct Taking {
    sort: ExternalSort,
    /// The times of lines that are not taken yet.
    times: BTreeMap<u64, Timestamp>,
    last: i64,
    blank: u64,
}

impl Taking {
    /// Notes the times that a batch tells of lines; of several records of one line, the earliest.
    fn note(&mut self, batch: &Batch) {
        let accesses = batch.accesses.iter().map(|access| (access.position.0, access.time));
        let numbers = batch.sequence_numbers.iter().map(|(.., record)| (record.position, record.time));
        for (line, time) in accesses.chain(numbers) {
            let known = self.times.entry(line).or_insert(time);
            *known = (*known).min(time);
        }
    }

    fn take(&mut self, piece: &Piece) -> io::Result<()> {
        match piece {
            Piece::Block(block) => {
                for run in block.runs() {
                    match run {
                        Run::Line(line, bytes) => self.push(line, LINE, bytes)?,
                        Run::Blank(lines) => self.blank += lines,
                    }
                }
            }
            Piece::Messages(messages) => messages.list.iter().try_for_each(|(line, bytes)| self.push(*line, LINE, bytes))?,
            Piece::Oversized(Oversized { line, offset, length, end, hash, ends }) => {
                let bytes = postcard::to_stdvec(&(line, offset, length, end, hash, ends)).map_err(io::Error::other)?;
                self.push(*line, LONG, &bytes)?;
            }
        }
        // What a decoder held back for longer is too late to be told apart.
        self.times = self.times.split_off(&piece.end().0);
        Ok(())
    }

    fn push(&mut self, line: u64, sort: u8, bytes: &[u8]) -> io::Result<()> {
        self.last = self.times.get(&line).map_or(self.last, |time| time.0);
        self.sort.push((self.last, line), &[&[sort], bytes].concat())
    }
}

fn long(bytes: &[u8]) -> io::Result<Oversized> {
    let (line, offset, length, end, hash, ends) = postcard::from_bytes(bytes).map_err(io::Error::other)?;
    Ok(Oversized { line, offset, length, end, hash, ends })
}
