//! Whose a claimed reference is: to whom the register gives it, whether or not it covers anything. Somebody who looks at people under a
//! colleague's reference says something else than somebody whose own ran out, or whose reference nobody ever filed.

use foldhash::fast::FixedState;
use std::collections::{HashMap, HashSet};

/// Holders of one reference that are told apart; of a reference of more it is only known whether somebody is among them.
const HOLDERS: usize = 4;

/// Whose a reference is that does not cover what it was claimed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReferenceOwner {
    /// One's own or one's unit's: it ran out, its cap is used up, or it is about other people.
    #[default]
    Own,
    /// A colleague's, whom it is given to for these very people: somebody helps.
    Helped,
    /// Somebody else's, and not about these people.
    Other,
    /// On no file.
    Unknown,
}

/// Who holds each reference, by prints.
#[derive(Clone, Default)]
pub struct References {
    holders: HashMap<u64, [u64; HOLDERS], FixedState>,
    /// Reference and holder, where there are more holders than are told apart.
    more: HashSet<(u64, u64), FixedState>,
}

impl References {
    /// Notes that a reference was given to an employee, account or unit.
    pub fn note(&mut self, reference: u64, who: u64) {
        let holders = self.holders.entry(reference).or_default();
        if holders.contains(&who) {
            return;
        }
        match holders.iter_mut().find(|holder| **holder == 0) {
            Some(free) => *free = who,
            None => {
                self.more.insert((reference, who));
            }
        }
    }

    /// Those who hold a reference, as far as they are told apart; `None`: it is on no file.
    pub fn holders(&self, reference: u64) -> Option<impl Iterator<Item = u64> + '_> {
        self.holders.get(&reference).map(|holders| holders.iter().copied().filter(|holder| *holder != 0))
    }

    /// Whether a reference was given to somebody or their unit.
    pub fn is_own(&self, reference: u64, own: u64, unit: u64) -> bool {
        let is_of = |print: u64| {
            print != 0
                && (self.holders.get(&reference).is_some_and(|holders| holders.contains(&print)) || self.more.contains(&(reference, print)))
        };
        is_of(own) || is_of(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_known_by_those_who_hold_it_however_many_they_are() {
        let mut references = References::default();
        (1..=40).for_each(|who| references.note(7, who));
        references.note(8, 900);
        assert!((1..=40).all(|who| references.is_own(7, who, 0)));
        assert!(!references.is_own(7, 41, 900) && references.is_own(8, 41, 900));
        assert_eq!(references.holders(7).map(Iterator::count), Some(HOLDERS));
        assert!(references.holders(9).is_none() && !references.is_own(9, 1, 900));
    }
}
