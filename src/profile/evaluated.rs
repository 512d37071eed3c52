//! How far the last days of one employee could be evaluated, in a few bytes: which sources their records came from, and what stood in
//! the way, one bit a day.

use crate::model::coverage::{Reason, Reasons, State};
use serde::{Deserialize, Serialize};

/// Days that are kept.
pub const KEPT_DAYS: u32 = 90;
/// Days after which a source is not expected to speak of an employee any more.
const EXPECTED_DAYS: u32 = 14;
/// Sources of one employee that are told apart; the others are taken together.
const MOST_SOURCES: usize = 8;
/// Tags from here on are sources.
const SOURCES: u16 = 16;
const OTHER_SOURCES: u16 = 15;

/// The last days of one employee.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Evaluated {
    /// The newest day, by number.
    newest: u32,
    rows: Vec<Row>,
}

/// One bit a day, that of the newest lowest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Row {
    low: u64,
    high: u32,
    tag: u16,
}

impl Row {
    fn has(&self, back: u32) -> bool {
        self.bits() >> back & 1 == 1
    }

    fn bits(&self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }

    fn set(&mut self, bits: u128) {
        let bits = bits & ((1 << KEPT_DAYS) - 1);
        (self.low, self.high) = (bits as u64, (bits >> 64) as u32);
    }
}

/// The tag of a source, by the print of its name. Two of some dozen sources hardly share one; if they do, they share their troubles.
pub fn tag(print: u64) -> u16 {
    SOURCES + (print % u64::from(u16::MAX - SOURCES)) as u16
}

/// A day: how far it was evaluated, and why not further.
pub type Evaluation = (State, Reasons);

impl Evaluated {
    /// A record of a day has settled.
    pub fn note(&mut self, day: u32, source: u16, reasons: Reasons) {
        if self.newest == 0 {
            self.newest = day;
        }
        if day == self.newest && self.says_already(source, reasons) {
            return;
        }
        self.turn(day);
        let sources = self.rows.iter().filter(|row| row.tag >= SOURCES).count();
        let known = self.rows.iter().any(|row| row.tag == source);
        self.mark(day, if known || sources < MOST_SOURCES { source } else { OTHER_SOURCES });
        reasons.iter().for_each(|reason| self.mark(day, reason as u16));
    }

    /// Whether the newest day says all that already, as it does from the second record of a source on.
    fn says_already(&self, source: u16, reasons: Reasons) -> bool {
        let marked = |tag: u16| self.rows.iter().any(|row| row.tag == tag && row.low & 1 == 1);
        marked(source) && reasons.iter().all(|reason| marked(reason as u16))
    }

    fn turn(&mut self, day: u32) {
        let by = day.saturating_sub(self.newest);
        if by > 0 {
            self.newest = day;
            self.rows.iter_mut().for_each(|row| row.set(if by < KEPT_DAYS { row.bits() << by } else { 0 }));
            self.rows.retain(|row| row.bits() != 0);
        }
    }

    fn mark(&mut self, day: u32, tag: u16) {
        let back = self.newest - day.min(self.newest);
        if back >= KEPT_DAYS {
            return;
        }
        match self.rows.iter_mut().find(|row| row.tag == tag) {
            Some(row) => row.set(row.bits() | 1 << back),
            None => {
                self.rows.reserve_exact(1);
                let mut row = Row { low: 0, high: 0, tag };
                row.set(1 << back);
                self.rows.push(row);
            }
        }
    }

    /// What is known of a day, where it is an employee-day: one with records, or one whose records a gap may have taken. `amiss` says
    /// what stands in the way of a source on that day.
    pub fn day(&self, day: u32, impaired: &dyn Fn(u16) -> Reasons) -> Option<Evaluation> {
        let ahead = day.saturating_sub(self.newest);
        let back = self.newest.saturating_sub(day);
        if self.newest == 0 || back >= KEPT_DAYS || ahead > EXPECTED_DAYS {
            return None;
        }
        let is_source = |row: &&Row| row.tag >= OTHER_SOURCES;
        let has_records = ahead == 0 && self.rows.iter().filter(is_source).any(|row| row.has(back));
        let reach: u128 = if ahead == 0 { ((1 << EXPECTED_DAYS) - 1) << back } else { (1 << (EXPECTED_DAYS - ahead)) - 1 };
        // A gap of a source that usually speaks of them may have taken records; what nobody could read came from a source of that day.
        let of_gaps = |reasons: Reasons| {
            let kept = Reasons::default().with(Reason::LogGap, reasons.has(Reason::LogGap));
            kept.with(Reason::Restore, reasons.has(Reason::Restore))
        };
        let expected = self.rows.iter().filter(is_source).filter(|row| row.bits() & reach != 0);
        let all = expected.map(|row| if ahead == 0 && row.has(back) { impaired(row.tag) } else { of_gaps(impaired(row.tag)) });
        let mut reasons = Reason::ALL.into_iter().fold(Reasons::default(), |reasons, reason| {
            let holds = ahead == 0 && self.rows.iter().any(|row| row.tag == reason as u16 && row.has(back));
            reasons.with(reason, holds || all.clone().any(|impaired| impaired.has(reason)))
        });
        if !has_records {
            reasons = of_gaps(reasons);
        }
        (has_records || !reasons.is_empty()).then(|| (State::of(has_records, reasons), reasons))
    }

    /// Settles a day: what stood in the way is kept with it. Days come in order.
    pub fn settle(&mut self, day: u32, impaired: &dyn Fn(u16) -> Reasons) -> Option<Evaluation> {
        let evaluation = self.day(day, impaired);
        if let Some((_, reasons)) = evaluation {
            self.turn(day);
            reasons.iter().for_each(|reason| self.mark(day, reason as u16));
        }
        evaluation
    }

    /// What was settled of a day.
    pub fn settled_day(&self, day: u32) -> Option<Evaluation> {
        // What was amiss is marked.
        self.day(day, &|_| Reasons::default())
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: u16) -> Reasons {
        Reasons::default()
    }

    fn gap(_: u16) -> Reasons {
        Reasons::default().with(Reason::LogGap, true)
    }

    #[test]
    fn days_keep_what_stood_in_their_way_for_ninety_days() {
        let mut days = Evaluated::default();
        for day in 100..200 {
            days.note(day, 77, Reasons::default().with(Reason::UnknownPersons, day % 2 == 0));
        }
        assert_eq!(days.settled_day(199), Some((State::Fully, Reasons::default())));
        assert_eq!(days.settled_day(198).map(|(state, _)| state), Some(State::Partly));
        assert_eq!((days.settled_day(110).is_some(), days.settled_day(109)), (true, None));
        assert!(days.heap_bytes() <= 2 * 16);
    }

    #[test]
    fn a_day_without_records_counts_where_a_gap_may_have_taken_them() {
        let mut days = Evaluated::default();
        days.note(100, 77, Reasons::default());
        assert_eq!((days.settle(101, &nothing), days.settle(102, &gap).map(|(state, _)| state)), (None, Some(State::Not)));
        assert_eq!(days.settled_day(102).map(|(state, _)| state), Some(State::Not), "it is kept");
        assert_eq!(days.settle(120, &gap), None, "nobody expects records any more");
        assert_eq!(days.settle(100, &gap).map(|(state, _)| state), Some(State::Partly));
    }

    #[test]
    fn many_sources_take_little_room() {
        let mut days = Evaluated::default();
        (0..50).for_each(|source| days.note(100, tag(source), Reasons::default()));
        assert!(days.heap_bytes() <= 9 * 16);
        assert_eq!(days.settled_day(100).map(|(state, _)| state), Some(State::Fully));
    }
}
