//! The first stage: everything about single employees. Keyed by employee, it needs nobody else; at every UTC hour it stops, says
//! what its employees did in sum, and goes on once it has heard what all of them did.
//!
//! Hours without a record are passed over where nobody else could have had one; days are not: each begins with a tick.

use crate::engine::Executor;
use crate::engine::context::{Context, PassThrough, SHARDS};
use crate::engine::evaluation::EvaluationCoverage;
use crate::engine::global_stage::{DayReply, StageReply, StageReport};
use crate::engine::output::{Output, Revision};
use crate::engine::partition_events::{PartitionEvent, PartitionEvents};
use crate::engine::provisional::Provisional;
use crate::engine::shard::{self, Env, Profiles, Shard};
use crate::engine::watermark::Scheduled;
use crate::model::access::{Access, Actor, PartitionId};
use crate::model::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::population::group_activity::GroupActivity;
use crate::population::sources::outages::SourceOutages;
use crate::population::volume;
use crate::population::{Models, Summary};
use crate::profile::window::day_number;
use std::sync::Arc;

/// What a step yields, in this order.
#[derive(Default, Debug)]
pub struct StepOutput {
    /// What has settled.
    pub settled: Output,
    /// What a day that begins ends.
    pub ticked: Output,
    /// An hour has come: this is to be told to the second stage, and the first waits for its reply.
    pub report: Option<StageReport>,
}

/// Which hours are stopped at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hours {
    /// Those with records, and every midnight: all employees are here.
    Busy,
    /// Every one: others may have records in it.
    All,
}

/// Hours of the longest silence whose every day is ticked.
const LONGEST_SILENCE: i64 = 40 * 24;

/// The first stage.
pub struct KeyedStage {
    pub(super) context: Arc<Context>,
    pub(super) profiles: Arc<Profiles>,
    /// The state of all employees, shard by shard.
    pub(super) shards: Vec<Shard>,
    /// What partitions tell beside records.
    pub(super) notes: PartitionEvents,
    hours: Hours,
    /// How far things have come.
    pub(super) reached: StageProgress,
    waiting: bool,
    pub(super) models: Arc<Models>,
    pub(super) group_activity: Arc<GroupActivity>,
    pub(super) outages: Arc<SourceOutages>,
    pub(super) ahead: Provisional,
    /// Whose profiles were given up since entries were last given.
    pub(super) gone: Vec<Actor>,
    /// Employees have moved between shards since entries were last given.
    pub(super) dealt: bool,
}

/// How far the first stage has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct StageProgress {
    /// Up to where records have settled.
    pub settled: Timestamp,
    /// The last UTC hour at whose start the second stage was heard.
    pub hour: i64,
    /// The last UTC day that has begun.
    pub day: i64,
    /// The hour at whose start that day's reply was heard.
    pub day_at: i64,
}

impl StageProgress {
    /// Whether anything was reached yet.
    pub fn has_begun(self) -> bool {
        self.hour > NOTHING.hour
    }
}

/// Before anything.
pub const NOTHING: StageProgress = StageProgress {
    settled: Timestamp(i64::MIN / 4),
    hour: i64::MIN / (4 * HOUR_MS),
    day: i64::MIN / (4 * DAY_MS),
    day_at: i64::MIN / (4 * HOUR_MS),
};

impl KeyedStage {
    /// A first stage that has seen nothing.
    pub fn new(context: Arc<Context>, hours: Hours) -> KeyedStage {
        KeyedStage {
            profiles: Arc::new(Profiles::with_hasher_and_shard_amount(PassThrough::default(), SHARDS)),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            notes: PartitionEvents::default(),
            hours,
            reached: NOTHING,
            waiting: false,
            models: Arc::new(Models::prior()),
            group_activity: Arc::default(),
            outages: Arc::default(),
            ahead: Provisional::default(),
            gone: Vec::new(),
            dealt: false,
            context,
        }
    }

    /// The set-up.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// All profiles, for whoever reads beside.
    pub fn profiles(&self) -> &Arc<Profiles> {
        &self.profiles
    }

    /// The peer groups as learnt so far.
    pub fn models(&self) -> &Arc<Models> {
        &self.models
    }

    /// What cannot be seen of the sources.
    pub fn outages(&self) -> &Arc<SourceOutages> {
        &self.outages
    }

    /// How far it has come.
    pub fn reached(&self) -> StageProgress {
        self.reached
    }

    /// Where several stages work together, the hour from which on all of them stop at every one.
    pub fn begin(&mut self, hour: i64) {
        self.reached.hour = self.reached.hour.max(hour - 1);
    }

    /// The hour of the first record that waits.
    pub fn first_hour(&self) -> Option<i64> {
        self.shards.iter().filter_map(Shard::first_pending).min().map(|time| time.0.div_euclid(HOUR_MS))
    }

    fn env(&self) -> Env<'_> {
        Env {
            context: &self.context,
            models: &self.models,
            profiles: &self.profiles,
            group_activity: &self.group_activity,
            outages: &self.outages,
        }
    }

    /// Brings a record to its shard. One that lies before what has settled counts all the same, late.
    pub fn push(&mut self, placed: Scheduled<Access>) {
        let settled = self.reached.settled;
        let late = placed.late || placed.settles < settled;
        let placed = Scheduled { settles: placed.settles.max(settled), late, ..placed };
        self.shards[self.context.key(&placed.item.actor).shard()].push(placed);
    }

    /// Takes a note of a partition, to be heard at that time.
    pub fn note(&mut self, partition: PartitionId, at: Timestamp, note: PartitionEvent) {
        self.notes.push(partition, at.max(self.reached.settled), note);
    }

    /// How far employees' days could be evaluated.
    pub fn covered(&self) -> EvaluationCoverage {
        let mut all = EvaluationCoverage::default();
        self.shards.iter().for_each(|shard| all.join(shard.covered()));
        all
    }

    /// The input ends: no day waits for more.
    pub fn settle_coverage(&mut self, last: Option<Timestamp>) {
        let Some(last) = last else { return };
        // A day ahead of UTC somewhere.
        let last = day_number(last.utc_day()) + 1;
        let env = Env {
            context: &self.context,
            models: &self.models,
            profiles: &self.profiles,
            group_activity: &self.group_activity,
            outages: &self.outages,
        };
        self.shards.iter_mut().for_each(|shard| shard.settle_coverage(last, env));
    }

    /// Settles up to the frontier, or to the next hour on the way there. To be called again until no report comes.
    pub fn step(&mut self, frontier: Timestamp, executor: &impl Executor) -> StepOutput {
        if self.waiting {
            return StepOutput::default();
        }
        let Some(hour) = self.next_hour(frontier) else {
            return StepOutput { settled: self.settle_until(frontier, executor), ..StepOutput::default() };
        };
        let mut settled = self.settle_until(Timestamp(hour * HOUR_MS), executor);
        settled.counts.evicted.add(self.keep_within_limits(Timestamp(hour * HOUR_MS), executor));
        let (ticked, day) = match hour.div_euclid(DAY_MS / HOUR_MS) {
            day if day > self.reached.day => self.tick(Timestamp(day * DAY_MS), executor),
            _ => (Output::default(), None),
        };
        let activity = executor.on_all(&mut self.shards, &Shard::activity);
        let heard = executor.on_all(&mut self.shards, &|shard| shard.flows(hour));
        let heard = volume::join(heard.into_iter().flatten().map(|heard| self.context.named(heard)));
        self.waiting = true;
        StepOutput { settled, ticked, report: Some(StageReport { hour, activity: GroupActivity::of(activity), heard, day }) }
    }

    /// The next hour to stop at, if it has come.
    fn next_hour(&self, frontier: Timestamp) -> Option<i64> {
        let due = |hour: i64| (hour * HOUR_MS <= frontier.0).then_some(hour);
        if self.hours == Hours::All {
            return self.reached.has_begun().then(|| due(self.reached.hour + 1)).flatten();
        }
        let first = self.first_hour();
        if !self.reached.has_begun() {
            return first.and_then(due);
        }
        // Where records wait in an hour that has begun, others may wait in the next.
        let busy = first.map(|hour| hour.max(self.reached.hour + 1)).and_then(due);
        let end = busy.unwrap_or(frontier.0.div_euclid(HOUR_MS));
        let midnight = ((self.reached.day + 1) * 24).max((end - LONGEST_SILENCE).div_euclid(24) * 24);
        [busy, due(midnight)].into_iter().flatten().min()
    }

    /// The second stage has answered: what it says of employees here is heard, and the stage goes on.
    pub fn hear(&mut self, reply: StageReply, executor: &impl Executor) -> Output {
        self.waiting = false;
        self.reached.hour = reply.hour;
        (self.group_activity, self.outages) = (Arc::new(reply.activity), Arc::new(reply.outages));
        let Some(day) = reply.day else { return Output::default() };
        (self.reached.day, self.reached.day_at) = (reply.hour.div_euclid(DAY_MS / HOUR_MS), reply.hour);
        self.models = Arc::new(day.models);
        let mut told = false;
        for finding in day.findings {
            let shard = &mut self.shards[self.context.key(&finding.actor).shard()];
            shard.told.push(finding);
            told = true;
        }
        if !told {
            return Output::default();
        }
        let midnight = Timestamp(reply.hour.div_euclid(DAY_MS / HOUR_MS) * DAY_MS);
        let env = Env {
            context: &self.context,
            models: &self.models,
            profiles: &self.profiles,
            group_activity: &self.group_activity,
            outages: &self.outages,
        };
        joined(executor.on_all(&mut self.shards, &|shard| shard.hear(midnight, env)))
    }

    /// Goes on from a restored state with what was heard before it was saved.
    pub fn go_on_with(&mut self, hour: StageReply, day: Option<DayReply>) {
        (self.group_activity, self.outages) = (Arc::new(hour.activity), Arc::new(hour.outages));
        if let Some(day) = day {
            self.models = Arc::new(day.models);
        }
    }

    fn settle_until(&mut self, until: Timestamp, executor: &impl Executor) -> Output {
        if until <= self.reached.settled {
            return Output::default();
        }
        self.reached.settled = until;
        let env = Env {
            context: &self.context,
            models: &self.models,
            profiles: &self.profiles,
            group_activity: &self.group_activity,
            outages: &self.outages,
        };
        self.notes.settle(until, self.context.lateness, &mut self.shards[0]);
        joined(executor.on_all(&mut self.shards, &|shard| shard.settle(until, env)))
    }

    /// A UTC day begins: days that have closed everywhere are told, so that peers learn from them.
    fn tick(&mut self, midnight: Timestamp, executor: &impl Executor) -> (Output, Option<Vec<Summary>>) {
        let today = day_number(midnight.utc_day());
        let env = Env {
            context: &self.context,
            models: &self.models,
            profiles: &self.profiles,
            group_activity: &self.group_activity,
            outages: &self.outages,
        };
        let ticked = executor.on_all(&mut self.shards, &|shard| shard.tick(midnight, today, env));
        let (outputs, summaries): (Vec<Output>, Vec<_>) = ticked.into_iter().unzip();
        let mut summaries: Vec<Summary> = summaries.into_iter().flatten().collect();
        summaries.sort_by(|a, b| a.actor.cmp(&b.actor));
        (joined(outputs), Some(summaries))
    }

    /// The input ends: what changed since its last revision is told.
    pub fn finish(&mut self, executor: &impl Executor) -> Output {
        let env = Env {
            context: &self.context,
            models: &self.models,
            profiles: &self.profiles,
            group_activity: &self.group_activity,
            outages: &self.outages,
        };
        joined(executor.on_all(&mut self.shards, &|shard| shard.finish(env)))
    }

    /// Shows at once what a record that has just arrived changes; it is pushed as well, and settles in its time.
    pub fn show(&mut self, access: &Access) -> Vec<Revision> {
        let settled = shard::whole_minutes(self.reached.settled);
        if self.knows(access) || access.time < settled {
            return Vec::new();
        }
        let key = self.context.key(&access.actor);
        let env = Env {
            context: &self.context,
            models: &self.models,
            profiles: &self.profiles,
            group_activity: &self.group_activity,
            outages: &self.outages,
        };
        self.ahead.take(&key, access, settled, env)
    }

    /// Retracts what was shown and did not settle.
    pub fn reconcile(&mut self) -> Vec<Revision> {
        let env = Env {
            context: &self.context,
            models: &self.models,
            profiles: &self.profiles,
            group_activity: &self.group_activity,
            outages: &self.outages,
        };
        self.ahead.settle(shard::whole_minutes(self.reached.settled), env)
    }

    /// Forgets what is shown and has not settled: whoever goes on from here shows it anew.
    pub fn forget_shown(&mut self) {
        self.ahead = Provisional::default();
    }

    /// Records that wait to settle.
    pub fn waiting(&self) -> impl Iterator<Item = &Access> {
        self.shards.iter().flat_map(Shard::waiting)
    }

    /// Whether a record with this id has settled before.
    pub fn knows(&self, access: &Access) -> bool {
        let shard = self.context.key(&access.actor).shard();
        access.id.as_ref().is_some_and(|id| self.shards[shard].knows(id.print))
    }

    /// Employees and accounts known, with those whose first records have not settled.
    pub fn employees(&self) -> usize {
        self.profiles.len() + self.ahead.newcomers(self.env())
    }
}

/// The shards' outputs in the order of event time.
fn joined(outputs: Vec<Output>) -> Output {
    let mut all = Output::default();
    outputs.into_iter().for_each(|output| all.join(output));
    all.revisions.sort_by(|a, b| (a.at, &a.alert.id, a.alert.revision).cmp(&(b.at, &b.alert.id, b.alert.revision)));
    all
}
