//! How grave: the score from 0 to 100 and the four words for it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The four grades of an alert, in ascending order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the definition")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// One figure for each grade, in ascending order.
pub type BySeverity = [u64; Severity::ALL.len()];

impl Severity {
    /// Every grade in ascending order.
    pub const ALL: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The name used in files, alerts and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// The grade of a score: medium from 40, high from 60, critical from 80.
    pub fn of_score(score: f64) -> Severity {
        match score {
            s if s >= 80.0 => Severity::Critical,
            s if s >= 60.0 => Severity::High,
            s if s >= 40.0 => Severity::Medium,
            _ => Severity::Low,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
