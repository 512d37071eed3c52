//! Holds what was understood of a case against what its client got.
//!
//! A case of several accesses is counted as a window counts: known people once, the others added up. Whoever combines
//! otherwise may judge otherwise, so two plainer readings stand beside it: the sum of all figures, and the largest.

use super::accesses::{Access, Persons};
use std::collections::BTreeSet;

/// How a count stands to the truth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// Exact, and equal.
    Right,
    /// "At most", and not below the truth.
    Bounded,
    /// Said to be unknown.
    Unknown,
    /// Below the truth, or exact and not equal.
    Wrong,
    /// People were disclosed and no access shows it.
    Invisible,
}

/// A judgement with the count it judges.
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// What was counted, as a window counts.
    pub persons: Persons,
    /// Every access is exact, and the truth lies between the largest of them and their sum: only who was seen twice is open.
    pub each_exact: bool,
    /// The verdicts of the plainer readings, where they are others: of the sum, of the largest.
    pub otherwise: Vec<(&'static str, Verdict)>,
}

/// Judges a case.
pub fn judge(accesses: &[Access], truth: u64) -> Judged {
    let persons = window(accesses);
    // That somebody logged in says nothing of what was read.
    if truth > 0 && accesses.iter().all(|access| access.operation == "login") {
        return Judged { verdict: Verdict::Invisible, persons, each_exact: false, otherwise: Vec::new() };
    }
    let verdict = hold(persons, truth);
    let figures: Vec<Persons> = accesses.iter().map(|access| access.persons).collect();
    let sum = plainly(&figures, |counts| counts.iter().sum());
    let largest = plainly(&figures, |counts| counts.iter().copied().max().unwrap_or(0));
    let each_exact = match (largest, sum) {
        (Persons::Exact(largest), Persons::Exact(sum)) => (largest..=sum).contains(&truth),
        _ => false,
    };
    let others = [("sum", hold(sum, truth)), ("largest", hold(largest, truth))];
    Judged { verdict, persons, each_exact, otherwise: others.into_iter().filter(|(_, other)| *other != verdict).collect() }
}

fn hold(persons: Persons, truth: u64) -> Verdict {
    match persons {
        Persons::Exact(n) if n == truth => Verdict::Right,
        Persons::AtMost(n) if n >= truth => Verdict::Bounded,
        Persons::Exact(_) | Persons::AtMost(_) => Verdict::Wrong,
        Persons::Unknown => Verdict::Unknown,
    }
}

/// Distinct people of several accesses.
fn window(accesses: &[Access]) -> Persons {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let (mut unnamed, mut exact, mut counts) = (0, true, 0);
    for access in accesses {
        counts += u32::from(!matches!(access.persons, Persons::Exact(0) | Persons::AtMost(0)));
        match access.persons {
            Persons::Exact(n) if n == access.subjects.len() as u64 => known.extend(access.subjects.iter().map(String::as_str)),
            Persons::Exact(n) => unnamed += n,
            Persons::AtMost(n) => {
                exact = exact && n == 0;
                unnamed += n;
            }
            Persons::Unknown => return Persons::Unknown,
        }
    }
    let all = known.len() as u64 + unnamed;
    // People without names of two accesses may be the same.
    if exact && (unnamed == 0 || counts == 1) { Persons::Exact(all) } else { Persons::AtMost(all) }
}

/// A reading of bare figures.
fn plainly(figures: &[Persons], reading: impl Fn(&[u64]) -> u64) -> Persons {
    let counts: Option<Vec<u64>> = figures
        .iter()
        .map(|persons| match persons {
            Persons::Exact(n) | Persons::AtMost(n) => Some(*n),
            Persons::Unknown => None,
        })
        .collect();
    let Some(counts) = counts else { return Persons::Unknown };
    let exact = figures.iter().all(|persons| matches!(persons, Persons::Exact(_) | Persons::AtMost(0)));
    if exact { Persons::Exact(reading(&counts)) } else { Persons::AtMost(reading(&counts)) }
}
