//! Scores alerts against ground truth: recall, precision, time to detect, people disclosed by then, and false positives on decoys.
//! All alerts are scored, and separately those within the daily budget, by the time at which they were shown.
//!
//! Any detector that raises alerts on employees can be scored ([`Detection`]), so that reference detectors are measured by the same
//! code.

mod cases;
mod recall;

pub use cases::{Precision, ShownCases};
pub use recall::{RecallSummary, median};

use crate::evaluate::labels::{Decoy, Label};
use crate::evaluate::latest_alerts::{LatestAlert, LatestAlerts};
use crate::evaluate::leaks::LeakProgress;
use crate::model::time::{HOUR_MS, Span, Timestamp};
use crate::model::typology::Typology;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// An alert counts as a detection while the labelled incident lasts and for this long after it: slow leaks only show in longer windows.
const AFTERWARDS: Span = Span::days(7);

/// The ground truth that alerts are scored against.
pub struct GroundTruth<'a> {
    /// Incidents.
    pub labels: &'a [Label],
    /// Innocents who look suspicious.
    pub decoys: &'a [Decoy],
    /// How many people each label had disclosed over time.
    pub leaks: &'a LeakProgress,
    /// Whether the label's employee was hired shortly before.
    pub is_new: &'a dyn Fn(&Label) -> bool,
}

/// What is scored of an alert.
#[derive(Clone, PartialEq, Debug)]
pub struct Detection {
    /// The employee, or the account.
    pub who: String,
    /// The pattern; reference detectors have none.
    pub typology: Option<Typology>,
    /// When it opened.
    pub raised: Timestamp,
    /// The time of its last evidence.
    pub last: Timestamp,
    /// When it was shown, if within the budget.
    pub shown: Option<Timestamp>,
    /// People in its window when it opened.
    pub people: Option<u64>,
    /// The case that it belongs to.
    pub case: String,
    /// The score of that case when it was shown.
    pub case_score: f64,
}

/// The score of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// Days between the first and last access.
    pub days: f64,
    /// All alerts.
    pub all: DetectionMetrics,
    /// Alerts within the budget.
    pub shown: DetectionMetrics,
    /// The cases that were shown.
    pub shown_cases: ShownCases,
    /// The outcome of each label, in order of time.
    pub cases: Vec<LabelOutcome>,
}

/// The metrics of all alerts, or of those within the budget.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DetectionMetrics {
    /// Number of alerts.
    pub alerts: usize,
    /// True positives: alerts on a labelled employee at the labelled time.
    pub true_alerts: usize,
    /// True positives among all alerts.
    pub precision: f64,
    /// Alerts a day.
    pub per_day: f64,
    /// False positives a day.
    pub false_per_day: f64,
    /// Decoys.
    pub decoys: usize,
    /// Decoys with an alert: false positives on hard negatives.
    pub decoys_alarmed: usize,
    /// Decoys with an alert among all decoys.
    pub decoy_rate: f64,
    /// All labels.
    pub total: RecallSummary,
    /// By difficulty.
    pub by_difficulty: BTreeMap<String, RecallSummary>,
    /// By typology.
    pub by_typology: BTreeMap<String, RecallSummary>,
    /// By typology and difficulty.
    pub by_both: BTreeMap<String, BTreeMap<String, RecallSummary>>,
    /// Labels of employees hired shortly before.
    pub new_hires: RecallSummary,
    /// Labels of all other employees.
    pub settled_staff: RecallSummary,
    /// By kind of decoy: decoys with an alert, and all.
    pub by_decoy: BTreeMap<String, (usize, usize)>,
}

/// A label and its first detection.
#[derive(Clone, Debug, Serialize)]
pub struct LabelOutcome {
    /// The insider.
    pub employee: String,
    /// The pattern.
    pub typology: Typology,
    /// `obvious`, `medium`, `subtle` or `unknown`.
    pub difficulty: String,
    /// The first and the last act.
    #[serde(serialize_with = "texts")]
    pub between: (Timestamp, Timestamp),
    /// Whether the insider was hired shortly before.
    pub new_hire: bool,
    /// The first alert.
    pub all: Option<FirstDetection>,
    /// The first alert within the budget.
    pub shown: Option<FirstDetection>,
}

/// The first alert on a label.
#[derive(Clone, Debug, Serialize)]
pub struct FirstDetection {
    /// Hours after the first labelled act; 0 where an alert was open already.
    pub hours: f64,
    /// People in its window when it opened.
    pub people: Option<u64>,
    /// The share of the act's people disclosed by then.
    pub leaked: Option<f64>,
    /// The alert's typology.
    pub typology: Option<Typology>,
    /// Whether any alert on the label has the labelled typology.
    pub named: bool,
}

fn texts<S: serde::Serializer>(between: &(Timestamp, Timestamp), to: S) -> Result<S::Ok, S::Error> {
    [between.0.to_string(), between.1.to_string()].serialize(to)
}

/// The alerts of a run, as they are scored.
pub fn detections(alerts: &LatestAlerts) -> Vec<Detection> {
    alerts.in_order().into_iter().filter_map(detection).collect()
}

fn detection(entry: &LatestAlert) -> Option<Detection> {
    let alert = &entry.alert;
    let time = |text: &str| Timestamp::parse(text).ok();
    let raised = time(&alert.raised_at)?;
    Some(Detection {
        who: alert.about().to_owned(),
        typology: Some(alert.typology),
        raised,
        last: time(&alert.last_access).unwrap_or(raised).max(raised),
        shown: alert.shown_at.as_deref().and_then(time),
        people: entry.people_at_opening,
        case: alert.case.clone(),
        case_score: entry.case_score_when_shown,
    })
}

/// Scores alerts against the ground truth.
pub fn score(truth: &GroundTruth<'_>, detections: &[Detection], days: f64) -> Score {
    let mut by_employee: BTreeMap<&str, Vec<(usize, &Detection)>> = BTreeMap::new();
    for (at, detection) in detections.iter().enumerate() {
        by_employee.entry(&detection.who).or_default().push((at, detection));
    }
    let none = Vec::new();
    let of = |who: &str| by_employee.get(who).unwrap_or(&none);
    let mut hit = BTreeSet::new();
    let mut score = Score {
        days,
        all: DetectionMetrics::default(),
        shown: DetectionMetrics::default(),
        shown_cases: ShownCases::default(),
        cases: Vec::new(),
    };
    for (at, label) in truth.labels.iter().enumerate() {
        let concerning = of(&label.employee).iter().filter(|(_, detection)| concerns(detection, label.from, label.to));
        let concerning: Vec<(usize, &Detection)> = concerning.copied().collect();
        hit.extend(concerning.iter().map(|(at, _)| *at));
        let concerning: Vec<&Detection> = concerning.into_iter().map(|(_, detection)| detection).collect();
        let caught = |when: &dyn Fn(&Detection) -> Option<Timestamp>| first(truth, at, label, &concerning, when);
        let case = LabelOutcome {
            employee: label.employee.clone(),
            typology: label.typology,
            difficulty: label.difficulty.clone().unwrap_or_else(|| "unknown".to_owned()),
            between: (label.from, label.to),
            new_hire: (truth.is_new)(label),
            all: caught(&|detection| Some(detection.raised)),
            shown: caught(&|detection| detection.shown),
        };
        let leaks = truth.leaks.share(at, label.to).is_some();
        score.all.add(label, &case, case.all.as_ref(), leaks);
        score.shown.add(label, &case, case.shown.as_ref(), leaks);
        score.cases.push(case);
    }
    for decoy in truth.decoys {
        let alarms = || of(&decoy.employee).iter().filter(|(_, detection)| concerns(detection, decoy.from, decoy.to));
        score.all.add_decoy(decoy, alarms().next().is_some());
        score.shown.add_decoy(decoy, alarms().any(|(_, detection)| detection.shown.is_some()));
    }
    score.shown_cases = ShownCases::of(detections, &hit, days);
    let shown = |at: &usize| detections[*at].shown.is_some();
    score.all.close(detections.len(), hit.len(), days);
    score.shown.close((0..detections.len()).filter(shown).count(), hit.iter().filter(|at| shown(at)).count(), days);
    score.cases.sort_by(|a, b| (a.between, &a.employee).cmp(&(b.between, &b.employee)));
    score
}

/// Whether an alert was opened within the time of an incident or [`AFTERWARDS`], or was open already and got evidence within it.
fn concerns(detection: &Detection, from: Timestamp, to: Timestamp) -> bool {
    detection.raised <= to + AFTERWARDS && detection.last.max(detection.raised) >= from
}

fn first(
    truth: &GroundTruth<'_>,
    at: usize,
    label: &Label,
    concerning: &[&Detection],
    when: &dyn Fn(&Detection) -> Option<Timestamp>,
) -> Option<FirstDetection> {
    let timed = concerning.iter().filter_map(|detection| Some((when(detection)?, *detection)));
    let (time, detection) = timed.clone().min_by_key(|(time, _)| *time)?;
    Some(FirstDetection {
        hours: ((time - label.from).0 as f64 / HOUR_MS as f64).max(0.0),
        people: detection.people,
        leaked: truth.leaks.share(at, time),
        typology: detection.typology,
        named: timed.into_iter().any(|(_, detection)| detection.typology == Some(label.typology)),
    })
}

impl DetectionMetrics {
    fn add(&mut self, label: &Label, case: &LabelOutcome, caught: Option<&FirstDetection>, leaks: bool) {
        let typology = label.typology.name().to_owned();
        let hires = if case.new_hire { &mut self.new_hires } else { &mut self.settled_staff };
        let rows = [
            &mut self.total,
            hires,
            self.by_difficulty.entry(case.difficulty.clone()).or_default(),
            self.by_typology.entry(typology.clone()).or_default(),
            self.by_both.entry(typology).or_default().entry(case.difficulty.clone()).or_default(),
        ];
        rows.into_iter().for_each(|summary| summary.add(label, caught, leaks));
    }

    fn add_decoy(&mut self, decoy: &Decoy, alarmed: bool) {
        self.decoys += 1;
        self.decoys_alarmed += usize::from(alarmed);
        let (sum, all) = self.by_decoy.entry(decoy.kind.clone()).or_default();
        (*sum, *all) = (*sum + usize::from(alarmed), *all + 1);
    }

    fn close(&mut self, alerts: usize, true_alerts: usize, days: f64) {
        (self.alerts, self.true_alerts) = (alerts, true_alerts);
        self.precision = recall::share(true_alerts, alerts);
        self.per_day = alerts as f64 / days;
        self.false_per_day = (alerts - true_alerts) as f64 / days;
        self.decoy_rate = if self.decoys == 0 { 0.0 } else { self.decoys_alarmed as f64 / self.decoys as f64 };
        let both = self.by_both.values_mut().flat_map(BTreeMap::values_mut);
        let rows = self.by_difficulty.values_mut().chain(self.by_typology.values_mut()).chain(both);
        rows.chain([&mut self.total, &mut self.new_hires, &mut self.settled_staff]).for_each(RecallSummary::close);
    }
}
