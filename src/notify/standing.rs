//! What was told of a case, from its alerts: when somebody is to be told something new.
//!
//! A pure function of what was known and the next revision. Revisions that come again change nothing, so nothing is told twice.

use crate::model::alert::{Alert, AlertState};
use crate::model::persons::Persons;
use crate::model::severity::Severity;
use crate::model::typology::Typology;
use crate::notify::event::{Event, What};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A case as it was told.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Standing {
    /// How many events there were.
    number: u32,
    /// What was told and is not over; `None` where nothing is.
    told: Option<Told>,
    /// Its alerts, as they were last.
    alerts: BTreeMap<String, Known>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Told {
    severity: Severity,
    /// Sinks that are chosen by it hear of the end too.
    unit: Option<String>,
    last: Event,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Known {
    revision: u32,
    provisional: Option<u64>,
    state: AlertState,
    severity: Severity,
    shown: bool,
    again: Option<String>,
    typology: Typology,
    score: f64,
    case_score: f64,
    persons: Persons,
    accesses: u64,
    settled: bool,
    since: String,
    last: String,
    unit: Option<String>,
    whom: String,
}

/// Alerts that are over and are remembered, so that a revision that comes again opens nothing.
const REMEMBERED: usize = 64;

impl Standing {
    /// The next revision of one of its alerts, noted at that time of day: what is to be told.
    pub fn take(&mut self, alert: &Alert, at: i64) -> Option<Event> {
        let now = Known::of(alert);
        let before = self.alerts.get(&alert.id);
        if before.is_some_and(|before| !now.is_newer_than(before)) {
            return None;
        }
        let again = now.again.is_some() && before.is_some_and(|before| before.again != now.again);
        self.alerts.insert(alert.id.clone(), now);
        self.judge(&alert.case, again, alert.state, at)
    }

    /// Somebody has decided these revisions of its alerts: they are over, before the engine says so. What is newer is not.
    pub fn decide(&mut self, case: &str, cited: &BTreeMap<&str, u32>, at: i64) -> Option<Event> {
        let mut is_over = false;
        for (id, known) in &mut self.alerts {
            let seen = cited.get(id.as_str()).is_some_and(|revision| known.provisional.is_none() && known.revision <= *revision);
            if seen && known.state == AlertState::Open {
                known.state = AlertState::Closed;
                is_over = true;
            }
        }
        if is_over { self.judge(case, false, AlertState::Closed, at) } else { None }
    }

    /// One of its alerts goes on in another case.
    pub fn leave(&mut self, case: &str, alert: &str, into: &str, at: i64) -> Option<Event> {
        let gone = self.alerts.remove(alert)?;
        let told = self.told.clone()?;
        if self.open().next().is_some() {
            return None;
        }
        // It took with it what was told.
        self.alerts.clear();
        self.told = None;
        let joined = Event { into: Some(into.to_owned()), severity: told.severity.max(gone.severity), ..told.last };
        Some(self.numbered(case, What::Joined, joined, at))
    }

    /// Whether nothing of it is open.
    pub fn is_over(&self) -> bool {
        self.told.is_none() && self.alerts.values().all(|alert| alert.state != AlertState::Open)
    }

    fn open(&self) -> impl Iterator<Item = &Known> {
        self.alerts.values().filter(|alert| alert.shown && alert.state == AlertState::Open)
    }

    fn judge(&mut self, case: &str, again: bool, state: AlertState, at: i64) -> Option<Event> {
        let event = self.state(case);
        let told = self.told.clone();
        let event = match (told, event) {
            (None, None) => None,
            (None, Some(event)) => Some(self.numbered(case, What::Shown, event, at)),
            (Some(told), None) => {
                let closed =
                    state == AlertState::Closed || self.alerts.values().any(|alert| alert.shown && alert.state == AlertState::Closed);
                let what = if closed { What::Closed } else { What::Retracted };
                Some(self.numbered(case, what, Event { severity: told.severity, ..told.last }, at))
            }
            (Some(told), Some(event)) if event.severity > told.severity => {
                Some(self.numbered(case, What::Rose, Event { before: Some(told.severity), ..event }, at))
            }
            (Some(told), Some(event)) if again => Some(self.numbered(case, What::Again, Event { severity: told.severity, ..event }, at)),
            (Some(told), Some(event)) => {
                // Nothing to tell, and what is told of its end has the last figures.
                self.told = Some(Told { last: Event { severity: told.severity, number: self.number, ..event }, ..told });
                None
            }
        };
        if let Some(event) = &event {
            let unit = self.told.as_ref().map_or_else(|| event.unit.clone(), |told| told.unit.clone());
            self.told = (!event.what.is_end()).then(|| Told { severity: event.severity, unit, last: event.clone() });
        }
        self.forget();
        event
    }

    /// What is open, as an event that is not numbered yet.
    fn state(&self, case: &str) -> Option<Event> {
        let mut open: Vec<&Known> = self.open().collect();
        open.sort_by(|a, b| b.severity.cmp(&a.severity).then(b.score.total_cmp(&a.score)).then(a.typology.cmp(&b.typology)));
        let gravest = open.first()?;
        let mut typologies: Vec<Typology> = Vec::new();
        for alert in &open {
            if !typologies.contains(&alert.typology) {
                typologies.push(alert.typology);
            }
        }
        Some(Event {
            case: case.to_owned(),
            number: 0,
            what: What::Shown,
            at: 0,
            severity: gravest.severity,
            before: None,
            score: open.iter().map(|alert| alert.case_score).fold(0.0, f64::max),
            typologies,
            alerts: u32::try_from(open.len()).unwrap_or(u32::MAX),
            persons: gravest.persons,
            accesses: gravest.accesses,
            settled: open.iter().all(|alert| alert.settled),
            since: open.iter().map(|alert| &alert.since).min().cloned().unwrap_or_default(),
            last: open.iter().map(|alert| &alert.last).max().cloned().unwrap_or_default(),
            unit: gravest.unit.clone(),
            whom: Some(gravest.whom.clone()).filter(|whom| !whom.is_empty()),
            into: None,
        })
    }

    fn numbered(&mut self, case: &str, what: What, event: Event, at: i64) -> Event {
        self.number += 1;
        // Whoever is chosen by the unit of the first hears of everything.
        let unit = self.told.as_ref().map_or(event.unit.clone(), |told| told.unit.clone());
        let before = if what == What::Rose { event.before } else { None };
        Event { case: case.to_owned(), number: self.number, what, at, unit, before, ..event }
    }

    fn forget(&mut self) {
        let mut over: Vec<(String, String)> = self
            .alerts
            .iter()
            .filter(|(_, known)| known.state != AlertState::Open)
            .map(|(id, known)| (known.last.clone(), id.clone()))
            .collect();
        if over.len() > REMEMBERED {
            over.sort();
            over.iter().take(over.len() - REMEMBERED).for_each(|(_, id)| drop(self.alerts.remove(id)));
        }
    }
}

impl Known {
    fn of(alert: &Alert) -> Known {
        Known {
            revision: alert.revision,
            provisional: alert.provisional,
            state: alert.state,
            severity: alert.severity,
            shown: alert.shown_at.is_some(),
            again: alert.shown_again.clone(),
            typology: alert.typology,
            score: alert.score,
            case_score: alert.case_score,
            persons: alert.observed.persons,
            accesses: alert.observed.accesses,
            settled: alert.settled,
            since: alert.raised_at.clone(),
            last: alert.last_access.clone(),
            unit: alert.unit.clone(),
            whom: alert.about().to_owned(),
        }
    }

    /// Settled revisions are numbered; one that is not settled goes on from one of them.
    fn is_newer_than(&self, before: &Known) -> bool {
        match (self.provisional, before.provisional) {
            (None, None) => self.revision > before.revision,
            // What settles takes the place of what was shown before it did, however old the clock makes it.
            (None, Some(_)) => self.revision > before.revision || before.revision == 0,
            (Some(_), None) => self.revision >= before.revision,
            (Some(now), Some(then)) => now > then,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::tests::alert;

    fn revision(id: &str, number: u32, severity: Severity) -> Alert {
        let alert = alert(id);
        let time = Some("2026-03-02T09:20:00Z".to_owned());
        Alert { case: "c".to_owned(), revision: number, severity, shown_at: time, ..Alert::clone(&alert) }
    }

    #[test]
    fn what_was_decided_is_over_at_once_and_once() {
        let mut standing = Standing::default();
        let closed = |id: &str, number| Alert { state: AlertState::Closed, ..revision(id, number, Severity::High) };
        assert_eq!(whats(&mut standing, &[revision("a", 1, Severity::High), revision("b", 2, Severity::High)]), [What::Shown]);
        let decide = |standing: &mut Standing, cited: &[(&'static str, u32)]| {
            standing.decide("c", &cited.iter().copied().collect(), 9).map(|event| event.what)
        };
        assert_eq!(decide(&mut standing, &[("a", 1), ("b", 1)]), None, "b has gone on: the case is open");
        assert_eq!(decide(&mut standing, &[("a", 1), ("b", 2)]), Some(What::Closed));
        assert_eq!(decide(&mut standing, &[("a", 1), ("b", 2)]), None, "once");
        assert_eq!(whats(&mut standing, &[closed("a", 2), closed("b", 3)]), [], "the engine says nothing new");
        // The engine did not take the verdict: it has gone on.
        assert_eq!(whats(&mut standing, &[revision("b", 4, Severity::High)]), [What::Shown]);
    }

    fn whats(standing: &mut Standing, revisions: &[Alert]) -> Vec<What> {
        revisions.iter().filter_map(|alert| standing.take(alert, 1_000)).map(|event| event.what).collect()
    }

    #[test]
    fn a_case_is_told_when_it_is_shown_when_it_rises_and_when_it_is_over() {
        let mut standing = Standing::default();
        let unshown = Alert { shown_at: None, ..revision("a", 1, Severity::Critical) };
        assert_eq!(standing.take(&unshown, 1), None);
        let first = standing.take(&revision("a", 2, Severity::Medium), 2).expect("told");
        assert_eq!((first.what, first.number, first.severity, first.alerts), (What::Shown, 1, Severity::Medium, 1));
        assert_eq!(standing.take(&revision("a", 2, Severity::Medium), 3), None, "it comes again");
        assert_eq!(standing.take(&revision("a", 3, Severity::Low), 3), None, "less is not told");
        assert_eq!(standing.take(&revision("b", 1, Severity::Medium), 3), None, "another alert as grave");
        let rose = standing.take(&revision("b", 2, Severity::Critical), 4).expect("told");
        assert_eq!((rose.what, rose.before, rose.severity, rose.alerts), (What::Rose, Some(Severity::Medium), Severity::Critical, 2));
        let closed = |id, number| Alert { state: AlertState::Closed, ..revision(id, number, Severity::Critical) };
        assert_eq!(standing.take(&closed("b", 3), 5), None, "another is open");
        let over = standing.take(&closed("a", 4), 6).expect("told");
        assert_eq!((over.what, over.severity, over.number), (What::Closed, Severity::Critical, 3));
        assert!(standing.is_over());
        assert_eq!(whats(&mut standing, &[closed("a", 4), revision("a", 3, Severity::High)]), [], "old news");
    }

    #[test]
    fn what_did_not_settle_is_taken_back_and_what_settles_is_no_news() {
        let provisional =
            |number: u64| Alert { provisional: Some(number), revision: 0, settled: false, ..revision("a", 0, Severity::High) };
        let mut standing = Standing::default();
        let retracted = Alert { state: AlertState::Retracted, ..provisional(12) };
        assert_eq!(whats(&mut standing, &[provisional(10), provisional(11), retracted]), [What::Shown, What::Retracted]);
        let mut standing = Standing::default();
        assert_eq!(whats(&mut standing, &[provisional(10), revision("a", 1, Severity::High), provisional(11)]), [What::Shown]);
        let mut standing = Standing::default();
        let over_budget = Alert { shown_at: None, ..revision("a", 1, Severity::High) };
        assert_eq!(whats(&mut standing, &[provisional(10), over_budget]), [What::Shown, What::Retracted]);
    }

    #[test]
    fn shown_again_is_told_once() {
        let again = |number, time: &str| Alert { shown_again: Some(time.to_owned()), ..revision("a", number, Severity::High) };
        let mut standing = Standing::default();
        let told = whats(&mut standing, &[revision("a", 1, Severity::High), again(2, "x"), again(3, "x"), again(4, "y")]);
        assert_eq!(told, [What::Shown, What::Again, What::Again]);
    }

    #[test]
    fn an_alert_that_joins_another_case_ends_its_own() {
        let mut standing = Standing::default();
        assert_eq!(whats(&mut standing, &[revision("a", 1, Severity::High), revision("b", 1, Severity::Low)]), [What::Shown]);
        assert_eq!(standing.leave("c", "a", "d", 5), None, "another is open");
        let joined = standing.leave("c", "b", "d", 6).expect("told");
        assert_eq!((joined.what, joined.into.as_deref(), joined.number), (What::Joined, Some("d"), 2));
        assert_eq!(standing.leave("c", "b", "d", 7), None);
    }

    #[test]
    fn what_is_remembered_of_a_case_is_bounded() {
        let mut standing = Standing::default();
        for n in 0..500 {
            let id = format!("a{n:03}");
            standing.take(&revision(&id, 1, Severity::Low), n);
            standing.take(&Alert { state: AlertState::Closed, ..revision(&id, 2, Severity::Low) }, n);
        }
        assert!(standing.alerts.len() <= REMEMBERED + 1, "{}", standing.alerts.len());
    }
}
