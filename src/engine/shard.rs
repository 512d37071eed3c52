//! One shard of the state: waits for records to settle, counts each once, applies it, asks the detectors, grades.
//!
//! Everything about one employee lies in one shard and needs no other. Records are applied in the settled order (time,
//! source, id, hash), whatever order they came in, so the result does not depend on arrival, threads or files.

mod saved;

use crate::classify::duty::duty;
use crate::detect::{AccessContext, Finding, GroupFinding, evaluate_access};
use crate::engine::context::{Context, PassThrough, ProfileKey};
use crate::engine::evaluation::{EvaluationCoverage, Impairments};
use crate::engine::limits::EvictedActors;
use crate::engine::output::{Output, Revision};
use crate::engine::tracked::Tracked;
use crate::engine::watermark::Scheduled;
use crate::model::access::{Access, PartitionId};
use crate::model::kind::Kinds;
use crate::model::time::{MINUTE_MS, Timestamp};
use crate::population::group_activity::{Activity, ActivityAccumulator, GroupActivity, GroupDay};
use crate::population::sources::outages::SourceOutages;
use crate::population::volume::{HourVolume, VolumeAccumulator};
use crate::population::{LEARNT_AFTER, Models, Summary};
use crate::profile::Profile;
use crate::profile::conduct::Circumstances;
use crate::profile::justification::{self, ReasonUsage};
use crate::profile::seen::UNITS_PER_DAY;
use crate::profile::window::{Window, day_number};
use crate::triage::report::Writer;
use crate::triage::{At, Decision, Episode, Peak, WEAKEST, Why, corroboration};
use dashmap::DashMap;
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

pub use saved::Entries;

/// Profiles of all shards; each shard's worker writes its own, the HTTP server and the metrics read. Boxed: half of a map's places may be
/// empty.
pub type Profiles = DashMap<ProfileKey, Box<Tracked>, PassThrough>;

/// Records wait in buckets of a minute; a bucket settles whole.
const BUCKET_MS: i64 = MINUTE_MS;

/// Up to where records have really been applied, where time has come to `until`: whole buckets.
pub fn whole_minutes(until: Timestamp) -> Timestamp {
    Timestamp(until.0.div_euclid(BUCKET_MS) * BUCKET_MS)
}

/// One shard.
#[derive(Default, Serialize, Deserialize)]
pub struct Shard {
    pending: BTreeMap<i64, Vec<(bool, Access)>>,
    /// Record ids seen, with the second at which they settled.
    ids: HashMap<u64, i64, FixedState>,
    pruned: i64,
    /// Ids that settled before that second were given up.
    known_from: i64,
    usage: ReasonUsage,
    activity: ActivityAccumulator,
    flows: VolumeAccumulator,
    covered: EvaluationCoverage,
    /// What the second stage says of employees of this shard, until they hear it.
    #[serde(skip)]
    pub told: Vec<GroupFinding>,
    /// Whose profiles lie here.
    #[serde(skip)]
    members: Vec<ProfileKey>,
}

/// A record that waits to settle.
pub struct Waiting {
    minute: i64,
    late: bool,
    /// The record.
    pub access: Access,
}

/// What a shard knows beside profiles.
pub struct Memory {
    ids: HashMap<u64, i64, FixedState>,
    usage: ReasonUsage,
    evicted: EvictedActors,
}

/// What a shard works with.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The set-up.
    pub context: &'a Context,
    /// The peer groups as learnt.
    pub models: &'a Models,
    /// All profiles.
    pub profiles: &'a Profiles,
    /// The groups' pulses as of the last full hour.
    pub group_activity: &'a GroupActivity,
    /// What cannot be seen of the sources, as of then.
    pub outages: &'a SourceOutages,
}

impl Shard {
    /// Takes a record to wait for its time.
    pub fn push(&mut self, placed: Scheduled<Access>) {
        let bucket = placed.settles.0.div_euclid(BUCKET_MS);
        self.pending.entry(bucket).or_default().push((placed.late, placed.item));
    }

    /// Whether a record of that id has been counted.
    pub fn knows(&self, id: u64) -> bool {
        self.ids.get(&id).is_some_and(|second| *second >= self.known_from)
    }

    /// Records that wait, in the order in which they will be applied, but for those of one minute.
    pub fn waiting(&self) -> impl Iterator<Item = &Access> {
        self.pending.values().flatten().map(|(_, access)| access)
    }

    /// When the first of them settles.
    pub fn first_pending(&self) -> Option<Timestamp> {
        self.pending.first_key_value().map(|(bucket, _)| Timestamp(bucket * BUCKET_MS))
    }

    /// Adds a profile that exists.
    pub fn adopt(&mut self, key: ProfileKey) {
        self.members.push(key);
    }

    /// Gives away whose profiles lie here and what waits, to be dealt out anew.
    pub fn give_away(&mut self) -> (Vec<ProfileKey>, Vec<Waiting>) {
        let waiting = std::mem::take(&mut self.pending).into_iter();
        let waiting = waiting.flat_map(|(minute, records)| records.into_iter().map(move |(late, access)| Waiting { minute, late, access }));
        (std::mem::take(&mut self.members), waiting.collect())
    }

    /// Takes what waited in another shard.
    pub fn wait(&mut self, Waiting { minute, late, access }: Waiting) {
        self.pending.entry(minute).or_default().push((late, access));
    }

    /// Somebody moves here from another shard: their records must be known here, and how far their reasons are used up.
    pub fn take_memory(&mut self, from: &Memory) {
        self.usage.join(&from.usage);
        self.covered.evicted.join(&from.evicted);
        from.ids.iter().for_each(|(id, second)| {
            self.ids.entry(*id).or_insert(*second);
        });
    }

    /// What must follow whoever moves to another shard.
    pub fn memory(&self) -> Memory {
        Memory { ids: self.ids.clone(), usage: self.usage.clone(), evicted: self.evicted().clone() }
    }

    /// Whose profiles lie here.
    pub fn members(&self) -> &[ProfileKey] {
        &self.members
    }

    /// Applies every record of the minutes that end by `until`.
    pub fn settle(&mut self, until: Timestamp, env: Env<'_>) -> Output {
        let mut out = Output::default();
        let end = until.0.div_euclid(BUCKET_MS);
        while let Some(entry) = self.pending.first_entry()
            && *entry.key() < end
        {
            let (minute, mut bucket) = entry.remove_entry();
            bucket.sort_by(|(_, a), (_, b)| settled_order(a, b, env.context));
            for (late, access) in bucket {
                let settles = if late { Timestamp(minute * BUCKET_MS) } else { access.time };
                self.apply(&access, late, settles, env, &mut out);
            }
        }
        let now = until.seconds();
        if now - self.pruned >= 3_600 {
            let oldest = (now - env.context.dedup.0 / 1_000).max(self.known_from);
            self.ids.retain(|_, second| *second >= oldest);
            self.pruned = now;
        }
        out
    }

    /// Applies a record. `settles` never falls: what is emitted and remembered by it does not depend on how much settles at once.
    fn apply(&mut self, access: &Access, late: bool, settles: Timestamp, env: Env<'_>, out: &mut Output) {
        if self.is_duplicate(access, settles, env.context) {
            out.counts.source(access.source).duplicate += 1;
            return;
        }
        self.flows.note(access, settles);
        let counts = out.counts.source(access.source);
        if late {
            counts.late += 1;
        } else {
            counts.accepted += 1;
        }
        let key = env.context.key(&access.actor);
        if let Some(mut tracked) = env.profiles.get_mut(&key) {
            let day = apply_to(&mut tracked, access, settles, &mut self.usage, env, out);
            self.covered.note(&mut tracked, access, day, late, env.context);
            return add_activity(&mut tracked, &mut self.activity);
        }
        self.members.push(key.clone());
        out.counts.employees += 1;
        let mut tracked =
            env.profiles.entry(key).or_insert_with(|| Box::new(Tracked::new(Profile::new(access.actor.clone()), env.context)));
        let day = apply_to(&mut tracked, access, settles, &mut self.usage, env, out);
        self.covered.note(&mut tracked, access, day, late, env.context);
        add_activity(&mut tracked, &mut self.activity);
    }

    /// An hour has passed: what the groups have done on the days that are open.
    pub fn activity(&mut self) -> Vec<(GroupDay, Activity)> {
        self.activity.sorted()
    }

    /// What was heard before an hour that begins, since the last report.
    pub fn flows(&mut self, hour: i64) -> Vec<(PartitionId, i64, HourVolume)> {
        self.flows.take_before(hour)
    }

    /// An hour of a partition.
    pub fn flow(&mut self, partition: PartitionId, at: Timestamp) -> &mut HourVolume {
        self.flows.of(partition, at)
    }

    /// How far the days of its employees could be evaluated.
    pub fn covered(&self) -> &EvaluationCoverage {
        &self.covered
    }

    /// Settles how far days up to `last` could be evaluated.
    pub fn settle_coverage(&mut self, last: u32, env: Env<'_>) {
        let amiss = Impairments::new(env.context, env.outages);
        for key in &self.members {
            if let Some(mut tracked) = env.profiles.get_mut(key) {
                self.covered.settle(&mut tracked, last, &amiss);
            }
        }
        self.covered.settled_through(last);
    }

    /// Whether a record with this id settled within the time that ids are remembered.
    fn is_duplicate(&mut self, access: &Access, settles: Timestamp, context: &Context) -> bool {
        let Some(id) = access.id.as_ref().map(|id| id.print) else { return false };
        let second = settles.seconds();
        match self.ids.insert(id, second) {
            Some(before) if second - before <= context.dedup.0 / 1_000 && before >= self.known_from => {
                self.ids.insert(id, before);
                true
            }
            Some(_) | None => false,
        }
    }

    /// A day begins at `midnight` (UTC): closes what is over and tells what the peers may learn from.
    pub fn tick(&mut self, midnight: Timestamp, today: u32, env: Env<'_>) -> (Output, Vec<Summary>) {
        let mut out = Output::default();
        let mut summaries = Vec::with_capacity(self.members.len());
        let amiss = Impairments::new(env.context, env.outages);
        for key in &self.members {
            let Some(mut tracked) = env.profiles.get_mut(key) else { continue };
            let tracked = &mut **tracked;
            let last = today.saturating_sub(LEARNT_AFTER);
            tracked.close_through(last);
            self.covered.settle(tracked, last, &amiss);
            let group = env.models.of(&tracked.group);
            summaries.extend(tracked.summary(last, group, env.context));
            tracked.dirty |= !tracked.episodes.is_empty();
            settle_episodes(tracked, midnight, env, &mut out);
        }
        self.activity.forget_before(today);
        self.covered.settled_through(today.saturating_sub(LEARNT_AFTER));
        self.covered.forget_before(today);
        (out, summaries)
    }

    /// The second stage has spoken: its findings about employees of this shard, at `midnight`.
    pub fn hear(&mut self, midnight: Timestamp, env: Env<'_>) -> Output {
        let mut out = Output::default();
        for GroupFinding { actor, finding } in std::mem::take(&mut self.told) {
            let Some(mut tracked) = env.profiles.get_mut(&env.context.key(&actor)) else { continue };
            tracked.dirty = true;
            let newest = tracked.profile.newest_open;
            let told = Told { time: newest.time, heard: midnight, hash: newest.hash, kinds: newest.kinds, unit: newest.unit, access: None };
            triage(&mut tracked, &told, midnight, &finding, env, &mut out);
        }
        out
    }

    /// The input ends: what changed since its last revision is told.
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

/// SPEC §9: time, source, id, hash; then where it stands, for records that are alike. Partitions are told apart by their names: their
/// numbers follow the order in which they were opened.
fn settled_order(a: &Access, b: &Access, context: &Context) -> Ordering {
    fn id(access: &Access) -> Option<&str> {
        access.id.as_ref().map(|id| &*id.text)
    }
    let by_name = || match a.partition == b.partition {
        true => Ordering::Equal,
        false => context.partition_name(a.partition).cmp(&context.partition_name(b.partition)),
    };
    let alike = (a.time, a.source).cmp(&(b.time, b.source)).then_with(|| id(a).cmp(&id(b))).then_with(|| a.hash.0.cmp(&b.hash.0));
    alike.then_with(by_name).then_with(|| a.position.0.cmp(&b.position.0))
}

/// What today adds to the pulses of the employee's group and unit.
fn add_activity(tracked: &mut Tracked, activity: &mut ActivityAccumulator) {
    let day = tracked.profile.today();
    if let Some(more) = tracked.more_activity() {
        tracked.groups.into_iter().filter(|group| *group != 0).for_each(|group| activity.add((group, day), more));
    }
}

/// Applies a record to an employee: profile, detectors, grading. `settles` is the time at which what it emits comes about. Returns its
/// local day.
pub fn apply_to(
    tracked: &mut Tracked,
    access: &Access,
    settles: Timestamp,
    usage: &mut ReasonUsage,
    env: Env<'_>,
    out: &mut Output,
) -> u32 {
    let context = env.context;
    tracked.dirty = true;
    let directory = &context.classifier.directory;
    let employee = directory.employee(access.actor.name());
    let (local, duty) = duty(directory, employee, access.time);
    let today = day_number(local.day);
    tracked.open_day(today, &context.statute);
    let justification = justification::justify(&context.explanations, usage, tracked.who, access, access.unnamed());
    let group = env.models.of(&tracked.group);
    let around =
        Circumstances { local, duty, employee, subjects: &context.subjects, is_common: &|which| group.access_profile.is_common(which) };
    let mut change = tracked.profile.apply(access, &justification, &around, &context.statute);
    if !change.discloses && change.signals.iter().all(|more| *more == 0) && access.indicators == Default::default() {
        return today;
    }
    // Windows end with the newest disclosure.
    change.unit = if change.discloses { tracked.newest_unit(change.unit) } else { change.unit.max(tracked.marks.newest) };
    let people = access.persons.figure().unwrap_or(0);
    out.counts.disclosed(access.kinds, people, context.statute.tier_of(access.kinds), change.newly_unexplained);
    let day = tracked.profile.today();
    let activity_of = |day: u32, own: Activity| {
        let groups = tracked.groups.into_iter().filter(|group| *group != 0);
        groups.map(|group| env.group_activity.of_others((group, day), own)).fold(1.0, f64::max)
    };
    let mut findings = Vec::new();
    let access_context = AccessContext {
        access,
        change: &change,
        justification: &justification,
        profile: &tracked.profile,
        employee,
        group,
        own: tracked.own(),
        before: &|window| tracked.before(window),
        group_activity: activity_of(day, tracked.marks.activity),
        group_activity_before: activity_of(day.saturating_sub(1), tracked.marks.activity_before),
        subjects: &context.subjects,
        statute: &context.statute,
        floor: 0,
    };
    evaluate_access(&context.settings, &access_context, &mut findings);
    let day = change.unit / UNITS_PER_DAY;
    if change.discloses {
        for episode in &mut tracked.episodes {
            // The rest of a day with findings belongs to its evidence, as the windows hold it too.
            if episode.last_day() == day && findings.iter().all(|finding| finding.typology != episode.typology) {
                episode.evidence.push(access);
                episode.dirty = true;
            }
        }
    }
    let told =
        Told { time: access.time, heard: access.time, hash: access.hash.0, kinds: access.kinds, unit: change.unit, access: Some(access) };
    // Most findings are weak, and begin nothing.
    findings.retain(|finding| finding.bits >= WEAKEST || tracked.episodes.iter().any(|episode| episode.typology == finding.typology));
    for finding in findings {
        triage(tracked, &told, settles, &finding, env, out);
    }
    today
}

/// The access with which a finding is told: the one that led to it, or for one of the second stage the newest without a reason.
struct Told<'a> {
    time: Timestamp,
    /// When the finding was made: a crowd is found days after its looks, and must not be over at once.
    heard: Timestamp,
    hash: [u8; 32],
    kinds: Kinds,
    unit: u32,
    /// The access itself, where it is at hand and not in evidence yet.
    access: Option<&'a Access>,
}

fn triage(tracked: &mut Tracked, told: &Told<'_>, settles: Timestamp, finding: &Finding, env: Env<'_>, out: &mut Output) {
    let context = env.context;
    let settings = &context.alerts;
    let group = tracked.group.clone();
    let at = At {
        time: told.time,
        heard: told.heard,
        hash: told.hash,
        day: told.unit / UNITS_PER_DAY,
        weight: context.statute.weight_b(told.kinds).max(1),
        band: context.explanations.configured().then(|| tracked.unexplained_band(&context.statute)),
        calibration: &env.models.calibration,
        group: &group,
        corroboration: corroboration::corroboration(&tracked.episodes, finding.typology, told.unit / UNITS_PER_DAY),
    };
    let found = tracked.episodes.iter().position(|episode| episode.typology == finding.typology);
    let found = found.filter(|position| {
        let over = tracked.episodes[*position].is_over(settings, told.heard);
        if over {
            let mut episode = tracked.episodes.remove(*position);
            emit(tracked, &mut episode, Why::Over, settles, env, out);
        }
        !over
    });
    let profile = &tracked.profile;
    let peak = || Peak {
        window: finding.window,
        count: finding.count,
        measure: finding.measure,
        particular: finding.particular.clone(),
        observed: profile.observe(finding.window, told.unit, crate::profile::seen::Part::Exposure),
        bits: finding.bits,
        learnt_to: profile.today().saturating_sub(1),
        days: profile.history.total(finding.measure, profile.today().saturating_sub(1), finding.window.days().saturating_sub(1)).0 + 1,
    };
    let mut episode = match found {
        Some(position) => {
            let mut episode = tracked.episodes.remove(position);
            if let Some(access) = told.access {
                episode.evidence.push(access);
            }
            episode
        }
        None => {
            let reach = match finding.window {
                Window::H1 => 11,
                Window::H24 => UNITS_PER_DAY - 1,
                Window::D7 | Window::D30 | Window::D90 => 7 * UNITS_PER_DAY - 1,
            };
            let evidence = profile.trail.since(told.unit.saturating_sub(reach));
            let Some(episode) = Episode::begin(finding, &at, evidence, peak()) else { return };
            episode
        }
    };
    let decision = episode.absorb(settings, finding, &at, peak);
    if episode.holds_out(told.unit / UNITS_PER_DAY) {
        tracked.profile.hold_today_out();
    }
    match decision {
        Decision::Opened | Decision::Raised | Decision::Grew => emit(tracked, &mut episode, Why::Decided(decision), settles, env, out),
        Decision::Ignored | Decision::Noted | Decision::Joined => {}
    }
    tracked.episodes.push(episode);
    tracked.episodes.sort_by_key(|episode| episode.typology);
}

/// Tells what changed, and closes what has been quiet for long enough at that time.
fn settle_episodes(tracked: &mut Tracked, now: Timestamp, env: Env<'_>, out: &mut Output) {
    if tracked.episodes.is_empty() {
        return;
    }
    let mut kept = Vec::with_capacity(tracked.episodes.len());
    for mut episode in std::mem::take(&mut tracked.episodes) {
        if episode.is_over(&env.context.alerts, now) {
            emit(tracked, &mut episode, Why::Over, now, env, out);
            continue;
        }
        if episode.dirty {
            let at = Timestamp(episode.evidence.last_ms);
            emit(tracked, &mut episode, Why::Settled, at, env, out);
        }
        kept.push(episode);
    }
    tracked.episodes = kept;
}

fn emit(tracked: &Tracked, episode: &mut Episode, why: Why, at: Timestamp, env: Env<'_>, out: &mut Output) {
    if !episode.is_alert() {
        return;
    }
    let context = env.context;
    let writer = Writer {
        profile: &tracked.profile,
        employee: context.classifier.directory.employee(tracked.profile.actor.name()),
        group: env.models.of(&tracked.group),
        statute: &context.statute,
        explanations_configured: context.explanations.configured(),
        partition_name: &|id| context.partition_name(id),
        config: &context.config,
        baseline: &env.models.version,
    };
    let revision = episode.emit();
    out.revisions.push(Revision { at, alert: writer.write(episode, revision, why.state(), true) });
}
