//! The result of an injection: whether and when each insider was detected, and the effect on all other alerts.

use crate::evaluate::compare::{Comparison, compare};
use crate::evaluate::inject::Insider;
use crate::evaluate::latest_alerts::{LatestAlert, LatestAlerts};
use crate::evaluate::score::median;
use crate::model::severity::Severity;
use crate::model::time::{Span, Timestamp};
use crate::model::typology::Typology;
use serde::Serialize;

/// The result of an injection.
#[derive(Clone, Debug, Serialize)]
pub struct InjectionResult {
    /// Each insider.
    pub insiders: Vec<InsiderOutcome>,
    /// Insiders with an alert.
    pub caught: usize,
    /// Insiders with an alert within the budget.
    pub caught_within_budget: usize,
    /// Median days from the first act to the first alert; none if fewer than half were detected.
    pub median_days: Option<f64>,
    /// Median people disclosed by the first alert; none if fewer than half were detected.
    pub median_people: Option<f64>,
    /// Alerts of the unchanged log, without those on the chosen employees.
    pub others: usize,
    /// `others` a day.
    pub others_per_day: f64,
    /// `others` within the budget, a day.
    pub others_shown_per_day: f64,
    /// How alerts on other employees changed, who are compared with the insiders.
    pub changed: Comparison,
}

/// The outcome of one insider.
#[derive(Clone, Debug, Serialize)]
pub struct InsiderOutcome {
    /// The employee.
    pub employee: String,
    /// Time of the first act.
    pub from: String,
    /// Time of the last act.
    pub to: String,
    /// People disclosed in all.
    pub people: u64,
    /// The first alert.
    pub caught: Option<InsiderDetection>,
}

/// The first alert on an insider.
#[derive(Clone, Debug, Serialize)]
pub struct InsiderDetection {
    /// Days from the first act.
    pub days: f64,
    /// People disclosed by then.
    pub people: u64,
    /// The alert's typology.
    pub typology: Typology,
    /// The highest severity of the insider's alerts.
    pub severity: Severity,
    /// Days from the first act until one was shown within the budget.
    pub shown_after_days: Option<f64>,
}

/// An alert counts as a detection until this long after the last act.
const AFTERWARDS: Span = Span::days(7);

/// Compares the alerts with and without insiders; `days` is the length of the log.
pub fn measure(insiders: &[Insider], plain: &LatestAlerts, with: &LatestAlerts, days: f64) -> InjectionResult {
    let outcomes: Vec<InsiderOutcome> = insiders.iter().map(|insider| outcome(insider, plain, with)).collect();
    let is_insider = |entry: &LatestAlert| {
        let who = entry.alert.employee.as_deref();
        insiders.iter().any(|insider| Some(&*insider.employee) == who)
    };
    let others = plain.clone().without(is_insider);
    let changed = compare(&others, &with.clone().without(is_insider));
    let of_caught = |figure: &dyn Fn(&InsiderDetection) -> f64| {
        let missed = f64::INFINITY;
        let mut figures: Vec<f64> = outcomes.iter().map(|outcome| outcome.caught.as_ref().map_or(missed, figure)).collect();
        median(&mut figures).filter(|figure| figure.is_finite())
    };
    let shown = others.in_order().iter().filter(|entry| entry.alert.shown_at.is_some()).count();
    let shown_of = |caught: &InsiderDetection| caught.shown_after_days.is_some();
    InjectionResult {
        caught: outcomes.iter().filter(|outcome| outcome.caught.is_some()).count(),
        caught_within_budget: outcomes.iter().filter(|outcome| outcome.caught.as_ref().is_some_and(shown_of)).count(),
        median_days: of_caught(&|caught| caught.days),
        median_people: of_caught(&|caught| caught.people as f64),
        others: others.len(),
        others_per_day: others.len() as f64 / days,
        others_shown_per_day: shown as f64 / days,
        changed,
        insiders: outcomes,
    }
}

fn outcome(insider: &Insider, plain: &LatestAlerts, with: &LatestAlerts) -> InsiderOutcome {
    let (from, to) = insider.between();
    let time = |text: &str| Timestamp::parse(text).ok();
    let mut alerts: Vec<(Timestamp, &LatestAlert)> = Vec::new();
    for entry in with.in_order() {
        let alert = &entry.alert;
        let mine = alert.employee.as_deref() == Some(&*insider.employee);
        // An alert of the unchanged log is no detection of the insider.
        let known = plain.get(&alert.id).is_some_and(|known| known.alert.raised_at == alert.raised_at);
        if let Some(raised) = time(&alert.raised_at).filter(|raised| mine && !known && *raised >= from && *raised <= to + AFTERWARDS) {
            alerts.push((raised, entry));
        }
    }
    let days = |time: Timestamp| (time - from).0 as f64 / Span::days(1).0 as f64;
    let caught = alerts.iter().min_by_key(|(raised, _)| *raised).map(|(raised, entry)| InsiderDetection {
        days: days(*raised),
        people: insider.people_by(*raised),
        typology: entry.alert.typology,
        severity: alerts.iter().map(|(_, entry)| entry.alert.severity).max().unwrap_or(entry.alert.severity),
        shown_after_days: alerts.iter().filter_map(|(_, entry)| entry.alert.shown_at.as_deref().and_then(time)).min().map(days),
    });
    let people = insider.people_by(to);
    InsiderOutcome { employee: insider.employee.to_string(), from: from.to_string(), to: to.to_string(), people, caught }
}
