//! One shard of the state: the employees that lie there, and what is kept beside their profiles.
//!
//! Everything about one employee lies in one shard and needs no other. A shard takes records out of its settling buffer, drops repeats,
//! and has each of the others judged; it counts what the global stage compares.

mod saved;

use crate::detect::GroupFinding;
use crate::engine::context::ProfileKey;
use crate::engine::env::Env;
use crate::engine::evaluation::{EvaluationCoverage, Impairments};
use crate::engine::evicted_actors::EvictedActors;
use crate::engine::judge::{judge_access, take_group_finding};
use crate::engine::output::Output;
use crate::engine::settled_ids::{Seen, SettledIds};
use crate::engine::settling::{PendingRecord, SettlingBuffer};
use crate::engine::telling::settle_episodes;
use crate::engine::tracked::Tracked;
use crate::engine::watermark::Scheduled;
use crate::model::access::{Access, PartitionId, RecordId};
use crate::model::signs::Signs;
use crate::model::time::Timestamp;
use crate::population::group_activity::{Activity, ActivityAccumulator, GroupDay};
use crate::population::volume::{HourVolume, VolumeAccumulator};
use crate::population::{LEARNT_AFTER, Summary};
use crate::profile::Profile;
use crate::profile::justification::{ReasonUsage, draw};
use serde::{Deserialize, Serialize};

pub use saved::ShardEntries;

/// One shard.
#[derive(Default, Serialize, Deserialize)]
pub struct Shard {
    settling: SettlingBuffer,
    settled_ids: SettledIds,
    usage: ReasonUsage,
    activity: ActivityAccumulator,
    volumes: VolumeAccumulator,
    coverage: EvaluationCoverage,
    /// Findings of the global stage about employees of this shard that are not judged yet.
    #[serde(skip)]
    pub group_findings: Vec<GroupFinding>,
    /// Whose profiles lie here.
    #[serde(skip)]
    members: Vec<ProfileKey>,
}

/// What a shard knows beside profiles and must be known where its employees move.
pub struct ShardMemory {
    settled_ids: SettledIds,
    usage: ReasonUsage,
    evicted: EvictedActors,
}

impl Shard {
    /// Holds a record until its time.
    pub fn push(&mut self, scheduled: Scheduled<Access>) {
        self.settling.push(scheduled);
    }

    /// Takes over a record that another shard held.
    pub fn push_pending(&mut self, record: PendingRecord) {
        self.settling.push_pending(record);
    }

    /// Whether a record of that id and content has settled.
    pub fn has_settled(&self, id: &RecordId) -> bool {
        self.settled_ids.contains(id.print, id.content)
    }

    /// Records that have not settled, with when they do, minute by minute.
    pub fn pending(&self) -> impl Iterator<Item = (Timestamp, &Access)> {
        self.settling.iter()
    }

    /// The minute in which the first of them settles.
    pub fn first_pending(&self) -> Option<Timestamp> {
        self.settling.first()
    }

    /// Adds a profile that exists.
    pub fn adopt(&mut self, key: ProfileKey) {
        self.members.push(key);
    }

    /// Gives away its employees and their pending records, to be distributed anew.
    pub fn give_away(&mut self) -> (Vec<ProfileKey>, Vec<PendingRecord>) {
        (std::mem::take(&mut self.members), self.settling.drain())
    }

    /// What must be known wherever its employees move.
    pub fn memory(&self) -> ShardMemory {
        ShardMemory { settled_ids: self.settled_ids.clone(), usage: self.usage.clone(), evicted: self.evicted().clone() }
    }

    /// Somebody moves here from another shard: repeats of their records must be known, and how far their reasons are used up.
    pub fn take_memory(&mut self, from: &ShardMemory) {
        self.usage.join(&from.usage);
        self.coverage.evicted.join(&from.evicted);
        self.settled_ids.join(&from.settled_ids);
    }

    /// Whose profiles lie here.
    pub fn members(&self) -> &[ProfileKey] {
        &self.members
    }

    /// Applies every record of the minutes that end by `until`.
    pub fn settle(&mut self, until: Timestamp, env: Env<'_>) -> Output {
        let mut out = Output::default();
        while let Some(minute) = self.settling.next_settled(until, env.context) {
            for (late, access) in minute.records {
                let settles = if late { minute.start } else { access.time };
                self.apply(&access, late, settles, env, &mut out);
            }
        }
        self.settled_ids.prune(until, env.context.dedup);
        out
    }

    /// Applies a record. `settles` never falls: what is emitted and remembered by it does not depend on how much settles at once.
    fn apply(&mut self, access: &Access, late: bool, settles: Timestamp, env: Env<'_>, out: &mut Output) {
        let repeats = u64::from(!access.is_share() && !access.drawn);
        let seen = access.id.as_ref().map_or(Seen::First, |id| self.settled_ids.take(id.print, id.content, settles, env.context.dedup));
        let signed;
        let access = match seen {
            Seen::First | Seen::Other { same_login: false } => access,
            Seen::Repeat => {
                // The record itself counts, and no login's share in it.
                out.counts.source(access.source).duplicate += repeats;
                return;
            }
            Seen::Other { same_login: true } => {
                signed = Access { signs: access.signs.and(Signs::ID_CONFLICT), ..access.clone() };
                &signed
            }
        };
        if access.drawn {
            let employee = env.context.classifier.directory.employee_at(access.actor.name(), access.time);
            return draw(&env.context.explanations, &mut self.usage, env.context.who(&access.actor, employee), access);
        }
        // What could not be decoded is counted as that, whomever it names; a share, with the person that it was claimed for.
        if !access.signs.has(Signs::NAMED_LETTER) && !access.is_share() {
            self.volumes.note(access, settles);
            let counts = out.counts.source(access.source);
            counts.late += u64::from(late);
            counts.accepted += u64::from(!late);
        }
        let key = env.context.key(&access.actor);
        if let Some(mut tracked) = env.profiles.get_mut(&key) {
            return self.apply_to(&mut tracked, access, late, settles, env, out);
        }
        self.members.push(key.clone());
        out.counts.employees += 1;
        let mut tracked =
            env.profiles.entry(key).or_insert_with(|| Box::new(Tracked::new(Profile::new(access.actor.clone()), env.context)));
        self.apply_to(&mut tracked, access, late, settles, env, out);
    }

    fn apply_to(&mut self, tracked: &mut Tracked, access: &Access, late: bool, settles: Timestamp, env: Env<'_>, out: &mut Output) {
        out.counts.unmapped += u64::from(tracked.unmapped);
        let day = judge_access(tracked, access, settles, &mut self.usage, env, out);
        if access.is_share() {
            return;
        }
        self.coverage.note(tracked, access, day, late, env.context);
        let today = tracked.profile.today();
        if let Some(more) = tracked.more_activity() {
            let groups = tracked.groups.into_iter().filter(|group| *group != 0);
            groups.for_each(|group| self.activity.add((group, today), more));
        }
    }

    /// What the members of each group have done on the days that are open.
    pub fn activity(&mut self) -> Vec<(GroupDay, Activity)> {
        self.activity.sorted()
    }

    /// Takes out the volumes of the hours before one.
    pub fn take_volumes(&mut self, hour: i64) -> Vec<(PartitionId, i64, HourVolume)> {
        self.volumes.take_before(hour)
    }

    /// Volumes of the hours that were not reported yet.
    pub fn volumes_mut(&mut self) -> &mut VolumeAccumulator {
        &mut self.volumes
    }

    /// How far the days of its employees could be evaluated.
    pub fn coverage(&self) -> &EvaluationCoverage {
        &self.coverage
    }

    /// Settles how far days up to `last` could be evaluated.
    pub fn settle_coverage(&mut self, last: u32, env: Env<'_>) {
        let impairments = Impairments::new(env.context, env.outages);
        for key in &self.members {
            if let Some(mut tracked) = env.profiles.get_mut(key) {
                self.coverage.settle(&mut tracked, last, &impairments);
            }
        }
        self.coverage.settled_through(last);
    }

    /// A day begins at `midnight` (UTC): closes the days that are over, and summarises what the peers may learn from.
    pub fn tick(&mut self, midnight: Timestamp, today: u32, env: Env<'_>) -> (Output, Vec<Summary>) {
        let mut out = Output::default();
        let mut summaries = Vec::with_capacity(self.members.len());
        let impairments = Impairments::new(env.context, env.outages);
        let last = today.saturating_sub(env.context.classifier.directory.days_to_close());
        // What a source lost is told only when the first record behind it is read.
        let settled = today.saturating_sub(LEARNT_AFTER);
        for key in &self.members {
            let Some(mut tracked) = env.profiles.get_mut(key) else { continue };
            let tracked = &mut **tracked;
            tracked.close_through(last);
            self.coverage.settle(tracked, settled, &impairments);
            let group = env.models.of(&tracked.group);
            summaries.extend(tracked.summary(last, group, env.context));
            tracked.dirty |= !tracked.episodes.is_empty();
            settle_episodes(tracked, midnight, env, &mut out);
            let in_episode = !tracked.episodes.is_empty();
            tracked.watch.0.iter_mut().for_each(|watch| watch.rest(midnight, in_episode));
        }
        self.activity.forget_before(today);
        self.coverage.settled_through(settled);
        self.coverage.forget_before(today);
        (out, summaries)
    }

    /// Judges the findings of the global stage about employees of this shard, made at `midnight`.
    pub fn take_group_findings(&mut self, midnight: Timestamp, env: Env<'_>) -> Output {
        let mut out = Output::default();
        for GroupFinding { actor, finding } in std::mem::take(&mut self.group_findings) {
            let Some(mut tracked) = env.profiles.get_mut(&env.context.key(&actor)) else { continue };
            tracked.dirty = true;
            take_group_finding(&mut tracked, &finding, midnight, env, &mut out);
        }
        out
    }

    /// The input ends: gives revisions of what changed since its last one.
    pub fn finish(&mut self, env: Env<'_>) -> Output {
        let mut out = Output::default();
        for key in &self.members {
            if let Some(mut tracked) = env.profiles.get_mut(key) {
                settle_episodes(&mut tracked, Timestamp(i64::MIN / 4), env, &mut out);
            }
        }
        out
    }
}
