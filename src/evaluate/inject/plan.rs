//! Chooses the employees who become insiders, and their days.

use crate::engine::context::Context;
use crate::evaluate::inject::spec::InjectionSpec;
use crate::evaluate::inject::work_patterns::{WorkPattern, WorkPatterns};
use crate::evaluate::inject::{Insider, scenarios};
use crate::model::problem::Problem;
use crate::random::SplitMix64;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The first part of the log is left as history to learn from; nothing is injected there.
const HISTORY_SHARE: f64 = 0.5;
/// Fewest days of work before the first act.
const HISTORY_DAYS: usize = 10;

/// Chooses insiders among employees who have no alert (`suspected`), and generates their acts.
pub fn plan(
    spec: &InjectionSpec,
    patterns: &WorkPatterns,
    suspected: &BTreeSet<String>,
    context: &Context,
) -> Result<Vec<Insider>, Vec<Problem>> {
    let days = patterns.by_employee.values().flat_map(|pattern| pattern.days.keys());
    let (first, last) = (days.clone().min().copied().unwrap_or(0), days.max().copied().unwrap_or(0));
    let begins = first + ((last - first) as f64 * HISTORY_SHARE) as u32;
    let directory = &context.classifier.directory;
    let fits =
        |wanted: &Option<String>, found: Option<&Arc<str>>| wanted.as_deref().is_none_or(|wanted| found.is_some_and(|is| **is == *wanted));
    let of_role = |name: &Arc<str>| {
        let employee = directory.employee(name);
        fits(&spec.role, employee.and_then(|e| e.role.as_ref())) && fits(&spec.unit, employee.and_then(|e| e.unit.as_ref()))
    };
    let asked: Vec<(&Arc<str>, &WorkPattern)> = patterns.by_employee.iter().filter(|(name, _)| of_role(name)).collect();
    if asked.is_empty() {
        let wanted = [("role", &spec.role), ("unit", &spec.unit)];
        let wanted = wanted.iter().filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}={value}")));
        let rule = "must be the role and unit of somebody in the directory with records in the log";
        return Err(vec![Problem::new("--inject", rule, wanted.collect::<Vec<_>>().join(","))]);
    }
    let enough =
        |pattern: &WorkPattern| pattern.days.range(..begins).count() >= HISTORY_DAYS && pattern.days.range(begins..).next().is_some();
    let mut free: Vec<(&Arc<str>, &WorkPattern)> = asked
        .iter()
        .filter(|(name, pattern)| enough(pattern) && !pattern.reads.is_empty() && !suspected.contains(&***name))
        .copied()
        .collect();
    if free.is_empty() {
        let rule =
            format!("must name employees with {HISTORY_DAYS} days of work in the first half of the log, some in the second, and no alert");
        return Err(vec![Problem::new("--inject", rule, format!("{} employees, none of them such", asked.len()))]);
    }
    free.sort_by_cached_key(|(name, _)| SplitMix64::keyed(spec.seed, name).number());
    let mut problems = Vec::new();
    let mut insiders = Vec::new();
    for (name, pattern) in free {
        if insiders.len() == spec.insiders as usize {
            break;
        }
        let mut random = SplitMix64::keyed(spec.seed, &format!("{name}/days"));
        let days = days_of(spec, pattern, begins, &mut random);
        match scenarios::acts(spec, name, pattern, &days, patterns, context) {
            Ok(acts) if !acts.is_empty() => insiders.push(Insider { employee: name.clone(), acts }),
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    // Employees who cannot be made insiders are passed over; if nobody can, the first reason is reported.
    problems.truncate(1);
    if insiders.is_empty() { Err(problems) } else { Ok(insiders) }
}

/// Days of work on which to act: as many as asked for or as there are, from a random one on.
fn days_of(spec: &InjectionSpec, pattern: &WorkPattern, begins: u32, random: &mut SplitMix64) -> Vec<u32> {
    let days: Vec<u32> = pattern.days.range(begins..).map(|(day, _)| *day).collect();
    let period = scenarios::period(spec.typology);
    let span = (spec.days as usize).saturating_mul(period);
    let from = random.below(days.len().saturating_sub(span) + 1);
    let until = |day: &&u32| ((**day - days[from]) as usize).is_multiple_of(period);
    days[from..].iter().filter(until).take(spec.days as usize).copied().collect()
}
