//! What was read of a partition by who reads it: what to do with the record that comes next.

use crate::kafka::identity::{Marks, RecentMarks, RecordMark};

/// What to do with a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// It is passed on.
    Take,
    /// It was passed on before.
    Skip,
    /// The same, and it is the last of those: the partition goes on at that offset.
    SkipLast(i64),
    /// It is passed on; others should have come before, from that offset on. They may have expired, or be none of ours to see.
    Gap(i64),
    /// One behind it was passed on before, and this was the next offset: the partition is another, or has lost its end.
    WentBack(i64),
}

/// What was read of a partition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReadRecords {
    /// The next offset, where it is known.
    pub next: Option<i64>,
    /// Some of the records that were read.
    pub marks: Marks,
    /// All that were read lately.
    pub recent: RecentMarks,
    /// Offsets that were read already, though the partition is read from before them on.
    pub skip: Option<(i64, i64)>,
}

impl ReadRecords {
    /// Goes on at an offset, with what was read before.
    pub fn new(next: Option<i64>, marks: Marks) -> ReadRecords {
        ReadRecords { next, recent: RecentMarks::from(marks.newest()), marks, skip: None }
    }

    /// A record has come.
    pub fn advance(&mut self, mark: RecordMark) -> Step {
        if let Some((from, to)) = self.skip {
            if mark.offset >= from && mark.offset < to {
                self.note(mark);
                return if mark.offset + 1 == to { Step::SkipLast(to) } else { Step::Skip };
            }
            if mark.offset >= to {
                self.skip = None;
            }
        }
        if let Some(next) = self.next.filter(|next| mark.offset < *next) {
            return Step::WentBack(next);
        }
        let gap = self.next.filter(|next| mark.offset > *next);
        self.note(mark);
        gap.map_or(Step::Take, Step::Gap)
    }

    fn note(&mut self, mark: RecordMark) {
        self.marks.note(mark);
        self.recent.note(mark);
        self.next = Some(mark.offset + 1);
    }

    /// The partition is read from before its next offset on: from its start, where it was made anew (`None`), or behind what is left of
    /// it. What was read already from an offset up to another is not passed on again.
    pub fn rewind(&mut self, to: Option<i64>, skip: Option<(i64, i64)>) {
        self.marks.cut(to.unwrap_or(0));
        *self = ReadRecords { skip, ..ReadRecords::new(Some(to.unwrap_or(0)), std::mem::take(&mut self.marks)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(offset: i64) -> RecordMark {
        RecordMark { offset, hash: 7 }
    }

    #[test]
    fn each_record_is_passed_on_once_wherever_reading_begins_again() {
        let mut read = ReadRecords::default();
        assert_eq!(read.advance(mark(5)), Step::Take, "nothing is known of what comes first");
        assert_eq!(read.advance(mark(6)), Step::Take);
        assert_eq!(read.advance(mark(9)), Step::Gap(7));
        assert_eq!(read.advance(mark(0)), Step::WentBack(10));
        assert_eq!(read.next, Some(10), "it is not taken");
        // Made anew, and 6 to 9 are of the new one.
        read.rewind(None, Some((6, 10)));
        assert_eq!(read.marks.newest(), None);
        let steps: Vec<Step> = (0..12).map(|offset| read.advance(mark(offset))).collect();
        let [take, skip] = [Step::Take, Step::Skip];
        let mut expected = vec![take.clone(); 6];
        expected.extend([skip.clone(), skip.clone(), skip, Step::SkipLast(10), take.clone(), take]);
        assert_eq!(steps, expected);
        // Its end was lost.
        read.rewind(Some(8), None);
        assert_eq!((read.next, read.marks.newest().map(|mark| mark.offset < 8)), (Some(8), Some(true)));
        assert_eq!(read.advance(mark(8)), Step::Take);
    }
}
