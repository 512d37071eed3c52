//! Chooses the employees who become insiders, and their days.

use crate::engine::context::Context;
use crate::evaluate::inject::Insider;
use crate::evaluate::inject::schemes::{Candidate, HISTORY_DAYS, Schemer};
use crate::evaluate::inject::spec::InjectionSpec;
use crate::evaluate::inject::work_patterns::WorkPatterns;
use crate::model::problem::Problem;
use crate::random::SplitMix64;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Chooses insiders among employees who have no alert (`suspected`), and generates their acts.
pub fn plan(
    spec: &InjectionSpec,
    patterns: &WorkPatterns,
    suspected: &BTreeSet<String>,
    context: &Context,
) -> Result<Vec<Insider>, Vec<Problem>> {
    let directory = &context.classifier.directory;
    let fits =
        |wanted: &Option<String>, found: Option<&Arc<str>>| wanted.as_deref().is_none_or(|wanted| found.is_some_and(|is| **is == *wanted));
    let of_role = |name: &Arc<str>| {
        let employee = directory.employee(name);
        fits(&spec.role, employee.and_then(|e| e.role.as_ref())) && fits(&spec.unit, employee.and_then(|e| e.unit.as_ref()))
    };
    let asked: Vec<Candidate<'_>> = patterns.by_employee.iter().filter(|(name, _)| of_role(name)).collect();
    if asked.is_empty() {
        let wanted = [("role", &spec.role), ("unit", &spec.unit)];
        let wanted = wanted.iter().filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}={value}")));
        let rule = "must be the role and unit of somebody in the directory with records in the log";
        return Err(vec![Problem::new("--inject", rule, wanted.collect::<Vec<_>>().join(","))]);
    }
    let schemer = Schemer::new(patterns, context);
    let mut free: Vec<Candidate<'_>> =
        asked.iter().filter(|(name, pattern)| schemer.has_history(pattern) && !suspected.contains(&***name)).copied().collect();
    if free.is_empty() {
        let rule =
            format!("must name employees with {HISTORY_DAYS} days of work in the first half of the log, some in the second, and no alert");
        return Err(vec![Problem::new("--inject", rule, format!("{} employees, none of them such", asked.len()))]);
    }
    free.sort_by_cached_key(|(name, _)| SplitMix64::keyed(spec.seed, name).number());
    let mut insiders: Vec<Insider> = Vec::new();
    let mut problem = None;
    while insiders.len() < spec.insiders as usize {
        match schemer.plant(spec, &mut free) {
            Ok(found) => insiders.extend(found),
            Err(found) => {
                problem = found;
                break;
            }
        }
    }
    // Employees who cannot be made insiders are passed over; if nobody can, the first reason is reported.
    let nobody = || {
        let rule = "needs employees without alerts who were away, or work on such days, in the second half of the log";
        Problem::new("--inject typology", rule, spec.typology)
    };
    if insiders.is_empty() { Err(vec![problem.unwrap_or_else(nobody)]) } else { Ok(insiders) }
}
