//! Which part of an access a known business reason covers, and how far capped reasons are used up.
//!
//! A reason with `max_persons` covers the first so many distinct people in settled order, whoever of its unit looks at them. Where a unit's
//! employees are looked after by several tasks, each counts for the whole unit: what [`draws_on_unit`] comes to all of them.

use crate::classify::explanations::{BusinessReason, Explanations, Grantee, ReasonQuery};
use crate::classify::references::ReferenceOwner;
use crate::model::access::{Access, Subject};
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
    /// Whose the claimed reference is, where it does not cover; [`ReferenceOwner::Own`] also where nothing says so.
    pub owner: ReferenceOwner,
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
    /// From whether each of the subjects is not covered. A list is made only where they differ: most accesses have one subject.
    fn of(mut open: impl ExactSizeIterator<Item = bool>) -> UnexplainedSubjects {
        let all = open.len();
        let Some(first) = open.next() else { return UnexplainedSubjects::Nobody };
        let Some(alike) = open.position(|open| open != first) else {
            return if first { UnexplainedSubjects::Everybody } else { UnexplainedSubjects::Nobody };
        };
        let mut flags = Vec::with_capacity(all);
        flags.resize(alike + 1, first);
        flags.push(!first);
        flags.extend(open);
        UnexplainedSubjects::Some(flags.into_boxed_slice())
    }

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
    fn take(&mut self, reason: &BusinessReason, who: Grantee, person: u64) -> bool {
        let Some(cap) = reason.max_persons else { return true };
        let used = self.used.entry(key(reason, who)).or_default();
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
    fn take_unnamed(&mut self, reason: &BusinessReason, who: Grantee, count: u64) -> u64 {
        let Some(cap) = reason.max_persons else { return count };
        let used = self.used.entry(key(reason, who)).or_default();
        let free = cap.saturating_sub(used.people.len() as u64 + used.unnamed).min(count);
        used.unnamed += free;
        free
    }
}

/// By what it is counted how far a reason is used up.
fn key(reason: &BusinessReason, who: Grantee) -> u64 {
    if reason.is_for_each { reason.print ^ who.own.rotate_left(32) } else { reason.print }
}

/// Whether an access may take something of a limited reason that a unit shares.
pub fn draws_on_unit(explanations: &Explanations, who: Grantee, access: &Access) -> bool {
    let asked = ReasonQuery { time: access.time, objects: &access.objects, claimed: access.purpose };
    let shows_somebody = !access.subjects.is_empty() || access.unnamed().figure().is_some_and(|count| count > 0);
    if !shows_somebody || explanations.general(who, asked).any(|reason| reason.max_persons.is_none()) {
        return false;
    }
    let is_drawn_on = |reason: &BusinessReason| reason.is_shared && reason.max_persons.is_some();
    explanations.general(who, asked).any(is_drawn_on)
        || access.subjects.iter().any(|subject| explanations.specific(who, *subject, asked).any(is_drawn_on))
}

/// Uses up what an access takes of reasons that its employee's unit shares, as [`justify`] does where the access is judged.
pub fn draw(explanations: &Explanations, usage: &mut ReasonUsage, who: Grantee, access: &Access) {
    let search = Search { explanations, granted: None, who, access, shared_alone: true };
    drop(search.justify(usage, access.unnamed()));
}

/// Finds the covered part of an access and uses up capped reasons: those of the directory first, then those that decisions gave.
pub fn justify(reasons: Reasons<'_>, usage: &mut ReasonUsage, who: Grantee, access: &Access, unnamed: Persons) -> Justification {
    let Reasons { filed, granted } = reasons;
    let granted = granted.filter(|granted| !granted.is_empty());
    Search { explanations: filed, granted, who, access, shared_alone: false }.justify(usage, unnamed)
}

/// Where reasons are looked for.
#[derive(Clone, Copy)]
pub struct Reasons<'a> {
    /// Those of the directory.
    pub filed: &'a Explanations,
    /// Those that people's decisions gave.
    pub granted: Option<&'a Explanations>,
}

/// The search for reasons of an access.
struct Search<'a> {
    explanations: &'a Explanations,
    granted: Option<&'a Explanations>,
    who: Grantee,
    access: &'a Access,
    /// Whether limits of the employee alone do not count here.
    shared_alone: bool,
}

impl<'a> Search<'a> {
    fn asked(&self) -> ReasonQuery<'a> {
        ReasonQuery { time: self.access.time, objects: &self.access.objects, claimed: self.access.purpose }
    }

    fn sets(&self) -> impl Iterator<Item = &'a Explanations> + use<'a> {
        [Some(self.explanations), self.granted].into_iter().flatten()
    }

    /// These reasons, in the order in which they are used.
    fn ordered(&self, reasons: impl Iterator<Item = &'a BusinessReason>) -> Vec<&'a BusinessReason> {
        let mut all: Vec<_> = reasons.filter(|reason| reason.is_shared || reason.max_persons.is_none() || !self.shared_alone).collect();
        all.sort_by_key(|reason| reason.order());
        all
    }

    fn justify(&self, usage: &mut ReasonUsage, unnamed: Persons) -> Justification {
        let has_claim = self.access.purpose.is_some();
        if self.explanations.is_empty() && self.granted.is_none() {
            // Without a register nothing is known of any reference.
            let owner = ReferenceOwner::Own;
            return Justification { unexplained: UnexplainedSubjects::Everybody, unexplained_unnamed: unnamed, claimed: has_claim, owner };
        }
        let general = self.ordered(self.sets().flat_map(|set| set.general(self.who, self.asked())));
        let unexplained = self.unexplained_subjects(usage, &general);
        let unexplained_unnamed = unexplained_of_unnamed(usage, unnamed, self.who, &general);
        let claimed = has_claim && (unexplained != UnexplainedSubjects::Nobody || !unexplained_unnamed.is_nobody());
        let owner = if claimed { self.owner(&unexplained) } else { ReferenceOwner::Own };
        Justification { unexplained, unexplained_unnamed, claimed, owner }
    }

    /// Whose the claimed reference is, by those whom it does not cover.
    fn owner(&self, unexplained: &UnexplainedSubjects) -> ReferenceOwner {
        if self.explanations.is_empty() {
            return ReferenceOwner::Own;
        }
        let subjects = &self.access.subjects;
        let UnexplainedSubjects::Some(flags) = unexplained else { return self.explanations.owner(self.who, subjects, self.asked()) };
        let open: Vec<Subject> = subjects.iter().zip(flags).filter(|(_, open)| **open).map(|(subject, _)| *subject).collect();
        self.explanations.owner(self.who, &open, self.asked())
    }

    fn unexplained_subjects(&self, usage: &mut ReasonUsage, general: &[&'a BusinessReason]) -> UnexplainedSubjects {
        if general.first().is_some_and(|reason| reason.max_persons.is_none()) {
            return UnexplainedSubjects::Nobody;
        }
        if self.access.subjects.is_empty() {
            return if general.is_empty() { UnexplainedSubjects::Everybody } else { UnexplainedSubjects::Nobody };
        }
        let is_unexplained = |subject: &Subject| {
            let specific = || self.sets().flat_map(|set| set.specific(self.who, *subject, self.asked()));
            // What has no limit comes first and uses nothing up: where there is such a reason, no other needs to be put in order.
            if specific().any(|reason| reason.max_persons.is_none()) {
                return false;
            }
            let limited = self.ordered(specific().chain(general.iter().copied()));
            !limited.into_iter().any(|reason| usage.take(reason, self.who, subject.0))
        };
        UnexplainedSubjects::of(self.access.subjects.iter().map(is_unexplained))
    }
}

/// Nobody can say whom an unnamed count concerns, so only reasons for everybody or for objects cover it.
fn unexplained_of_unnamed(usage: &mut ReasonUsage, unnamed: Persons, who: Grantee, general: &[&BusinessReason]) -> Persons {
    let Some(figure) = unnamed.figure() else {
        return if general.iter().any(|reason| reason.max_persons.is_none()) { Persons::NOBODY } else { Persons::Unknown };
    };
    let left = general.iter().fold(figure, |left, reason| left - usage.take_unnamed(reason, who, left));
    match unnamed {
        _ if left == 0 => Persons::NOBODY,
        Persons::Exact(_) => Persons::Exact(left),
        Persons::AtMost(_) | Persons::AtLeast(_) | Persons::Unknown => Persons::AtMost(left),
    }
}
