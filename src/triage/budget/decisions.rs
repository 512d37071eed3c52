//! What people decide, as it is given to the budget and asked of it.

use crate::model::access::Actor;
use crate::model::decision::{CitedAlert, Silence, VerdictOutcome};
use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use crate::triage::budget::{Budget, Cited, SilenceCounts};
use crate::triage::precision::Precision;
use std::collections::BTreeSet;

impl Budget {
    /// A silence is in force from now on. What waits for a place and matches waits no more.
    pub fn begin_silence(&mut self, id: &str, silence: &Silence, at: Timestamp) {
        for (alert, case) in self.decided.begin_silence(id, silence, at) {
            self.withdraw(&alert, &case);
        }
    }

    /// A silence is over. False where there was none.
    pub fn end_silence(&mut self, id: &str) -> bool {
        self.decided.end_silence(id)
    }

    /// What of the alerts that a verdict cites is known, and open.
    pub fn cited(&self, alerts: &[CitedAlert]) -> Cited {
        self.decided.cited(alerts, &self.open)
    }

    /// A verdict about alerts holds: each case counts once for each of its typologies, and each alert once. Returns the typologies, as often.
    pub fn note_verdict(&mut self, alerts: &[CitedAlert], outcome: VerdictOutcome) -> Vec<Typology> {
        self.decided.note_verdict(alerts, outcome)
    }

    /// Those whom a case is about, silenced or not; nobody where it is not known.
    pub fn people_of(&self, case: &str) -> BTreeSet<Actor> {
        self.decided.people_of(case)
    }

    /// What verdicts say of the typologies.
    pub fn precision(&self) -> &Precision {
        self.decided.precision()
    }

    /// What silences decided since this was last asked for.
    pub fn take_silence_counts(&mut self) -> SilenceCounts {
        self.decided.take_counts()
    }
}
