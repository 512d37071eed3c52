//! What was shown of one person: by it, whether an alert is news to those who know the case.

use crate::detect::{EvidenceFamily, family};
use crate::model::alert::Alert;
use crate::model::severity::Severity;
use crate::triage::score::MAY_BE;
use crate::triage::standing::Standing;
use serde::{Deserialize, Serialize};

/// Days for which who was shown takes no further place with what is no louder.
pub const KNOWN: i64 = 28;
/// What is no louder than before until it concerns so many times as many people.
const MANY_MORE: u64 = 10;

/// What one alert says, or those of a case together.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Said {
    severity: Severity,
    /// Bits of the families, and of the grave.
    family: u8,
    people: u64,
    /// By how many people what comes later is measured.
    known: u64,
    claimed: bool,
}

/// What was shown of one person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShownBefore {
    day: i64,
    severity: Severity,
    /// Bits of the families.
    families: u8,
    people: u64,
    /// All of it is about whom a login claimed to be.
    claimed: bool,
}

impl Default for ShownBefore {
    fn default() -> ShownBefore {
        ShownBefore { day: i64::MIN, severity: Severity::Low, families: 0, people: 0, claimed: true }
    }
}

impl Said {
    /// What an alert says.
    pub fn of(alert: &Alert, standing: Standing) -> Said {
        let bit = match family(alert.typology) {
            EvidenceFamily::Volume => 0,
            EvidenceFamily::Manner => 1,
            EvidenceFamily::Place => 2,
            EvidenceFamily::Time => 3,
            EvidenceFamily::Subject => 4,
            EvidenceFamily::Act => 5,
        };
        let grave = if standing.grave { GRAVE } else { 0 };
        let counted = alert.observed.persons.figure().unwrap_or(0);
        // What does not tell how many may be a large sale, and is no measure for what comes later.
        let (people, known) = match alert.observed.unknown_accesses {
            0 => (counted, counted),
            _ => (counted.max(MAY_BE), counted.max(MAY_BE / MANY_MORE + 1)),
        };
        Said { severity: alert.severity, family: 1 << bit | grave, people, known, claimed: standing.claimed }
    }
}

impl Default for Said {
    fn default() -> Said {
        Said { severity: Severity::Low, family: 0, people: 0, known: 0, claimed: true }
    }
}

impl Said {
    /// The gravest.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What both say together.
    #[must_use]
    pub fn with(self, more: Said) -> Said {
        Said {
            severity: self.severity.max(more.severity),
            family: self.family | more.family,
            people: self.people.max(more.people),
            known: self.known.max(more.known),
            claimed: self.claimed && more.claimed,
        }
    }
}

/// The bit of what is grave by nature, beside those of the families.
const GRAVE: u8 = 1 << 7;

impl ShownBefore {
    /// The day on which it was last shown.
    pub fn day(&self) -> i64 {
        self.day
    }

    /// Something of it is shown.
    pub fn note(&mut self, said: Said, day: i64) {
        self.day = day;
        self.severity = self.severity.max(said.severity);
        self.families |= said.family;
        self.people = self.people.max(said.known);
        self.claimed &= said.claimed;
    }

    /// Whether an alert is louder than all that was shown: graver, of another family, of ten times as many people, or the first that
    /// is sure to be about this person.
    pub fn is_louder(&self, said: Said) -> bool {
        self.is_graver(said) || said.family & !self.families != 0
    }

    fn is_graver(&self, said: Said) -> bool {
        let grave = said.family & GRAVE & !self.families != 0;
        let more = said.people >= self.people.max(1).saturating_mul(MANY_MORE);
        said.severity > self.severity || grave || more || (self.claimed && !said.claimed)
    }

    /// Whether an alert that is not shown takes a place of its own: on the same day another family alone does not, as the case is being
    /// looked at.
    pub fn takes_place(&self, said: Said, today: i64) -> bool {
        if self.day == today { self.is_graver(said) } else { self.is_louder(said) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(severity: Severity, family: u8, people: u64) -> Said {
        Said { severity, family, people, known: people, claimed: false }
    }

    #[test]
    fn what_was_shown_for_a_trifle_buys_no_silence() {
        let mut case = ShownBefore::default();
        case.note(said(Severity::Medium, 1, 40), 7);
        assert!(!case.is_louder(said(Severity::Medium, 1, 399)) && case.is_louder(said(Severity::Medium, 1, 400)));
        assert!(case.is_louder(said(Severity::High, 1, 1)));
        assert!(case.takes_place(said(Severity::Medium, 2, 1), 8) && !case.takes_place(said(Severity::Medium, 2, 1), 7));
        assert!(case.takes_place(said(Severity::Medium, 1 | GRAVE, 1), 7), "the grave at once");
        case.note(said(Severity::Critical, 3 | GRAVE, 4_000), 8);
        assert!(!case.is_louder(said(Severity::Critical, 1 | GRAVE, 30_000)));
    }

    #[test]
    fn a_claim_about_somebody_does_not_hide_what_is_sure() {
        let mut case = ShownBefore::default();
        case.note(Said { claimed: true, ..said(Severity::Critical, 0xff, 1_000_000) }, 7);
        assert!(case.takes_place(said(Severity::Medium, 1, 3), 7));
    }
}
