//! Labels say who did what, where that is known (simulations, settled cases); alerts are scored against them.

use crate::classify::table_file;
use crate::model::problem::Problem;
use crate::model::time::{Day, Span, Timestamp};
use crate::model::typology::Typology;
use crate::pipeline::ledger::{Entry, Ledger};
use std::collections::{BTreeMap, BTreeSet};

/// One row of `labels.csv`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Who.
    pub employee: String,
    /// What.
    pub typology: Typology,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// `obvious`, `medium` or `subtle`, where the file says.
    pub difficulty: Option<String>,
}

/// Reads `labels.csv`: `employee,typology,from,to`; times are RFC 3339 or dates.
pub fn parse(text: &str, file: &str) -> Result<Vec<Label>, Vec<Problem>> {
    let mut labels = Vec::new();
    table_file::read(text, file, &["employee", "typology", "from", "to"], |row, problems| {
        let rule = "must be RFC 3339 or a date";
        let from = row.parsed("from", rule, problems, |text| instant(text, Span(0)));
        let to = row.parsed("to", rule, problems, |text| instant(text, Span::days(1)));
        let typology = row.parsed("typology", "must be a typology", problems, Typology::parse);
        let employee = row.required("employee", problems);
        if let (Some(employee), Some(typology), Some(from), Some(to)) = (employee, typology, from, to) {
            let difficulty = row.text("difficulty").map(str::to_owned);
            labels.push(Label { employee: employee.to_owned(), typology, from, to, difficulty });
        }
    })?;
    Ok(labels)
}

/// A date as an end includes its day.
fn instant(text: &str, day: Span) -> Option<Timestamp> {
    Timestamp::parse(text).ok().or_else(|| Day::parse(text).map(|date| Timestamp(i64::from(date.0) * 86_400_000) + day))
}

/// How alerts did against labels.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// By typology.
    pub rows: BTreeMap<Typology, Row>,
    /// Alerts that concern a labelled employee at the labelled time.
    pub true_alerts: usize,
    /// All alerts.
    pub alerts: usize,
    /// Alerts shown within the budget.
    pub shown: usize,
    /// Those of them that are true.
    pub true_shown: usize,
    /// Days between the first and last access.
    pub days: f64,
    /// Each label with what was caught of it, in order of time.
    pub cases: Vec<(Label, Option<Caught>)>,
}

/// One typology.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Labels.
    pub labels: usize,
    /// Labels whose employee has an alert of any typology at that time.
    pub caught: usize,
    /// Labels whose employee has an alert of this typology at that time.
    pub named: usize,
    /// Hours from the first labelled act to the first alert, of those caught.
    pub hours: Vec<f64>,
}

/// The first alert on a labelled act.
#[derive(Clone, Debug)]
pub struct Caught {
    /// Hours after the first labelled act; 0 where an alert was open already.
    pub hours: f64,
    /// People in its window when it opened.
    pub people: Option<u64>,
    /// Its typology.
    pub typology: Typology,
}

/// Scores alerts against labels.
pub fn score(labels: &[Label], ledger: &Ledger, days: f64) -> Score {
    let alerts = ledger.in_order();
    let mut score = Score { alerts: alerts.len(), days, ..Score::default() };
    let mut hit = BTreeSet::new();
    for label in labels {
        let row = score.rows.entry(label.typology).or_default();
        row.labels += 1;
        let concerning: Vec<&&Entry> = alerts.iter().filter(|entry| concerns(entry, label)).collect();
        hit.extend(concerning.iter().map(|entry| entry.alert.id.as_str()));
        let first = concerning.iter().filter_map(|entry| Some((time(&entry.alert.raised_at)?, *entry))).min_by_key(|(at, _)| *at);
        let caught = first.map(|(at, entry)| Caught {
            hours: ((at - label.from).0 as f64 / 3_600_000.0).max(0.0),
            people: entry.people_at_opening,
            typology: entry.alert.typology,
        });
        row.named += usize::from(concerning.iter().any(|entry| entry.alert.typology == label.typology));
        if let Some(caught) = &caught {
            row.caught += 1;
            row.hours.push(caught.hours);
        }
        score.cases.push((label.clone(), caught));
    }
    score.cases.sort_by_key(|(label, _)| label.from);
    score.true_alerts = hit.len();
    score.shown = alerts.iter().filter(|entry| entry.alert.shown_at.is_some()).count();
    score.true_shown = alerts.iter().filter(|entry| entry.alert.shown_at.is_some() && hit.contains(entry.alert.id.as_str())).count();
    score
}

fn concerns(entry: &Entry, label: &Label) -> bool {
    let alert = &entry.alert;
    let who = alert.employee.as_deref().or(alert.account.as_deref());
    let overlaps =
        time(&alert.first_access).is_some_and(|first| first <= label.to) && time(&alert.last_access).is_some_and(|last| last >= label.from);
    who == Some(label.employee.as_str()) && overlaps
}

fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).ok()
}

impl Score {
    /// Labels, and how many were caught.
    pub fn recall(&self) -> (usize, usize) {
        self.rows.values().fold((0, 0), |(caught, labels), row| (caught + row.caught, labels + row.labels))
    }
}
