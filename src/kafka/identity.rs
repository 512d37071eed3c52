//! Whether a partition still is what was read: a topic that is deleted and made anew under its name begins again at offset 0, and
//! where it is longer than what was read before, brokers go on in the middle of it without a word. The client does not show the
//! topic's id, so records say it: of some that were read a hash is kept, and compared with what stands at their offsets now.
//!
//! A topic that lost its end (a broker became leader that did not have it) is the same one, so long as an older record is; what
//! retention or compaction has taken away says nothing.

use crate::model::keys::Keys;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The key of the hashes: nobody can tell by one what a record says.
#[derive(Clone)]
pub struct MarkKey([u8; 32]);

impl std::fmt::Debug for MarkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MarkKey(secret)")
    }
}

impl MarkKey {
    /// From the keys of the service.
    pub fn new(keys: &Keys) -> MarkKey {
        MarkKey(keys.messages("marks of records that were read"))
    }

    /// The hash of a record.
    pub fn hash(&self, timestamp_ms: Option<i64>, key: &[u8], value: Option<&[u8]>) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&timestamp_ms.unwrap_or(-1).to_le_bytes());
        hasher.update(&(key.len() as u64).to_le_bytes()).update(key);
        hasher.update(&[u8::from(value.is_some())]).update(value.unwrap_or_default());
        hasher.finalize().as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

/// A record that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordMark {
    /// Its offset.
    pub offset: i64,
    /// Its hash.
    pub hash: u64,
}

/// Marks of one partition: of the last record, and of ever fewer before it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Marks(Vec<RecordMark>);

/// Level n of the marks is of the last record whose offset is a multiple of `STEP` to the power of n.
const STEP: i64 = 8;
const LEVELS: usize = 8;

impl Marks {
    /// A record was read.
    pub fn note(&mut self, mark: RecordMark) {
        let mut multiple = 1;
        for level in 0..LEVELS {
            if mark.offset % multiple != 0 {
                return;
            }
            match self.0.get_mut(level) {
                Some(known) => *known = mark,
                None => self.0.push(mark),
            }
            multiple *= STEP;
        }
    }

    /// The partition ends before that offset: what was noted from there on is no more.
    pub fn cut(&mut self, end: i64) {
        *self = Marks::from_newest(self.newest_first().into_iter().filter(|mark| mark.offset < end));
    }

    /// Of the last record.
    pub fn newest(&self) -> Option<RecordMark> {
        self.0.first().copied()
    }

    /// From what [`Marks::newest_first`] gave.
    pub fn from_newest(marks: impl IntoIterator<Item = RecordMark>) -> Marks {
        let mut all: Vec<RecordMark> = marks.into_iter().collect();
        all.sort_by_key(|mark| mark.offset);
        let mut marks = Marks::default();
        all.into_iter().for_each(|mark| marks.note(mark));
        marks
    }

    /// All of them, from the newest on.
    pub fn newest_first(&self) -> Vec<RecordMark> {
        let mut all = self.0.clone();
        all.sort_by_key(|mark| std::cmp::Reverse(mark.offset));
        all.dedup();
        all
    }
}

/// What stands at an offset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// A record of that hash.
    Record(u64),
    /// No record, between others: it was compacted away, or the offset is one of a transaction.
    Removed,
    /// The log begins behind it.
    Expired,
    /// The log ends before it.
    Beyond,
    /// It could not be asked for.
    Unknown,
}

/// What has become of a partition since marks of it were made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Continuity {
    /// It is what it was, or nothing that is left of it says otherwise.
    Same,
    /// It was made anew.
    MadeAnew,
    /// It is what it was up to that offset, exclusively, and has lost what came after.
    LostEnd(i64),
    /// It could not be asked for.
    Unknown,
}

/// Compares marks, from the newest on, with what stands there now.
pub fn compare(marks: &[RecordMark], mut look: impl FnMut(i64) -> Found) -> Continuity {
    let mut differs = false;
    for mark in marks {
        match look(mark.offset) {
            Found::Record(hash) if hash == mark.hash && differs => return Continuity::LostEnd(mark.offset + 1),
            Found::Record(hash) if hash == mark.hash => return Continuity::Same,
            Found::Record(_) | Found::Beyond => differs = true,
            Found::Removed | Found::Expired => {}
            Found::Unknown => return Continuity::Unknown,
        }
    }
    if differs { Continuity::MadeAnew } else { Continuity::Same }
}

/// What was read of a partition since it was last known to be what it was: to tell which of it is of the one made anew.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecentMarks {
    /// The last record that is known to be of it, if any was read.
    verified: Option<RecordMark>,
    since: VecDeque<RecordMark>,
}

/// Records that are remembered; of more every second.
const MOST_RECENT: usize = 1 << 16;

impl RecentMarks {
    /// Of what is known to be the partition that was read up to that record.
    pub fn from(verified: Option<RecordMark>) -> RecentMarks {
        RecentMarks { verified, since: VecDeque::new() }
    }

    /// A record was read.
    pub fn note(&mut self, mark: RecordMark) {
        if self.since.len() >= MOST_RECENT {
            let mut odd = false;
            // The first stays: it is what is looked at where nothing has been verified.
            self.since.retain(|_| {
                odd = !odd;
                odd
            });
        }
        self.since.push_back(mark);
    }

    /// The record to look at: if it stands where it was, so does all before it.
    pub fn to_look_at(&self) -> Option<RecordMark> {
        self.verified.or(self.since.front().copied())
    }

    /// It stands where it was. The next to look at is the last that was read until now.
    pub fn verify(&mut self) {
        self.verified = self.since.back().copied().or(self.verified);
        self.since.clear();
    }

    /// Of a partition that was made anew meanwhile: the first record that was already read of the new one, by looking.
    pub fn first_of_new(&self, mut look: impl FnMut(i64) -> Found) -> Option<i64> {
        let all: Vec<RecordMark> = self.since.iter().copied().collect();
        // Once one is of the new partition, all later ones are.
        let old = all.partition_point(|mark| look(mark.offset) != Found::Record(mark.hash));
        all.get(old).map(|mark| mark.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn hash(offset: i64, factor: u64) -> u64 {
        (offset + 1).unsigned_abs() * factor
    }

    fn mark(offset: i64, factor: u64) -> RecordMark {
        RecordMark { offset, hash: hash(offset, factor) }
    }

    /// A log from an offset on: the hash of each record is the offset after it, times a factor.
    struct Log(std::ops::Range<i64>, u64);

    impl Log {
        fn at(&self, offset: i64) -> Found {
            match offset {
                of if of < self.0.start => Found::Expired,
                of if of >= self.0.end => Found::Beyond,
                of => Found::Record(hash(of, self.1)),
            }
        }
    }

    fn read(log: &Log, to: i64) -> Marks {
        let mut marks = Marks::default();
        (log.0.start..to).for_each(|offset| marks.note(mark(offset, log.1)));
        marks
    }

    #[test]
    fn a_log_is_the_same_however_it_grows_and_another_whatever_its_length() {
        let marks = read(&Log(0..1_000, 3), 700).newest_first();
        assert!(marks.len() <= LEVELS && marks[0].offset == 699, "{marks:?}");
        assert_eq!(compare(&marks, |at| Log(0..1_000, 3).at(at)), Continuity::Same);
        assert_eq!(compare(&marks, |at| Log(650..1_000, 3).at(at)), Continuity::Same, "retention takes the beginning away");
        assert_eq!(compare(&marks, |at| Log(900..1_000, 3).at(at)), Continuity::Same, "and all that is known of it");
        for end in [1, 500, 700, 5_000] {
            assert_eq!(compare(&marks, |at| Log(0..end, 5).at(at)), Continuity::MadeAnew, "of {end} records");
        }
        assert_eq!(compare(&marks, |at| Log(0..0, 5).at(at)), Continuity::MadeAnew, "an empty one");
        assert_eq!(compare(&marks, |_| Found::Unknown), Continuity::Unknown);
        assert_eq!(compare(&[], |_| Found::Beyond), Continuity::Same, "nothing was read of it");
    }

    #[test]
    fn a_log_that_lost_its_end_is_the_same_up_to_there_also_where_it_has_gone_on() {
        let marks = read(&Log(0..1_000, 3), 700).newest_first();
        let Continuity::LostEnd(to) = compare(&marks, |at| Log(0..690, 3).at(at)) else { panic!("it lost its end") };
        assert!((600..=690).contains(&to), "{to}");
        let otherwise = |at| if at < 690 { Log(0..2_000, 3).at(at) } else { Log(0..2_000, 5).at(at) };
        assert_eq!(compare(&marks, otherwise), Continuity::LostEnd(to));
    }

    #[test]
    fn a_record_that_was_compacted_away_says_nothing() {
        let marks = read(&Log(0..1_000, 3), 700).newest_first();
        let compacted = |at| if at % 64 == 0 { Log(0..1_000, 3).at(at) } else { Found::Removed };
        assert_eq!(compare(&marks, compacted), Continuity::Same);
        let anew = |at| if at % 64 == 0 { Log(0..1_000, 5).at(at) } else { Found::Removed };
        assert_eq!(compare(&marks, anew), Continuity::MadeAnew);
    }

    #[test]
    fn what_was_read_of_the_new_one_before_it_was_noticed_is_told_to_the_record() {
        for switch in [100_i64, 101, 150, 199] {
            let mut recent = RecentMarks::from(Some(mark(99, 3)));
            (100..200).for_each(|at| recent.note(mark(at, if at < switch { 3 } else { 5 })));
            assert_eq!(recent.first_of_new(|at| Log(0..500, 5).at(at)), Some(switch));
        }
        let mut recent = RecentMarks::from(Some(mark(99, 3)));
        (100..200).for_each(|at| recent.note(mark(at, 3)));
        assert_eq!(recent.to_look_at(), Some(mark(99, 3)));
        assert_eq!(recent.first_of_new(|at| Log(0..500, 5).at(at)), None);
        recent.verify();
        assert_eq!(recent.to_look_at(), Some(mark(199, 3)));
        let mut many = RecentMarks::default();
        (0..5 * MOST_RECENT as i64).for_each(|at| many.note(mark(at, 1)));
        assert!(many.since.len() <= MOST_RECENT && many.to_look_at() == Some(mark(0, 1)), "memory is bounded");
    }

    #[test]
    fn a_hash_is_of_time_key_and_value_each() {
        let key = MarkKey::new(&Keys::built_in());
        let all = [
            key.hash(Some(1), b"", Some(b"ab")),
            key.hash(Some(2), b"", Some(b"ab")),
            key.hash(None, b"", Some(b"ab")),
            key.hash(Some(1), b"a", Some(b"b")),
            key.hash(Some(1), b"", None),
            key.hash(Some(1), b"", Some(b"")),
        ];
        let told: BTreeMap<u64, usize> = all.iter().copied().zip(0..).collect();
        assert_eq!(told.len(), all.len(), "{all:?}");
    }
}
