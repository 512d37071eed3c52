//! What decoding a piece of a partition gives: accesses, dead letters, and the counts of everything else.

use crate::classify::classifier::{Classifier, MadeTablesUse};
use crate::classify::derivation::MadeTables;
use crate::decode::IgnoredCounts;
use crate::model::access::Access;
use crate::model::time::Timestamp;
use crate::population::volume::RecordRef;
use crate::sink::dead_letters::DeadLetter;

/// What a piece of a partition holds.
#[derive(Default, Debug)]
pub struct Batch {
    /// Accesses in the order of the partition.
    pub accesses: Vec<Access>,
    /// Records that could not be decoded.
    pub dead_letters: Vec<DeadLetter>,
    /// For each of them, how many of the accesses stand before it, and what it says of those whom it names.
    pub(super) places: Vec<(usize, Vec<Access>)>,
    /// Numbers that the source gave its lines: print of the stream, number, place of the line.
    pub sequence_numbers: Vec<(u64, u64, RecordRef)>,
    /// Physical records read: lines or messages.
    pub records: u64,
    /// Those that were passed over on purpose.
    pub ignored: IgnoredCounts,
    /// Tables that were made before its records, while they are decoded.
    pub(super) made: MadeTables,
    /// What they have to do with such tables.
    pub(super) with_made: MadeTablesUse,
    /// The columns by which its first row was read, where a header before it told them, and those by which the next would be.
    pub(super) columns_before: Option<Vec<String>>,
    pub(super) columns: Option<Vec<String>>,
}

/// One thing of a batch.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "almost all are accesses")]
pub enum Item {
    /// The source has numbered a line.
    SequenceNumber {
        /// Print of the stream that it counts.
        stream: u64,
        /// The number.
        number: u64,
        /// Where the line stands.
        record: RecordRef,
    },
    /// A record stands here that could not be decoded, and names these.
    DeadLetter(Vec<Access>),
    /// An access.
    Access(Access),
}

impl Batch {
    /// An empty batch, for records that come after such tables were made.
    pub(super) fn among(mut made: MadeTables, classifier: &Classifier) -> Batch {
        made.refresh(&classifier.catalog);
        Batch { made, ..Batch::default() }
    }

    /// Dead letters, and everything in the order in which the engine takes it: sequence numbers, then accesses with the places of
    /// dead letters among them.
    pub fn into_items(self) -> (Vec<DeadLetter>, impl Iterator<Item = Item>) {
        let numbers = self.sequence_numbers.into_iter().map(|(stream, number, record)| Item::SequenceNumber { stream, number, record });
        let mut letters = self.places.into_iter().peekable();
        let mut accesses = self.accesses.into_iter();
        let mut given = 0;
        let rest = std::iter::from_fn(move || {
            if let Some((_, named)) = letters.next_if(|(before, _)| *before <= given) {
                return Some(Item::DeadLetter(named));
            }
            given += 1;
            accesses.next().map(Item::Access)
        });
        (self.dead_letters, numbers.chain(rest))
    }

    /// Whether it holds nothing, not even something to count.
    pub fn is_empty(&self) -> bool {
        self.accesses.is_empty() && self.sequence_numbers.is_empty() && self.dead_letters.is_empty() && self.ignored.total() == 0
    }

    /// Adds what came after it.
    pub fn append(&mut self, other: Batch) {
        let before = self.accesses.len();
        self.accesses.extend(other.accesses);
        self.dead_letters.extend(other.dead_letters);
        self.places.extend(other.places.into_iter().map(|(at, named)| (at + before, named)));
        self.sequence_numbers.extend(other.sequence_numbers);
        self.records += other.records;
        self.ignored.join(&other.ignored);
    }

    pub(super) fn keep_dead_letter(&mut self, letter: DeadLetter, named: Vec<Access>) {
        self.dead_letters.push(letter);
        self.places.push((self.accesses.len(), named));
    }

    /// What dead letters say of those whom they name.
    pub fn named(&mut self) -> impl Iterator<Item = Access> + '_ {
        self.places.iter_mut().flat_map(|(_, named)| std::mem::take(named))
    }

    /// A time near which its next record stands.
    pub(super) fn around(&self) -> Timestamp {
        self.accesses.last().map_or(Timestamp::FIRST, |access| access.time)
    }
}

/// A range of event time: from inclusive, to exclusive.
#[derive(Clone, Copy, Debug)]
pub struct TimeRange {
    /// The earliest time, inclusive.
    pub from: Timestamp,
    /// The end, exclusive.
    pub to: Timestamp,
}

impl Default for TimeRange {
    fn default() -> TimeRange {
        TimeRange { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX) }
    }
}
