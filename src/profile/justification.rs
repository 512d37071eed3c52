//! Which part of an access a known business reason covers, and how far capped reasons are used up.
//!
//! A reason with `max_persons` covers the first so many distinct people in settled order, whoever of its unit looks at them.

use crate::classify::explanations::{BusinessReason, Explanations, Grantee, ReasonQuery};
use crate::model::access::Access;
use crate::model::persons::Persons;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The part of an access that nothing explains.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Justification {
    /// For each subject of the access, whether no reason covers it.
    pub unexplained: UnexplainedSubjects,
    /// Of the people without a name, those that no reason covers.
    pub unexplained_unnamed: Persons,
    /// Whether a reason was claimed that does not cover.
    pub claimed: bool,
}

/// Which of the named subjects no reason covers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UnexplainedSubjects {
    /// All are covered.
    Nobody,
    /// None is.
    Everybody,
    /// These.
    Some(Box<[bool]>),
}

impl UnexplainedSubjects {
    /// Whether the subject at that place is not covered.
    pub fn is_unexplained(&self, at: usize) -> bool {
        match self {
            UnexplainedSubjects::Nobody => false,
            UnexplainedSubjects::Everybody => true,
            UnexplainedSubjects::Some(flags) => flags[at],
        }
    }
}

/// How far capped reasons are used up, by the reason's print.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ReasonUsage {
    used: BTreeMap<u64, Used>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Used {
    people: BTreeSet<u64>,
    unnamed: u64,
}

impl ReasonUsage {
    /// Takes over what was used up elsewhere: a reason is used up once, wherever those whom it covers lie.
    pub fn join(&mut self, other: &ReasonUsage) {
        for (print, used) in &other.used {
            let known = self.used.entry(*print).or_default();
            known.people.extend(&used.people);
            known.unnamed = known.unnamed.max(used.unnamed);
        }
    }

    /// Whether the reason covers one more look at this person.
    fn take(&mut self, reason: &BusinessReason, person: u64) -> bool {
        let Some(cap) = reason.max_persons else { return true };
        let used = self.used.entry(reason.print).or_default();
        if used.people.contains(&person) {
            return true;
        }
        let free = used.people.len() as u64 + used.unnamed < cap;
        if free {
            used.people.insert(person);
        }
        free
    }

    /// How many of so many unnamed people the reason covers.
    fn take_unnamed(&mut self, reason: &BusinessReason, count: u64) -> u64 {
        let Some(cap) = reason.max_persons else { return count };
        let used = self.used.entry(reason.print).or_default();
        let free = cap.saturating_sub(used.people.len() as u64 + used.unnamed).min(count);
        used.unnamed += free;
        free
    }
}

/// Finds the covered part of an access and uses up capped reasons.
pub fn justify(explanations: &Explanations, usage: &mut ReasonUsage, who: Grantee, access: &Access, unnamed: Persons) -> Justification {
    let nothing_explained =
        Justification { unexplained: UnexplainedSubjects::Everybody, unexplained_unnamed: unnamed, claimed: access.purpose.is_some() };
    if explanations.is_empty() {
        return nothing_explained;
    }
    let asked = ReasonQuery { time: access.time, objects: &access.objects, claimed: access.purpose };
    let mut general: Vec<&BusinessReason> = explanations.general(who, asked).collect();
    // Uncapped first: a cap is not used up by what needs none.
    general.sort_by_key(|reason| reason.max_persons.is_some());
    let unexplained = unexplained_subjects(explanations, usage, who, access, asked, &general);
    let unexplained_unnamed = unexplained_of_unnamed(usage, unnamed, &general);
    let claimed = access.purpose.is_some() && (unexplained != UnexplainedSubjects::Nobody || !unexplained_unnamed.is_nobody());
    Justification { unexplained, unexplained_unnamed, claimed }
}

fn unexplained_subjects(
    explanations: &Explanations,
    usage: &mut ReasonUsage,
    who: Grantee,
    access: &Access,
    asked: ReasonQuery<'_>,
    general: &[&BusinessReason],
) -> UnexplainedSubjects {
    if general.first().is_some_and(|reason| reason.max_persons.is_none()) {
        return UnexplainedSubjects::Nobody;
    }
    if access.subjects.is_empty() {
        return if general.is_empty() { UnexplainedSubjects::Everybody } else { UnexplainedSubjects::Nobody };
    }
    let flags: Box<[bool]> = access
        .subjects
        .iter()
        .map(|subject| {
            let mut specific: Vec<&BusinessReason> = explanations.specific(who, *subject, asked).collect();
            specific.sort_by_key(|reason| reason.max_persons.is_some());
            !specific.iter().chain(general).any(|reason| usage.take(reason, subject.0))
        })
        .collect();
    match (flags.iter().any(|open| *open), flags.iter().all(|open| *open)) {
        (false, _) => UnexplainedSubjects::Nobody,
        (true, true) => UnexplainedSubjects::Everybody,
        (true, false) => UnexplainedSubjects::Some(flags),
    }
}

/// Nobody can say whom an unnamed count concerns, so only reasons for everybody or for objects cover it.
fn unexplained_of_unnamed(usage: &mut ReasonUsage, unnamed: Persons, general: &[&BusinessReason]) -> Persons {
    let Some(figure) = unnamed.figure() else {
        return if general.iter().any(|reason| reason.max_persons.is_none()) { Persons::NOBODY } else { Persons::Unknown };
    };
    let left = general.iter().fold(figure, |left, reason| left - usage.take_unnamed(reason, left));
    match unnamed {
        _ if left == 0 => Persons::NOBODY,
        Persons::Exact(_) => Persons::Exact(left),
        Persons::AtMost(_) | Persons::AtLeast(_) | Persons::Unknown => Persons::AtMost(left),
    }
}
