//! Accesses that say how many people they disclosed, and not whom.
//!
//! Such counts cannot be made distinct: of two exports of 5,000 rows nobody knows how many people they share. So their sum
//! is an upper bound, the largest exact one a lower bound, and a single one is what it is. One thing is known: statements of one session
//! that each read the same table in full read the same people. They are no more together than the largest of them, as far as nobody is
//! deleted from a table between two of them and somebody else put in. Where one gives far fewer than another, a policy of the server chose
//! the rows by what the session was set to, and they are not the same people.

use crate::model::kind::{Kind, Kinds};
use crate::model::persons::Persons;
use crate::model::statute::Statute;
use serde::{Deserialize, Serialize};

/// Reads of one table in full by one session: together they are no more people than the largest of them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct FullReads {
    /// Print of the session and the table.
    print: u64,
    /// The largest figure.
    figure: u64,
    /// What they showed.
    kinds: Kinds,
}

/// Tables read in full that are kept apart of one unit; those of more are added up.
const MOST_FULL_READS: usize = 8;

/// Counts without names, of one unit or summed over several.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counted {
    /// Accesses with a figure.
    pub accesses: u32,
    /// Sum of their figures, but for those of full reads.
    sum: u64,
    /// The largest exact figure: so many people for sure.
    pub largest_exact: u64,
    /// Accesses of unknown size.
    pub unknown: u32,
    /// Those of them that may well be large.
    pub bulk: u32,
    /// Accesses whose named people are candidates: their count is an upper bound.
    pub unsure: u32,
    /// Accesses of tables or kinds that are not known: what they weigh is not among the figures.
    pub unclear: u32,
    /// Reading A: every access adds its figure.
    pub a: u64,
    /// Reading B: only the largest access adds.
    pub b: u64,
    /// Sum of the figures by kind.
    kinds: Vec<(Kind, u64)>,
    /// Tables read in full, whose figures are not in the sums.
    full: Vec<FullReads>,
}

/// Whether a read gives so much less than another that the rows were chosen: a table shrinks by little while a session lasts.
fn is_far_less(read: u64, than: u64) -> bool {
    read.saturating_add(ALWAYS + than / ONE_IN) < than
}

/// By how many rows, and by which part of them, a table may shrink between two reads of a session.
const ALWAYS: u64 = 10;
const ONE_IN: u64 = 20;

impl Counted {
    /// Adds an access of which only the count is known. `full` is the print of the session and the table that it read in full, 0 for any
    /// other access. Returns by how much the people may be more than before, where the access has a figure.
    pub fn add(&mut self, persons: Persons, kinds: Kinds, bulk: bool, full: u64, statute: &Statute) -> u64 {
        let Some(figure) = persons.figure() else {
            self.unknown += 1;
            self.bulk += u32::from(bulk);
            return 0;
        };
        if figure == 0 {
            return 0;
        }
        self.accesses += 1;
        if matches!(persons, Persons::Exact(_)) {
            self.largest_exact = self.largest_exact.max(figure);
        }
        self.a = self.a.saturating_add(figure.saturating_mul(statute.weight_a(kinds)));
        self.b = self.b.max(figure.saturating_mul(statute.weight_b(kinds)));
        if full != 0
            && let Some(more) = self.add_full(FullReads { print: full, figure, kinds }, MOST_FULL_READS)
        {
            return more;
        }
        self.sum = self.sum.saturating_add(figure);
        for kind in kinds.iter() {
            self.add_kind(kind, figure);
        }
        figure
    }

    /// Joins a read of a table in full with those before, and tells by how much it is larger; nothing where there is no room for it, or where
    /// it is none of the same rows.
    fn add_full(&mut self, read: FullReads, room: usize) -> Option<u64> {
        if let Some(known) = self.full.iter_mut().find(|known| known.print == read.print) {
            if is_far_less(read.figure, known.figure) {
                return None;
            }
            let more = read.figure.saturating_sub(known.figure);
            known.figure = known.figure.max(read.figure);
            known.kinds = known.kinds.union(read.kinds);
            return Some(more);
        }
        (self.full.len() < room).then(|| {
            self.full.push(read);
            read.figure
        })
    }

    /// No more people than so many.
    pub fn most(&self) -> u64 {
        self.full.iter().fold(self.sum, |sum, read| sum.saturating_add(read.figure))
    }

    /// The same of one kind.
    fn most_of(&self, kind: Kind) -> u64 {
        let sum = self.kinds.iter().find(|(of, _)| *of == kind).map_or(0, |(_, sum)| *sum);
        let of_kind = self.full.iter().filter(|read| read.kinds.contains(kind));
        of_kind.fold(sum, |sum, read| sum.saturating_add(read.figure))
    }

    fn add_kind(&mut self, kind: Kind, figure: u64) {
        match self.kinds.iter_mut().find(|(of, _)| *of == kind) {
            Some((_, sum)) => *sum = sum.saturating_add(figure),
            None => self.kinds.push((kind, figure)),
        }
    }

    /// Joins the counts of another unit.
    pub fn join(&mut self, other: &Counted) {
        self.accesses += other.accesses;
        self.sum = self.sum.saturating_add(other.sum);
        self.largest_exact = self.largest_exact.max(other.largest_exact);
        self.unknown += other.unknown;
        self.bulk += other.bulk;
        self.unsure += other.unsure;
        self.unclear += other.unclear;
        self.a = self.a.saturating_add(other.a);
        self.b = self.b.max(other.b);
        for (kind, figure) in &other.kinds {
            self.add_kind(*kind, *figure);
        }
        for read in &other.full {
            if self.add_full(*read, usize::MAX).is_none() {
                self.sum = self.sum.saturating_add(read.figure);
                read.kinds.iter().for_each(|kind| self.add_kind(kind, read.figure));
            }
        }
    }

    /// Distinct people of a window: these counts together with people known by name.
    pub fn with_named(&self, named: Persons) -> Persons {
        self.combine(named, self.most(), self.accesses)
    }

    /// The same for one kind.
    pub fn with_named_of(&self, kind: Kind, named: Persons) -> Persons {
        let sum = self.most_of(kind);
        self.combine(named, sum, if sum == 0 { 0 } else { self.accesses })
    }

    /// Whether something came on top of the figures whose people, tables or kinds are not known.
    pub fn is_incomplete(&self) -> bool {
        self.unknown > 0 || self.unclear > 0
    }

    /// Kinds that have a count.
    pub fn kinds(&self) -> Kinds {
        let of_full = self.full.iter().fold(Kinds::NONE, |kinds, read| kinds.union(read.kinds));
        self.kinds.iter().map(|(kind, _)| *kind).collect::<Kinds>().union(of_full)
    }

    fn combine(&self, named: Persons, sum: u64, accesses: u32) -> Persons {
        let named = if self.unsure > 0 { named.at_most_unless_open() } else { named };
        let known = if self.unsure > 0 { 0 } else { named.figure().unwrap_or(0) };
        let sure = known.max(self.largest_exact.min(sum));
        match named {
            _ if self.unknown > 0 => {
                if sure > 0 {
                    Persons::AtLeast(sure)
                } else {
                    Persons::Unknown
                }
            }
            Persons::AtLeast(_) | Persons::Unknown => Persons::AtLeast(sure),
            Persons::Exact(_) | Persons::AtMost(_) if sum == 0 => named,
            Persons::Exact(0) if accesses == 1 && self.largest_exact == sum => Persons::Exact(sum),
            Persons::Exact(n) | Persons::AtMost(n) => Persons::AtMost(n.saturating_add(sum)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(persons: &[Persons]) -> Counted {
        let statute = Statute::built_in();
        let mut counted = Counted::default();
        for p in persons {
            counted.add(*p, Kinds::of(Kind::Name), true, 0, &statute);
        }
        counted
    }

    #[test]
    fn one_exact_count_stays_exact_and_two_are_a_bound() {
        let nobody = Persons::NOBODY;
        assert_eq!(counted(&[Persons::Exact(5_000)]).with_named(nobody), Persons::Exact(5_000));
        assert_eq!(counted(&[Persons::Exact(5_000), Persons::Exact(10)]).with_named(nobody), Persons::AtMost(5_010));
        assert_eq!(counted(&[Persons::AtMost(7)]).with_named(nobody), Persons::AtMost(7));
        assert_eq!(counted(&[Persons::Exact(7)]).with_named(Persons::Exact(3)), Persons::AtMost(10));
    }

    #[test]
    fn full_reads_of_one_table_by_one_session_are_no_more_than_the_largest() {
        let statute = Statute::built_in();
        let name = Kinds::of(Kind::Name);
        let mut counted = Counted::default();
        let mut add = |n: u64, full: u64| counted.add(Persons::Exact(n), name, true, full, &statute);
        assert_eq!((add(5_000, 1), add(5_013, 1), add(4_999, 1)), (5_000, 13, 0), "what was inserted meanwhile comes on top");
        assert_eq!((add(700, 2), add(30, 0)), (700, 30));
        assert_eq!(counted.with_named(Persons::NOBODY), Persons::AtMost(5_743));
        assert_eq!(counted.with_named_of(Kind::Name, Persons::NOBODY), Persons::AtMost(5_743));
        let mut both = Counted::default();
        both.join(&counted);
        both.join(&counted);
        assert_eq!((both.most(), both.accesses), (5_773, 10), "units of one session share their full reads too");
        let mut many = Counted::default();
        for table in 1..=20 {
            many.add(Persons::Exact(10), name, true, table, &statute);
        }
        assert_eq!((many.most(), many.full.len()), (200, MOST_FULL_READS));
    }

    #[test]
    fn rows_that_a_policy_chose_are_not_the_same_people() {
        let statute = Statute::built_in();
        let mut counted = Counted::default();
        let mut add = |n: u64| counted.add(Persons::Exact(n), Kinds::of(Kind::Name), true, 1, &statute);
        assert_eq!((add(140), add(60), add(90), add(138)), (140, 60, 90, 0));
        assert_eq!(counted.with_named_of(Kind::Name, Persons::NOBODY), Persons::AtMost(290));
        let mut both = Counted::default();
        let mut few = Counted::default();
        few.add(Persons::Exact(20), Kinds::of(Kind::Name), true, 1, &statute);
        both.join(&counted);
        both.join(&few);
        assert_eq!(both.most(), 310);
    }

    #[test]
    fn something_unknown_leaves_a_lower_bound() {
        assert_eq!(counted(&[Persons::Unknown]).with_named(Persons::NOBODY), Persons::Unknown);
        assert_eq!(counted(&[Persons::Unknown, Persons::Exact(40)]).with_named(Persons::Exact(3)), Persons::AtLeast(40));
        assert_eq!(counted(&[Persons::Unknown]).with_named(Persons::Exact(3)), Persons::AtLeast(3));
    }
}
