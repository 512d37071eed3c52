//! Coverage as the service shows it: read beside the engine from profiles that it keeps, and from sums that it publishes every hour.

use crate::console::coverage::{Coverage, EmployeeDay, Summary};
use crate::engine::Engine;
use crate::engine::context::Context;
use crate::engine::covered::{Amiss, Covered};
use crate::engine::shard::Profiles;
use crate::engine::tracked::Tracked;
use crate::model::access::Actor;
use crate::model::coverage::Counts;
use crate::model::time::Day;
use crate::population::sources::blind::Blind;
use crate::profile::window::{day_number, day_of};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

/// Tables of one summary.
const MOST_TABLES: usize = 100;

/// What was published last; nothing before the state is restored.
#[derive(Default)]
pub struct Published(RwLock<Option<Known>>);

#[derive(Clone)]
struct Known {
    context: Arc<Context>,
    profiles: Arc<Profiles>,
    blind: Arc<Blind>,
    covered: Arc<Covered>,
    hour: i64,
}

impl Published {
    /// Publishes what an engine knows, where an hour has passed since. Returns the sums of the newest settled day, if they are news.
    pub fn publish(&self, engine: &Engine) -> Option<Counts> {
        if self.known().is_some_and(|known| known.hour == engine.hour()) {
            return None;
        }
        let covered = engine.covered();
        let newest = covered.days.last_key_value().map(|(_, counts)| *counts).unwrap_or_default();
        let known = Known {
            context: engine.context().clone(),
            profiles: engine.profiles().clone(),
            blind: engine.blind().clone(),
            covered: Arc::new(covered),
            hour: engine.hour(),
        };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Some(newest)
    }

    fn known(&self) -> Option<Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Every employee-day that is kept, by name and day.
pub fn all(engine: &Engine) -> Vec<EmployeeDay> {
    let covered = engine.covered();
    let amiss = Amiss::new(engine.context(), engine.blind());
    let mut found = Vec::new();
    for tracked in engine.profiles().iter() {
        let days = covered.days.keys().map(|day| day_of(*day));
        found.extend(days.filter_map(|day| of(&tracked, day, covered.settled, &amiss)));
    }
    found.sort_by(|a, b| (&a.employee, &a.account, &a.day).cmp(&(&b.employee, &b.account, &b.day)));
    found
}

/// Sums of some days, with the tables that the catalog does not know.
pub fn summary(covered: &Covered, from: Day, to: Day) -> Summary {
    let days = covered.days.range(day_number(from)..=day_number(to)).map(|(day, counts)| (day_of(*day), *counts)).collect();
    let mut tables: Vec<(String, u64)> = covered.tables.iter().map(|(table, count)| (table.to_string(), *count)).collect();
    tables.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    tables.truncate(MOST_TABLES);
    Summary { days, tables }
}

fn of(tracked: &Tracked, day: Day, settled: u32, amiss: &Amiss<'_>) -> Option<EmployeeDay> {
    let (state, reasons) = amiss.evaluation(tracked, day_number(day), settled)?;
    let (employee, account) = match &tracked.profile.actor {
        Actor::Employee(name) => (Some(name.to_string()), None),
        Actor::Account(name) => (None, Some(name.to_string())),
    };
    let settled = day_number(day) <= settled;
    Some(EmployeeDay { day: day.to_string(), employee, account, state, reasons: EmployeeDay::names(reasons), settled })
}

impl Coverage for Published {
    fn day(&self, day: Day, only: Option<&str>, after: Option<&str>, limit: usize) -> Option<Vec<EmployeeDay>> {
        let known = self.known()?;
        let amiss = Amiss::new(&known.context, &known.blind);
        // An employee and an account may share a name, and both come in one page.
        let mut first: BTreeSet<(Arc<str>, Actor)> = BTreeSet::new();
        for tracked in known.profiles.iter() {
            let actor = &tracked.profile.actor;
            let name = actor.name();
            let is_asked = only.is_none_or(|only| **name == *only) && after.is_none_or(|after| **name > *after);
            let is_before = first.len() < limit || first.last().is_some_and(|(last, _)| name < last);
            if is_asked && is_before && amiss.evaluation(&tracked, day_number(day), known.covered.settled).is_some() {
                first.insert((name.clone(), actor.clone()));
                if first.len() > limit {
                    first.pop_last();
                }
            }
        }
        let read = |(_, actor): (Arc<str>, Actor)| {
            let tracked = known.profiles.get(&known.context.key(&actor))?;
            of(&tracked, day, known.covered.settled, &amiss)
        };
        Some(first.into_iter().filter_map(read).collect())
    }

    fn summary(&self, from: Day, to: Day) -> Option<Summary> {
        self.known().map(|known| summary(&known.covered, from, to))
    }
}
