//! What the service shows of coverage: how far employees' days could be evaluated, and why not further.
//!
//! Employees stand in the body of an answer, and nowhere else: neither in a metric nor in the service's log.

use crate::model::coverage::{Counts, Reason, Reasons, State};
use crate::model::time::Day;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the service knows of coverage.
pub trait CoverageView: Send + Sync {
    /// Employees and accounts of a day, by name, those after `after` if it is given; no more than `limit`. `None` while nothing is
    /// known yet.
    fn day(&self, day: Day, only: Option<&str>, after: Option<&str>, limit: usize) -> Option<Vec<EmployeeDay>>;
    /// Sums of the days from `from` to `to`, both inclusive, that are settled.
    fn summary(&self, from: Day, to: Day) -> Option<CoverageSummary>;
    /// Which tasks' employees these are, where others may have more.
    fn tasks(&self) -> Option<Tasks>;
}

/// The part of the employees that a process of several knows: each answers for its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Tasks {
    /// The tasks that it has.
    pub here: Vec<i32>,
    /// How many there are.
    pub all: i32,
}

/// One employee or account on one day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EmployeeDay {
    /// The day, local to the employee.
    pub day: String,
    /// The employee.
    pub employee: Option<String>,
    /// The account, where no employee is known to own it.
    pub account: Option<String>,
    /// How far the day was evaluated.
    pub state: State,
    /// Why not further.
    pub reasons: Vec<&'static str>,
    /// Whether the day has closed, and only late records still change it.
    pub settled: bool,
}

/// Sums of days.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CoverageSummary {
    /// By day.
    pub days: BTreeMap<Day, Counts>,
    /// Tables that the catalog does not know, with accesses to them, most accessed first.
    pub tables: Vec<(String, u64)>,
}

impl EmployeeDay {
    /// The name of whom it is about.
    pub fn name(&self) -> &str {
        self.employee.as_deref().or(self.account.as_deref()).unwrap_or_default()
    }

    /// The names of reasons.
    pub fn names(reasons: Reasons) -> Vec<&'static str> {
        reasons.iter().map(Reason::name).collect()
    }
}
