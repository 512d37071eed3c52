//! What people have decided, as far as it says which cases are shown: silences, verdicts, and what verdicts say of typologies.
//!
//! None of it changes an alert's id, score or content.

use crate::model::access::Actor;
use crate::model::alert::{Alert, ClosedBy};
use crate::model::decision::{CitedAlert, Silence, VerdictOutcome};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use crate::triage::budget::case::KNOWN;
use crate::triage::case::CaseView;
use crate::triage::open_alerts::OpenAlerts;
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

/// What people have decided about a revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heed {
    /// Nothing: it is ranked as any other.
    Ranked,
    /// A verdict has closed its alert.
    Closed,
    /// It shows nothing.
    Silenced,
}

/// What a verdict cites.
pub enum Cited {
    /// Nothing that is known.
    Unknown,
    /// An open alert of which a newer revision was told.
    Stale,
    /// Alerts that are known, those that are open among them.
    Known(OpenOnes),
}

/// Open alerts, by whom they are about.
#[derive(Default)]
pub struct OpenOnes {
    /// Those about employees and accounts, with these.
    pub of_people: Vec<(Actor, String)>,
    /// Those about sources.
    pub of_sources: BTreeSet<String>,
}

impl Decided {
    /// Whether verdicts move cases of their typology, from now on.
    pub fn set_learning(&mut self, learns: bool) {
        self.learns = learns;
    }

    /// The share of true ones among cases like it, with what verdicts say of the typology that is loudest in it.
    pub fn expected(&self, view: &CaseView) -> f64 {
        match self.learns {
            true => self.precision.applied(view.features.loudest(), view.probability),
            false => view.probability,
        }
    }

    /// Takes note of a revision, and says what people have decided about it.
    pub fn heed(&mut self, alert: &Alert, view: &CaseView, at: Timestamp, day: i64) -> Heed {
        let mut now = AlertTraits::of(alert, view, day);
        let of_case = self.cases.entry(view.id.clone()).or_insert((alert.severity, day));
        *of_case = (of_case.0.max(alert.severity), day);
        let of_case = of_case.0;
        now.is_judged = self.alerts.get(&alert.id).is_some_and(|before| before.is_judged);
        let heard = if self.silences.is_empty() { Heard::Shown } else { self.silences.hear(&now, of_case, at) };
        self.alerts.insert(alert.id.clone(), now);
        if alert.closed_by == Some(ClosedBy::Verdict) {
            return Heed::Closed;
        }
        match heard {
            Heard::Shown => Heed::Ranked,
            Heard::Graver => {
                self.counts.graver += 1;
                Heed::Ranked
            }
            Heard::Silenced => {
                self.counts.silenced += 1;
                Heed::Silenced
            }
        }
    }

    /// A silence is in force from now on. The alerts that match it, each with its case.
    pub fn begin_silence(&mut self, id: &str, silence: &Silence, at: Timestamp) -> Vec<(String, String)> {
        self.silences.begin(id, silence);
        let Decided { silences, alerts, cases, .. } = self;
        let of_case = |alert: &AlertTraits| cases.get(&alert.case).map_or(alert.severity, |(severity, _)| *severity);
        let silenced = alerts.iter().filter(|(_, alert)| silences.hear(alert, of_case(alert), at) == Heard::Silenced);
        silenced.map(|(id, alert)| (id.clone(), alert.case.clone())).collect()
    }

    /// A silence is over. False where there was none.
    pub fn end_silence(&mut self, id: &str) -> bool {
        self.silences.end(id)
    }

    /// What of the alerts that a verdict cites is known, and open.
    pub fn cited(&self, alerts: &[CitedAlert], still_open: &OpenAlerts) -> Cited {
        let known = || alerts.iter().filter_map(|cited| self.alerts.get(&cited.id).map(|alert| (cited, alert)));
        if known().any(|(cited, alert)| alert.revision > cited.revision && still_open.contains(&cited.id)) {
            return Cited::Stale;
        }
        match known().next() {
            Some(_) => Cited::Known(self.open_of(alerts.iter().map(|cited| cited.id.as_str()), still_open)),
            None => Cited::Unknown,
        }
    }

    /// Those of some alerts that are open.
    pub fn open_of<'i>(&self, ids: impl Iterator<Item = &'i str>, open: &OpenAlerts) -> OpenOnes {
        let mut found = OpenOnes::default();
        for id in ids.filter(|id| open.contains(id)) {
            match self.alerts.get(id).map(|alert| &alert.actor) {
                Some(Some(actor)) => found.of_people.push((actor.clone(), id.to_owned())),
                Some(None) => drop(found.of_sources.insert(id.to_owned())),
                None => {}
            }
        }
        found
    }

    /// A verdict about alerts holds: each case counts once for each of its typologies, and each alert once. Returns the typologies, as often.
    pub fn note_verdict(&mut self, alerts: &[CitedAlert], outcome: VerdictOutcome) -> Vec<Typology> {
        let mut judged: BTreeMap<(String, Typology), f64> = BTreeMap::new();
        for cited in alerts {
            let Some(alert) = self.alerts.get_mut(&cited.id).filter(|alert| !alert.is_judged) else { continue };
            alert.is_judged = outcome != VerdictOutcome::Unclear;
            let expected = judged.entry((alert.case.clone(), alert.typology)).or_default();
            *expected = expected.max(alert.probability);
        }
        let note = |((_, typology), expected)| {
            self.precision.note(typology, outcome, expected);
            typology
        };
        judged.into_iter().map(note).collect()
    }

    /// Those whom a case is about, silenced or not; nobody where it is not known.
    pub fn people_of(&self, case: &str) -> BTreeSet<Actor> {
        let of_case = self.alerts.values().filter(|alert| alert.case == case);
        of_case.filter_map(|alert| alert.actor.clone()).collect()
    }

    /// What verdicts say of the typologies.
    pub fn precision(&self) -> &Precision {
        &self.precision
    }

    /// What silences decided since this was last asked for.
    pub fn take_counts(&mut self) -> SilenceCounts {
        std::mem::take(&mut self.counts)
    }

    /// A day begins.
    pub fn turn(&mut self, day: i64, began: Timestamp, open: &OpenAlerts) {
        self.alerts.retain(|id, alert| alert.day + KNOWN > day || open.contains(id));
        self.cases.retain(|_, (_, of)| *of + KNOWN > day);
        self.silences.forget_before(began);
    }
}
