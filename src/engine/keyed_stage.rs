//! The keyed stage: everything about single employees. Partitioned by employee, it needs the records of its own employees only. At every
//! UTC hour of event time it stops, reports sums to the global stage, and goes on with its reply.
//!
//! Hours without a record are skipped where no other keyed stage can have one; days are not: each begins with a tick.

use crate::engine::context::{Context, ProfileKey, SHARDS};
use crate::engine::decisions::Effects;
use crate::engine::env::{Profiles, Shared};
use crate::engine::evaluation::EvaluationCoverage;
use crate::engine::eviction;
use crate::engine::exchange::{DayReply, StageReply, StageReport};
use crate::engine::executor::Executor;
use crate::engine::output::{Output, Revision};
use crate::engine::partition_events::{PartitionEvent, PartitionEvents};
use crate::engine::provisional::{Arrived, Provisional, ShownAlert};
use crate::engine::settling::whole_minutes;
use crate::engine::shard::Shard;
use crate::engine::telling::{close_by_verdict, tell_again};
use crate::engine::watermark::Scheduled;
use crate::model::access::{Access, Actor, PartitionId};
use crate::model::alert::Alert;
use crate::model::severity::Severity;
use crate::model::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::population::group_activity::GroupActivity;
use crate::population::sources::outages::SourceOutages;
use crate::population::volume;
use crate::population::{Models, Summary};
use crate::profile::window::day_number;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a step yields, in this order.
#[derive(Default, Debug)]
pub struct StepOutput {
    /// What has settled.
    pub settled: Output,
    /// Revisions and counts of the day that has ended, where one begins.
    pub ticked: Output,
    /// Where an hour begins: what the global stage must get. The keyed stage waits for its reply.
    pub report: Option<StageReport>,
}

/// At which hours the stage stops and reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportedHours {
    /// Those with records, and every midnight: there is no other keyed stage.
    WithRecords,
    /// Every one: other keyed stages may have records in it.
    All,
}

/// The longest silence, in hours, of which every day is ticked. Of a longer one, only its last days are.
const LONGEST_SILENCE: i64 = 40 * 24;

/// The keyed stage.
pub struct KeyedStage {
    /// What all shards read.
    pub(super) shared: Shared,
    /// The state of all employees, shard by shard.
    pub(super) shards: Vec<Shard>,
    /// Events of partitions beside their records.
    pub(super) events: PartitionEvents,
    hours: ReportedHours,
    pub(super) progress: StageProgress,
    /// Whether it has reported and the reply has not come.
    awaits_reply: bool,
    pub(super) provisional: Provisional,
    /// Whose profiles were evicted since the last save.
    pub(super) evicted: Vec<Actor>,
    /// Whether employees moved between shards since the last save.
    pub(super) redistributed: bool,
}

/// How far a keyed stage has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct StageProgress {
    /// Up to where records have settled.
    pub settled: Timestamp,
    /// The last UTC hour of which the reply was taken.
    pub hour: i64,
    /// The last UTC day that has begun.
    pub day: i64,
    /// The hour with whose reply that day began.
    pub day_at: i64,
}

impl StageProgress {
    /// Before the first record.
    pub const NONE: StageProgress = StageProgress {
        settled: Timestamp(i64::MIN / 4),
        hour: i64::MIN / (4 * HOUR_MS),
        day: i64::MIN / (4 * DAY_MS),
        day_at: i64::MIN / (4 * HOUR_MS),
    };

    /// Whether any hour was reached yet.
    pub fn has_begun(self) -> bool {
        self.hour > StageProgress::NONE.hour
    }
}

impl KeyedStage {
    /// A keyed stage without state.
    pub fn new(context: Arc<Context>, hours: ReportedHours) -> KeyedStage {
        KeyedStage {
            shared: Shared::new(context),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            events: PartitionEvents::default(),
            hours,
            progress: StageProgress::NONE,
            awaits_reply: false,
            provisional: Provisional::default(),
            evicted: Vec::new(),
            redistributed: false,
        }
    }

    /// The set-up.
    pub fn context(&self) -> &Arc<Context> {
        &self.shared.context
    }

    /// All profiles, for whoever reads them while the stage runs.
    pub fn profiles(&self) -> &Arc<Profiles> {
        &self.shared.profiles
    }

    /// The peer groups as learnt so far.
    pub fn models(&self) -> &Arc<Models> {
        &self.shared.models
    }

    /// Outages of the sources.
    pub fn outages(&self) -> &Arc<SourceOutages> {
        &self.shared.outages
    }

    /// How far it has come.
    pub fn progress(&self) -> StageProgress {
        self.progress
    }

    /// Where several keyed stages work together: the hour from which on all of them report every hour. A reply to an hour before is not
    /// waited for.
    pub fn start_at(&mut self, hour: i64) {
        self.awaits_reply = false;
        self.progress.hour = self.progress.hour.max(hour - 1);
    }

    /// The hour of the first record that has not settled.
    pub fn first_pending_hour(&self) -> Option<i64> {
        self.shards.iter().filter_map(Shard::first_pending).min().map(|time| time.0.div_euclid(HOUR_MS))
    }

    /// Brings a record to its shard. One that lies before what has settled counts all the same, late.
    pub fn push(&mut self, record: Scheduled<Access>) {
        let settled = self.progress.settled;
        let late = record.late || record.settles < settled;
        let record = Scheduled { settles: record.settles.max(settled), late, ..record };
        self.shards[self.shared.context.key(&record.item.actor).shard()].push(record);
    }

    /// The same, and its shares.
    pub fn push_all(&mut self, record: Scheduled<Access>) {
        if self.shared.context.is_shared(&record.item) {
            for item in self.shared.context.shares(&record.item) {
                self.push(Scheduled { item, ..record });
            }
        }
        self.push(record);
    }

    /// Takes an event of a partition, which is applied at that time.
    pub fn push_event(&mut self, partition: PartitionId, at: Timestamp, event: PartitionEvent) {
        self.events.push(partition, at.max(self.progress.settled), event);
    }

    /// How far employees' days could be evaluated.
    pub fn coverage(&self) -> EvaluationCoverage {
        let mut all = EvaluationCoverage::default();
        self.shards.iter().for_each(|shard| all.join(shard.coverage()));
        all
    }

    /// The input ends: settles how far all days could be evaluated.
    pub fn settle_coverage(&mut self, last: Option<Timestamp>) {
        let Some(last) = last else { return };
        // In some time zones it is a day later than in UTC.
        let last = day_number(last.utc_day()) + 1;
        let env = self.shared.env();
        self.shards.iter_mut().for_each(|shard| shard.settle_coverage(last, env));
    }

    /// Settles up to the frontier, or to the next hour on the way there. To be called again until no report comes.
    pub fn step(&mut self, frontier: Timestamp, executor: &impl Executor) -> StepOutput {
        self.step_to(frontier, None, executor)
    }

    /// The same where a decision comes into force at an hour: it stops there as well.
    pub fn step_to(&mut self, frontier: Timestamp, decision: Option<i64>, executor: &impl Executor) -> StepOutput {
        if self.awaits_reply {
            return StepOutput::default();
        }
        let decided = decision.filter(|hour| hour * HOUR_MS <= frontier.0 && self.progress.has_begun());
        let next = self.next_hour(frontier).into_iter().chain(decided.map(|hour| hour.max(self.progress.hour + 1))).min();
        let Some(hour) = next.filter(|hour| hour * HOUR_MS <= frontier.0) else {
            let mut settled = self.settle_until(frontier, executor);
            self.provisional.confirm(&mut settled.revisions);
            return StepOutput { settled, ..StepOutput::default() };
        };
        let mut settled = self.settle_until(Timestamp(hour * HOUR_MS), executor);
        let (evictions, actors) = eviction::evict(&mut self.shards, &self.shared, Timestamp(hour * HOUR_MS), executor);
        settled.counts.evicted.add(evictions);
        self.evicted.extend(actors);
        let (mut ticked, day) = match hour.div_euclid(DAY_MS / HOUR_MS) {
            day if day > self.progress.day => self.tick(Timestamp(day * DAY_MS), executor),
            _ => (Output::default(), None),
        };
        self.provisional.confirm(&mut settled.revisions);
        self.provisional.confirm(&mut ticked.revisions);
        let activity = executor.on_all(&mut self.shards, &Shard::activity);
        let volumes = executor.on_all(&mut self.shards, &|shard| shard.take_volumes(hour));
        let volumes = volume::join(volumes.into_iter().flatten().map(|volume| self.shared.context.named(volume)));
        self.awaits_reply = true;
        StepOutput { settled, ticked, report: Some(StageReport { hour, activity: GroupActivity::of(activity), volumes, day }) }
    }

    /// The next hour to stop at, if it has come.
    fn next_hour(&self, frontier: Timestamp) -> Option<i64> {
        let due = |hour: i64| (hour * HOUR_MS <= frontier.0).then_some(hour);
        if self.hours == ReportedHours::All {
            return self.progress.has_begun().then(|| due(self.progress.hour + 1)).flatten();
        }
        let first = self.first_pending_hour();
        if !self.progress.has_begun() {
            return first.and_then(due);
        }
        // Where records of an hour that has begun have not settled, there may be others in the next.
        let busy = first.map(|hour| hour.max(self.progress.hour + 1)).and_then(due);
        let end = busy.unwrap_or(frontier.0.div_euclid(HOUR_MS));
        let midnight = ((self.progress.day + 1) * 24).max((end - LONGEST_SILENCE).div_euclid(24) * 24);
        [busy, due(midnight)].into_iter().flatten().min()
    }

    /// Takes the reply of the global stage: judges its findings about employees of this stage, and goes on.
    pub fn take_reply(&mut self, reply: StageReply, executor: &impl Executor) -> Output {
        self.awaits_reply = false;
        self.progress.hour = reply.hour;
        let mut judged = self.take_effects(&reply.effects, Timestamp(reply.hour * HOUR_MS));
        (self.shared.group_activity, self.shared.outages) = (Arc::new(reply.activity), Arc::new(reply.outages));
        let Some(day) = reply.day else { return judged };
        (self.progress.day, self.progress.day_at) = (reply.hour.div_euclid(DAY_MS / HOUR_MS), reply.hour);
        self.shared.models = Arc::new(day.models);
        if day.findings.is_empty() {
            return judged;
        }
        for finding in day.findings {
            let shard = &mut self.shards[self.shared.context.key(&finding.actor).shard()];
            shard.group_findings.push(finding);
        }
        let midnight = Timestamp(reply.hour.div_euclid(DAY_MS / HOUR_MS) * DAY_MS);
        let env = self.shared.env();
        let mut found = executor.on_all(&mut self.shards, &|shard| shard.take_group_findings(midnight, env));
        found.push(judged);
        judged = joined(found);
        self.provisional.confirm(&mut judged.revisions);
        judged
    }

    /// What was decided, and means for the employees here from that time on.
    pub(super) fn take_effects(&mut self, effects: &Effects, now: Timestamp) -> Output {
        let mut out = Output::default();
        let Effects { close, tell, grant, take_back } = effects;
        if !grant.is_empty() || !take_back.is_empty() {
            self.shared.granted = Arc::new(self.shared.granted.after(grant, take_back, now, &self.shared.context));
        }
        if close.is_empty() && tell.is_empty() {
            return out;
        }
        let env = self.shared.env();
        // Of those who are looked after elsewhere nothing is known here.
        for (actor, id) in tell {
            if let Some(mut tracked) = env.profiles.get_mut(&env.context.key(actor)) {
                tell_again(&mut tracked, id, now, env, &mut out);
            }
        }
        let mut judged = BTreeSet::new();
        for (actor, id) in close {
            let key = env.context.key(actor);
            if let Some(mut tracked) = env.profiles.get_mut(&key) {
                close_by_verdict(&mut tracked, id, now, env, &mut out);
                judged.insert(actor);
            }
        }
        let settled = whole_minutes(self.progress.settled);
        judged.into_iter().for_each(|actor| self.provisional.copy_anew(&env.context.key(actor), settled, env));
        let mut out = joined(vec![out]);
        self.provisional.confirm(&mut out.revisions);
        out
    }

    /// Goes on from a restored state with the last replies taken before it was saved: that of the hour, and that of the day.
    pub fn restore_replies(&mut self, hour: StageReply, day: Option<DayReply>) {
        (self.shared.group_activity, self.shared.outages) = (Arc::new(hour.activity), Arc::new(hour.outages));
        if let Some(day) = day {
            self.shared.models = Arc::new(day.models);
        }
    }

    fn settle_until(&mut self, until: Timestamp, executor: &impl Executor) -> Output {
        if until <= self.progress.settled {
            return Output::default();
        }
        self.progress.settled = until;
        let env = self.shared.env();
        // Events concern no employee, so any shard may count them.
        self.events.settle(until, self.shared.context.lateness, self.shards[0].volumes_mut());
        joined(executor.on_all(&mut self.shards, &|shard| shard.settle(until, env)))
    }

    /// A UTC day begins: summarises the days that have closed everywhere, for the peers to learn from.
    fn tick(&mut self, midnight: Timestamp, executor: &impl Executor) -> (Output, Option<Vec<Summary>>) {
        let today = day_number(midnight.utc_day());
        let env = self.shared.env();
        let ticked = executor.on_all(&mut self.shards, &|shard| shard.tick(midnight, today, env));
        let (outputs, summaries): (Vec<Output>, Vec<_>) = ticked.into_iter().unzip();
        let mut summaries: Vec<Summary> = summaries.into_iter().flatten().collect();
        summaries.sort_by(|a, b| a.actor.cmp(&b.actor));
        (joined(outputs), Some(summaries))
    }

    /// The input ends: gives revisions of what changed since its last one.
    pub fn finish(&mut self, executor: &impl Executor) -> Output {
        let env = self.shared.env();
        joined(executor.on_all(&mut self.shards, &|shard| shard.finish(env)))
    }

    /// Provisional revisions of a record that has just arrived. The record must be pushed as well, and settles in its time.
    pub fn show_provisional(&mut self, arrived: Arrived<'_>) -> Vec<Revision> {
        let (settled, access) = (whole_minutes(self.progress.settled), arrived.access);
        // A claim is shown with the person who is claimed; the login's share is judged once it has settled.
        if access.is_share() || access.drawn || self.has_settled(access) || access.time < settled {
            return Vec::new();
        }
        let key = self.shared.context.key(&access.actor);
        let env = self.shared.env();
        self.provisional.take(&key, arrived, settled, env)
    }

    /// Retracts provisional alerts that did not settle. `now` is the time of day, by which the retractions are numbered.
    pub fn retract_unsettled(&mut self, now: Timestamp) -> Vec<Revision> {
        self.provisional.settle(whole_minutes(self.progress.settled), now)
    }

    /// Alerts that are open by the episodes of the employees here.
    pub fn open_alerts(&self) -> Vec<(String, Severity)> {
        let members = self.shards.iter().flat_map(Shard::members);
        let of = |key: &ProfileKey| {
            let tracked = self.shared.profiles.get(key)?;
            Some(tracked.open_alerts().map(|episode| (episode.id(key.actor.name()), episode.severity)).collect::<Vec<_>>())
        };
        members.filter_map(of).flatten().collect()
    }

    /// Alerts that were shown and that the settled state has not had.
    pub fn unsettled(&self) -> impl Iterator<Item = &Alert> {
        self.provisional.unsettled()
    }

    /// Other processes may have shown alerts of these employees, and may yet: [`KeyedStage::learn_shown`].
    pub fn expect_others(&mut self) {
        self.provisional.expect_others();
    }

    /// Takes an alert that another process has shown before it settled.
    pub fn learn_shown(&mut self, shown: ShownAlert) {
        self.provisional.learn(shown);
    }

    /// What was shown and is not decided, by ids.
    pub fn shown(&self) -> &BTreeMap<String, ShownAlert> {
        self.provisional.shown()
    }

    /// Forgets all provisional alerts: whoever goes on from here shows them anew.
    pub fn discard_provisional(&mut self) {
        self.provisional = Provisional::default();
    }

    /// Records that have not settled, with when they do.
    pub fn pending(&self) -> impl Iterator<Item = (Timestamp, &Access)> {
        self.shards.iter().flat_map(Shard::pending)
    }

    /// Whether this record, known by its id and content, has settled.
    pub fn has_settled(&self, access: &Access) -> bool {
        let shard = self.shared.context.key(&access.actor).shard();
        access.id.as_ref().is_some_and(|id| self.shards[shard].has_settled(id))
    }

    /// Employees and accounts known, with those whose first records have not settled.
    pub fn employees(&self) -> usize {
        self.shared.profiles.len() + self.provisional.newcomers(self.shared.env())
    }
}

/// The shards' outputs in the order of event time.
fn joined(outputs: Vec<Output>) -> Output {
    let mut all = Output::default();
    outputs.into_iter().for_each(|output| all.join(output));
    all.revisions.sort_by(|a, b| (a.at, &a.alert.id, a.alert.revision).cmp(&(b.at, &b.alert.id, b.alert.revision)));
    all
}
