//! Evaluation coverage: what impairs the evaluation of a record or of an employee's day, and the sums over the days that are settled.

use crate::engine::context::Context;
use crate::engine::evicted_actors::EvictedActors;
use crate::engine::tracked::Tracked;
use crate::model::access::{Access, PartitionId};
use crate::model::coverage::{Counts, Reason, Reasons};
use crate::model::persons::Persons;
use crate::model::signs::Signs;
use crate::model::time::HOUR_MS;
use crate::population::group_activity;
use crate::population::sources::outages::SourceOutages;
use crate::profile::evaluated::{self, Evaluation, KEPT_DAYS};
use crate::profile::measure::Measure;
use crate::profile::window::day_of;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tables that the catalog does not know, of one shard; past that new ones are not counted.
const MOST_TABLES: usize = 256;

/// Sums of one shard or of all.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct EvaluationCoverage {
    /// Employee-days by the number of their day.
    pub days: BTreeMap<u32, Counts>,
    /// The last of them that has closed everywhere: it is recounted for late records only.
    pub settled: u32,
    /// Tables that the catalog does not know, with accesses to them.
    pub tables: BTreeMap<Arc<str>, u64>,
    /// Tags of the sources of partitions; derived.
    #[serde(skip)]
    tags: BTreeMap<PartitionId, u16>,
    /// Whose profiles were evicted. Saved behind the rest of a state, and only where there are any, so that a state without them is that
    /// of versions that did not save them.
    #[serde(skip)]
    pub(super) evicted: EvictedActors,
}

/// What impairs the evaluation of days: outages of sources, by the tags of the sources.
pub struct Impairments<'a> {
    context: &'a Context,
    outages: &'a SourceOutages,
    tags: Vec<(u16, &'a Arc<str>)>,
}

impl<'a> Impairments<'a> {
    /// From the outages of the sources.
    pub fn new(context: &'a Context, outages: &'a SourceOutages) -> Impairments<'a> {
        let tags = outages.sources().map(|source| (tag_of(context, source), source)).collect();
        Impairments { context, outages, tags }
    }

    /// What impairs a source on the local day of an employee.
    fn of(&self, tag: u16, day: u32, tracked: &Tracked) -> Reasons {
        let mut what = 0;
        for (_, source) in self.tags.iter().filter(|(of, _)| *of == tag) {
            let directory = &self.context.classifier.directory;
            let zone = directory.zone_of(directory.employee_on(tracked.profile.actor.name(), day_of(day)));
            let (from, to) = zone.bounds(day_of(day));
            what |= self.outages.within(source, from.0.div_euclid(HOUR_MS), (to.0 - 1).div_euclid(HOUR_MS) + 1);
        }
        let reasons = Reasons::default().with(Reason::DeadLetters, what & SourceOutages::DEAD_LETTERS != 0);
        reasons.with(Reason::LogGap, what & SourceOutages::GAP != 0).with(Reason::Restore, what & SourceOutages::LOST != 0)
    }

    /// How far a day of an employee was, or so far is, evaluated, where days up to `settled` are settled.
    pub fn evaluation(&self, tracked: &Tracked, day: u32, settled: u32) -> Option<Evaluation> {
        let days = &tracked.profile.evaluated;
        if day <= settled { days.settled_day(day) } else { days.day(day, &|tag| self.of(tag, day, tracked)) }
    }
}

fn tag_of(context: &Context, source: &str) -> u16 {
    evaluated::tag(context.classifier.keys.print("source", source))
}

impl EvaluationCoverage {
    /// Notes a record that was applied to an employee, on its local day.
    pub fn note(&mut self, tracked: &mut Tracked, access: &Access, day: u32, late: bool, context: &Context) {
        let tag = *self.tags.entry(access.partition).or_insert_with(|| tag_of(context, &context.source_of(access.partition)));
        for (_, table) in access.objects.iter().enumerate().filter(|(at, _)| access.unknown_tables >> (*at).min(15) & 1 == 1) {
            if let Some(count) = self.tables.get_mut(table) {
                *count += 1;
            } else if self.tables.len() < MOST_TABLES {
                self.tables.insert(table.clone(), 1);
            }
        }
        let is_cold = tracked.own()[Measure::Persons as usize].days < group_activity::FEWEST_DAYS;
        let reasons = Reasons::default()
            .with(Reason::DeadLetters, access.signs.has(Signs::NAMED_LETTER))
            .with(Reason::Late, late && !tracked.profile.is_open(day))
            .with(Reason::UnknownPersons, matches!(access.persons, Persons::Unknown | Persons::AtLeast(_)))
            .with(Reason::UnknownTables, access.unknown_tables != 0)
            .with(Reason::ColdStart, is_cold)
            .with(Reason::Evicted, is_cold && self.evicted.contains(&tracked.profile.actor, context));
        let days = &mut tracked.profile.evaluated;
        // Only a late record concerns a day that is settled.
        let before = (day <= self.settled).then(|| days.settled_day(day));
        days.note(day, tag, reasons);
        if let Some(before) = before {
            let after = days.settled_day(day);
            let sums = self.days.entry(day).or_default();
            before.into_iter().for_each(|before| sums.remove(before));
            after.into_iter().for_each(|after| sums.add(after));
        }
    }

    /// Days up to `last` have closed everywhere.
    pub fn settle(&mut self, tracked: &mut Tracked, last: u32, impairments: &Impairments<'_>) {
        let first = (self.settled + 1).max(last.saturating_sub(KEPT_DAYS));
        for day in first..=last {
            let found = if impairments.tags.is_empty() {
                tracked.profile.evaluated.settle(day, &|_| Reasons::default())
            } else {
                let mut days = std::mem::take(&mut tracked.profile.evaluated);
                let found = days.settle(day, &|tag| impairments.of(tag, day, tracked));
                tracked.profile.evaluated = days;
                found
            };
            if let Some(found) = found {
                tracked.dirty |= !found.1.is_empty();
                self.days.entry(day).or_default().add(found);
            }
        }
    }

    /// All employees' days up to `last` are settled.
    pub fn settled_through(&mut self, last: u32) {
        self.settled = self.settled.max(last);
    }

    /// Forgets days that nobody asks for any more.
    pub fn forget_before(&mut self, day: u32) {
        self.days = self.days.split_off(&day.saturating_sub(KEPT_DAYS));
        self.evicted.forget_before(day.saturating_sub(KEPT_DAYS));
    }

    /// Joins what another shard keeps.
    pub fn join(&mut self, other: &EvaluationCoverage) {
        self.settled = self.settled.max(other.settled);
        other.days.iter().for_each(|(day, counts)| self.days.entry(*day).or_default().join(counts));
        other.tables.iter().for_each(|(table, count)| *self.tables.entry(table.clone()).or_default() += count);
    }
}
