//! The one engine: records in, revisions of alerts out. Live service, replay, demo and tests drive this and nothing else.
//!
//! It owns no thread, no clock and no I/O: time is what records and ticks say, and work on shards is handed to an
//! [`Executor`]. Order of work for a piece of input: [`Engine::take`] each record, then [`Engine::advance`]; at the end
//! [`Engine::finish`].

mod ahead;
pub mod clock;
pub mod context;
pub mod output;
pub mod shard;
mod snapshot;
pub mod tracked;
mod watch;

use crate::detect;
use crate::model::access::{Access, PartitionId};
use crate::model::time::{Span, Timestamp};
use crate::population::flow::Heard;
use crate::population::pulse::Pulses;
use crate::population::stage::{Stage, Tick};
use crate::population::{LEARNT_AFTER, Models, Population, Summary};
use crate::profile::window::day_number;
use crate::triage::budget::Budget;
use ahead::Ahead;
use clock::{Clock, Placed};
use context::{Context, PassThrough, SHARDS};
use output::{Output, Revision};
use shard::{Env, Profiles, Shard};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use watch::Watch;

pub use snapshot::{Image, RestoreError};

/// Runs a piece of work on every shard, in any order or at once, and returns the results in the order of the shards.
pub trait Executor {
    /// Does the work.
    fn on_all<R: Send>(&self, shards: &mut [Shard], work: &(dyn Fn(&mut Shard) -> R + Sync)) -> Vec<R>;
}

/// One shard after the other.
pub struct Sequential;

impl Executor for Sequential {
    fn on_all<R: Send>(&self, shards: &mut [Shard], work: &(dyn Fn(&mut Shard) -> R + Sync)) -> Vec<R> {
        shards.iter_mut().map(work).collect()
    }
}

/// The engine.
pub struct Engine {
    context: Arc<Context>,
    profiles: Arc<Profiles>,
    shards: Vec<Shard>,
    clocks: BTreeMap<PartitionId, Clock<Access>>,
    /// Partitions that hold nobody up: their input ended or rests.
    resting: BTreeSet<PartitionId>,
    /// UTC hours with records that are yet to settle: at the start of each, groups' pulses are read, and at that of a day peers learn.
    hours: BTreeSet<i64>,
    /// The last UTC day that has begun.
    begun: i64,
    /// The last UTC hour at whose start pulses were read.
    read: i64,
    settled: Timestamp,
    population: Population,
    stage: Stage,
    models: Arc<Models>,
    pulses: Arc<Pulses>,
    watch: Watch,
    budget: Budget,
    ahead: Ahead,
}

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

impl Engine {
    /// An engine that has seen nothing.
    pub fn new(context: Arc<Context>) -> Engine {
        let budget = Budget::new(context.alerts.budget_per_day);
        Engine {
            profiles: Arc::new(Profiles::with_hasher_and_shard_amount(PassThrough::default(), SHARDS)),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            clocks: BTreeMap::new(),
            resting: BTreeSet::new(),
            hours: BTreeSet::new(),
            begun: i64::MIN,
            read: i64::MIN,
            settled: Timestamp(i64::MIN / 4),
            population: Population::default(),
            stage: Stage::default(),
            models: Arc::new(Models::prior()),
            pulses: Arc::default(),
            watch: Watch::default(),
            budget,
            ahead: Ahead::default(),
            context,
        }
    }

    /// The set-up.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// All profiles, for whoever reads beside the engine.
    pub fn profiles(&self) -> &Arc<Profiles> {
        &self.profiles
    }

    /// The peer groups as learnt so far.
    pub fn models(&self) -> &Arc<Models> {
        &self.models
    }

    /// Up to where records have settled.
    pub fn settled(&self) -> Timestamp {
        self.settled
    }

    /// The watermark of a partition.
    pub fn watermark(&self, partition: PartitionId) -> Option<Timestamp> {
        self.clocks.get(&partition).and_then(Clock::watermark)
    }

    /// Announces a partition: nothing settles beyond its watermark until it rests.
    pub fn open(&mut self, partition: PartitionId) {
        self.resting.remove(&partition);
        let lateness = self.context.lateness;
        self.clocks.entry(partition).or_insert_with(|| Clock::new(lateness));
    }

    /// Takes a record of a partition, in the partition's order. `believed` is the latest event time that can be believed
    /// for other reasons than the watermark (live: the broker's clock and a bounded skew). What is returned was set aside
    /// before and is given up.
    pub fn take(&mut self, access: Access, believed: Option<Timestamp>) -> Option<Access> {
        let lateness = self.context.lateness;
        let clock = self.clocks.entry(access.partition).or_insert_with(|| Clock::new(lateness));
        let (shards, hours, settled, context) = (&mut self.shards, &mut self.hours, self.settled, &self.context);
        clock.take(access.time, believed, access, &mut |placed| route(placed, shards, hours, settled, context))
    }

    /// Shows at once what a record that has just arrived changes; it is taken as well, and settles in its time.
    pub fn show(&mut self, access: &Access) -> Output {
        let key = self.context.key(&access.actor);
        let known = access.id.as_ref().is_some_and(|id| self.shards[key.shard()].knows(id.print));
        let settled = shard::whole_minutes(self.settled);
        if known || access.time < settled {
            return Output::default();
        }
        let env = Env { context: &self.context, models: &self.models, profiles: &self.profiles, pulses: &self.pulses };
        let revisions = self.ahead.take(&key, access, settled, env);
        self.present(revisions)
    }

    /// Shows anew what waits in a restored state, so that what comes next joins the alerts that were shown before the stop.
    pub fn resume_provisional(&mut self) {
        let waiting: Vec<Access> = self.shards.iter().flat_map(Shard::waiting).cloned().collect();
        for access in waiting {
            // It was told before the stop; only the copies are wanted.
            let _ = self.show(&access);
        }
    }

    /// Employees and accounts known, with those whose first records have not settled.
    pub fn employees(&self) -> usize {
        let env = Env { context: &self.context, models: &self.models, profiles: &self.profiles, pulses: &self.pulses };
        self.profiles.len() + self.ahead.newcomers(env)
    }

    /// Whether a record with this id has settled before.
    pub fn knows(&self, access: &Access) -> bool {
        let shard = self.context.key(&access.actor).shard();
        access.id.as_ref().is_some_and(|id| self.shards[shard].knows(id.print))
    }

    /// Forgets what is shown and has not settled: whoever goes on from here shows it anew.
    pub fn forget_provisional(&mut self) {
        self.ahead = Ahead::default();
    }

    /// Retracts what was shown and did not settle.
    pub fn reconcile(&mut self) -> Output {
        let env = Env { context: &self.context, models: &self.models, profiles: &self.profiles, pulses: &self.pulses };
        let revisions = self.ahead.settle(shard::whole_minutes(self.settled), env);
        self.present(revisions)
    }

    fn present(&self, mut revisions: Vec<Revision>) -> Output {
        for Revision { alert, .. } in &mut revisions {
            alert.shown_at = self.budget.shown_at(&alert.id).map(str::to_owned);
        }
        Output { revisions, ..Output::default() }
    }

    /// A partition has nothing more to say for now: its watermark follows `to` (a recorded tick), and it holds nobody up.
    pub fn rest(&mut self, partition: PartitionId, to: Option<Timestamp>) {
        let (shards, hours, settled, context) = (&mut self.shards, &mut self.hours, self.settled, &self.context);
        if let (Some(clock), Some(to)) = (self.clocks.get_mut(&partition), to) {
            clock.advance(to, &mut |placed| route(placed, shards, hours, settled, context));
        }
        self.resting.insert(partition);
    }

    /// A partition's input ends. What is returned was set aside and is given up.
    pub fn close(&mut self, partition: PartitionId) -> Vec<Access> {
        let (shards, hours, settled, context) = (&mut self.shards, &mut self.hours, self.settled, &self.context);
        self.resting.insert(partition);
        let clock = self.clocks.get_mut(&partition);
        clock.map_or_else(Vec::new, |clock| clock.finish(&mut |placed| route(placed, shards, hours, settled, context)))
    }

    /// Settles what has become old enough in every partition that does not rest.
    pub fn advance(&mut self, executor: &impl Executor) -> Output {
        let awake = self.clocks.iter().filter(|(partition, _)| !self.resting.contains(*partition));
        let frontiers: Option<Vec<Timestamp>> = awake.map(|(_, clock)| clock.frontier()).collect();
        match frontiers.and_then(|all| all.into_iter().min()) {
            Some(frontier) => self.settle(frontier, executor),
            None => Output::default(),
        }
    }

    /// The input ends: everything that waits settles, and what changed is told.
    pub fn finish(&mut self, executor: &impl Executor) -> Output {
        let partitions: Vec<PartitionId> = self.clocks.keys().copied().collect();
        let mut given_up = Vec::new();
        for partition in partitions {
            given_up.extend(self.close(partition));
        }
        let last = self.clocks.values().filter_map(Clock::watermark).max();
        let mut out = match last {
            Some(last) => self.settle(last + Span::minutes(1), executor),
            None => Output::default(),
        };
        let env = Env { context: &self.context, models: &self.models, profiles: &self.profiles, pulses: &self.pulses };
        let outputs = executor.on_all(&mut self.shards, &|shard| shard.finish(env));
        out.join(self.collect(outputs));
        let revisions = self.watch.settle(Timestamp(i64::MIN / 4), &self.context, &self.models);
        out.join(self.collect(vec![Output { revisions, ..Output::default() }]));
        out.given_up.extend(given_up);
        out
    }

    fn settle(&mut self, frontier: Timestamp, executor: &impl Executor) -> Output {
        let mut out = Output::default();
        while let Some(hour) = self.hours.first().copied().filter(|hour| *hour * HOUR <= frontier.0) {
            self.hours.pop_first();
            out.join(self.settle_until(Timestamp(hour * HOUR), executor));
            let day = hour.div_euclid(DAY / HOUR);
            // A day that has begun gets further records; it begins once.
            if day > self.begun {
                self.begun = day;
                out.join(self.tick(Timestamp(day * DAY), executor));
            }
            // So is an hour: what a group has done since must not be told by how much settles at once.
            if hour > self.read {
                self.read = hour;
                let beats = executor.on_all(&mut self.shards, &Shard::beats);
                self.pulses = Arc::new(Pulses::of(beats));
                let heard = executor.on_all(&mut self.shards, &|shard| shard.flows(hour));
                let reports: Vec<Heard> = heard.into_iter().flatten().map(|heard| self.context.named(heard)).collect();
                let revisions = self.watch.hour(hour, reports, &self.context, &self.models);
                out.join(self.collect(vec![Output { revisions, ..Output::default() }]));
            }
        }
        out.join(self.settle_until(frontier, executor));
        out
    }

    fn settle_until(&mut self, until: Timestamp, executor: &impl Executor) -> Output {
        if until <= self.settled {
            return Output::default();
        }
        self.settled = until;
        let env = Env { context: &self.context, models: &self.models, profiles: &self.profiles, pulses: &self.pulses };
        let outputs = executor.on_all(&mut self.shards, &|shard| shard.settle(until, env));
        self.collect(outputs)
    }

    /// A UTC day begins: peers learn from the days that have closed everywhere.
    fn tick(&mut self, midnight: Timestamp, executor: &impl Executor) -> Output {
        let today = day_number(crate::model::time::Day(midnight.0.div_euclid(DAY) as i32));
        let env = Env { context: &self.context, models: &self.models, profiles: &self.profiles, pulses: &self.pulses };
        self.budget.turn(midnight);
        let ticked = executor.on_all(&mut self.shards, &|shard| shard.tick(midnight, today, env));
        let (outputs, summaries): (Vec<Output>, Vec<_>) = ticked.into_iter().unzip();
        let mut summaries: Vec<Summary> = summaries.into_iter().flatten().collect();
        summaries.sort_by(|a, b| a.actor.cmp(&b.actor));
        let mut out = self.collect(outputs);
        let revisions = self.watch.settle(midnight, &self.context, &self.models);
        out.join(self.collect(vec![Output { revisions, ..Output::default() }]));
        self.models = Arc::new(self.population.learn(today, &summaries));
        out.join(self.compare(midnight, today.saturating_sub(LEARNT_AFTER), &summaries, executor));
        out
    }

    /// The second stage: what employees have in common on the days that have closed everywhere.
    fn compare(&mut self, midnight: Timestamp, last: u32, members: &[Summary], executor: &impl Executor) -> Output {
        self.stage.take(last, members);
        let looks = self.stage.looks();
        let findings = detect::compare_all(&self.context.settings, &Tick { last, members, looks: &looks, stage: &self.stage });
        let mut of_shards: Vec<Vec<detect::GroupFinding>> = (0..SHARDS).map(|_| Vec::new()).collect();
        for finding in findings {
            of_shards[self.context.key(&finding.actor).shard()].push(finding);
        }
        if of_shards.iter().all(Vec::is_empty) {
            return Output::default();
        }
        let env = Env { context: &self.context, models: &self.models, profiles: &self.profiles, pulses: &self.pulses };
        for (shard, findings) in self.shards.iter_mut().zip(of_shards) {
            shard.told = findings;
        }
        let outputs = executor.on_all(&mut self.shards, &|shard| shard.hear(midnight, env));
        self.collect(outputs)
    }

    /// Joins the shards' outputs in the order of event time, and lets the budget decide what is shown.
    fn collect(&mut self, outputs: Vec<Output>) -> Output {
        let mut all = Output::default();
        outputs.into_iter().for_each(|output| all.join(output));
        all.revisions.sort_by(|a, b| (a.at, &a.alert.id, a.alert.revision).cmp(&(b.at, &b.alert.id, b.alert.revision)));
        for Revision { at, alert } in &mut all.revisions {
            self.budget.pass(alert, *at);
        }
        all
    }

    /// When an alert was shown within the budget.
    pub fn shown_at(&self, id: &str) -> Option<&str> {
        self.budget.shown_at(id)
    }
}

/// Brings a record to its shard. One of a partition that rested may lie before what has settled: it counts, late.
fn route(placed: Placed<Access>, shards: &mut [Shard], hours: &mut BTreeSet<i64>, settled: Timestamp, context: &Context) {
    let late = placed.late || placed.settles < settled;
    let placed = Placed { settles: placed.settles.max(settled), late, ..placed };
    hours.insert(placed.settles.0.div_euclid(HOUR));
    shards[context.key(&placed.item.actor).shard()].push(placed);
}
