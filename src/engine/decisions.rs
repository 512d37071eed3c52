//! Decisions of people on their way into force: the global stage takes them in, and as an hour of event time begins, those of the hours up to
//! it come into force, in the order of (hour, time, id). What they mean for employees goes to the keyed stages with the reply.

use crate::classify::reviewed;
use crate::engine::granted::GrantedReason;
use crate::engine::output::Revision;
use crate::model::access::Actor;
use crate::model::decision::outcome::DecisionOutcome;
use crate::model::decision::{Assignment, Decision, Explanation, Grantee, Maintained, Maintenance};
use crate::model::time::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Decisions that are known, at the most; beyond it no other is taken in, which is told.
const MOST: usize = 1_000_000;

/// What decisions, of people and of the budget, mean for employees, the same to all keyed stages.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Effects {
    /// Alerts that a verdict closes, with whom they are about.
    pub close: Vec<(Actor, String)>,
    /// Alerts that were shown since they were told of last, with whom they are about: they are told again.
    pub tell: Vec<(Actor, String)>,
    /// Reasons that hold from now on.
    pub grant: Vec<GrantedReason>,
    /// Those that do not any more, by the ids of their decisions.
    pub take_back: Vec<String>,
}

/// What comes of the decisions of an hour.
#[derive(Default)]
pub struct Decided {
    /// What goes to the keyed stages.
    pub effects: Effects,
    /// Revisions of alerts about sources.
    pub revisions: Vec<Revision>,
}

impl Effects {
    /// Whether nothing changes.
    pub fn is_nothing(&self) -> bool {
        *self == Effects::default()
    }
}

/// Decisions that wait for their hour, and what is in force of the others.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DecisionSchedule {
    /// By the hour from which on they are in force, their time and their id.
    pending: BTreeMap<(i64, Timestamp, String), Decision>,
    /// Prints of the ids of all that were taken in.
    known: BTreeSet<u64>,
    /// Windows in which sources may be silent.
    maintenance: BTreeMap<String, Maintenance>,
    /// Reasons that were given, and until when they hold.
    granted: BTreeMap<String, Timestamp>,
}

fn print(id: &str) -> u64 {
    let hash = blake3::hash(id.as_bytes());
    hash.as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

impl DecisionSchedule {
    /// Takes a decision in. `earliest` is the first hour that has not been dealt with; `from` the hour from which on it was in force when it
    /// was taken in before. Gives what becomes of it, and the hour.
    pub fn take(&mut self, decision: Decision, from: Option<i64>, earliest: i64) -> (DecisionOutcome, i64) {
        let due = decision.hour().max(from.unwrap_or(i64::MIN));
        let hour = due.max(earliest);
        let is_known = self.known.contains(&print(&decision.id));
        if is_known {
            return (DecisionOutcome::Repeated, hour);
        }
        if self.known.len() >= MOST {
            return (DecisionOutcome::TooMany, hour);
        }
        self.known.insert(print(&decision.id));
        self.pending.insert((hour, decision.at, decision.id.clone()), decision);
        (if hour > due { DecisionOutcome::Late } else { DecisionOutcome::Taken }, hour)
    }

    /// Whether one of that id was taken in.
    pub fn is_known(&self, id: &str) -> bool {
        self.known.contains(&print(id))
    }

    /// The first hour at which something comes into force.
    pub fn next_hour(&self) -> Option<i64> {
        self.pending.first_key_value().map(|((hour, ..), _)| *hour)
    }

    /// The next decision that is in force from `hour` on, or before.
    pub fn next_due(&mut self, hour: i64) -> Option<Decision> {
        let first = self.pending.first_entry().filter(|first| first.key().0 <= hour)?;
        Some(first.remove())
    }

    /// A reason is given.
    pub fn grant(&mut self, id: &str, line: String, to: Timestamp, effects: &mut Effects) {
        self.granted.insert(id.to_owned(), to);
        effects.grant.push(GrantedReason { id: id.to_owned(), line, to });
    }

    /// A window of maintenance is known.
    pub fn maintain(&mut self, id: &str, window: &Maintenance) {
        self.maintenance.insert(id.to_owned(), window.clone());
    }

    /// Something is over, or will not begin. False where nothing of that id is known, or it is over.
    pub fn end(&mut self, id: &str, effects: &mut Effects) -> bool {
        let waits = self.pending.keys().find(|(.., waiting)| waiting == id).cloned();
        let waited = waits.is_some_and(|key| self.pending.remove(&key).is_some());
        if self.granted.remove(id).is_some() {
            effects.take_back.push(id.to_owned());
            return true;
        }
        self.maintenance.remove(id).is_some() || waited
    }

    /// Forgets what has run out.
    pub fn forget_before(&mut self, now: Timestamp) {
        self.granted.retain(|_, to| *to >= now);
        // Hours are judged some days after.
        self.maintenance.retain(|_, window| window.to.0 >= now.0 - 7 * 24 * HOUR_MS);
    }

    /// Whether maintenance of a source is known for some of a UTC hour.
    pub fn is_maintained(&self, source: &str, hour: i64) -> bool {
        let (first, last) = (hour * HOUR_MS, (hour + 1) * HOUR_MS - 1);
        let covers = |window: &Maintenance| window.from.0 <= last && window.to.0 >= first;
        self.maintenance.values().any(|window| covers(window) && matches!(&window.on, Maintained::Source(on) if on == source))
    }
}

/// An explanation as the directory says it.
pub fn line_of(explanation: &Explanation) -> String {
    let Explanation { whom, objects, from, to, reason, reference, max_persons } = explanation;
    let (employee, unit) = match whom {
        Grantee::Employee(name) => (Some(name), None),
        Grantee::Unit(name) => (None, Some(name)),
    };
    json!({"employee": employee, "unit": unit, "objects": objects, "from": from.0, "to": to.0, "reason": reason.name(), "ref": reference,
        "max_persons": max_persons})
    .to_string()
}

/// Whoever works on a case looks at its people in the pages about it, and nowhere else.
pub fn line_of_assignment(assignment: &Assignment, at: Timestamp, people: &BTreeSet<Actor>) -> String {
    let people: Vec<&str> = people.iter().map(|actor| &**actor.name()).collect();
    json!({"employee": assignment.reviewer, "subjects": people, "objects": reviewed::TABLES, "from": at.0, "to": assignment.to.0,
        "reason": "assignment", "ref": assignment.case})
    .to_string()
}

/// Work on objects within a window.
pub fn line_of_maintenance(objects: &str, employee: &str, from: Timestamp, to: Timestamp) -> String {
    json!({"employee": employee, "objects": objects, "from": from.0, "to": to.0, "reason": "batch"}).to_string()
}
