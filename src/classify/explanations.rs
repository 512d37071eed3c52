//! Business reasons: which accesses a ticket, an appointment, a campaign or another known reason covers (docs/contract.md §5).
//!
//! Owns `explanations.jsonl` and the question "who has a reason for this?". How far a capped reason is used up is state,
//! and kept in [`crate::profile::justification`].

pub use crate::classify::reason::{BusinessReason, Grantee, ReasonKind, ReasonQuery};
use crate::classify::reason_line::ReasonLine;
use crate::classify::reason_times::ReasonTimes;
use crate::classify::references::{ReferenceOwner, References};
use crate::model::access::Subject;
use crate::model::feed::FeedRows;
use crate::model::keys::Keys;
use crate::model::problem::Problem;
use foldhash::fast::FixedState;
use std::collections::{HashMap, HashSet};

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
    /// Units to which reasons for single subjects were given: of others none is looked for.
    units_of_subjects: HashSet<u64, FixedState>,
    shared_units: HashSet<String>,
    configured: bool,
    known: HashSet<u64, FixedState>,
    rows: FeedRows,
}

const NO_LINK: u32 = u32::MAX;

/// Lines that are read at once.
const AT_ONCE: usize = 1 << 16;

/// Reads one line.
pub type ReadLine<'a> = dyn Fn(&str) -> Result<ReasonLine, Problem> + Sync + 'a;

/// People of an access of whom it is asked whether they are a colleague's.
const ASKED: usize = 8;

impl Explanations {
    /// No reasons, and none will come: nothing can be checked.
    pub fn none() -> Explanations {
        Explanations::default()
    }

    /// Reads reasons, one JSON object a line. Subject ids are taken in every given space, since a reason does not name one.
    pub fn parse(text: &str, file: &str, keys: &Keys, spaces: &[String]) -> Result<Explanations, Vec<Problem>> {
        Explanations::parse_by(text, file, keys, spaces, |lines, read| lines.iter().map(|line| read(line)).collect())
    }

    /// The same where `each` reads some lines, in whatever order: most of what a reason costs is to read it, and many cores may. It gives
    /// what it read in the order of the lines.
    pub fn parse_by(
        text: &str,
        file: &str,
        keys: &Keys,
        spaces: &[String],
        each: impl Fn(&[&str], &ReadLine<'_>) -> Vec<Result<ReasonLine, Problem>>,
    ) -> Result<Explanations, Vec<Problem>> {
        let mut all = Explanations { configured: true, ..Explanations::default() };
        let mut problems = Vec::new();
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        loop {
            let (numbers, some): (Vec<usize>, Vec<&str>) = lines.by_ref().take(AT_ONCE).unzip();
            if some.is_empty() {
                break;
            }
            let read = each(&some, &|line| ReasonLine::read(line, keys, spaces));
            for (index, line) in numbers.into_iter().zip(read) {
                match line.map(|line| all.file(line)) {
                    Ok(true) => {}
                    Ok(false) => {
                        all.rows.size.repeated += 1;
                        let place = format!("{file}:{}:", index + 1);
                        all.rows.note(|| Problem::plain(place, "is the same as a reason before it, and says nothing more"));
                    }
                    Err(problem) => problems.push(Problem { place: format!("{file}:{}{}", index + 1, problem.place), ..problem }),
                }
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// Adds one reason from its JSON text. False: it is known already, word for word.
    pub fn add(&mut self, line: &str, keys: &Keys, spaces: &[String]) -> Result<bool, Problem> {
        Ok(self.file(ReasonLine::read(line, keys, spaces)?))
    }

    /// Adds a reason that was read. False: it is known already.
    fn file(&mut self, line: ReasonLine) -> bool {
        let ReasonLine { who, unit, reason, subjects } = line;
        self.configured = true;
        if !self.known.insert(reason.print) {
            return false;
        }
        if let Some(reference) = reason.reference {
            self.references.note(reference, who);
        }
        let (from, to) = (reason.from, reason.to);
        if subjects.is_some() && unit.is_some() {
            self.units_of_subjects.insert(who);
        }
        if let Some(unit) = unit.filter(|_| reason.max_persons.is_some()) {
            self.shared_units.insert(unit);
        }
        self.reasons.push(reason);
        let at = (self.reasons.len() - 1) as u32;
        match subjects {
            None => self.by_who.file(who, from, to, at),
            Some(subjects) => subjects.into_iter().for_each(|subject| self.link((who, subject), at)),
        }
        self.rows.size.rows += 1;
        self.rows.size.entries += 1;
        true
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
        let of_unit = self.units_of_subjects.contains(&who.unit).then(|| chain(who.unit));
        chain(who.own).chain(of_unit.into_iter().flatten()).filter(move |reason| reason.covers(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;
    use std::sync::Arc;

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
