//! Differences between the alerts of two runs over the same log: which are new, lost or changed.
//!
//! Alerts are matched by id; then, as an id changes with the first finding, by employee, typology and overlapping time; then by
//! employee and overlapping time.

use crate::evaluate::latest_alerts::LatestAlerts;
use crate::model::alert::Alert;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use serde::Serialize;

/// The differences between two runs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Comparison {
    /// Alerts that are the same in both runs.
    pub same: usize,
    /// Alerts of the second run alone.
    pub new: Vec<AlertSummary>,
    /// Alerts of the first run alone.
    pub lost: Vec<AlertSummary>,
    /// Alerts of both runs whose content differs, before and after.
    pub changed: Vec<(AlertSummary, AlertSummary)>,
}

/// A summary of an alert.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AlertSummary {
    /// Its id.
    pub id: String,
    /// The employee, or the account.
    pub who: String,
    /// The pattern.
    pub typology: Typology,
    /// The severity.
    pub severity: Severity,
    /// 0 to 100.
    pub score: f64,
    /// When it opened.
    pub raised_at: String,
    /// Whether it was shown within the budget.
    pub within_budget: bool,
}

impl AlertSummary {
    /// Summarises an alert.
    pub fn of(alert: &Alert) -> AlertSummary {
        AlertSummary {
            id: alert.id.clone(),
            who: who(alert).to_owned(),
            typology: alert.typology,
            severity: alert.severity,
            score: alert.score,
            raised_at: alert.raised_at.clone(),
            within_budget: alert.shown_at.is_some(),
        }
    }

    /// Whether the content is the same; id and budget are not content.
    fn has_same_content(&self, other: &AlertSummary) -> bool {
        let content = |summary: &AlertSummary| (summary.typology, summary.severity, summary.raised_at.clone());
        content(self) == content(other) && (self.score - other.score).abs() < 1e-9
    }
}

/// Compares two runs. The result depends on the two sets of alerts alone.
pub fn compare(before: &LatestAlerts, after: &LatestAlerts) -> Comparison {
    let mut olds: Vec<Option<&Alert>> = before.in_order().into_iter().map(|entry| Some(&entry.alert)).collect();
    let mut news: Vec<Option<&Alert>> = after.in_order().into_iter().map(|entry| Some(&entry.alert)).collect();
    let mut pairs: Vec<(&Alert, &Alert)> = Vec::new();
    let rules: [fn(&Alert, &Alert) -> bool; 3] = [
        |a, b| a.id == b.id,
        |a, b| who(a) == who(b) && a.typology == b.typology && overlap(a, b),
        |a, b| who(a) == who(b) && overlap(a, b),
    ];
    for rule in rules {
        let mut by_employee: std::collections::BTreeMap<String, Vec<usize>> = std::collections::BTreeMap::new();
        for (at, new) in news.iter().enumerate() {
            if let Some(new) = new {
                by_employee.entry(who(new).to_owned()).or_default().push(at);
            }
        }
        for old in &mut olds {
            let Some(alert) = *old else { continue };
            let candidates = by_employee.get(who(alert)).into_iter().flatten();
            let found = candidates.copied().find(|at| news[*at].is_some_and(|new| rule(alert, new)));
            if let Some(new) = found.and_then(|at| news[at].take()) {
                pairs.push((alert, new));
                *old = None;
            }
        }
    }
    let mut comparison = Comparison {
        new: news.into_iter().flatten().map(AlertSummary::of).collect(),
        lost: olds.into_iter().flatten().map(AlertSummary::of).collect(),
        ..Comparison::default()
    };
    let mut pairs: Vec<(AlertSummary, AlertSummary)> =
        pairs.into_iter().map(|(old, new)| (AlertSummary::of(old), AlertSummary::of(new))).collect();
    pairs.sort_by(|a, b| (time(&a.0.raised_at), &a.0.id).cmp(&(time(&b.0.raised_at), &b.0.id)));
    for pair in pairs {
        if pair.0.has_same_content(&pair.1) { comparison.same += 1 } else { comparison.changed.push(pair) }
    }
    comparison
}

fn who(alert: &Alert) -> &str {
    alert.about()
}

fn overlap(a: &Alert, b: &Alert) -> bool {
    let bounds = |alert: &Alert| (time(&alert.first_access), time(&alert.last_access));
    let ((from, to), (other_from, other_to)) = (bounds(a), bounds(b));
    from <= other_to && other_from <= to
}

fn time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).ok()
}
