//! The coordinator: the global stage. It takes the reports of all tasks, sends all of them the same reply once an hour, and gives
//! settled alerts to the sinks in the order of event time, which the alert budget needs.
//!
//! What a task sends again, after a crash or as a zombie, is recognised by its hour and time, and applied once.

use crate::engine::StageReport;
use crate::engine::context::Context;
use crate::engine::global_stage::GlobalStage;
use crate::engine::output::{Revision, ToldAlert};
use crate::engine::state_entries::StateEntry;
use crate::model::decision::Decision;
use crate::model::decision::outcome::DecisionNote;
use crate::model::time::{HOUR_MS, Timestamp};
use crate::stream::authentication::{Refusal, SeenWriters, Stamp};
use crate::stream::changelog::{CheckpointId, RestoredState};
use crate::stream::checkpointer::Checkpointer;
use crate::stream::chunks::{Reassembler, split};
use crate::stream::outbox::Outbox;
use crate::stream::reply_table;
use crate::stream::wire::{TaskMessage, decode, encode};
use crate::stream::{InternalTopic, OutgoingRecord};
use crate::triage::AlertSettings;
use crate::triage::budget::SilenceCounts;
use crate::triage::budget::cases_told::CasesShown;
use crate::triage::open_alerts::{OpenAlerts, OpenCounts};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// The running coordinator.
pub struct Coordinator {
    stage: GlobalStage,
    progress: Progress,
    /// The next offset of `leakwarden.summaries` to read.
    next: i64,
    partial: Reassembler,
    seen: SeenWriters,
    /// Messages that the tasks refer to and that are not there.
    missing: u64,
    /// The last hour of which a task that asks again was told that it was replied to.
    told: Option<i64>,
    checkpointer: Checkpointer,
    /// Decisions that are on their way through the topic: no hour is replied to before they have come, so that none is late for having been
    /// sent.
    submitted: BTreeMap<String, Submitted>,
    /// Their ids, by the numbers under which they were sent.
    submitted_as: BTreeMap<u64, String>,
    /// Whether no hour is replied to.
    holds: bool,
    /// Whether the stage has learnt from a day since the last checkpoint.
    has_learnt: bool,
    /// What leaves it.
    pub outbox: Outbox,
}

/// A decision that was sent and has not come back.
struct Submitted {
    /// Where it stands, once that is known.
    offset: Option<i64>,
}

/// What the tasks have sent and is not dealt with yet, and what was replied. Hours count from 1970.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Progress {
    tasks: Vec<TaskProgress>,
    /// The first hour of all tasks.
    first_hour: Option<i64>,
    /// The last hour replied to.
    replied_hour: i64,
    /// The hour at which a day began, or a decision came into force, that some tasks have not applied yet: its alerts come before all later
    /// ones.
    awaited_day: Option<i64>,
    /// Replies that were sent and not removed, by hour: their chunks, and whether a day began with it.
    replies: BTreeMap<i64, (u32, bool)>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct TaskProgress {
    /// The hour before which it has no records, and whether its first record lies in that hour.
    first_hour: Option<(i64, bool)>,
    /// The time up to which it has reported revisions.
    settled_until: Option<Timestamp>,
    revisions: VecDeque<Revision>,
    /// Reports of the hours that it has reached; several where an earlier coordinator has replied to some.
    reports: VecDeque<(Vec<Revision>, StageReport)>,
    /// The hour of the last report.
    reported_hour: i64,
    /// Revisions that the beginnings of days led to, by hour.
    applied_days: VecDeque<(i64, Vec<Revision>)>,
    /// The last of these hours.
    applied_day: i64,
    /// The hour up to which its state is saved.
    checkpointed_hour: i64,
}

/// What a checkpoint holds beside its entries.
#[derive(Serialize, Deserialize)]
struct CoordinatorMetadata {
    next: i64,
}

/// Ids of the entries of a checkpoint.
const PROGRESS: &[u8] = b"heard";
const STAGE: &[u8] = b"second";
/// What the stage learns day by day: the largest part.
const LEARNT: &[u8] = b"stage";
/// Alerts that are open.
const OPEN: &[u8] = b"open";

/// What stands in place of a task in the key of a decision.
const DECISIONS: i32 = -1;

/// An hour before all others.
const NONE_YET: i64 = i64::MIN / 2;

impl Coordinator {
    /// The coordinator of so many tasks, from its restored state.
    pub fn new(tasks: i32, settings: &AlertSettings, restored: RestoredState) -> Result<Coordinator, String> {
        let task = TaskProgress { reported_hour: NONE_YET, checkpointed_hour: NONE_YET, applied_day: NONE_YET, ..TaskProgress::default() };
        let progress = Progress {
            tasks: vec![task; tasks.max(1) as usize],
            first_hour: None,
            replied_hour: NONE_YET,
            awaited_day: None,
            replies: BTreeMap::new(),
        };
        let mut coordinator = Coordinator {
            stage: GlobalStage::new(settings),
            progress,
            next: 0,
            partial: Reassembler::default(),
            seen: SeenWriters::default(),
            missing: 0,
            told: None,
            checkpointer: Checkpointer::new(restored.changelog),
            submitted: BTreeMap::new(),
            submitted_as: BTreeMap::new(),
            holds: false,
            has_learnt: true,
            outbox: Outbox::default(),
        };
        if let Some(metadata) = restored.metadata {
            let mut open = OpenAlerts::default();
            coordinator.next = decode::<CoordinatorMetadata>(&metadata)?.next;
            for (id, content) in restored.entries {
                match id.as_slice() {
                    PROGRESS => coordinator.progress = decode(&content)?,
                    STAGE => {
                        coordinator.stage = GlobalStage::from_parts(decode(&content)?, coordinator.stage.into_lookups());
                    }
                    LEARNT => {
                        let (population, budget, watch, decisions) = coordinator.stage.parts();
                        let parts = (population.clone(), budget.clone(), watch.clone(), decisions.clone());
                        coordinator.stage = GlobalStage::from_parts(parts, decode(&content)?);
                    }
                    OPEN => open = decode(&content)?,
                    _ => return Err("holds an entry that this version does not know".to_owned()),
                }
            }
            coordinator.stage.set_open_alerts(open);
            let saved = coordinator.progress.tasks.len();
            if saved != tasks.max(1) as usize {
                return Err(format!("was saved with {saved} tasks, and {tasks} are configured"));
            }
            coordinator.stage.set_budget(settings);
        }
        Ok(coordinator)
    }

    /// The alerts that are open, wherever their employees' tasks run.
    pub fn open_alerts(&self) -> &OpenAlerts {
        self.stage.open_alerts()
    }

    /// Cases of which an alert is open: all, and those that were shown.
    pub fn open_cases(&self) -> OpenCounts {
        self.stage.open_cases()
    }

    /// Cases that were shown since this was asked last.
    pub fn take_cases_shown(&mut self) -> CasesShown {
        self.stage.take_cases_shown()
    }

    /// Changes how many cases are shown a day, from the next day on, and which are worth a look.
    pub fn set_budget(&mut self, settings: &AlertSettings) {
        self.stage.set_budget(settings);
    }

    /// The next offset of `leakwarden.summaries` to read.
    pub fn next(&self) -> i64 {
        self.next
    }

    /// The last checkpoint that it has completed.
    pub fn newest_checkpoint(&self) -> Option<CheckpointId> {
        self.checkpointer.newest()
    }

    /// The last hour replied to, if any was.
    pub fn replied_hour(&self) -> Option<i64> {
        (self.progress.replied_hour > NONE_YET).then_some(self.progress.replied_hour)
    }

    /// Sends a decision of people through the topic that it reads: by its place there, whoever reads it again comes to the same hour. `taken`
    /// says from when on it was in force if it came late before. False where it is known.
    pub fn submit(&mut self, decision: &Decision, taken: Option<Timestamp>) -> bool {
        if self.stage.knows_decision(&decision.id) || self.submitted.contains_key(&decision.id) {
            return false;
        }
        for chunk in split(0, 0, &encode(&(decision, taken))) {
            let key = DECISIONS.to_be_bytes().to_vec();
            self.outbox.send(OutgoingRecord { topic: InternalTopic::Summaries, partition: 0, key, value: Some(chunk) });
        }
        self.submitted_as.insert(self.outbox.last_number(), decision.id.clone());
        self.submitted.insert(decision.id.clone(), Submitted { offset: None });
        true
    }

    /// What it sent under a number is acknowledged; a record has its offset.
    pub fn acknowledged(&mut self, number: u64, offset: i64) {
        self.outbox.acknowledge(number);
        let id = self.submitted_as.remove(&number);
        if let Some(submitted) = id.and_then(|id| self.submitted.get_mut(&id)) {
            submitted.offset = Some(offset);
        }
    }

    /// Whether replies wait, since this process does not know yet what people have decided.
    pub fn hold(&mut self, holds: bool) {
        self.holds = holds;
    }

    /// What became of decisions since this was last asked for.
    pub fn take_decision_notes(&mut self) -> Vec<DecisionNote> {
        self.stage.take_notes()
    }

    /// What silences decided since this was last asked for.
    pub fn take_silence_counts(&mut self) -> SilenceCounts {
        self.stage.take_silence_counts()
    }

    /// Whether a message was not taken before; it is noted.
    pub fn accept(&mut self, stamp: Stamp) -> Result<Stamp, Refusal> {
        self.seen.accept(stamp)
    }

    /// Passes the message at an offset over, which is not taken.
    pub fn skip(&mut self, offset: i64) {
        self.next = offset + 1;
    }

    /// How often messages were missing, since this was last asked for.
    pub fn take_missing(&mut self) -> u64 {
        std::mem::take(&mut self.missing)
    }

    /// Takes the record at an offset.
    pub fn take(&mut self, offset: i64, key: &[u8], value: &[u8]) -> Result<(), String> {
        self.next = offset + 1;
        let from = <[u8; 4]>::try_from(key).map(i32::from_be_bytes).map_err(|_| "has a key that names no task")?;
        let Some(message) = self.partial.take(from, offset, value)? else { return Ok(()) };
        if from == DECISIONS {
            let (decision, taken): (Decision, Option<Timestamp>) = decode(&message)?;
            let earliest = self.progress.earliest_decision();
            self.submitted.remove(&decision.id);
            self.stage.take_decision(decision, taken, earliest);
            return Ok(());
        }
        let task = usize::try_from(from).ok().and_then(|at| self.progress.tasks.get_mut(at));
        let task = task.ok_or_else(|| format!("is of task {from}, and there is none"))?;
        let message = decode(&message)?;
        let asks_again = match &message {
            TaskMessage::FirstHour { .. } => true,
            TaskMessage::HourReached { report, .. } => report.hour <= self.progress.replied_hour,
            TaskMessage::Settled { .. } | TaskMessage::DayApplied { .. } => false,
        };
        if !task.receive(message) {
            self.missing += 1;
        }
        self.tell_again(asks_again);
        Ok(())
    }

    /// A task has begun anew and asks for what was said: it finds it in the topic, unless somebody has removed it. So that it does not
    /// wait for ever, it hears how far replies were given.
    fn tell_again(&mut self, asks_again: bool) {
        let replied = self.progress.replied_hour;
        if let Some(hour) = self.progress.first_hour.filter(|_| asks_again && self.told < Some(replied)) {
            self.told = Some(replied);
            self.outbox.send(reply_table::first_hour_record(hour, replied));
        }
    }

    /// Advances as far as the reports of the tasks allow. True if anything was done.
    pub fn step(&mut self, context: &Context) -> bool {
        let mut progressed = self.checkpointer.poll(&mut self.outbox);
        // Of what is gone from the topic nothing is waited for: it is sent again.
        self.submitted.retain(|_, submitted| submitted.offset.is_none_or(|offset| offset >= self.next));
        while self.advance(context) {
            progressed = true;
        }
        progressed
    }

    fn advance(&mut self, context: &Context) -> bool {
        if self.progress.skips_lost_hours() {
            self.missing += 1;
            return true;
        }
        let tasks = &mut self.progress.tasks;
        if self.progress.first_hour.is_none() {
            let known = tasks.iter().filter_map(|task| task.first_hour.filter(|(_, is_known)| *is_known));
            let Some(hour) = known.map(|(hour, _)| hour).min() else { return false };
            if tasks.iter().any(|task| task.first_hour.is_none_or(|(first, _)| first < hour)) {
                return false;
            }
            self.progress.first_hour = Some(hour);
            self.progress.replied_hour = hour - 1;
            tasks.iter_mut().for_each(|task| task.reported_hour = task.reported_hour.max(hour - 1));
            self.outbox.send(reply_table::first_hour_record(hour, hour - 1));
            return true;
        }
        if let Some(day) = self.progress.awaited_day {
            // A task that has told of a later day, and not of this, will not: what it told is gone.
            if tasks.iter().any(|task| task.applied_days.front().is_none_or(|(hour, _)| *hour < day)) {
                return false;
            }
            let of_day = |task: &mut TaskProgress| pop_if(&mut task.applied_days, |(hour, _)| *hour == day);
            let applied = tasks.iter_mut().filter_map(of_day);
            let revisions = applied.flat_map(|(_, revisions)| revisions).collect();
            self.progress.awaited_day = None;
            self.deliver(revisions, context);
            return true;
        }
        // Revisions after the next hour wait for what the reply to that hour leads to.
        let end = Timestamp((self.progress.replied_hour + 1) * HOUR_MS);
        let least = tasks.iter().map(|task| task.settled_until).min().flatten().map(|least| least.min(end));
        let mut settled = Vec::new();
        for task in tasks.iter_mut() {
            while least.is_some_and(|least| task.revisions.front().is_some_and(|revision| revision.at < least)) {
                settled.extend(task.revisions.pop_front());
            }
        }
        let progressed = !settled.is_empty();
        self.deliver(settled, context);
        let next = self.progress.replied_hour + 1;
        if self.holds || !self.submitted.is_empty() {
            return progressed;
        }
        if self.progress.tasks.iter().any(|task| task.reports.front().is_none_or(|(_, report)| report.hour != next)) {
            return progressed;
        }
        self.reply(next, context);
        true
    }

    /// Replies to the reports of an hour, which all tasks have reached.
    fn reply(&mut self, hour: i64, context: &Context) {
        let (mut day_revisions, mut reports) = (Vec::new(), Vec::new());
        for (revisions, report) in self.progress.tasks.iter_mut().filter_map(|task| task.reports.pop_front()) {
            day_revisions.extend(revisions);
            reports.push(report);
        }
        let begins_day = reports.iter().any(|report| report.day.is_some());
        if begins_day {
            self.stage.begin_day(hour);
            self.deliver(day_revisions, context);
            self.has_learnt = true;
        }
        let (reply, gaps) = self.stage.reply_to(reports, context);
        if reply.is_answered() {
            self.progress.awaited_day = Some(hour);
        }
        self.deliver(gaps, context);
        let records = reply_table::reply_records(&reply);
        self.progress.replies.insert(hour, (records.len() as u32, begins_day));
        records.into_iter().for_each(|record| self.outbox.send(record));
        self.progress.replied_hour = hour;
        self.remove_old_replies();
    }

    /// Removes replies that no task can ask for any more: those before the oldest checkpoint, except that of its day.
    fn remove_old_replies(&mut self) {
        let oldest = self.progress.tasks.iter().map(|task| task.checkpointed_hour).min().unwrap_or(NONE_YET);
        let replies = &self.progress.replies;
        let day = replies.range(..=oldest).rev().find(|(_, (_, begins_day))| *begins_day).map(|(hour, _)| *hour);
        let old: Vec<(i64, u32)> = replies.range(..oldest).map(|(hour, (chunks, _))| (*hour, *chunks)).collect();
        for (hour, chunks) in old.into_iter().filter(|(hour, _)| Some(*hour) != day) {
            self.progress.replies.remove(&hour);
            reply_table::tombstones(hour, chunks).for_each(|record| self.outbox.send(record));
        }
    }

    /// Gives revisions to the sinks in the order of event time, within the budget.
    fn deliver(&mut self, mut revisions: Vec<Revision>, context: &Context) {
        revisions.sort_by(|a, b| (a.at, &a.alert.id, a.alert.revision).cmp(&(b.at, &b.alert.id, b.alert.revision)));
        self.stage.apply_budget_to(&mut revisions, context);
        self.outbox.send_alerts(revisions.into_iter().map(ToldAlert::from).collect());
    }

    /// Begins a checkpoint, unless one is under way.
    pub fn checkpoint(&mut self) -> bool {
        if self.checkpointer.is_busy() {
            return false;
        }
        let mut entries: Vec<StateEntry> = vec![(PROGRESS.to_vec(), Some(encode(&self.progress)))];
        entries.push((STAGE.to_vec(), Some(encode(&self.stage.parts()))));
        entries.push((OPEN.to_vec(), Some(encode(self.stage.open_alerts()))));
        if std::mem::take(&mut self.has_learnt) {
            entries.push((LEARNT.to_vec(), Some(encode(self.stage.lookups()))));
        }
        let metadata = encode(&CoordinatorMetadata { next: self.partial.resume(self.next) });
        self.checkpointer.begin(entries, &metadata, &self.outbox);
        true
    }

    /// The last hour replied to, and a hash of all that was learnt of people and sources and of what was shown.
    pub fn digest(&self) -> (i64, String) {
        let state = encode(&(self.stage.parts(), self.stage.lookups(), self.stage.open_alerts()));
        (self.progress.replied_hour, blake3::hash(&state).to_hex().to_string())
    }
}

/// Takes the first of a queue where it fits.
fn pop_if<T>(queue: &mut VecDeque<T>, fits: impl Fn(&T) -> bool) -> Option<T> {
    if queue.front().is_some_and(fits) { queue.pop_front() } else { None }
}

impl Progress {
    /// The first hour to which no reply can have been given, by what has been read so far: it does not depend on how far this process has
    /// got with that.
    fn earliest_decision(&self) -> i64 {
        let reported = self.tasks.iter().map(|task| task.reported_hour).min().unwrap_or(NONE_YET);
        if self.first_hour.is_some_and(|first| reported >= first) { reported + 1 } else { i64::MIN }
    }

    /// Where each task has told of an hour, and none of the next one or of its first, what they told before is gone: it was removed from the
    /// topic, or from the state. Goes on with the first hour of which all tell.
    fn skips_lost_hours(&mut self) -> bool {
        let fronts: Option<Vec<i64>> = self.tasks.iter().map(|task| task.reports.front().map(|(_, report)| report.hour)).collect();
        let Some(fronts) = fronts else { return false };
        let is_lost = match self.first_hour {
            // No task reports before it has told of its first hour.
            None => self.tasks.iter().any(|task| task.first_hour.is_none()),
            Some(_) => fronts.iter().all(|hour| *hour > self.replied_hour + 1),
        };
        let Some(hour) = fronts.iter().max().copied().filter(|_| is_lost) else { return false };
        self.first_hour.get_or_insert(hour);
        self.replied_hour = hour - 1;
        self.awaited_day = None;
        for task in &mut self.tasks {
            while pop_if(&mut task.reports, |(_, report)| report.hour < hour).is_some() {}
            while pop_if(&mut task.applied_days, |(day, _)| *day < hour).is_some() {}
        }
        true
    }
}

impl TaskProgress {
    /// Takes a message; false where one before it is missing.
    fn receive(&mut self, message: TaskMessage) -> bool {
        let mut follows = true;
        match message {
            TaskMessage::FirstHour { hour, is_known } => match self.first_hour {
                Some((_, true)) => {}
                Some((known, false)) if known > hour => {}
                Some(_) | None => self.first_hour = Some((hour, is_known)),
            },
            TaskMessage::Settled { from, to, revisions } => {
                let known = self.settled_until.unwrap_or(from);
                // What was told of the time between is gone, and waiting would not bring it back.
                follows = from <= known;
                if to <= known {
                    return follows;
                }
                self.revisions.extend(revisions.into_iter().filter(|revision| revision.at >= known));
                self.settled_until = Some(to);
            }
            TaskMessage::HourReached { day_revisions, report, checkpointed_hour } => {
                self.checkpointed_hour = self.checkpointed_hour.max(checkpointed_hour);
                if report.hour > self.reported_hour {
                    self.reported_hour = report.hour;
                    // It has settled up to the hour, even where there were no revisions.
                    self.settled_until = self.settled_until.max(Some(Timestamp(report.hour * HOUR_MS)));
                    self.reports.push_back((day_revisions, report));
                }
            }
            TaskMessage::DayApplied { hour, revisions } => {
                if hour > self.applied_day {
                    self.applied_day = hour;
                    self.applied_days.push_back((hour, revisions));
                }
            }
        }
        follows
    }
}
