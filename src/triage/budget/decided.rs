//! What people have decided, as far as it says which cases are shown: silences, verdicts, and what verdicts say of typologies.
//!
//! None of it changes an alert's id, score or content.

use crate::model::access::Actor;
use crate::model::alert::{Alert, ClosedBy};
use crate::model::decision::{CitedAlert, Silence, VerdictOutcome};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use crate::triage::budget::{Budget, KNOWN};
use crate::triage::case::CaseView;
use crate::triage::precision::Precision;
use crate::triage::silences::{Heard, Silences};
use crate::triage::traits::AlertTraits;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of alerts and decided about them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Decided {
    /// Whether verdicts move cases of their typology.
    learns: bool,
    silences: Silences,
    precision: Precision,
    /// Alerts that are open, or were told of within four weeks, by their ids.
    alerts: BTreeMap<String, AlertTraits>,
    /// How grave each case is, silenced or not, and the day on which that was said.
    cases: BTreeMap<String, (Severity, i64)>,
    /// What was silenced, and what was not any more, since this was last asked for.
    #[serde(skip)]
    counts: SilenceCounts,
}

/// Revisions of alerts that silences decided about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SilenceCounts {
    /// Not shown.
    pub silenced: u64,
    /// Shown although a silence names them: their case had become graver.
    pub graver: u64,
}

/// What a verdict cites.
pub enum Cited {
    /// Nothing that is known.
    Unknown,
    /// An open alert of which a newer revision was told.
    Stale,
    /// Alerts that are known, those that are open among them.
    Known {
        /// Open alerts about employees and accounts.
        open: Vec<(Actor, String)>,
        /// Open alerts about sources.
        of_sources: BTreeSet<String>,
    },
}

impl Budget {
    /// Whether verdicts move cases of their typology, from now on.
    pub(super) fn set_learning(&mut self, learns: bool) {
        self.decided.learns = learns;
    }

    /// The share of true ones among cases like it, with what verdicts say of the typology that is loudest in it.
    pub(super) fn expected(&self, view: &CaseView) -> f64 {
        match self.decided.learns {
            true => self.decided.precision.applied(view.features.loudest(), view.probability),
            false => view.probability,
        }
    }

    /// Takes note of a revision. True where people have decided that it shows nothing.
    pub(super) fn decided_otherwise(&mut self, alert: &Alert, view: &CaseView, at: Timestamp) -> bool {
        let day = self.day;
        let mut now = AlertTraits::of(alert, view, day);
        let of_case = self.decided.cases.entry(view.id.clone()).or_insert((alert.severity, day));
        *of_case = (of_case.0.max(alert.severity), day);
        let of_case = of_case.0;
        now.is_judged = self.decided.alerts.get(&alert.id).is_some_and(|before| before.is_judged);
        let heard = if self.decided.silences.is_empty() { Heard::Shown } else { self.decided.silences.hear(&now, of_case, at) };
        self.decided.alerts.insert(alert.id.clone(), now);
        if alert.closed_by == Some(ClosedBy::Verdict) {
            self.close(&alert.id, &view.id);
            return true;
        }
        match heard {
            Heard::Shown => false,
            Heard::Graver => {
                self.decided.counts.graver += 1;
                false
            }
            Heard::Silenced => {
                self.decided.counts.silenced += 1;
                self.withdraw(&alert.id, &view.id);
                true
            }
        }
    }

    /// A verdict has closed an alert: what comes next of those whom the case was about is news.
    fn close(&mut self, alert: &str, id: &str) {
        let Some(case) = self.cases.get_mut(id) else { return };
        case.alerts.remove(alert);
        let open = &self.open;
        if case.alerts.keys().any(|other| open.contains(other)) {
            return;
        }
        if let Some(case) = self.cases.remove(id) {
            self.known.remove(case.known_as(id));
            if case.is_group {
                for who in case.members.keys() {
                    self.known.remove(who);
                }
            }
        }
    }

    /// An alert gives its case no reason to be shown any more.
    fn withdraw(&mut self, alert: &str, id: &str) {
        let Some(case) = self.cases.get_mut(id).filter(|case| !case.is_shown) else { return };
        case.alerts.remove(alert);
        if case.alerts.is_empty() {
            self.cases.remove(id);
        }
    }

    /// A silence is in force from now on. What waits for a place and matches waits no more.
    pub fn begin_silence(&mut self, id: &str, silence: &Silence, at: Timestamp) {
        self.decided.silences.begin(id, silence);
        let Decided { silences, alerts, cases, .. } = &mut self.decided;
        let of_case = |alert: &AlertTraits| cases.get(&alert.case).map_or(alert.severity, |(severity, _)| *severity);
        let silenced = alerts.iter().filter(|(_, alert)| silences.hear(alert, of_case(alert), at) == Heard::Silenced);
        let silenced: Vec<(String, String)> = silenced.map(|(id, alert)| (id.clone(), alert.case.clone())).collect();
        silenced.iter().for_each(|(alert, case)| self.withdraw(alert, case));
    }

    /// A silence is over. False where there was none.
    pub fn end_silence(&mut self, id: &str) -> bool {
        self.decided.silences.end(id)
    }

    /// What of the alerts that a verdict cites is known, and open.
    pub fn cited(&self, alerts: &[CitedAlert]) -> Cited {
        let mut is_known = false;
        let (mut open, mut of_sources) = (Vec::new(), BTreeSet::new());
        for cited in alerts {
            let Some(alert) = self.decided.alerts.get(&cited.id) else { continue };
            is_known = true;
            if !self.open.contains(&cited.id) {
                continue;
            }
            if alert.revision > cited.revision {
                return Cited::Stale;
            }
            match &alert.actor {
                Some(actor) => open.push((actor.clone(), cited.id.clone())),
                None => drop(of_sources.insert(cited.id.clone())),
            }
        }
        if is_known { Cited::Known { open, of_sources } } else { Cited::Unknown }
    }

    /// A verdict about alerts holds: each case counts once for each of its typologies, and each alert once. Returns the typologies, as often.
    pub fn note_verdict(&mut self, alerts: &[CitedAlert], outcome: VerdictOutcome) -> Vec<Typology> {
        let mut judged: BTreeMap<(String, Typology), f64> = BTreeMap::new();
        for cited in alerts {
            let Some(alert) = self.decided.alerts.get_mut(&cited.id).filter(|alert| !alert.is_judged) else { continue };
            alert.is_judged = outcome != VerdictOutcome::Unclear;
            let expected = judged.entry((alert.case.clone(), alert.typology)).or_default();
            *expected = expected.max(alert.probability);
        }
        let note = |((_, typology), expected)| {
            self.decided.precision.note(typology, outcome, expected);
            typology
        };
        judged.into_iter().map(note).collect()
    }

    /// Those whom a case is about, silenced or not; nobody where it is not known.
    pub fn people_of(&self, case: &str) -> BTreeSet<Actor> {
        let of_case = self.decided.alerts.values().filter(|alert| alert.case == case);
        of_case.filter_map(|alert| alert.actor.clone()).collect()
    }

    /// What verdicts say of the typologies.
    pub fn precision(&self) -> &Precision {
        &self.decided.precision
    }

    /// What silences decided since this was last asked for.
    pub fn take_silence_counts(&mut self) -> SilenceCounts {
        std::mem::take(&mut self.decided.counts)
    }

    /// A day begins.
    pub(super) fn turn_decided(&mut self, day: i64, began: Timestamp) {
        let open = &self.open;
        self.decided.alerts.retain(|id, alert| alert.day + KNOWN > day || open.contains(id));
        self.decided.cases.retain(|_, (_, of)| *of + KNOWN > day);
        self.decided.silences.forget_before(began);
    }
}
