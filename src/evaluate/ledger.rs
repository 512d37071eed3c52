//! The alerts of a run as they stand: the newest revision of each, and how many people each had reached when it rose.

use crate::engine::output::Revision;
use crate::model::alert::Alert;
use std::collections::BTreeMap;

/// An alert as it stands.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The newest revision.
    pub alert: Alert,
    /// People in the window when it opened, if the count was known.
    pub people_at_opening: Option<u64>,
}

/// All alerts of a run, by id.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    alerts: BTreeMap<String, Entry>,
}

impl Ledger {
    /// Takes revisions in their order.
    pub fn take(&mut self, revisions: impl IntoIterator<Item = Revision>) {
        for Revision { alert, .. } in revisions {
            match self.alerts.get_mut(&alert.id) {
                Some(entry) => entry.alert = alert,
                None => {
                    let people_at_opening = alert.observed.persons.figure();
                    self.alerts.insert(alert.id.clone(), Entry { alert, people_at_opening });
                }
            }
        }
    }

    /// Notes when alerts were shown that waited for room in the budget: no revision of theirs need have come since.
    pub fn note_shown<'e>(&mut self, shown_at: impl Fn(&str) -> Option<&'e str>) {
        for (id, entry) in &mut self.alerts {
            if let Some(at) = shown_at(id) {
                entry.alert.shown_at = Some(at.to_owned());
            }
        }
    }

    /// Every alert in the order of the contract: `raised_at`, then id.
    pub fn in_order(&self) -> Vec<&Entry> {
        let mut all: Vec<&Entry> = self.alerts.values().collect();
        // RFC 3339 in UTC sorts as text only while fractions are alike, so the instants are compared.
        all.sort_by_cached_key(|entry| (crate::model::time::Timestamp::parse(&entry.alert.raised_at).ok(), entry.alert.id.clone()));
        all
    }

    /// An alert by its id.
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.alerts.get(id)
    }

    /// The same without some.
    #[must_use]
    pub fn without(mut self, left_out: impl Fn(&Entry) -> bool) -> Ledger {
        self.alerts.retain(|_, entry| !left_out(entry));
        self
    }

    /// How many alerts there are.
    pub fn len(&self) -> usize {
        self.alerts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }
}
