//! From the lines of one source partition to accesses and dead letters.

use crate::classify::classifier::{Classifier, SourcePartition};
use crate::classify::derivation::MadeTables;
use crate::decode::{
    self, Codec, DecodeError, Decoded, Decoder, FormatChoice, Ignored, IgnoredCounts, IgnoredReason, LostRecord, Raw, SequenceNumber,
};
use crate::model::access::{PartitionId, Position};
pub use crate::pipeline::batch::{Batch, Item, TimeRange};
use crate::pipeline::first_records::{FirstRecords, Undecoded};
use crate::population::volume::RecordRef;
use crate::sink::dead_letters::DeadLetter;
use crate::sink::payload::Sealer;
use crate::source::piece::{Block, Messages, Oversized, Piece, Run};
use std::sync::Arc;

/// The decoder of one partition of a source: lines or messages in, accesses and dead letters out.
pub struct PartitionDecoder {
    /// Name of its source.
    pub source: String,
    /// Index of that name among the sorted names of all sources.
    pub index: u16,
    /// Its id in the engine.
    pub partition: PartitionId,
    /// Its name: what evidence cites.
    pub name: String,
    format: FormatChoice,
    decoder: Option<Box<dyn Decoder>>,
    first: FirstRecords,
    /// Tables that its statements made of known ones.
    made: MadeTables,
    /// The columns of the header that was last read, for decoders that begin below it.
    columns: Option<Vec<String>>,
    /// Encrypts what dead letters keep; without it they keep nothing.
    sealer: Option<Arc<Sealer>>,
}

impl PartitionDecoder {
    /// A partition of a format, or of one that is still to be recognised.
    pub fn new(source: String, index: u16, partition: PartitionId, name: String, format: FormatChoice) -> PartitionDecoder {
        PartitionDecoder {
            source,
            index,
            partition,
            name,
            format,
            decoder: None,
            first: FirstRecords::default(),
            made: MadeTables::default(),
            columns: None,
            sealer: None,
        }
    }

    /// With a sealer, dead letters keep their content, encrypted.
    pub fn seal_with(&mut self, sealer: Option<Arc<Sealer>>) {
        self.sealer = sealer;
    }

    /// Tables that its statements made of known ones: what is saved with its position.
    pub fn made_tables(&self) -> &MadeTables {
        &self.made
    }

    /// Goes on with tables that statements before its next record made.
    pub fn know(&mut self, made: MadeTables) {
        self.made = made;
    }

    /// The columns by which its next row is read, where a header told them: what is saved with its position.
    pub fn columns(&self) -> Option<&[String]> {
        self.decoder.as_ref().and_then(|decoder| decoder.columns()).or(self.columns.as_deref())
    }

    /// Goes on below a header that stands before its next record.
    pub fn know_columns(&mut self, names: Vec<String>) {
        self.columns = Some(names);
    }

    /// The format, once it is known.
    pub fn format(&self) -> Option<&Codec> {
        self.format.known()
    }

    /// Recognises the format from the first lines, where it is not given. `None` if no format knows them.
    pub fn recognise<'a>(&mut self, lines: impl IntoIterator<Item = &'a [u8], IntoIter: Clone>) -> Option<&Codec> {
        let lines = lines.into_iter();
        self.first.offer(lines.clone());
        self.format.settle(lines)
    }

    /// Notes what became of records: whoever takes a batch does.
    pub fn note(&mut self, batch: &Batch) {
        self.first.count(batch.accesses.len() as u64, &batch.ignored, batch.dead_letters.len() as u64);
    }

    /// The same in numbers.
    pub fn note_counts(&mut self, accesses: u64, ignored: &IgnoredCounts, dead: u64) {
        self.first.count(accesses, ignored, dead);
    }

    /// Whether records came and, so far, not one of them was decoded.
    pub fn decodes_nothing(&self) -> bool {
        self.first.dead() > 0
    }

    /// Whether a record was decoded, or passed over by a decoder that knew what it was.
    pub fn decodes_something(&self) -> bool {
        self.first.is_understood()
    }

    /// What is to be told where none of its records was decoded.
    pub fn undecoded(&self) -> Option<Undecoded> {
        self.first.undecoded(self.format.known().map(|codec| codec.format.name), self.format.settings())
    }

    /// The origin of its records.
    pub fn origin(&self) -> SourcePartition<'_> {
        SourcePartition { source: &self.source, index: self.index, partition: self.partition }
    }

    /// Decodes and classifies the next piece, in order.
    pub fn decode(&mut self, piece: &Piece, classifier: &Classifier, range: TimeRange) -> Batch {
        let Some(codec) = self.format.known() else { return self.unrecognised(piece, classifier) };
        let mut decoder = self.decoder.take().unwrap_or_else(|| begun(codec, piece, self.columns.as_deref()));
        let mut batch = Batch::among(std::mem::take(&mut self.made), classifier);
        self.decode_piece(&mut *decoder, piece, classifier, range, &mut batch);
        self.made = std::mem::take(&mut batch.made);
        self.decoder = Some(decoder);
        batch
    }

    /// The same for a format whose records stand alone: several pieces may be decoded at once, and [`Self::in_order`] follows.
    pub fn decode_stateless(&self, piece: &Piece, classifier: &Classifier, range: TimeRange) -> Batch {
        self.decode_alone(piece, classifier, range, self.made.clone(), self.columns.as_deref())
    }

    fn decode_alone(
        &self,
        piece: &Piece,
        classifier: &Classifier,
        range: TimeRange,
        made: MadeTables,
        columns: Option<&[String]>,
    ) -> Batch {
        match self.format.known() {
            Some(codec) => {
                let mut decoder = begun(codec, piece, columns);
                let mut batch = Batch::among(made, classifier);
                batch.columns_before = decoder.columns().map(<[String]>::to_vec);
                self.decode_piece(&mut *decoder, piece, classifier, range, &mut batch);
                batch.columns = decoder.columns().map(<[String]>::to_vec);
                decoder.flush(&mut |decoded| self.keep(decoded, classifier, range, &mut batch));
                batch
            }
            None => self.unrecognised(piece, classifier),
        }
    }

    /// Pieces that were decoded at once did not know which tables the ones before them had made: those that asked are decoded again, in
    /// order, once one has made any.
    ///
    /// Neither did they know a header that came again, changed: those below it are decoded again by its names.
    pub fn in_order(&mut self, pieces: &[Piece], batches: &mut [Batch], classifier: &Classifier, range: TimeRange) {
        let mut columns = self.columns.take();
        let mut by = Vec::with_capacity(batches.len());
        for (piece, batch) in pieces.iter().zip(batches.iter_mut()) {
            if matches!(piece, Piece::Block(block) if block.first_line == 1) {
                columns = None;
            }
            by.push(columns.clone());
            if columns.is_some() && batch.columns_before.is_some() && batch.columns_before != columns {
                *batch = self.decode_alone(piece, classifier, range, self.made.clone(), columns.as_deref());
            }
            columns = batch.columns.take().or(columns);
        }
        self.columns = columns;
        self.again(batches, classifier, |decoder, at, made| decoder.decode_alone(&pieces[at], classifier, range, made, by[at].as_deref()));
    }

    /// The same for messages.
    pub fn messages_in_order<'a>(&mut self, batches: &mut [Batch], classifier: &Classifier, raw: impl Fn(usize) -> Raw<'a>) {
        self.again(batches, classifier, |decoder, at, made| {
            let batch = Batch { records: 1, ..Batch::among(made, classifier) };
            decoder.format.known().map_or_else(Batch::default, |codec| {
                let mut alone = codec.decoder();
                let mut batch = decoder.decode_one(&mut *alone, raw(at), classifier, batch);
                alone.flush(&mut |decoded| decoder.keep(decoded, classifier, TimeRange::default(), &mut batch));
                batch
            })
        });
    }

    fn again(&mut self, batches: &mut [Batch], classifier: &Classifier, decode: impl Fn(&Self, usize, MadeTables) -> Batch) {
        self.made.refresh(&classifier.catalog);
        let mut stale = false;
        for (at, batch) in batches.iter_mut().enumerate() {
            if batch.with_made.changed || stale && batch.with_made.asked {
                let made = std::mem::take(&mut self.made);
                *batch = decode(self, at, made);
                self.made = std::mem::take(&mut batch.made);
                stale |= batch.with_made.changed;
            }
            batch.made = MadeTables::default();
        }
    }

    /// Goes on where a piece of a file begins, for who decodes its lines one by one.
    pub fn begin(&mut self, piece: &Piece) {
        if let (None, Some(codec)) = (&self.decoder, self.format.known()) {
            self.decoder = Some(begun(codec, piece, self.columns.as_deref()));
        }
    }

    /// Whether the last line was part of a record whose remaining lines have not come yet.
    pub fn is_mid_record(&self) -> bool {
        self.decoder.as_ref().is_some_and(|decoder| decoder.is_record_incomplete())
    }

    /// Takes what the decoder holds back in expectation of further lines.
    pub fn flush(&mut self, classifier: &Classifier, range: TimeRange) -> Batch {
        let mut batch = Batch::among(std::mem::take(&mut self.made), classifier);
        if let Some(mut decoder) = self.decoder.take() {
            decoder.flush(&mut |decoded| self.keep(decoded, classifier, range, &mut batch));
            self.decoder = Some(decoder);
        }
        self.made = std::mem::take(&mut batch.made);
        batch
    }

    fn decode_piece(&self, decoder: &mut dyn Decoder, piece: &Piece, classifier: &Classifier, range: TimeRange, batch: &mut Batch) {
        match piece {
            Piece::Block(block) => self.block(decoder, block, classifier, range, batch),
            Piece::Oversized(oversized) => self.oversized(decoder, oversized, classifier, range, batch),
            Piece::Messages(messages) => self.messages(decoder, messages, classifier, range, batch),
        }
    }

    fn block(&self, decoder: &mut dyn Decoder, block: &Block, classifier: &Classifier, range: TimeRange, batch: &mut Batch) {
        // As many lines as can hold a record: room for a million accesses of blank lines would be the memory of a million.
        let count = (block.lines as usize).min(block.bytes.len() / SHORTEST_RECORD + 1);
        self.records(decoder, block.runs(), count, classifier, range, batch);
    }

    fn messages(&self, decoder: &mut dyn Decoder, messages: &Messages, classifier: &Classifier, range: TimeRange, batch: &mut Batch) {
        let records = messages.list.iter().map(|(offset, bytes)| Run::Line(*offset, bytes.as_slice()));
        self.records(decoder, records, messages.list.len(), classifier, range, batch);
    }

    fn records<'a>(
        &self,
        decoder: &mut dyn Decoder,
        records: impl Iterator<Item = Run<'a>>,
        count: usize,
        classifier: &Classifier,
        range: TimeRange,
        batch: &mut Batch,
    ) {
        batch.accesses.reserve(count);
        for run in records {
            let (position, bytes) = match run {
                Run::Line(position, bytes) => (position, bytes),
                Run::Blank(lines) => {
                    batch.records += lines;
                    batch.ignored.add(IgnoredReason::Blank, lines);
                    continue;
                }
            };
            batch.records += 1;
            let raw = Raw::new(bytes, Position(position), classifier.keys.record(bytes));
            let mut emit = |decoded: Decoded<'_>| self.keep(decoded, classifier, range, batch);
            if let Err(error) = decoder.decode(raw, &mut emit) {
                self.keep_letter(raw, &error.to_string(), classifier, batch);
            }
        }
    }

    /// Decodes one message, and recognises the format by it where none is known yet.
    pub fn decode_message(&mut self, raw: Raw<'_>, classifier: &Classifier, batch: &mut Batch) {
        batch.records += 1;
        if self.recognise([raw.bytes]).is_none() {
            if raw.bytes.trim_ascii().is_empty() {
                return batch.ignored.add(IgnoredReason::Blank, 1);
            }
            batch.keep_dead_letter(self.dead_letter(raw, &unrecognised(raw.bytes)), Vec::new());
            return;
        }
        let Some(codec) = self.format.known() else { return };
        let mut decoder = self.decoder.take().unwrap_or_else(|| begun_below(codec, self.columns.as_deref()));
        batch.made = std::mem::take(&mut self.made);
        batch.made.refresh(&classifier.catalog);
        let result = decoder.decode(raw, &mut |decoded| self.keep(decoded, classifier, TimeRange::default(), batch));
        if let Err(error) = result {
            self.keep_letter(raw, &error.to_string(), classifier, batch);
        }
        self.made = std::mem::take(&mut batch.made);
        self.decoder = Some(decoder);
    }

    /// Makes a dead letter of a record without decoding it.
    pub fn refuse(&self, raw: Raw<'_>, reason: &str, batch: &mut Batch) {
        batch.records += 1;
        batch.keep_dead_letter(self.dead_letter(raw, reason), Vec::new());
    }

    /// Decodes messages of a format whose records stand alone, into a batch each; several slices may be decoded at once, and
    /// [`Self::messages_in_order`] follows.
    pub fn decode_messages_stateless<'a>(&self, raws: impl Iterator<Item = Raw<'a>>, classifier: &Classifier) -> Vec<Batch> {
        let Some(codec) = self.format.known() else { return Vec::new() };
        let mut decoder = codec.decoder();
        let one = |raw: Raw<'a>| {
            let batch = Batch { records: 1, ..Batch::among(self.made.clone(), classifier) };
            self.decode_one(&mut *decoder, raw, classifier, batch)
        };
        let mut batches: Vec<Batch> = raws.map(one).collect();
        if let Some(last) = batches.last_mut() {
            decoder.flush(&mut |decoded| self.keep(decoded, classifier, TimeRange::default(), last));
        }
        batches
    }

    fn decode_one(&self, decoder: &mut dyn Decoder, raw: Raw<'_>, classifier: &Classifier, mut batch: Batch) -> Batch {
        let result = decoder.decode(raw, &mut |decoded| self.keep(decoded, classifier, TimeRange::default(), &mut batch));
        if let Err(error) = result {
            self.keep_letter(raw, &error.to_string(), classifier, &mut batch);
        }
        batch
    }

    fn keep(&self, decoded: Decoded<'_>, classifier: &Classifier, range: TimeRange, batch: &mut Batch) {
        match decoded {
            Decoded::Record(record) if record.time < range.from || record.time >= range.to => {
                batch.ignored.add(IgnoredReason::OutsideTime, 1)
            }
            Decoded::Record(record) => {
                let (access, _, with_made) = classifier.classify_among(&record, self.origin(), &mut batch.made);
                batch.with_made.asked |= with_made.asked;
                batch.with_made.changed |= with_made.changed;
                batch.accesses.push(access);
            }
            Decoded::Numbered(line) if line.time < range.from || line.time >= range.to => {}
            Decoded::Numbered(SequenceNumber { stream, number, time, position, hash }) => {
                let record = RecordRef { time, hash: hash.0, position: position.0 };
                batch.sequence_numbers.push((classifier.keys.print("stream", stream), number, record));
            }
            Decoded::Ignored(Ignored { reason, lines, .. }) => batch.ignored.add(reason, lines),
            Decoded::Lost(LostRecord { position, hash, length, error, ends }) => {
                let partition = self.name.clone();
                let letter = DeadLetter { partition, position, length, hash, reason: error.to_string(), at: None, payload: None };
                let named = classifier.letter(&ends, (position, hash), batch.around(), self.origin());
                batch.keep_dead_letter(letter, named);
            }
        }
    }

    /// A record that cannot be decoded is told to the days of those whom it names.
    fn keep_letter(&self, raw: Raw<'_>, reason: &str, classifier: &Classifier, batch: &mut Batch) {
        let named = classifier.letter(raw.bytes, (raw.position, raw.hash), batch.around(), self.origin());
        batch.keep_dead_letter(self.dead_letter(raw, reason), named);
    }

    fn dead_letter(&self, raw: Raw<'_>, reason: &str) -> DeadLetter {
        let payload = self.sealer.as_ref().map(|sealer| sealer.seal(raw.bytes, &raw.hash));
        DeadLetter {
            partition: self.name.clone(),
            position: raw.position,
            length: raw.bytes.len() as u64,
            hash: raw.hash,
            reason: reason.to_owned(),
            at: None,
            payload,
        }
    }

    /// Of a line that is longer than a record may be, the ends are decoded.
    fn oversized(&self, decoder: &mut dyn Decoder, long: &Oversized, classifier: &Classifier, range: TimeRange, batch: &mut Batch) {
        batch.records += 1;
        let raw = Raw { cut: true, ..Raw::new(&long.ends, Position(long.line), long.hash) };
        if decoder.decode(raw, &mut |decoded| self.keep(decoded, classifier, range, batch)).is_err() {
            let named = classifier.letter(&long.ends, (raw.position, raw.hash), batch.around(), self.origin());
            batch.keep_dead_letter(self.too_long(long), named);
        }
    }

    fn too_long(&self, long: &Oversized) -> DeadLetter {
        DeadLetter {
            partition: self.name.clone(),
            position: Position(long.line),
            length: long.length,
            hash: long.hash,
            reason: DecodeError::TooLong { limit: decode::LONGEST_RECORD }.to_string(),
            at: None,
            payload: None,
        }
    }

    fn unrecognised(&self, piece: &Piece, classifier: &Classifier) -> Batch {
        let mut batch = Batch::default();
        let note = |batch: &mut Batch, position: u64, bytes: &[u8]| {
            batch.records += 1;
            if bytes.trim_ascii().is_empty() {
                return batch.ignored.add(IgnoredReason::Blank, 1);
            }
            let raw = Raw::new(bytes, Position(position), classifier.keys.record(bytes));
            batch.keep_dead_letter(self.dead_letter(raw, &unrecognised(raw.bytes)), Vec::new());
        };
        match piece {
            Piece::Block(block) => {
                let mut passed = 0;
                block.runs().for_each(|run| match run {
                    Run::Line(line, bytes) => note(&mut batch, line, bytes),
                    Run::Blank(lines) => passed += lines,
                });
                batch.records += passed;
                batch.ignored.add(IgnoredReason::Blank, passed);
            }
            Piece::Messages(messages) => messages.list.iter().for_each(|(offset, bytes)| note(&mut batch, *offset, bytes)),
            Piece::Oversized(long) => {
                batch.records += 1;
                batch.keep_dead_letter(self.too_long(long), Vec::new());
            }
        }
        batch
    }
}

/// A decoder that goes on where a piece of a file begins.
fn begun(codec: &Codec, piece: &Piece, columns: Option<&[String]>) -> Box<dyn Decoder> {
    match piece {
        // It has its own header.
        Piece::Block(block) if block.first_line == 1 => codec.decoder(),
        Piece::Block(block) => {
            let mut decoder = codec.decoder();
            decoder.begin(&block.head);
            columns.into_iter().for_each(|names| decoder.know_columns(names));
            decoder
        }
        Piece::Messages(_) | Piece::Oversized(_) => begun_below(codec, columns),
    }
}

/// A decoder that goes on below a header.
fn begun_below(codec: &Codec, columns: Option<&[String]>) -> Box<dyn Decoder> {
    let mut decoder = codec.decoder();
    columns.into_iter().for_each(|names| decoder.know_columns(names));
    decoder
}

/// About how many bytes a record has at least.
const SHORTEST_RECORD: usize = 64;

/// The reason of dead letters whose format is not recognised.
pub const UNRECOGNISED: &str = "no format recognises the source; name one in its `format`";

/// Why a record is not recognised.
fn unrecognised(bytes: &[u8]) -> String {
    decode::unreadable(bytes).map_or_else(|| UNRECOGNISED.to_owned(), |error| error.to_string())
}

#[cfg(test)]
mod tests;
