//! Coverage as the service shows it: read beside the engine from profiles that it keeps, and from sums that it publishes every hour.

use crate::engine::Engine;
use crate::engine::context::Context;
use crate::engine::env::Profiles;
use crate::engine::evaluation::{EvaluationCoverage, Impairments};
use crate::engine::keyed_stage::KeyedStage;
use crate::engine::tracked::Tracked;
use crate::http::coverage::{CoverageSummary, CoverageView, EmployeeDay, Tasks};
use crate::model::access::Actor;
use crate::model::coverage::{Counts, SettledDays};
use crate::model::time::Day;
use crate::population::sources::outages::SourceOutages;
use crate::profile::window::{day_number, day_of};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

/// Tables of one summary.
const MOST_TABLES: usize = 100;

/// Tables that a sink is given.
const GIVEN_TABLES: usize = 20;

/// What was published last; nothing before the state is restored.
#[derive(Default)]
pub struct Published(RwLock<Option<CoverageSnapshot>>);

/// What is news since the last hour.
#[derive(Default)]
pub struct CoverageNews {
    /// The sums of the newest settled day.
    pub newest: Counts,
    /// All settled days that are kept, of each part of the employees of which another day has settled.
    pub settled: Vec<SettledDays>,
}

#[derive(Clone)]
struct CoverageSnapshot {
    parts: Vec<StageCoverage>,
    /// The sums of all parts.
    covered: Arc<EvaluationCoverage>,
    /// Which tasks these are, and of how many, where there are several.
    tasks: Option<Tasks>,
}

/// What is known of the employees of one keyed stage.
#[derive(Clone)]
struct StageCoverage {
    /// Its task, and the hour that it had come to.
    of: (i32, i64),
    context: Arc<Context>,
    profiles: Arc<Profiles>,
    outages: Arc<SourceOutages>,
    settled: u32,
}

impl Published {
    /// Publishes what an engine knows, where an hour has passed since. Returns what is news.
    pub fn publish(&self, engine: &Engine) -> Option<CoverageNews> {
        self.publish_parts([(0, engine.keyed_stage())].into_iter(), None)
    }

    /// Publishes what the keyed stages of some tasks know, of so many.
    pub fn publish_tasks<'a>(&self, tasks: impl Iterator<Item = (i32, &'a KeyedStage)> + Clone, all: i32) -> Option<CoverageNews> {
        self.publish_parts(tasks, Some(all))
    }

    fn publish_parts<'a>(&self, firsts: impl Iterator<Item = (i32, &'a KeyedStage)> + Clone, all: Option<i32>) -> Option<CoverageNews> {
        let now = || firsts.clone().map(|(task, first)| (task, first.progress().hour));
        if self.known().is_some_and(|known| known.parts.iter().map(|part| part.of).eq(now())) {
            return None;
        }
        let before: Vec<(i32, u32)> =
            self.known().into_iter().flat_map(|known| known.parts).map(|part| (part.of.0, part.settled)).collect();
        let mut covered = EvaluationCoverage::default();
        let (mut parts, mut settled) = (Vec::new(), Vec::new());
        for (task, first) in firsts.clone() {
            let own = first.coverage();
            // Late records change days that have settled: with each that settles all are told again.
            if own.settled > 0 && !before.contains(&(task, own.settled)) {
                settled.push(settled_days(task, &own));
            }
            parts.push(StageCoverage {
                of: (task, first.progress().hour),
                context: first.context().clone(),
                profiles: first.profiles().clone(),
                outages: first.outages().clone(),
                settled: own.settled,
            });
            covered.join(&own);
        }
        let newest = covered.days.last_key_value().map(|(_, counts)| *counts).unwrap_or_default();
        let tasks = all.map(|all| Tasks { here: parts.iter().map(|part| part.of.0).collect(), all });
        let known = CoverageSnapshot { parts, covered: Arc::new(covered), tasks };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Some(CoverageNews { newest, settled })
    }

    fn known(&self) -> Option<CoverageSnapshot> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn settled_days(task: i32, own: &EvaluationCoverage) -> SettledDays {
    let days = own.days.range(..=own.settled).map(|(day, counts)| (day_of(*day).to_string(), *counts)).collect();
    SettledDays { part: task.to_string(), days, tables: most_accessed(own, GIVEN_TABLES) }
}

fn most_accessed(covered: &EvaluationCoverage, most: usize) -> Vec<(String, u64)> {
    let mut tables: Vec<(String, u64)> = covered.tables.iter().map(|(table, count)| (table.to_string(), *count)).collect();
    tables.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    tables.truncate(most);
    tables
}

/// Every employee-day that is kept, by name and day.
pub fn all(engine: &Engine) -> Vec<EmployeeDay> {
    let covered = engine.coverage();
    let amiss = Impairments::new(engine.context(), engine.outages());
    let mut found = Vec::new();
    for tracked in engine.profiles().iter() {
        let days = covered.days.keys().map(|day| day_of(*day));
        found.extend(days.filter_map(|day| of(&tracked, day, covered.settled, &amiss)));
    }
    found.sort_by(|a, b| (&a.employee, &a.account, &a.day).cmp(&(&b.employee, &b.account, &b.day)));
    found
}

/// Sums of some days, with the tables that the catalog does not know.
pub fn summary(covered: &EvaluationCoverage, from: Day, to: Day) -> CoverageSummary {
    let days = covered.days.range(day_number(from)..=day_number(to)).map(|(day, counts)| (day_of(*day), *counts)).collect();
    CoverageSummary { days, tables: most_accessed(covered, MOST_TABLES) }
}

fn of(tracked: &Tracked, day: Day, settled: u32, amiss: &Impairments<'_>) -> Option<EmployeeDay> {
    let (state, reasons) = amiss.evaluation(tracked, day_number(day), settled)?;
    let (employee, account) = match &tracked.profile.actor {
        Actor::Employee(name) => (Some(name.to_string()), None),
        Actor::Account(name) => (None, Some(name.to_string())),
    };
    let settled = day_number(day) <= settled;
    Some(EmployeeDay { day: day.to_string(), employee, account, state, reasons: EmployeeDay::names(reasons), settled })
}

impl CoverageView for Published {
    fn day(&self, day: Day, only: Option<&str>, after: Option<&str>, limit: usize) -> Option<Vec<EmployeeDay>> {
        let known = self.known()?;
        // An employee and an account may share a name, and both come in one page.
        let mut first: BTreeSet<(Arc<str>, Actor, usize)> = BTreeSet::new();
        let amiss: Vec<Impairments<'_>> = known.parts.iter().map(|part| Impairments::new(&part.context, &part.outages)).collect();
        for (at, part) in known.parts.iter().enumerate() {
            for tracked in part.profiles.iter() {
                let actor = &tracked.profile.actor;
                let name = actor.name();
                let is_asked = only.is_none_or(|only| **name == *only) && after.is_none_or(|after| **name > *after);
                let is_before = first.len() < limit || first.last().is_some_and(|(last, ..)| name < last);
                if is_asked && is_before && amiss[at].evaluation(&tracked, day_number(day), part.settled).is_some() {
                    first.insert((name.clone(), actor.clone(), at));
                    if first.len() > limit {
                        first.pop_last();
                    }
                }
            }
        }
        let read = |(_, actor, at): (Arc<str>, Actor, usize)| {
            let part = &known.parts[at];
            let tracked = part.profiles.get(&part.context.key(&actor))?;
            of(&tracked, day, part.settled, &amiss[at])
        };
        Some(first.into_iter().filter_map(read).collect())
    }

    fn summary(&self, from: Day, to: Day) -> Option<CoverageSummary> {
        self.known().map(|known| summary(&known.covered, from, to))
    }

    fn tasks(&self) -> Option<Tasks> {
        self.known().and_then(|known| known.tasks)
    }
}
