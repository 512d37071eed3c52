//! Holds alerts against what is known of the past: who was caught, when, after how many people, and how many innocents were
//! troubled. All alerts are scored, and apart from them those within the budget, by the time at which they were shown: nobody works
//! through more.
//!
//! Whatever raises alerts on employees can be scored ([`Sighting`]), so that other detectors are measured by the same code.

mod row;

pub use row::{Row, median};

use crate::evaluate::labels::{Decoy, Label};
use crate::evaluate::leaks::Leaks;
use crate::evaluate::ledger::{Entry, Ledger};
use crate::model::time::{HOUR_MS, Span, Timestamp};
use crate::model::typology::Typology;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// An alert counts for an act while the act goes on and so long after: who sells for a month is caught by what the month adds up to.
const AFTERWARDS: Span = Span::days(7);

/// What is known of the past.
pub struct Truth<'a> {
    /// Who did what.
    pub labels: &'a [Label],
    /// Who only looked like it.
    pub decoys: &'a [Decoy],
    /// How many people each label's acts had disclosed by when.
    pub leaks: &'a Leaks,
    /// Whether the label's employee was hired shortly before.
    pub is_new: &'a dyn Fn(&Label) -> bool,
}

/// An alert, as far as it is scored.
#[derive(Clone, PartialEq, Debug)]
pub struct Sighting {
    /// The employee, or the account.
    pub who: String,
    /// As what; other detectors know no patterns.
    pub typology: Option<Typology>,
    /// When it opened.
    pub raised: Timestamp,
    /// Its last evidence.
    pub last: Timestamp,
    /// When it was shown, within the budget.
    pub shown: Option<Timestamp>,
    /// People in its window when it opened.
    pub people: Option<u64>,
}

/// How alerts did.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// Days between the first and last access.
    pub days: f64,
    /// All alerts.
    pub all: Side,
    /// Those within the budget.
    pub shown: Side,
    /// Each label with what was caught of it, in order of time.
    pub cases: Vec<Case>,
}

/// All alerts, or those within the budget.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Side {
    /// How many.
    pub alerts: usize,
    /// Those that concern a labelled employee at the labelled time.
    pub true_alerts: usize,
    /// True ones among all.
    pub precision: f64,
    /// Alerts a day.
    pub per_day: f64,
    /// False ones a day.
    pub false_per_day: f64,
    /// Decoys.
    pub decoys: usize,
    /// Decoys with an alert.
    pub decoys_alarmed: usize,
    /// The same as a share.
    pub decoy_rate: f64,
    /// All labels.
    pub total: Row,
    /// By difficulty.
    pub by_difficulty: BTreeMap<String, Row>,
    /// By typology.
    pub by_typology: BTreeMap<String, Row>,
    /// By typology and difficulty.
    pub by_both: BTreeMap<String, BTreeMap<String, Row>>,
    /// Those hired shortly before.
    pub new_hires: Row,
    /// The others.
    pub settled_staff: Row,
    /// By kind of decoy: alarmed, and all.
    pub by_decoy: BTreeMap<String, (usize, usize)>,
}

/// A label and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// Who.
    pub employee: String,
    /// What.
    pub typology: Typology,
    /// How hard.
    pub difficulty: String,
    /// From when, until when.
    #[serde(serialize_with = "texts")]
    pub between: (Timestamp, Timestamp),
    /// Hired shortly before.
    pub new_hire: bool,
    /// The first alert.
    pub all: Option<Caught>,
    /// The first alert that was shown.
    pub shown: Option<Caught>,
}

/// The first alert on a labelled act.
#[derive(Clone, Debug, Serialize)]
pub struct Caught {
    /// Hours after the first labelled act; 0 where an alert was open already.
    pub hours: f64,
    /// People in its window when it opened.
    pub people: Option<u64>,
    /// The share of the act's people disclosed by then.
    pub leaked: Option<f64>,
    /// Its typology.
    pub typology: Option<Typology>,
    /// Whether any of the alerts has the labelled typology.
    pub named: bool,
}

fn texts<S: serde::Serializer>(between: &(Timestamp, Timestamp), to: S) -> Result<S::Ok, S::Error> {
    [between.0.to_string(), between.1.to_string()].serialize(to)
}

/// The alerts of a run, to be scored.
pub fn sightings(ledger: &Ledger) -> Vec<Sighting> {
    ledger.in_order().into_iter().filter_map(sighting).collect()
}

fn sighting(entry: &Entry) -> Option<Sighting> {
    let alert = &entry.alert;
    let time = |text: &str| Timestamp::parse(text).ok();
    let raised = time(&alert.raised_at)?;
    Some(Sighting {
        who: alert.about().to_owned(),
        typology: Some(alert.typology),
        raised,
        last: time(&alert.last_access).unwrap_or(raised).max(raised),
        shown: alert.shown_at.as_deref().and_then(time),
        people: entry.people_at_opening,
    })
}

/// Scores alerts against what is known.
pub fn score(truth: &Truth<'_>, sightings: &[Sighting], days: f64) -> Score {
    let mut by_employee: BTreeMap<&str, Vec<(usize, &Sighting)>> = BTreeMap::new();
    for (at, sighting) in sightings.iter().enumerate() {
        by_employee.entry(&sighting.who).or_default().push((at, sighting));
    }
    let none = Vec::new();
    let of = |who: &str| by_employee.get(who).unwrap_or(&none);
    let mut hit = BTreeSet::new();
    let mut score = Score { days, all: Side::default(), shown: Side::default(), cases: Vec::new() };
    for (at, label) in truth.labels.iter().enumerate() {
        let concerning = of(&label.employee).iter().filter(|(_, sighting)| concerns(sighting, label.from, label.to));
        let concerning: Vec<(usize, &Sighting)> = concerning.copied().collect();
        hit.extend(concerning.iter().map(|(at, _)| *at));
        let concerning: Vec<&Sighting> = concerning.into_iter().map(|(_, sighting)| sighting).collect();
        let caught = |when: &dyn Fn(&Sighting) -> Option<Timestamp>| first(truth, at, label, &concerning, when);
        let case = Case {
            employee: label.employee.clone(),
            typology: label.typology,
            difficulty: label.difficulty.clone().unwrap_or_else(|| "unknown".to_owned()),
            between: (label.from, label.to),
            new_hire: (truth.is_new)(label),
            all: caught(&|sighting| Some(sighting.raised)),
            shown: caught(&|sighting| sighting.shown),
        };
        let leaks = truth.leaks.share(at, label.to).is_some();
        score.all.add(label, &case, case.all.as_ref(), leaks);
        score.shown.add(label, &case, case.shown.as_ref(), leaks);
        score.cases.push(case);
    }
    for decoy in truth.decoys {
        let alarms = || of(&decoy.employee).iter().filter(|(_, sighting)| concerns(sighting, decoy.from, decoy.to));
        score.all.add_decoy(decoy, alarms().next().is_some());
        score.shown.add_decoy(decoy, alarms().any(|(_, sighting)| sighting.shown.is_some()));
    }
    let shown = |at: &usize| sightings[*at].shown.is_some();
    score.all.close(sightings.len(), hit.len(), days);
    score.shown.close((0..sightings.len()).filter(shown).count(), hit.iter().filter(|at| shown(at)).count(), days);
    score.cases.sort_by(|a, b| (a.between, &a.employee).cmp(&(b.between, &b.employee)));
    score
}

/// Whether an alert opened while something went on or shortly after, or was open and got evidence of it.
fn concerns(sighting: &Sighting, from: Timestamp, to: Timestamp) -> bool {
    sighting.raised <= to + AFTERWARDS && sighting.last.max(sighting.raised) >= from
}

fn first(
    truth: &Truth<'_>,
    at: usize,
    label: &Label,
    concerning: &[&Sighting],
    when: &dyn Fn(&Sighting) -> Option<Timestamp>,
) -> Option<Caught> {
    let timed = concerning.iter().filter_map(|sighting| Some((when(sighting)?, *sighting)));
    let (time, sighting) = timed.clone().min_by_key(|(time, _)| *time)?;
    Some(Caught {
        hours: ((time - label.from).0 as f64 / HOUR_MS as f64).max(0.0),
        people: sighting.people,
        leaked: truth.leaks.share(at, time),
        typology: sighting.typology,
        named: timed.into_iter().any(|(_, sighting)| sighting.typology == Some(label.typology)),
    })
}

impl Side {
    fn add(&mut self, label: &Label, case: &Case, caught: Option<&Caught>, leaks: bool) {
        let typology = label.typology.name().to_owned();
        let hires = if case.new_hire { &mut self.new_hires } else { &mut self.settled_staff };
        let rows = [
            &mut self.total,
            hires,
            self.by_difficulty.entry(case.difficulty.clone()).or_default(),
            self.by_typology.entry(typology.clone()).or_default(),
            self.by_both.entry(typology).or_default().entry(case.difficulty.clone()).or_default(),
        ];
        rows.into_iter().for_each(|row| row.add(label, caught, leaks));
    }

    fn add_decoy(&mut self, decoy: &Decoy, alarmed: bool) {
        self.decoys += 1;
        self.decoys_alarmed += usize::from(alarmed);
        let (sum, all) = self.by_decoy.entry(decoy.kind.clone()).or_default();
        (*sum, *all) = (*sum + usize::from(alarmed), *all + 1);
    }

    fn close(&mut self, alerts: usize, true_alerts: usize, days: f64) {
        (self.alerts, self.true_alerts) = (alerts, true_alerts);
        self.precision = row::share(true_alerts, alerts);
        self.per_day = alerts as f64 / days;
        self.false_per_day = (alerts - true_alerts) as f64 / days;
        self.decoy_rate = if self.decoys == 0 { 0.0 } else { self.decoys_alarmed as f64 / self.decoys as f64 };
        let both = self.by_both.values_mut().flat_map(BTreeMap::values_mut);
        let rows = self.by_difficulty.values_mut().chain(self.by_typology.values_mut()).chain(both);
        rows.chain([&mut self.total, &mut self.new_hires, &mut self.settled_staff]).for_each(Row::close);
    }
}
