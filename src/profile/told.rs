//! Figures as they are told. In comparisons an access of unknown size stands for many people ([`UNKNOWN_BULK`]); what is told of people is
//! the figure without these, and how many accesses do not tell theirs.

use crate::profile::UNKNOWN_BULK;
use crate::profile::counted::Counted;
use serde::{Deserialize, Serialize};

/// A figure as it may be told.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Told {
    /// What was counted.
    pub known: u64,
    /// Accesses of unknown size that come on top.
    pub unknown: u32,
}

impl Told {
    /// A figure that was compared, in whose time so many accesses were of unknown size.
    pub fn of(figure: u64, unsized_accesses: u32) -> Told {
        // Each stands for the whole of a number: a smaller figure holds none of them.
        let unknown = u32::try_from(figure / UNKNOWN_BULK).unwrap_or(u32::MAX).min(unsized_accesses);
        Told { known: figure - u64::from(unknown) * UNKNOWN_BULK, unknown }
    }

    /// `7`, or `an unknown number (40 are counted, and 2 accesses do not tell how many)`.
    pub fn number(self) -> String {
        if self.unknown == 0 { self.known.to_string() } else { format!("an unknown number ({})", self.parts()) }
    }

    /// `7 people`, or `an unknown number of people (40 are counted, and 2 accesses do not tell how many)`.
    pub fn counted(self, what: &str) -> String {
        if self.unknown == 0 { format!("{} {what}", self.known) } else { format!("an unknown number of {what} ({})", self.parts()) }
    }

    /// `7 of the people`, or the same of an unknown number of the people.
    pub fn of_the(self, what: &str) -> String {
        if self.unknown == 0 { format!("{} of the {what}", self.known) } else { self.counted(&format!("the {what}")) }
    }

    fn parts(self) -> String {
        let open = if self.unknown == 1 {
            "1 access does not tell how many".to_owned()
        } else {
            format!("{} accesses do not tell how many", self.unknown)
        };
        match self.known {
            0 => open,
            1 => format!("1 is counted, and {open}"),
            known => format!("{known} are counted, and {open}"),
        }
    }
}

/// The people of a window: who can be told apart, and what is only a bound.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PeopleTold {
    /// People told apart by their ids.
    pub named: u64,
    /// Sum of the figures of accesses that name nobody: the same people may be in several.
    pub counted: u64,
    /// How many such accesses.
    pub accesses: u32,
    /// Accesses of unknown size.
    pub unknown: u32,
}

impl PeopleTold {
    pub(super) fn new(named: u64, counted: &Counted) -> PeopleTold {
        PeopleTold { named, counted: counted.most(), accesses: counted.accesses, unknown: counted.unknown }
    }

    /// How many they are, and how many of them can be told apart.
    pub fn different(self) -> String {
        let of = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        let apart = of(self.named, "is told apart by an id", "are told apart by their ids");
        let mut parts = vec![apart];
        if self.counted > 0 {
            let accesses = of(self.accesses.into(), "access that names", "accesses that name");
            parts.push(format!("up to {} more are counted by {accesses} nobody and may be the same ones", self.counted));
        }
        if self.unknown > 0 {
            parts.push(of(self.unknown.into(), "access does not tell how many", "accesses do not tell how many"));
        }
        match (self.unknown, self.counted) {
            (0, 0) => format!("{}, told apart by their ids,", of(self.named, "different person", "different people")),
            (0, _) => format!("at most {} people ({})", self.named.saturating_add(self.counted), parts.join("; ")),
            _ => format!("an unknown number of people ({})", parts.join("; ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_is_taken_off_and_said() {
        assert_eq!(Told::of(7, 3), Told { known: 7, unknown: 0 });
        assert_eq!(
            Told::of(2_040, 5).counted("people"),
            "an unknown number of people (40 are counted, and 2 accesses do not tell how many)"
        );
        assert_eq!(Told::of(2_040, 0).counted("people"), "2040 people");
        assert_eq!(Told::of(1_000, 1).number(), "an unknown number (1 access does not tell how many)");
        assert_eq!(
            Told::of(1_001, 1).of_the("people"),
            "an unknown number of the people (1 is counted, and 1 access does not tell how many)"
        );
    }

    #[test]
    fn different_people_are_those_who_can_be_told_apart() {
        let told = |named, counted, accesses, unknown| PeopleTold { named, counted, accesses, unknown }.different();
        assert_eq!(told(7, 0, 0, 0), "7 different people, told apart by their ids,");
        assert_eq!(
            told(7, 30, 2, 0),
            "at most 37 people (7 are told apart by their ids; up to 30 more are counted by 2 accesses that name nobody and may be the same ones)"
        );
        assert_eq!(told(1, 0, 0, 1), "an unknown number of people (1 is told apart by an id; 1 access does not tell how many)");
    }
}
