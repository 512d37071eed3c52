//! Decodes the records of dead letters once more, among the lines that stand around them.
//!
//! Two decoders read the same lines, one with the dead records and one without. What comes of the dead ones is theirs. Where they
//! change what comes of a line beside them, that line has been counted otherwise before, and only a replay can count both.

use crate::classify::classifier::Classifier;
use crate::decode::Raw;
use crate::model::access::{Access, Position, RecordHash};
use crate::pipeline::partition_decoder::{Batch, PartitionDecoder, TimeRange, UNRECOGNISED};
use crate::pipeline::redrive::Fate;
use crate::sink::dead_letters::DeadLetter;
use std::collections::BTreeMap;

/// Lines before and after a dead one that are decoded with it, for formats that put lines together.
pub const AROUND: u64 = 1_000;

/// Lines of one stretch of a source, with the dead among them.
pub struct Again<'a> {
    classifier: &'a Classifier,
    letters: &'a [DeadLetter],
    /// Letters by the position of their record.
    wanted: BTreeMap<u64, Vec<usize>>,
    /// Whether each line is a record of its own.
    alone: bool,
    /// Makes a decoder of the partition as it is configured now.
    make_decoder: Box<dyn Fn() -> PartitionDecoder + 'a>,
    with: PartitionDecoder,
    without: PartitionDecoder,
    /// A record of several lines whose end has not been found.
    open: Option<OpenRecord>,
    /// Lines of dead records, and whose they are.
    dead: BTreeMap<u64, usize>,
    accesses: BTreeMap<usize, Vec<Access>>,
    reasons: BTreeMap<usize, String>,
    /// What the decoders give of other lines: the same where it sums up to nothing.
    beside: BTreeMap<u64, u64>,
    /// What became of letters whose place was seen.
    pub fates: BTreeMap<usize, Fate>,
}

struct OpenRecord {
    letters: Vec<usize>,
    lines: Vec<(u64, Vec<u8>)>,
    hash: RecordHash,
    length: u64,
}

impl<'a> Again<'a> {
    /// Begins a stretch.
    pub fn new(
        classifier: &'a Classifier,
        letters: &'a [DeadLetter],
        wanted: BTreeMap<u64, Vec<usize>>,
        alone: bool,
        make_decoder: Box<dyn Fn() -> PartitionDecoder + 'a>,
    ) -> Again<'a> {
        Again {
            classifier,
            letters,
            wanted,
            alone,
            with: make_decoder(),
            without: make_decoder(),
            make_decoder,
            open: None,
            dead: BTreeMap::new(),
            accesses: BTreeMap::new(),
            reasons: BTreeMap::new(),
            beside: BTreeMap::new(),
            fates: BTreeMap::new(),
        }
    }

    /// Takes the next line.
    pub fn line(&mut self, position: u64, bytes: &[u8]) {
        if let Some(open) = self.open.take() {
            return self.go_on(open, position, bytes);
        }
        let Some(letters) = self.wanted.get(&position).cloned() else {
            if !self.alone {
                self.decode(position, bytes, true);
            }
            return;
        };
        let hash = self.classifier.keys.record(bytes);
        if let Some(letter) = letters.iter().copied().find(|letter| self.letters[*letter].hash == hash) {
            self.dead.insert(position, letter);
            return self.decode(position, bytes, false);
        }
        let longer: Vec<usize> =
            letters.iter().copied().filter(|letter| !self.alone && self.letters[*letter].length > bytes.len() as u64).collect();
        for letter in letters {
            self.fates.insert(letter, if longer.contains(&letter) { Fate::ByReplay } else { Fate::Changed });
        }
        if longer.is_empty() {
            return self.decode(position, bytes, true);
        }
        self.open = Some(OpenRecord { letters: longer, lines: vec![(position, bytes.to_vec())], hash, length: bytes.len() as u64 });
    }

    /// Goes on with a record of several lines: its hash is that of its lines one after the other.
    fn go_on(&mut self, mut open: OpenRecord, position: u64, bytes: &[u8]) {
        open.hash = open.hash.and(self.classifier.keys.record(bytes));
        open.length += bytes.len() as u64 + 1;
        open.lines.push((position, bytes.to_vec()));
        if let Some(letter) = open.letters.iter().copied().find(|letter| self.letters[*letter].hash == open.hash) {
            for (position, bytes) in open.lines {
                self.dead.insert(position, letter);
                self.decode(position, &bytes, false);
            }
            return;
        }
        // Documents may be shorter than their lines, by what stands around them.
        let longest = open.letters.iter().map(|letter| self.letters[*letter].length).max().unwrap_or(0);
        if open.length <= longest.saturating_mul(2) {
            self.open = Some(open);
        } else {
            self.give_up(open);
        }
    }

    /// It is not there: its first line is a line like others, and so may be those after it.
    fn give_up(&mut self, open: OpenRecord) {
        let mut lines = open.lines.into_iter();
        if let Some((position, bytes)) = lines.next() {
            if self.is_whole(position, &bytes) {
                open.letters.iter().for_each(|letter| drop(self.fates.insert(*letter, Fate::Changed)));
            }
            self.decode(position, &bytes, true);
        }
        lines.for_each(|(position, bytes)| self.line(position, &bytes));
    }

    /// Whether a line is a record by itself, and so not the beginning of a longer one.
    fn is_whole(&self, position: u64, bytes: &[u8]) -> bool {
        let mut decoder = (self.make_decoder)();
        let mut batch = Batch::default();
        decoder.decode_message(Raw::new(bytes, Position(position), self.classifier.keys.record(bytes)), self.classifier, &mut batch);
        batch.dead_letters.is_empty() && !batch.accesses.is_empty()
    }

    fn decode(&mut self, position: u64, bytes: &[u8], both: bool) {
        let raw = Raw::new(bytes, Position(position), self.classifier.keys.record(bytes));
        let mut batch = Batch::default();
        self.with.decode_message(raw, self.classifier, &mut batch);
        self.take_with(batch);
        if both && !self.alone {
            let mut batch = Batch::default();
            self.without.decode_message(raw, self.classifier, &mut batch);
            self.take_without(&batch);
        }
    }

    fn take_with(&mut self, batch: Batch) {
        for access in batch.accesses {
            match self.dead.get(&access.position.0) {
                Some(letter) => self.accesses.entry(*letter).or_default().push(access),
                None => self.add(&access, u64::wrapping_add),
            }
        }
        for dead in batch.dead_letters {
            if let Some(letter) = self.dead.get(&dead.position.0) {
                self.reasons.insert(*letter, dead.reason);
            }
        }
    }

    fn take_without(&mut self, batch: &Batch) {
        batch.accesses.iter().for_each(|access| self.add(access, u64::wrapping_sub));
    }

    fn add(&mut self, access: &Access, how: fn(u64, u64) -> u64) {
        let bytes = postcard::to_stdvec(access).expect("an access is plain data");
        let digest = u64::from_le_bytes(std::array::from_fn(|at| blake3::hash(&bytes).as_bytes()[at]));
        let sum = self.beside.entry(access.position.0).or_default();
        *sum = how(*sum, digest);
        if *sum == 0 {
            self.beside.remove(&access.position.0);
        }
    }

    /// The stretch ends.
    pub fn finish(mut self) -> BTreeMap<usize, Fate> {
        if let Some(open) = self.open.take() {
            self.give_up(open);
        }
        let held = self.with.flush(self.classifier, TimeRange::default());
        self.take_with(held);
        let held = self.without.flush(self.classifier, TimeRange::default());
        self.take_without(&held);
        let mut places: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
        for (position, letter) in &self.dead {
            let (_, last) = places.entry(*letter).or_insert((*position, *position));
            *last = *position;
        }
        for (letter, (first, last)) in places {
            let touched = self.beside.range(first.saturating_sub(AROUND)..=last + AROUND).next().is_some();
            let accesses = self.accesses.remove(&letter).unwrap_or_default();
            let fate = match self.reasons.remove(&letter) {
                _ if touched => Fate::ByReplay,
                Some(reason) => Fate::Undecodable(reason),
                None => fate(&self.letters[letter], accesses),
            };
            self.fates.insert(letter, fate);
        }
        self.fates
    }
}

/// What a record that can be decoded now comes to. One that held several may have been counted in part.
pub fn fate(letter: &DeadLetter, accesses: Vec<Access>) -> Fate {
    let nothing_counted = letter.reason == UNRECOGNISED || letter.reason.starts_with("record is not valid UTF-8");
    match accesses.len() {
        0 => Fate::Ignored,
        1 => Fate::Recovered(accesses),
        _ if nothing_counted => Fate::Recovered(accesses),
        _ => Fate::ByReplay,
    }
}
