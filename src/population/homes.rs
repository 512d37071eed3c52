//! Which unit serves a subject, as far as anybody says.

use crate::classify::subjects::Subjects;
use crate::model::access::{Actor, Subject};
use crate::population::summary::Summary;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// The print of nobody's unit.
pub const NONE: u64 = 0;

/// The print of a unit's or employer's name: the same on every machine and in every run.
pub fn print(name: &str) -> u64 {
    let hash = blake3::hash(name.as_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash is longer")).max(1)
}

/// Which unit serves a subject, as far as anybody says. An employee's own customers are those of the unit.
pub struct Homes<'a> {
    subjects: &'a Subjects,
    units: HashMap<&'a str, u64, FixedState>,
}

impl<'a> Homes<'a> {
    /// From the tags of subjects and those who are summarised.
    pub fn new(subjects: &'a Subjects, members: &'a [Summary]) -> Homes<'a> {
        let mut units = HashMap::default();
        if subjects.owners() > 0 {
            for member in members {
                if let (Actor::Employee(name), Some(unit)) = (&member.actor, &member.unit) {
                    units.insert(&**name, print(unit));
                }
            }
        }
        Homes { subjects, units }
    }

    /// The unit that serves a subject; [`NONE`] where nobody says.
    pub fn of(&mut self, subject: u64) -> u64 {
        if self.subjects.owners() == 0 {
            return NONE;
        }
        let Some(owner) = self.subjects.owner(Subject(subject)) else { return NONE };
        *self.units.entry(owner).or_insert_with(|| print(owner))
    }

    /// How many subjects each unit serves.
    pub fn sizes(&mut self) -> HashMap<u64, u64, FixedState> {
        let mut sizes: HashMap<u64, u64, FixedState> = HashMap::default();
        for (owner, count) in self.subjects.served() {
            let home = *self.units.entry(owner).or_insert_with(|| print(owner));
            *sizes.entry(home).or_default() += count;
        }
        sizes
    }
}
