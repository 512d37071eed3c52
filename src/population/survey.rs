//! Who looked at whom of the last days, by units: the unit and the employer of each employee, and the unit that serves each subject. What
//! employees have in common is judged by the chance that these leave: colleagues meet at the customers of their unit, and a unit that serves
//! a branch looks at its people.

use crate::population::homes::{Homes, NONE, print};
use crate::population::lookup::Lookup;
use crate::population::lookups::RecentLookups;
use crate::population::summary::Summary;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// The looks of the last days, by units.
#[derive(Default)]
pub struct Survey {
    /// The unit of each employee, by number; [`NONE`] for none.
    pub units: Vec<u64>,
    /// The outside employer of each employee, by number; [`NONE`] for none.
    pub employers: Vec<u64>,
    /// The peer group of each employee, by number.
    pub groups: Vec<u64>,
    /// The home of each subject that was looked at, in the order of the looks.
    pub homes: Vec<u64>,
    /// How many subjects each unit serves.
    pub sizes: HashMap<u64, u64, FixedState>,
    /// Different subjects that each employee looked at, by their home.
    pub looks: HashMap<(u32, u64), u32, FixedState>,
}

impl Survey {
    /// From the looks of the last days, by subject and employee.
    pub fn of(recent: &RecentLookups, members: &[Summary], lookups: &[Lookup], homes: &mut Homes<'_>) -> Survey {
        let size = recent.actors().len();
        let (units, employers, groups) = (vec![NONE; size], vec![NONE; size], vec![NONE; size]);
        let mut survey = Survey { units, employers, groups, sizes: homes.sizes(), ..Survey::default() };
        for member in members {
            let Some(who) = recent.number_of(&member.actor) else { continue };
            survey.units[who as usize] = member.unit.as_deref().map_or(NONE, print);
            survey.groups[who as usize] = print(&member.group);
            survey.employers[who as usize] = member.employer.as_deref().map_or(NONE, print);
        }
        for looks in lookups.chunk_by(|a, b| a.subject == b.subject) {
            let home = homes.of(looks[0].subject);
            survey.homes.push(home);
            for look in looks {
                *survey.looks.entry((look.who, home)).or_default() += 1;
            }
        }
        survey
    }

    /// The unit of an employee.
    pub fn unit(&self, who: u32) -> u64 {
        self.units.get(who as usize).copied().unwrap_or(NONE)
    }

    /// The outside employer of an employee.
    pub fn employer(&self, who: u32) -> u64 {
        self.employers.get(who as usize).copied().unwrap_or(NONE)
    }

    /// The peer group of an employee.
    pub fn group(&self, who: u32) -> u64 {
        self.groups.get(who as usize).copied().unwrap_or(NONE)
    }

    /// Whether somebody's unit serves that home: these are the own customers.
    pub fn is_own(&self, who: u32, home: u64) -> bool {
        home != NONE && self.unit(who) == home
    }

    /// How many subjects each employee looked at, by home, in the order of employees and homes.
    pub fn sorted_looks(&self) -> Vec<((u32, u64), u32)> {
        let mut all: Vec<_> = self.looks.iter().map(|(at, count)| (*at, *count)).collect();
        all.sort_unstable();
        all
    }
}

/// By how much counts scatter beyond chance, as a share of the squared expectation: the method of moments over pairs of a count and what was
/// expected, without those who are far off, since whoever is looked for must not hide among what is usual.
pub fn overdispersion(counts: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut excess, mut squares) = (PRIOR.0 * PRIOR.1, PRIOR.1);
    for (count, expected) in counts.filter(|(_, expected)| *expected > 0.0) {
        if count <= 4.0 * expected + 6.0 {
            excess += (count - expected).powi(2) - expected;
            squares += expected * expected;
        }
    }
    (excess / squares).clamp(0.1, 4.0)
}

/// The overdispersion before anything was seen, and how much that weighs.
const PRIOR: (f64, f64) = (0.5, 4.0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_scatter_by_chance_are_not_overdispersed_and_those_that_differ_are() {
        let even = (0..200).map(|n| (9.0 + f64::from(n % 3), 10.0));
        let uneven = (0..200).map(|n| (if n % 2 == 0 { 2.0 } else { 18.0 }, 10.0));
        assert!(overdispersion(even) < 0.15);
        assert!(overdispersion(uneven.clone()) > 0.4);
        let with_a_ring = uneven.chain((0..5).map(|_| (900.0, 10.0)));
        assert!(overdispersion(with_a_ring) < 1.0, "who is far off is not what is usual");
    }
}
