//! Which alerts are open, and which of those were shown: what metrics say of them, wherever the work goes on.

use crate::model::alert::{Alert, AlertState};
use crate::model::severity::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many there are, by severity.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OpenCounts {
    /// Open.
    pub open: [u64; Severity::ALL.len()],
    /// Open, and shown within the budget.
    pub shown: [u64; Severity::ALL.len()],
}

/// Open alerts by their ids.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, OpenAlert>", into = "BTreeMap<String, OpenAlert>")]
pub struct OpenAlerts {
    open: BTreeMap<String, OpenAlert>,
    counts: OpenCounts,
}

/// One of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenAlert {
    /// As of its last revision.
    pub severity: Severity,
    /// Whether it was shown.
    pub shown: bool,
    /// UTC day of its last revision.
    pub day: i64,
}

impl OpenCounts {
    fn change(&mut self, of: OpenAlert, by: impl Fn(&mut u64)) {
        by(&mut self.open[of.severity as usize]);
        if of.shown {
            by(&mut self.shown[of.severity as usize]);
        }
    }

    /// All that are open.
    pub fn total(&self) -> u64 {
        self.open.iter().sum()
    }
}

impl From<BTreeMap<String, OpenAlert>> for OpenAlerts {
    fn from(open: BTreeMap<String, OpenAlert>) -> OpenAlerts {
        let mut counts = OpenCounts::default();
        open.values().for_each(|alert| counts.change(*alert, |count| *count += 1));
        OpenAlerts { open, counts }
    }
}

impl From<OpenAlerts> for BTreeMap<String, OpenAlert> {
    fn from(alerts: OpenAlerts) -> BTreeMap<String, OpenAlert> {
        alerts.open
    }
}

impl OpenAlerts {
    /// A settled revision was told on a day.
    pub fn note(&mut self, alert: &Alert, day: i64) {
        match alert.state {
            AlertState::Open => {
                self.set(&alert.id, OpenAlert { severity: alert.severity, shown: alert.shown_at.is_some(), day });
            }
            AlertState::Closed | AlertState::Retracted => self.remove(&alert.id),
        }
    }

    /// An alert was shown without another revision.
    pub fn show(&mut self, id: &str) {
        if let Some(alert) = self.open.get(id).copied() {
            self.set(id, OpenAlert { shown: true, ..alert });
        }
    }

    fn set(&mut self, id: &str, alert: OpenAlert) {
        if let Some(before) = self.open.insert(id.to_owned(), alert) {
            self.counts.change(before, |count| *count -= 1);
        }
        self.counts.change(alert, |count| *count += 1);
    }

    fn remove(&mut self, id: &str) {
        if let Some(before) = self.open.remove(id) {
            self.counts.change(before, |count| *count -= 1);
        }
    }

    /// Forgets alerts that were told last before a day: an episode that goes on is told of each day, so whoever had these lost their state.
    pub fn forget_before(&mut self, day: i64) {
        let old: Vec<String> = self.open.iter().filter(|(_, alert)| alert.day < day).map(|(id, _)| id.clone()).collect();
        old.iter().for_each(|id| self.remove(id));
    }

    /// How many there are.
    pub fn counts(&self) -> OpenCounts {
        self.counts
    }

    /// The severity of an open alert, as of its last revision.
    pub fn severity(&self, id: &str) -> Option<Severity> {
        self.open.get(id).map(|alert| alert.severity)
    }

    /// Whether an alert is open.
    pub fn contains(&self, id: &str) -> bool {
        self.open.contains_key(id)
    }

    /// All of them, with their severity.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Severity)> {
        self.open.iter().map(|(id, alert)| (id.as_str(), alert.severity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::tests::alert;

    fn told(id: &str, severity: Severity, state: AlertState, shown: bool) -> Alert {
        Alert { severity, state, shown_at: shown.then(|| "2026-03-02T09:14:05Z".to_owned()), ..Alert::clone(&alert(id)) }
    }

    #[test]
    fn the_counts_are_those_of_what_is_open_after_a_restart_as_well() {
        let mut alerts = OpenAlerts::default();
        alerts.note(&told("a", Severity::High, AlertState::Open, false), 5);
        alerts.note(&told("b", Severity::High, AlertState::Open, true), 5);
        alerts.note(&told("a", Severity::Critical, AlertState::Open, false), 6);
        let count = |alerts: &OpenAlerts| (alerts.counts().open, alerts.counts().shown);
        assert_eq!(count(&alerts), ([0, 0, 1, 1], [0, 0, 1, 0]));
        alerts.show("a");
        alerts.show("nobody's");
        assert_eq!(count(&alerts), ([0, 0, 1, 1], [0, 0, 1, 1]));
        let bytes = postcard::to_stdvec(&alerts).expect("stores");
        let mut again: OpenAlerts = postcard::from_bytes(&bytes).expect("restores");
        assert_eq!(again, alerts);
        again.note(&told("a", Severity::Critical, AlertState::Closed, true), 7);
        again.note(&told("a", Severity::Critical, AlertState::Closed, true), 7);
        assert_eq!((count(&again), again.contains("a"), again.contains("b")), (([0, 0, 1, 0], [0, 0, 1, 0]), false, true));
        again.forget_before(6);
        assert_eq!((again.counts(), again.iter().count()), (OpenCounts::default(), 0));
    }
}
