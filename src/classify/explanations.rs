//! Business reasons: which accesses a ticket, an appointment, a campaign or another known reason covers (docs/contract.md §5).
//!
//! Owns `explanations.jsonl` and the question "who has a reason for this?". How far a capped reason is used up is state,
//! and kept in [`crate::profile::justification`].

use crate::classify::reason_times::ReasonTimes;
use crate::classify::references::{ReferenceOwner, References};
use crate::model::access::Subject;
use crate::model::feed::FeedRows;
use crate::model::keys::Keys;
use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use foldhash::fast::FixedState;
use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Which sort of reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the definition")]
pub enum ReasonKind {
    Ticket,
    Appointment,
    Assignment,
    Campaign,
    Batch,
    BreakGlass,
}

impl ReasonKind {
    /// The name used in files and alerts.
    pub fn name(self) -> &'static str {
        match self {
            ReasonKind::Ticket => "ticket",
            ReasonKind::Appointment => "appointment",
            ReasonKind::Assignment => "assignment",
            ReasonKind::Campaign => "campaign",
            ReasonKind::Batch => "batch",
            ReasonKind::BreakGlass => "break_glass",
        }
    }
}

/// One reason.
#[derive(Clone, Debug)]
pub struct BusinessReason {
    /// Which sort.
    pub kind: ReasonKind,
    /// From when on it covers, inclusive.
    pub from: Timestamp,
    /// Until when, inclusive; [`Timestamp::END`] for ever.
    pub to: Timestamp,
    /// Print of its `ref`.
    pub reference: Option<u64>,
    /// It covers so many distinct people, the first in settled order.
    pub max_persons: Option<u64>,
    objects: Option<Arc<GlobMatcher>>,
    /// Whether it names its subjects.
    pub by_subject: bool,
    /// Whether all of a unit share it.
    pub is_shared: bool,
    /// Whether it covers so many people of each who has it, where several have.
    pub is_for_each: bool,
    /// Identity over restarts: print of its text.
    pub print: u64,
}

/// All reasons of a run, indexed by whom and what they cover.
#[derive(Clone, Default)]
pub struct Explanations {
    reasons: Vec<BusinessReason>,
    /// Reasons that name no subjects.
    by_who: ReasonTimes,
    /// (who, subject) → first link; links chain the reasons of one pair without a heap cell for each.
    by_subject: HashMap<(u64, u64), u32, FixedState>,
    links: Vec<(u32, u32)>,
    references: References,
    shared_units: HashSet<String>,
    configured: bool,
    known: HashSet<u64, FixedState>,
    rows: FeedRows,
}

const NO_LINK: u32 = u32::MAX;

/// People of an access of whom it is asked whether they are a colleague's.
const ASKED: usize = 8;

#[derive(Deserialize)]
struct ReasonAsWritten {
    employee: Option<String>,
    unit: Option<String>,
    /// Of a source, for which maintenance is on file.
    source: Option<String>,
    subjects: Option<Vec<serde_json::Value>>,
    objects: Option<String>,
    from: serde_json::Value,
    to: Option<serde_json::Value>,
    reason: ReasonKind,
    #[serde(rename = "ref")]
    reference: Option<String>,
    max_persons: Option<u64>,
}

/// Whom a reason may be given to, as prints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grantee {
    /// The employee or account itself.
    pub own: u64,
    /// Their unit; 0 for none.
    pub unit: u64,
}

impl Explanations {
    /// No reasons, and none will come: nothing can be checked.
    pub fn none() -> Explanations {
        Explanations::default()
    }

    /// Reads reasons, one JSON object a line. Subject ids are taken in every given space, since a reason does not name one.
    pub fn parse(text: &str, file: &str, keys: &Keys, spaces: &[String]) -> Result<Explanations, Vec<Problem>> {
        let mut all = Explanations { configured: true, ..Explanations::default() };
        let mut problems = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match all.add(line, keys, spaces) {
                Ok(true) => {}
                Ok(false) => {
                    all.rows.size.repeated += 1;
                    let place = format!("{file}:{}:", index + 1);
                    all.rows.note(|| Problem::plain(place, "is the same as a reason before it, and says nothing more"));
                }
                Err(problem) => problems.push(Problem { place: format!("{file}:{}{}", index + 1, problem.place), ..problem }),
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// Adds one reason from its JSON text. False: it is known already, word for word.
    pub fn add(&mut self, line: &str, keys: &Keys, spaces: &[String]) -> Result<bool, Problem> {
        let written: ReasonAsWritten = serde_json::from_str(line).map_err(|e| Problem::new(":", "must be an explanation object", e))?;
        let who = match (&written.employee, &written.unit, &written.source) {
            (Some(employee), None, None) => Grantee::employee(keys, employee),
            (None, Some(unit), None) => Grantee::unit(keys, unit),
            (None, None, Some(source)) => Grantee::source(keys, source).own,
            _ => return Err(Problem::plain(": employee", "exactly one of employee, unit and source must be given")),
        };
        let from = instant(&written.from).ok_or_else(|| Problem::new(": from", "must be RFC 3339 or epoch milliseconds", &written.from))?;
        let to = match &written.to {
            None | Some(serde_json::Value::Null) => Timestamp::END,
            Some(to) => instant(to).ok_or_else(|| Problem::new(": to", "must be RFC 3339 or epoch milliseconds", to))?,
        };
        if to < from {
            return Err(Problem::new(": to", format!("must not be before from ({from})"), to));
        }
        let objects = match &written.objects {
            Some(pattern) => {
                let glob = GlobBuilder::new(pattern).case_insensitive(true).build();
                Some(Arc::new(
                    glob.map_err(|e| Problem::new(": objects", format!("must be a glob ({})", e.kind()), pattern))?.compile_matcher(),
                ))
            }
            None => None,
        };
        let print = keys.print("reason", line.trim());
        self.configured = true;
        if !self.known.insert(print) {
            return Ok(false);
        }
        if let (Some(unit), Some(_)) = (&written.unit, written.max_persons) {
            self.shared_units.insert(unit.clone());
        }
        let reason = BusinessReason {
            kind: written.reason,
            from,
            to,
            reference: written.reference.as_deref().map(|reference| keys.print("ref", reference)),
            max_persons: written.max_persons,
            objects,
            by_subject: written.subjects.is_some(),
            is_shared: written.unit.is_some(),
            is_for_each: false,
            print,
        };
        if let Some(reference) = reason.reference {
            self.references.note(reference, who);
        }
        self.reasons.push(reason);
        let at = (self.reasons.len() - 1) as u32;
        match written.subjects {
            None => self.by_who.file(who, from, to, at),
            Some(subjects) => {
                for id in subjects {
                    let id = match id {
                        serde_json::Value::String(id) => id,
                        other => other.to_string(),
                    };
                    for space in spaces {
                        self.link((who, keys.subject(space, &id).0), at);
                    }
                }
            }
        }
        self.rows.size.rows += 1;
        self.rows.size.entries += 1;
        Ok(true)
    }

    /// Reasons that decisions gave, each by the decision's id and as it would stand in the file. What a unit is given each of it has by
    /// itself: so nobody's part of it depends on what others do.
    pub fn granted<'a>(given: impl Iterator<Item = (&'a str, &'a str)>, keys: &Keys, spaces: &[String]) -> Explanations {
        let mut all = Explanations::default();
        for (id, line) in given {
            // Two decisions may say the same: each covers for itself.
            all.known.clear();
            if let Ok(true) = all.add(line, keys, spaces)
                && let Some(reason) = all.reasons.last_mut()
            {
                (reason.is_for_each, reason.is_shared) = (reason.is_shared, false);
                reason.print = keys.print("decision", id);
            }
        }
        all.shared_units.clear();
        all
    }

    /// How many reasons there are, and what is odd about them.
    pub fn rows(&self) -> &FeedRows {
        &self.rows
    }

    /// These and those of further lines, of which each was read before; what is known already is the same reason.
    #[must_use]
    pub fn with<'a>(&self, lines: impl Iterator<Item = &'a str>, keys: &Keys, spaces: &[String]) -> Explanations {
        let mut all = Explanations { configured: true, ..self.clone() };
        for line in lines.filter(|line| !line.trim().is_empty()) {
            // It was found valid when it came.
            let _ = all.add(line, keys, spaces);
        }
        all
    }

    fn link(&mut self, key: (u64, u64), reason: u32) {
        let next = self.by_subject.get(&key).copied().unwrap_or(NO_LINK);
        self.links.push((reason, next));
        self.by_subject.insert(key, (self.links.len() - 1) as u32);
    }

    /// Whether any source of reasons is configured.
    pub fn configured(&self) -> bool {
        self.configured
    }

    /// Every reason, in the order of the file.
    pub fn reasons(&self) -> &[BusinessReason] {
        &self.reasons
    }

    /// How many reasons there are.
    pub fn len(&self) -> usize {
        self.reasons.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Units that share a capped reason: their employees must be applied in one order.
    pub fn shared_units(&self) -> &HashSet<String> {
        &self.shared_units
    }

    /// Reasons given to somebody for everything or for objects, which cover the access.
    pub fn general<'a>(&'a self, who: Grantee, at: ReasonQuery<'a>) -> impl Iterator<Item = &'a BusinessReason> {
        let of = |print: u64| self.by_who.at(print, at.time).into_iter();
        of(who.own).chain(of(who.unit)).map(|at| &self.reasons[at as usize]).filter(move |reason| reason.covers(at))
    }

    /// Whose the claimed reference is, of an access to these people that it does not cover.
    pub fn owner(&self, who: Grantee, subjects: &[Subject], at: ReasonQuery<'_>) -> ReferenceOwner {
        let Some(reference) = at.claimed else { return ReferenceOwner::Own };
        let Some(mut holders) = self.references.holders(reference) else { return ReferenceOwner::Unknown };
        if self.references.is_own(reference, who.own, who.unit) {
            return ReferenceOwner::Own;
        }
        let first = &subjects[..subjects.len().min(ASKED)];
        let covers = |holder: u64, subject: &Subject| self.specific(Grantee { own: holder, unit: 0 }, *subject, at).next().is_some();
        let helped = !first.is_empty() && holders.any(|holder| first.iter().all(|subject| covers(holder, subject)));
        if helped { ReferenceOwner::Helped } else { ReferenceOwner::Other }
    }

    /// Reasons given to somebody for one subject, which cover the access.
    pub fn specific<'a>(&'a self, who: Grantee, subject: Subject, at: ReasonQuery<'a>) -> impl Iterator<Item = &'a BusinessReason> {
        let chain = |print: u64| {
            let mut next = self.by_subject.get(&(print, subject.0)).copied().unwrap_or(NO_LINK);
            std::iter::from_fn(move || {
                let (reason, after) = *self.links.get(next as usize)?;
                next = after;
                Some(&self.reasons[reason as usize])
            })
        };
        chain(who.own).chain(chain(who.unit)).filter(move |reason| reason.covers(at))
    }
}

/// What a reason is asked to cover.
#[derive(Clone, Copy)]
pub struct ReasonQuery<'a> {
    /// When.
    pub time: Timestamp,
    /// Tables touched.
    pub objects: &'a [Arc<str>],
    /// The claimed reference: only the reason with that `ref` is heard.
    pub claimed: Option<u64>,
}

impl BusinessReason {
    /// What has no limit comes first, since a limit is not used up by what needs none; then what a unit shares. So what is taken of that
    /// depends on the unit's accesses alone, and not on how far reasons of one employee are used up.
    pub fn order(&self) -> (bool, bool) {
        (self.max_persons.is_some(), !self.is_shared)
    }

    fn covers(&self, asked: ReasonQuery<'_>) -> bool {
        self.from <= asked.time
            && asked.time <= self.to
            && asked.claimed.is_none_or(|claimed| self.reference == Some(claimed))
            && self.objects.as_ref().is_none_or(|glob| asked.objects.iter().any(|object| glob.is_match(&**object)))
    }
}

impl Grantee {
    /// The print of an employee (or account) as reasons name it.
    pub fn employee(keys: &Keys, id: &str) -> u64 {
        keys.print("employee", id)
    }

    /// A source, as reasons for its silence name it.
    pub fn source(keys: &Keys, source: &str) -> Grantee {
        Grantee { own: keys.print("source", source), unit: 0 }
    }

    /// The print of a unit as reasons name it.
    pub fn unit(keys: &Keys, unit: &str) -> u64 {
        keys.print("unit", unit)
    }
}

fn instant(value: &serde_json::Value) -> Option<Timestamp> {
    match value {
        serde_json::Value::String(text) => Timestamp::parse(text).ok(),
        serde_json::Value::Number(number) => Timestamp::from_millis(number.as_i64()?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(time: &str, claimed: Option<u64>, objects: &'static [&'static str]) -> (Timestamp, Option<u64>, Vec<Arc<str>>) {
        (Timestamp::parse(time).expect("is a time"), claimed, objects.iter().map(|o| Arc::from(*o)).collect())
    }

    #[test]
    fn a_reason_covers_its_people_time_subjects_and_objects() {
        let keys = Keys::built_in();
        let text = concat!(
            "{\"employee\":\"E1\",\"subjects\":[\"42\",43],\"from\":\"2026-03-02T00:00:00Z\",\"to\":\"2026-03-03T00:00:00Z\",\"reason\":\"ticket\",\"ref\":\"T-1\"}\n",
            "{\"unit\":\"U\",\"objects\":\"crm.*\",\"from\":\"2026-03-02T00:00:00Z\",\"to\":\"2026-03-03T00:00:00Z\",\"reason\":\"campaign\",\"max_persons\":5}\n",
        );
        let all = Explanations::parse(text, "x", &keys, &[String::new()]).expect("is valid");
        let who = Grantee { own: Grantee::employee(&keys, "E1"), unit: Grantee::unit(&keys, "U") };
        let count = |time: &str, claimed, id: &str| {
            let (time, claimed, objects) = asked(time, claimed, &["crm.customers"]);
            let asked = ReasonQuery { time, claimed, objects: &objects };
            (all.specific(who, keys.subject("", id), asked).count(), all.general(who, asked).count())
        };
        assert_eq!(count("2026-03-02T10:00:00Z", None, "43"), (1, 1));
        assert_eq!(count("2026-03-02T10:00:00Z", None, "44"), (0, 1));
        assert_eq!(count("2026-03-04T10:00:00Z", None, "42"), (0, 0));
        assert_eq!(count("2026-03-02T10:00:00Z", Some(keys.print("ref", "T-1")), "42"), (1, 0));
        assert_eq!(count("2026-03-02T10:00:00Z", Some(keys.print("ref", "T-2")), "42"), (0, 0));
        assert!(all.shared_units().contains("U"));
    }

    #[test]
    fn a_reference_that_does_not_cover_is_ones_own_a_colleagues_somebody_elses_or_on_no_file() {
        let keys = Keys::built_in();
        let reason = |who: &str, subjects: &str, reference: &str| {
            format!(
                "{{{who},{subjects}\"from\":\"2026-03-02T00:00:00Z\",\"to\":\"2026-03-03T00:00:00Z\",\"reason\":\"ticket\",\"ref\":\"{reference}\"}}\n"
            )
        };
        let text = reason("\"employee\":\"E1\"", "\"subjects\":[\"42\"],", "T-1")
            + &reason("\"employee\":\"E2\"", "\"subjects\":[\"43\"],", "T-2")
            + &reason("\"unit\":\"U\"", "\"max_persons\":1,", "T-3")
            + &reason("\"employee\":\"E2\"", "", "T-4");
        let all = Explanations::parse(&text, "x", &keys, &[String::new()]).expect("is valid");
        let who = Grantee { own: Grantee::employee(&keys, "E1"), unit: Grantee::unit(&keys, "U") };
        let owner = |reference: &str, subject: &str| {
            let (time, claimed, objects) = asked("2026-03-02T10:00:00Z", Some(keys.print("ref", reference)), &["crm.customers"]);
            all.owner(who, &[keys.subject("", subject)], ReasonQuery { time, claimed, objects: &objects })
        };
        let found = [("T-1", "99"), ("T-3", "99"), ("T-2", "43"), ("T-2", "99"), ("T-4", "99"), ("T-9", "42")].map(|(r, s)| owner(r, s));
        use ReferenceOwner::{Helped, Other, Own, Unknown};
        assert_eq!(found, [Own, Own, Helped, Other, Other, Unknown]);
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        let text = "{}\n{\"employee\":\"E1\",\"unit\":\"U\",\"from\":1,\"reason\":\"ticket\"}\n{\"unit\":\"U\",\"from\":\"soon\",\"reason\":\"batch\"}\n";
        let problems = Explanations::parse(text, "explanations.jsonl", &Keys::built_in(), &[]).err().expect("is not valid");
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3);
        assert!(texts[1].starts_with("explanations.jsonl:2: employee") && texts[2].starts_with("explanations.jsonl:3: from"), "{texts:?}");
    }
}
