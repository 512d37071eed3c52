//! The free quota: how many people somebody may take from this log without any alert, by way and by how long it goes on.
//!
//! On the ground of the power test ([`crate::evaluate::inject`]): for each way and each time, a rate is looked for by halving, up to which
//! at least half of a few insiders, at the end of the log, are told by no alert. Several ways and times share a pass over the log.
//! What is found is a property of this company, its reasons on file and its detectors; where a ladder's last rung is free, the
//! quota is at least so large.

mod ways;

use crate::engine::context::Context;
use crate::evaluate::inject::work_patterns::{WorkPattern, WorkPatterns};
use crate::evaluate::inject::{Insider, result, scenarios};
use crate::evaluate::latest_alerts::LatestAlerts;
use crate::random::SplitMix64;
use serde::Serialize;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
pub use ways::Way;

/// People a week that are tried.
pub const LADDER: [u32; 16] = [1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 65, 100, 150, 250, 500, 1_000];

/// Days of work that are left to learn from before the first act.
const HISTORY: usize = 25;

/// At most one in so many employees is made an insider in one pass: peers are to stay peers.
const SHARE: usize = 5;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct QuotaSpec {
    /// Days of work.
    pub days: Vec<u32>,
    /// Insiders for each way, time and rate.
    pub insiders: usize,
    /// Seed of the random choice of employees and people.
    pub seed: u64,
}

/// What was found of one way and time.
#[derive(Clone, Debug, Serialize)]
pub struct Quota {
    /// The way.
    pub way: &'static str,
    /// Days of work.
    pub days: u32,
    /// People, in all, that at least half of those who tried got without an alert; `None` where it cannot be tried on this log.
    pub people: Option<u64>,
    /// Whether more might be free than was tried.
    pub at_least: bool,
}

/// A way and a time whose rate is looked for.
struct Search {
    way: Way,
    days: u32,
    /// Rungs below this are free, and from that on they are not.
    free: usize,
    caught: usize,
    possible: bool,
}

/// Looks for the quota of every way and time. `pass` replays the log with insiders planted.
pub fn measure<E>(
    spec: &QuotaSpec,
    patterns: &WorkPatterns,
    plain: &LatestAlerts,
    context: &Context,
    mut pass: impl FnMut(&[Insider]) -> Result<LatestAlerts, E>,
) -> Result<Vec<Quota>, E> {
    let suspected: BTreeSet<&str> = plain.in_order().iter().filter_map(|entry| entry.alert.employee.as_deref()).collect();
    let employees: Vec<(&Arc<str>, &WorkPattern)> = patterns
        .by_employee
        .iter()
        .filter(|(name, pattern)| !suspected.contains(&***name) && pattern.reads.keys().any(|(targeted, ..)| *targeted))
        .collect();
    let mut searches: Vec<Search> = Way::ALL
        .iter()
        .flat_map(|way| spec.days.iter().map(|days| Search { way: *way, days: *days, free: 0, caught: LADDER.len(), possible: true }))
        .collect();
    let places = (employees.len() / SHARE).max(1);
    let mut round = 0;
    loop {
        let mut open: VecDeque<usize> =
            (0..searches.len()).filter(|at| searches[*at].free < searches[*at].caught && searches[*at].possible).collect();
        if open.is_empty() {
            break;
        }
        while !open.is_empty() {
            round += 1;
            let mut free = employees.clone();
            free.sort_by_cached_key(|(name, _)| SplitMix64::keyed(spec.seed.wrapping_add(round), name).number());
            let mut free: VecDeque<_> = free.into_iter().take(places.max(spec.insiders)).collect();
            let (mut insiders, mut of): (Vec<Insider>, Vec<usize>) = (Vec::new(), Vec::new());
            while let Some(at) = open.pop_front() {
                if free.len() < spec.insiders && !insiders.is_empty() {
                    open.push_front(at);
                    break;
                }
                let found = plant(spec, &searches[at], &mut free, patterns, context);
                if found.is_empty() && !insiders.is_empty() {
                    // Those who are left cannot; in the next pass all are there to choose from.
                    open.push_front(at);
                    break;
                }
                searches[at].possible = !found.is_empty();
                of.extend(std::iter::repeat_n(at, found.len()));
                insiders.extend(found);
            }
            if insiders.is_empty() {
                break;
            }
            let with = pass(&insiders)?;
            let outcomes = result::measure(&insiders, plain, &with, 1.0).insiders;
            let mut tried: Vec<usize> = of.clone();
            tried.dedup();
            for at in tried {
                let mine = outcomes.iter().zip(&of).filter(|(_, of)| **of == at);
                let (all, caught) =
                    mine.fold((0, 0), |(all, caught), (outcome, _)| (all + 1, caught + usize::from(outcome.caught.is_some())));
                let search = &mut searches[at];
                let rung = (search.free + search.caught) / 2;
                if 2 * caught > all { search.caught = rung } else { search.free = rung + 1 }
            }
        }
    }
    Ok(searches.iter().map(Search::found).collect())
}

/// Insiders of a search, among the employees at the front who can be such.
fn plant(
    spec: &QuotaSpec,
    search: &Search,
    free: &mut VecDeque<(&Arc<str>, &WorkPattern)>,
    patterns: &WorkPatterns,
    context: &Context,
) -> Vec<Insider> {
    let per_week = LADDER[(search.free + search.caught) / 2];
    let mut planted = Vec::new();
    let mut passed = VecDeque::new();
    while let Some((name, pattern)) = free.pop_front() {
        if planted.len() == spec.insiders {
            passed.push_front((name, pattern));
            break;
        }
        let days: Vec<u32> = pattern.days.keys().copied().collect();
        let Some(begin) = days.len().checked_sub(search.days as usize).filter(|begin| *begin >= HISTORY) else {
            passed.push_back((name, pattern));
            continue;
        };
        let plan = search.way.plan(per_week, &days[begin..], pattern, spec.seed);
        match scenarios::acts_by_day(name, pattern, &plan, patterns, context) {
            Ok(acts) if !acts.is_empty() => planted.push(Insider { employee: name.clone(), acts, gaps: Vec::new(), others: Vec::new() }),
            Ok(_) | Err(_) => passed.push_back((name, pattern)),
        }
    }
    // Whoever cannot go this way may go another.
    passed.append(free);
    *free = passed;
    planted
}

impl Search {
    fn found(&self) -> Quota {
        let people = match self.free {
            0 => 0,
            rungs => u64::from(LADDER[rungs - 1]) * u64::from(self.days) / 5,
        };
        let at_least = self.free == LADDER.len();
        Quota { way: self.way.name(), days: self.days, people: self.possible.then_some(people), at_least }
    }
}
