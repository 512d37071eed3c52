//! What changed between two runs over the same log: which alerts are new, lost, or not what they were.
//!
//! An alert is the same where its id is. Where its first finding differs, and so its id, it is known by its employee, typology and
//! time; failing that, by employee and time.

use crate::evaluate::ledger::Ledger;
use crate::model::alert::Alert;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use serde::Serialize;

/// What two runs differ in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Comparison {
    /// Alerts that are the same in both.
    pub same: usize,
    /// Those of the second run alone.
    pub new: Vec<Brief>,
    /// Those of the first run alone.
    pub lost: Vec<Brief>,
    /// Those of both that differ: as they were, and as they are.
    pub changed: Vec<(Brief, Brief)>,
}

/// An alert in short.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Brief {
    /// Its id.
    pub id: String,
    /// The employee, or the account.
    pub who: String,
    /// The pattern.
    pub typology: Typology,
    /// How grave.
    pub severity: Severity,
    /// 0 to 100.
    pub score: f64,
    /// When it opened.
    pub raised_at: String,
    /// Whether it was shown within the budget.
    pub within_budget: bool,
}

impl Brief {
    /// An alert in short.
    pub fn of(alert: &Alert) -> Brief {
        Brief {
            id: alert.id.clone(),
            who: who(alert).to_owned(),
            typology: alert.typology,
            severity: alert.severity,
            score: alert.score,
            raised_at: alert.raised_at.clone(),
            within_budget: alert.shown_at.is_some(),
        }
    }

    /// Whether the content is the same: an id and the budget are none of it.
    fn is_as(&self, other: &Brief) -> bool {
        let content = |brief: &Brief| (brief.typology, brief.severity, brief.raised_at.clone());
        content(self) == content(other) && (self.score - other.score).abs() < 1e-9
    }
}

/// Compares two runs. The result depends on the two sets of alerts alone.
pub fn compare(before: &Ledger, after: &Ledger) -> Comparison {
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
        new: news.into_iter().flatten().map(Brief::of).collect(),
        lost: olds.into_iter().flatten().map(Brief::of).collect(),
        ..Comparison::default()
    };
    let mut pairs: Vec<(Brief, Brief)> = pairs.into_iter().map(|(old, new)| (Brief::of(old), Brief::of(new))).collect();
    pairs.sort_by(|a, b| (time(&a.0.raised_at), &a.0.id).cmp(&(time(&b.0.raised_at), &b.0.id)));
    for pair in pairs {
        if pair.0.is_as(&pair.1) { comparison.same += 1 } else { comparison.changed.push(pair) }
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
