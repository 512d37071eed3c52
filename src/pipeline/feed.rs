//! From the lines of one source partition to accesses and dead letters.

use crate::classify::classifier::{Classifier, SourcePartition};
use crate::decode::{self, Codec, DecodeError, Decoded, Decoder, FormatChoice, LostRecord, Raw, SequenceNumber};
use crate::model::access::{Access, PartitionId, Position, RecordHash};
use crate::model::time::Timestamp;
use crate::population::volume::RecordRef;
use crate::sink::dead_letters::DeadLetter;
use crate::sink::payload::Sealer;
use crate::source::lines::{Block, Messages, Oversized, Piece};
use std::sync::Arc;

/// What is known of one partition before and while it is read.
pub struct Feed {
    /// Name of its source.
    pub source: String,
    /// Place of that name among the sorted names of all sources.
    pub index: u16,
    /// Its id in the engine.
    pub partition: PartitionId,
    /// Its name: what evidence cites.
    pub name: String,
    format: FormatChoice,
    decoder: Option<Box<dyn Decoder>>,
    /// Encrypts what dead letters keep; without it they keep nothing.
    sealer: Option<Arc<Sealer>>,
}

/// A record that could not be decoded: where it stands, and why. Never its plain content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dead {
    /// Name of the partition.
    pub partition: String,
    /// Line or offset.
    pub position: Position,
    /// Bytes.
    pub length: u64,
    /// Keyed hash of its bytes.
    pub hash: RecordHash,
    /// Why.
    pub reason: String,
    /// Its content, encrypted, where it is to be kept.
    pub payload: Option<String>,
}

impl Dead {
    /// As it is kept.
    pub fn into_letter(self) -> DeadLetter {
        let Dead { partition, position, length, hash, reason, payload, .. } = self;
        DeadLetter { source: partition, partition: None, position, length, hash, reason, at: None, payload }
    }
}

/// What a piece of a partition holds.
#[derive(Default, Debug)]
pub struct Batch {
    /// Accesses in the order of the partition.
    pub accesses: Vec<Access>,
    /// Records that could not be decoded.
    pub dead: Vec<Dead>,
    /// For each of them, how many of the accesses stand before it.
    pub dead_after: Vec<usize>,
    /// Numbers that the source gave its lines, by stream.
    pub numbers: Vec<(u64, u64, RecordRef)>,
    /// Physical records read.
    pub lines: u64,
    /// Records outside of the time asked for.
    pub ignored: u64,
}

impl Batch {
    fn bury(&mut self, dead: Dead) {
        self.dead.push(dead);
        self.dead_after.push(self.accesses.len());
    }

    /// How many records that could not be decoded stand right before the access at that place; asked in order.
    pub fn dead_before(after: &mut std::iter::Peekable<std::vec::IntoIter<usize>>, at: usize) -> usize {
        std::iter::from_fn(|| after.next_if(|after| *after <= at)).count()
    }
}

/// The times that are asked for: from inclusive, to exclusive.
#[derive(Clone, Copy, Debug)]
pub struct Between {
    /// Earliest.
    pub from: Timestamp,
    /// End.
    pub to: Timestamp,
}

impl Default for Between {
    fn default() -> Between {
        Between { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX) }
    }
}

impl Feed {
    /// A partition of a format, or of one that is still to be recognised.
    pub fn new(source: String, index: u16, partition: PartitionId, name: String, format: FormatChoice) -> Feed {
        Feed { source, index, partition, name, format, decoder: None, sealer: None }
    }

    /// Keeps what cannot be decoded, encrypted.
    #[must_use]
    pub fn sealing(self, sealer: Option<Arc<Sealer>>) -> Feed {
        Feed { sealer, ..self }
    }

    /// The format, once it is known.
    pub fn format(&self) -> Option<&Codec> {
        self.format.known()
    }

    /// Recognises the format from the first lines, where it is not given. `None` if no format knows them.
    pub fn recognise<'a>(&mut self, lines: impl IntoIterator<Item = &'a [u8]>) -> Option<&Codec> {
        self.format.settle(lines)
    }

    /// The origin of its records.
    pub fn origin(&self) -> SourcePartition<'_> {
        SourcePartition { source: &self.source, index: self.index, partition: self.partition }
    }

    /// Decodes and classifies the next piece, in order.
    pub fn next(&mut self, piece: &Piece, classifier: &Classifier, between: Between) -> Batch {
        let Some(codec) = self.format.known() else { return self.unrecognised(piece, classifier) };
        let mut decoder = self.decoder.take().unwrap_or_else(|| codec.decoder());
        let batch = self.with(&mut *decoder, piece, classifier, between);
        self.decoder = Some(decoder);
        batch
    }

    /// Decodes and classifies a piece of a format whose records stand alone; pieces may be taken at once.
    pub fn alone(&self, piece: &Piece, classifier: &Classifier, between: Between) -> Batch {
        match self.format.known() {
            Some(codec) => self.with(&mut *codec.decoder(), piece, classifier, between),
            None => self.unrecognised(piece, classifier),
        }
    }

    /// Whether the last line was the beginning of a record whose rest has not come.
    pub fn amid_record(&self) -> bool {
        self.decoder.as_ref().is_some_and(|decoder| decoder.is_record_incomplete())
    }

    /// What the decoder held back, at the end.
    pub fn flush(&mut self, classifier: &Classifier, between: Between) -> Batch {
        let mut batch = Batch::default();
        if let Some(mut decoder) = self.decoder.take() {
            decoder.flush(&mut |decoded| self.keep(decoded, classifier, between, &mut batch));
            self.decoder = Some(decoder);
        }
        batch
    }

    fn with(&self, decoder: &mut dyn Decoder, piece: &Piece, classifier: &Classifier, between: Between) -> Batch {
        match piece {
            Piece::Block(block) => self.block(decoder, block, classifier, between),
            Piece::Oversized(oversized) => self.oversized(oversized),
            Piece::Messages(messages) => self.messages(decoder, messages, classifier, between),
        }
    }

    fn block(&self, decoder: &mut dyn Decoder, block: &Block, classifier: &Classifier, between: Between) -> Batch {
        self.records(decoder, block.lines(), block.lines as usize, classifier, between)
    }

    fn messages(&self, decoder: &mut dyn Decoder, messages: &Messages, classifier: &Classifier, between: Between) -> Batch {
        let records = messages.list.iter().map(|(offset, bytes)| (*offset, bytes.as_slice()));
        self.records(decoder, records, messages.list.len(), classifier, between)
    }

    fn records<'a>(
        &self,
        decoder: &mut dyn Decoder,
        records: impl Iterator<Item = (u64, &'a [u8])>,
        count: usize,
        classifier: &Classifier,
        between: Between,
    ) -> Batch {
        let mut batch = Batch { accesses: Vec::with_capacity(count), ..Batch::default() };
        for (position, bytes) in records {
            batch.lines += 1;
            let raw = Raw::new(bytes, Position(position), classifier.keys.record(bytes));
            let mut emit = |decoded: Decoded<'_>| self.keep(decoded, classifier, between, &mut batch);
            if let Err(error) = decoder.decode(raw, &mut emit) {
                batch.bury(self.dead(raw, &error));
            }
        }
        batch
    }

    /// Decodes one message of a partition.
    pub fn message(&mut self, raw: Raw<'_>, classifier: &Classifier, batch: &mut Batch) {
        batch.lines += 1;
        if self.recognise([raw.bytes]).is_none() {
            batch.bury(self.dead_for(raw, UNRECOGNISED));
            return;
        }
        let Some(codec) = self.format.known() else { return };
        let mut decoder = self.decoder.take().unwrap_or_else(|| codec.decoder());
        let result = decoder.decode(raw, &mut |decoded| self.keep(decoded, classifier, Between::default(), batch));
        if let Err(error) = result {
            batch.bury(self.dead(raw, &error));
        }
        self.decoder = Some(decoder);
    }

    /// Decodes messages of a format whose records stand alone, each for itself; several slices may be taken at once.
    pub fn each_alone<'a>(&self, raws: impl Iterator<Item = Raw<'a>>, classifier: &Classifier) -> Vec<Batch> {
        let Some(codec) = self.format.known() else { return Vec::new() };
        let mut decoder = codec.decoder();
        let one = |raw: Raw<'a>| {
            let mut batch = Batch { lines: 1, ..Batch::default() };
            let result = decoder.decode(raw, &mut |decoded| self.keep(decoded, classifier, Between::default(), &mut batch));
            if let Err(error) = result {
                batch.bury(self.dead(raw, &error));
            }
            batch
        };
        raws.map(one).collect()
    }

    fn keep(&self, decoded: Decoded<'_>, classifier: &Classifier, between: Between, batch: &mut Batch) {
        match decoded {
            Decoded::Record(record) if record.time < between.from || record.time >= between.to => batch.ignored += 1,
            Decoded::Record(record) => batch.accesses.push(classifier.classify(&record, self.origin()).0),
            Decoded::Numbered(line) if line.time < between.from || line.time >= between.to => {}
            Decoded::Numbered(SequenceNumber { stream, number, time, position, hash }) => {
                let edge = RecordRef { time, hash: hash.0, position: position.0 };
                batch.numbers.push((classifier.keys.print("stream", stream), number, edge));
            }
            Decoded::Lost(LostRecord { position, hash, length, error }) => {
                batch.bury(Dead { partition: self.name.clone(), position, length, hash, reason: error.to_string(), payload: None });
            }
        }
    }

    fn dead(&self, raw: Raw<'_>, error: &DecodeError) -> Dead {
        self.dead_for(raw, &error.to_string())
    }

    fn dead_for(&self, raw: Raw<'_>, reason: &str) -> Dead {
        let (partition, reason) = (self.name.clone(), reason.to_owned());
        let payload = self.sealer.as_ref().map(|sealer| sealer.seal(raw.bytes, &raw.hash));
        Dead { partition, position: raw.position, length: raw.bytes.len() as u64, hash: raw.hash, reason, payload }
    }

    fn oversized(&self, oversized: &Oversized) -> Batch {
        let reason = DecodeError::TooLong { limit: decode::LONGEST_RECORD }.to_string();
        let dead = Dead {
            partition: self.name.clone(),
            position: Position(oversized.line),
            length: oversized.length,
            hash: oversized.hash,
            reason,
            payload: None,
        };
        Batch { dead: vec![dead], dead_after: vec![0], lines: 1, ..Batch::default() }
    }

    fn unrecognised(&self, piece: &Piece, classifier: &Classifier) -> Batch {
        let mut batch = Batch::default();
        let mut note = |position: u64, bytes: &[u8]| {
            if !bytes.trim_ascii().is_empty() {
                batch.lines += 1;
                let raw = Raw::new(bytes, Position(position), classifier.keys.record(bytes));
                batch.bury(self.dead_for(raw, UNRECOGNISED));
            }
        };
        match piece {
            Piece::Block(block) => block.lines().for_each(|(line, bytes)| note(line, bytes)),
            Piece::Messages(messages) => messages.list.iter().for_each(|(offset, bytes)| note(*offset, bytes)),
            Piece::Oversized(_) => {}
        }
        batch
    }
}

/// Why a record of no known format is dead.
pub const UNRECOGNISED: &str = "no format recognises the source; name one in its `format`";
