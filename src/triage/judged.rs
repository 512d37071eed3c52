//! What verdicts were given about: while a window still holds what was judged, it is not found anew.
//!
//! Without this, the next record of the same day would open an alert about the very accesses that somebody has just decided about. What is
//! half as large again, or clearly more surprising, is news, and so is what is grave by nature; after a week all of it is.

use crate::detect::Finding;
use crate::model::typology::Typology;
use crate::triage::{Episode, GROWTH};
use serde::{Deserialize, Serialize};

/// Days for which a verdict holds against the like of what it was about, at the most.
const MOST_DAYS: u32 = 7;

/// Bits by which a finding is clearly more surprising.
const CLEARLY: f64 = 10.0;

/// What was judged of one employee, of each typology the last.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct JudgedFindings(Vec<JudgedFinding>);

#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
struct JudgedFinding {
    typology: Typology,
    /// The last local day on which a window may hold it.
    until: u32,
    count: u64,
    bits: f64,
}

impl JudgedFindings {
    /// A verdict was given about an episode.
    pub fn note(&mut self, episode: &Episode) {
        let day = episode.last_day();
        self.0.retain(|judged| judged.typology != episode.typology && judged.until >= day);
        let until = day + episode.peak.window.days().min(MOST_DAYS);
        self.0.push(JudgedFinding { typology: episode.typology, until, count: episode.peak.count, bits: episode.peak.bits });
    }

    /// Whether a finding of a day says what was judged.
    pub fn holds(&self, finding: &Finding, day: u32) -> bool {
        self.0.iter().any(|judged| {
            let is_more = finding.count as f64 >= judged.count as f64 * GROWTH || finding.bits >= judged.bits + CLEARLY;
            judged.typology == finding.typology && day <= judged.until && !is_more
        })
    }
}
