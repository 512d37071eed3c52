//! The alerts of a run: the latest revision of each, and the number of people in its window when it was opened.

use crate::engine::output::Revision;
use crate::model::alert::Alert;
use crate::model::dossier::Dossier;
use std::collections::BTreeMap;

/// An alert in its latest revision.
#[derive(Clone, Debug)]
pub struct LatestAlert {
    /// The latest revision.
    pub alert: Alert,
    /// People in the window when it opened, if the count was known.
    pub people_at_opening: Option<u64>,
    /// The score of its case when it was shown, or as of the latest revision.
    pub case_score_when_shown: f64,
    /// What its pictures are drawn from, where that was asked for.
    pub dossier: Option<Box<Dossier>>,
}

/// Dossiers that are held: of more alerts, only those of cases that were shown or rank highest.
const DOSSIERS: usize = 1_000;

/// All alerts of a run, by id.
#[derive(Clone, Debug, Default)]
pub struct LatestAlerts {
    alerts: BTreeMap<String, LatestAlert>,
    dossiers: usize,
}

impl LatestAlerts {
    /// Takes revisions in their order.
    pub fn take(&mut self, revisions: impl IntoIterator<Item = Revision>) {
        for Revision { alert, at, dossier, .. } in revisions {
            let held = dossier.is_some();
            // What was shown before this revision was ranked by the one before.
            let before = alert.shown_at.as_ref().is_some_and(|shown| *shown < at.to_string());
            match self.alerts.get_mut(&alert.id) {
                Some(entry) => {
                    if entry.alert.shown_at.is_none() && !before {
                        entry.case_score_when_shown = alert.case_score;
                    }
                    entry.alert = alert;
                    self.dossiers += usize::from(held && entry.dossier.is_none());
                    entry.dossier = dossier.or(entry.dossier.take());
                }
                None => {
                    let people_at_opening = alert.observed.persons.figure();
                    let case_score_when_shown = alert.case_score;
                    self.alerts.insert(alert.id.clone(), LatestAlert { alert, people_at_opening, case_score_when_shown, dossier });
                    self.dossiers += usize::from(held);
                }
            }
            if self.dossiers > DOSSIERS {
                self.drop_dossiers();
            }
        }
    }

    /// Lets go of half the dossiers: those of alerts that were not shown, and of the lowest cases.
    fn drop_dossiers(&mut self) {
        let mut held: Vec<&mut LatestAlert> = self.alerts.values_mut().filter(|entry| entry.dossier.is_some()).collect();
        held.sort_by(|a, b| {
            let shown = |entry: &LatestAlert| entry.alert.shown_at.is_some();
            shown(a)
                .cmp(&shown(b))
                .then(a.case_score_when_shown.total_cmp(&b.case_score_when_shown))
                .then_with(|| b.alert.id.cmp(&a.alert.id))
        });
        let gone = held.len().div_ceil(2);
        self.dossiers = held.len() - gone;
        held.into_iter().take(gone).for_each(|entry| entry.dossier = None);
    }

    /// Sets when alerts were shown of which no revision says it: with another of their case, or with the input at its end.
    pub fn note_shown<'e>(&mut self, shown_at: impl Fn(&str) -> Option<&'e str>) {
        for (id, entry) in &mut self.alerts {
            if let Some(at) = shown_at(id) {
                entry.alert.shown_at = Some(at.to_owned());
            }
        }
    }

    /// Every alert in the order in which they are written: by `raised_at`, then id.
    pub fn in_order(&self) -> Vec<&LatestAlert> {
        let mut all: Vec<&LatestAlert> = self.alerts.values().collect();
        // RFC 3339 in UTC sorts as text only while fractions are alike, so the instants are compared.
        all.sort_by_cached_key(|entry| (crate::model::time::Timestamp::parse(&entry.alert.raised_at).ok(), entry.alert.id.clone()));
        all
    }

    /// An alert by its id.
    pub fn get(&self, id: &str) -> Option<&LatestAlert> {
        self.alerts.get(id)
    }

    /// Leaves out some alerts.
    #[must_use]
    pub fn without(mut self, left_out: impl Fn(&LatestAlert) -> bool) -> LatestAlerts {
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
