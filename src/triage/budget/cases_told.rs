//! How many cases were shown, and how many are open: what metrics say of cases, so that an operator is told of new ones and not of each
//! alert that joins one.

use crate::model::severity::BySeverity;
use crate::triage::budget::Budget;
use crate::triage::open_alerts::OpenCounts;

/// Cases that were shown since this was asked last, by the severity of the gravest of their alerts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CasesShown {
    /// For the first time.
    pub first: BySeverity,
    /// Again, because what joined them was louder than all before.
    pub again: BySeverity,
}

impl Budget {
    /// What was shown since this was asked last, by this process.
    pub fn take_cases_shown(&mut self) -> CasesShown {
        std::mem::take(&mut self.told)
    }

    /// Cases of which an alert is open, by the gravest that is: all, and those that were shown.
    pub fn open_cases(&self) -> OpenCounts {
        let mut counts = OpenCounts::default();
        for case in self.cases.values() {
            let open = case.alerts.keys().filter_map(|id| self.open.severity(id));
            if let Some(gravest) = open.max() {
                counts.open[gravest as usize] += 1;
                counts.shown[gravest as usize] += u64::from(case.is_shown);
            }
        }
        counts
    }
}
