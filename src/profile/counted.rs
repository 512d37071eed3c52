//! Accesses that say how many people they disclosed, and not whom.
//!
//! Such counts cannot be made distinct: of two exports of 5,000 rows nobody knows how many people they share. So their sum
//! is an upper bound, the largest exact one a lower bound, and a single one is what it is.

use crate::model::kind::{Kind, Kinds};
use crate::model::persons::Persons;
use crate::model::statute::Statute;
use serde::{Deserialize, Serialize};

/// Counts without names, of one unit or summed over several.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counted {
    /// Accesses with a figure.
    pub accesses: u32,
    /// Sum of their figures.
    pub sum: u64,
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
}

impl Counted {
    /// Adds an access of which only the count is known.
    pub fn add(&mut self, persons: Persons, kinds: Kinds, bulk: bool, statute: &Statute) {
        let Some(figure) = persons.figure() else {
            self.unknown += 1;
            self.bulk += u32::from(bulk);
            return;
        };
        if figure == 0 {
            return;
        }
        self.accesses += 1;
        self.sum = self.sum.saturating_add(figure);
        if matches!(persons, Persons::Exact(_)) {
            self.largest_exact = self.largest_exact.max(figure);
        }
        self.a = self.a.saturating_add(figure.saturating_mul(statute.weight_a(kinds)));
        self.b = self.b.max(figure.saturating_mul(statute.weight_b(kinds)));
        for kind in kinds.iter() {
            self.add_kind(kind, figure);
        }
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
    }

    /// Distinct people of a window: these counts together with people known by name.
    pub fn with_named(&self, named: Persons) -> Persons {
        self.combine(named, self.sum, self.accesses)
    }

    /// The same for one kind.
    pub fn with_named_of(&self, kind: Kind, named: Persons) -> Persons {
        let sum = self.kinds.iter().find(|(of, _)| *of == kind).map_or(0, |(_, sum)| *sum);
        self.combine(named, sum, if sum == 0 { 0 } else { self.accesses })
    }

    /// Whether something came on top of the figures whose people, tables or kinds are not known.
    pub fn is_incomplete(&self) -> bool {
        self.unknown > 0 || self.unclear > 0
    }

    /// Kinds that have a count.
    pub fn kinds(&self) -> Kinds {
        self.kinds.iter().map(|(kind, _)| *kind).collect()
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
            counted.add(*p, Kinds::of(Kind::Name), true, &statute);
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
    fn something_unknown_leaves_a_lower_bound() {
        assert_eq!(counted(&[Persons::Unknown]).with_named(Persons::NOBODY), Persons::Unknown);
        assert_eq!(counted(&[Persons::Unknown, Persons::Exact(40)]).with_named(Persons::Exact(3)), Persons::AtLeast(40));
        assert_eq!(counted(&[Persons::Unknown]).with_named(Persons::Exact(3)), Persons::AtLeast(3));
    }
}
