//! Whether and when planted insiders were caught, and what the rest of the log gave meanwhile.

use crate::evaluate::compare::{Comparison, compare};
use crate::evaluate::inject::Insider;
use crate::evaluate::ledger::{Entry, Ledger};
use crate::evaluate::score::median;
use crate::model::severity::Severity;
use crate::model::time::{Span, Timestamp};
use crate::model::typology::Typology;
use serde::Serialize;

/// The result of a power test.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Each insider.
    pub insiders: Vec<Outcome>,
    /// Those caught.
    pub caught: usize,
    /// Those caught within the budget.
    pub caught_within_budget: usize,
    /// Median days from the first act to the first alert; none where fewer than half were caught.
    pub median_days: Option<f64>,
    /// Median people disclosed by the first alert; none where fewer than half were caught.
    pub median_people: Option<f64>,
    /// Alerts of the log as it is.
    pub others: usize,
    /// The same a day.
    pub others_per_day: f64,
    /// Those of them within the budget, a day.
    pub others_shown_per_day: f64,
    /// What the insiders' company changed for others.
    pub changed: Comparison,
}

/// What became of one insider.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Who.
    pub employee: String,
    /// First act.
    pub from: String,
    /// Last act.
    pub to: String,
    /// People disclosed in all.
    pub people: u64,
    /// The first alert.
    pub caught: Option<Caught>,
}

/// The first alert on an insider.
#[derive(Clone, Debug, Serialize)]
pub struct Caught {
    /// Days from the first act.
    pub days: f64,
    /// People disclosed by then.
    pub people: u64,
    /// As what.
    pub typology: Typology,
    /// The gravest that any of the alerts became.
    pub severity: Severity,
    /// Days from the first act until one was shown within the budget.
    pub shown_after_days: Option<f64>,
}

/// An insider may be caught so long after the last act.
const AFTERWARDS: Span = Span::days(7);

/// Compares the run with insiders to the log as it is, of so many days.
pub fn judge(insiders: &[Insider], plain: &Ledger, with: &Ledger, days: f64) -> Verdict {
    let outcomes: Vec<Outcome> = insiders.iter().map(|insider| outcome(insider, plain, with)).collect();
    let is_insider = |entry: &Entry| {
        let who = entry.alert.employee.as_deref();
        insiders.iter().any(|insider| Some(&*insider.employee) == who)
    };
    let others = plain.clone().without(is_insider);
    let changed = compare(&others, &with.clone().without(is_insider));
    let of_caught = |figure: &dyn Fn(&Caught) -> f64| {
        let missed = f64::INFINITY;
        let mut figures: Vec<f64> = outcomes.iter().map(|outcome| outcome.caught.as_ref().map_or(missed, figure)).collect();
        median(&mut figures).filter(|figure| figure.is_finite())
    };
    let shown = others.in_order().iter().filter(|entry| entry.alert.shown_at.is_some()).count();
    let shown_of = |caught: &Caught| caught.shown_after_days.is_some();
    Verdict {
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

fn outcome(insider: &Insider, plain: &Ledger, with: &Ledger) -> Outcome {
    let (from, to) = insider.between();
    let time = |text: &str| Timestamp::parse(text).ok();
    let mut alerts: Vec<(Timestamp, &Entry)> = Vec::new();
    for entry in with.in_order() {
        let alert = &entry.alert;
        let mine = alert.employee.as_deref() == Some(&*insider.employee);
        // What the log gives by itself is no catch.
        let known = plain.get(&alert.id).is_some_and(|known| known.alert.raised_at == alert.raised_at);
        if let Some(raised) = time(&alert.raised_at).filter(|raised| mine && !known && *raised >= from && *raised <= to + AFTERWARDS) {
            alerts.push((raised, entry));
        }
    }
    let days = |time: Timestamp| (time - from).0 as f64 / Span::days(1).0 as f64;
    let caught = alerts.iter().min_by_key(|(raised, _)| *raised).map(|(raised, entry)| Caught {
        days: days(*raised),
        people: insider.people_by(*raised),
        typology: entry.alert.typology,
        severity: alerts.iter().map(|(_, entry)| entry.alert.severity).max().unwrap_or(entry.alert.severity),
        shown_after_days: alerts.iter().filter_map(|(_, entry)| entry.alert.shown_at.as_deref().and_then(time)).min().map(days),
    });
    let people = insider.people_by(to);
    Outcome { employee: insider.employee.to_string(), from: from.to_string(), to: to.to_string(), people, caught }
}
