//! Makes insiders of employees who can be such: one alone, or several of one unit or employer together, on days on which they work, or
//! after they have left.

use crate::classify::employee::{Absence, Employee};
use crate::classify::notice::notice;
use crate::engine::context::Context;
use crate::evaluate::inject::spec::InjectionSpec;
use crate::evaluate::inject::work_patterns::{WorkPattern, WorkPatterns};
use crate::evaluate::inject::{Insider, scenarios, strength};
use crate::model::problem::Problem;
use crate::model::typology::Typology;
use crate::profile::window::{day_number, day_of};
use crate::random::SplitMix64;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The first part of the log is left as history to learn from; nothing is injected there.
const HISTORY_SHARE: f64 = 0.5;
/// Fewest days of work before the first act.
pub const HISTORY_DAYS: usize = 10;
/// So many employees are tried for one scheme.
const TRIED: usize = 400;

/// Whoever may become an insider.
pub type Candidate<'a> = (&'a Arc<str>, &'a WorkPattern);

/// Finds insiders among employees.
pub struct Schemer<'a> {
    patterns: &'a WorkPatterns,
    context: &'a Context,
    /// The first day on which anything is planted, and the last of the log.
    begins: u32,
    ends: u32,
}

impl<'a> Schemer<'a> {
    /// One for this log.
    pub fn new(patterns: &'a WorkPatterns, context: &'a Context) -> Schemer<'a> {
        let days = || patterns.by_employee.values().flat_map(|pattern| pattern.days.keys());
        let (first, ends) = (days().min().copied().unwrap_or(0), days().max().copied().unwrap_or(0));
        Schemer { patterns, context, begins: first + (f64::from(ends - first) * HISTORY_SHARE) as u32, ends }
    }

    /// Whether somebody has days enough before anything is planted, and can act afterwards.
    pub fn has_history(&self, pattern: &WorkPattern) -> bool {
        pattern.days.range(..self.begins).count() >= HISTORY_DAYS && !pattern.reads.is_empty()
    }

    /// Insiders of one scheme, from the front of those who are free: those who are taken are free no more. `None` where nobody can,
    /// with the first reason, if there is one.
    pub fn plant(&self, spec: &InjectionSpec, free: &mut Vec<Candidate<'a>>) -> Result<Vec<Insider>, Option<Problem>> {
        if strength::team(spec.typology, spec.strength) > 1 { self.together(spec, free) } else { self.alone(spec, free) }
    }

    fn alone(&self, spec: &InjectionSpec, free: &mut Vec<Candidate<'a>>) -> Result<Vec<Insider>, Option<Problem>> {
        let mut problem = None;
        for at in 0..free.len().min(TRIED) {
            let (name, pattern) = free[at];
            let days = self.days(spec, name, pattern);
            match scenarios::acts(spec, name, pattern, &days, self.patterns, self.context) {
                Ok(acts) if !acts.accesses.is_empty() => {
                    free.remove(at);
                    return Ok(vec![Insider { employee: name.clone(), acts: acts.accesses, gaps: acts.gaps, others: Vec::new() }]);
                }
                Ok(_) => {}
                Err(found) => problem = problem.or(Some(found)),
            }
        }
        Err(problem)
    }

    fn together(&self, spec: &InjectionSpec, free: &mut Vec<Candidate<'a>>) -> Result<Vec<Insider>, Option<Problem>> {
        let wanted = strength::team(spec.typology, spec.strength);
        let mut teams: BTreeMap<Option<Arc<str>>, Vec<Candidate<'a>>> = BTreeMap::new();
        let mut found = None;
        for (name, pattern) in free.iter().filter(|(_, pattern)| pattern.days.range(self.begins..).next().is_some()) {
            let employee = self.context.classifier.directory.employee(name);
            let common = match spec.typology {
                Typology::VendorCohort => employee.and_then(|employee| employee.employer.clone()).map(Some),
                Typology::SplittingCollusion => employee.and_then(|employee| employee.unit.clone()).map(Some),
                _ => Some(None),
            };
            let Some(common) = common else { continue };
            let team = teams.entry(common).or_default();
            team.push((name, pattern));
            if team.len() == wanted {
                found = Some(std::mem::take(team));
                break;
            }
        }
        // Where no group is large enough, two of the largest are enough to act together.
        let largest = || teams.into_values().filter(|team| team.len() >= 2).max_by_key(Vec::len);
        let Some(team) = found.or_else(largest) else {
            let rule = "needs several employees of one unit or outside employer, with days of work and no alert";
            return Err(Some(Problem::new("--inject typology", rule, spec.typology)));
        };
        let (lead, pattern) = team[0];
        let days = self.days(spec, lead, pattern);
        let all = scenarios::team(spec, &team, &days, self.context).map_err(Some)?;
        let others = |but: &Arc<str>| team.iter().map(|(name, _)| (*name).clone()).filter(|name| name != but).collect();
        let insiders: Vec<Insider> = team
            .iter()
            .zip(all)
            .filter(|(_, acts)| !acts.accesses.is_empty())
            .map(|((name, _), acts)| Insider { employee: (*name).clone(), acts: acts.accesses, gaps: acts.gaps, others: others(name) })
            .collect();
        free.retain(|(name, _)| !team.iter().any(|(member, _)| member == name));
        if insiders.is_empty() { Err(None) } else { Ok(insiders) }
    }

    /// Days on which to act: as many as asked for or as there are, from a random one on.
    fn days(&self, spec: &InjectionSpec, name: &str, pattern: &WorkPattern) -> Vec<u32> {
        let mut random = SplitMix64::keyed(spec.seed, &format!("{name}/days"));
        let days: Vec<u32> = match spec.typology {
            Typology::GhostLeaver => self.days_away(name, pattern),
            Typology::DepartureHoarding => self.days_of_notice(name, pattern),
            _ => pattern.days.range(self.begins..).map(|(day, _)| *day).collect(),
        };
        let period = scenarios::period(spec.typology);
        let span = (spec.days as usize).saturating_mul(period);
        let from = random.below(days.len().saturating_sub(span) + 1);
        let until = |day: &&u32| ((**day - days[from]) as usize).is_multiple_of(period);
        days[from..].iter().filter(until).take(spec.days as usize).copied().collect()
    }

    /// Days of work before a last day that is known.
    fn days_of_notice(&self, name: &str, pattern: &WorkPattern) -> Vec<u32> {
        let directory = &self.context.classifier.directory;
        let leaves = |day: &u32| notice(directory, directory.employee_on(name, day_of(*day)), day_of(*day), None).is_some();
        pattern.days.range(self.begins..).map(|(day, _)| *day).filter(leaves).collect()
    }

    /// Days after the last day of employment, else days of leave and sickness, on which nothing is in the log.
    fn days_away(&self, name: &str, pattern: &WorkPattern) -> Vec<u32> {
        let Some(employee) = self.context.classifier.directory.employee(name) else { return Vec::new() };
        let away: Vec<(u32, u32)> = match employee.left {
            Some(left) => vec![(day_number(left) + 1, self.ends)],
            None => absences(employee),
        };
        let within = |(from, to): &(u32, u32)| (*from).max(self.begins)..=(*to).min(self.ends);
        away.iter().flat_map(within).filter(|day| !pattern.days.contains_key(day)).collect()
    }
}

fn absences(employee: &Employee) -> Vec<(u32, u32)> {
    let away = employee.absences.iter().filter(|(.., kind)| *kind != Absence::Training);
    away.map(|(from, to, _)| (day_number(*from), day_number(*to))).collect()
}
