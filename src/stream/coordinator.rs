//! The coordinator: the second stage. It hears all tasks, answers all of them alike once an hour, and gives settled alerts to the sinks
//! in the order of event time, which the budget needs.
//!
//! What a task says again, after a crash or as a zombie, is known by its hour and time, and heard once.

use crate::engine::context::Context;
use crate::engine::global_stage::{GlobalStage, StageReport};
use crate::engine::output::Revision;
use crate::model::time::{HOUR_MS, Timestamp};
use crate::stream::changelog::{Entry, Restored};
use crate::stream::frames::Parts;
use crate::stream::save::{Outbox, Saver};
use crate::stream::table;
use crate::stream::wire::{Told, decode, encode};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The running coordinator.
pub struct Coordinator {
    second: GlobalStage,
    heard: Heard,
    next: i64,
    parts: Parts,
    saver: Saver,
    /// Whether a day was learnt from since the last save.
    learnt: bool,
    /// What leaves it.
    pub outbox: Outbox,
}

/// What the tasks have said and is not dealt with yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Heard {
    tasks: Vec<Task>,
    /// The first hour of all.
    begin: Option<i64>,
    /// The last hour answered.
    answered: i64,
    /// A day has begun, and its alerts come before all later ones.
    day: Option<i64>,
    /// Answers that were sent and not removed, with their parts; whether a day began with it.
    kept: BTreeMap<i64, (u32, bool)>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Task {
    /// The hour before which it has nothing, and whether its first record lies in it.
    begins: Option<(i64, bool)>,
    to: Option<Timestamp>,
    revisions: VecDeque<Revision>,
    /// Hours that it has come to; more than one where an earlier coordinator answered some of them.
    hours: VecDeque<(Vec<Revision>, StageReport)>,
    /// The last hour of which it was heard.
    reached: i64,
    heard: VecDeque<(i64, Vec<Revision>)>,
    /// The last day of which that was heard.
    day: i64,
    saved: i64,
}

#[derive(Serialize, Deserialize)]
struct Head {
    next: i64,
}

const HEARD: &[u8] = b"heard";
const SECOND: &[u8] = b"second";
const STAGE: &[u8] = b"stage";
const NOTHING: i64 = i64::MIN / 2;

impl Coordinator {
    /// The coordinator of so many tasks, from what was saved of it.
    pub fn new(tasks: i32, budget_per_day: u32, restored: Restored) -> Result<Coordinator, String> {
        let task = Task { reached: NOTHING, saved: NOTHING, day: NOTHING, ..Task::default() };
        let fresh = Heard { tasks: vec![task; tasks.max(1) as usize], begin: None, answered: NOTHING, day: None, kept: BTreeMap::new() };
        let mut coordinator = Coordinator {
            second: GlobalStage::new(budget_per_day),
            heard: fresh,
            next: 0,
            parts: Parts::default(),
            saver: Saver::new(restored.changelog),
            learnt: true,
            outbox: Outbox::default(),
        };
        if let Some(head) = restored.head {
            coordinator.next = decode::<Head>(&head)?.next;
            for (id, content) in restored.entries {
                match id.as_slice() {
                    HEARD => coordinator.heard = decode(&content)?,
                    SECOND => {
                        coordinator.second = GlobalStage::of(decode(&content)?, coordinator.second.into_stage());
                    }
                    STAGE => {
                        let (population, budget, watch) = coordinator.second.parts();
                        let parts = (population.clone(), budget.clone(), watch.clone());
                        coordinator.second = GlobalStage::of(parts, decode(&content)?);
                    }
                    _ => return Err("holds an entry that this version does not know".to_owned()),
                }
            }
            if coordinator.heard.tasks.len() != tasks.max(1) as usize {
                return Err(format!("was saved with {} tasks, and {tasks} are configured", coordinator.heard.tasks.len()));
            }
            coordinator.second.set_budget(budget_per_day);
        }
        Ok(coordinator)
    }

    /// Changes how many alerts are shown a day, from the next day on.
    pub fn set_budget(&mut self, per_day: u32) {
        self.second.set_budget(per_day);
    }

    /// The next offset of `leakwarden.summaries` to read.
    pub fn next(&self) -> i64 {
        self.next
    }

    /// The last hour answered, if any was.
    pub fn answered(&self) -> Option<i64> {
        (self.heard.answered > NOTHING).then_some(self.heard.answered)
    }

    /// Takes the message at an offset.
    pub fn take(&mut self, offset: i64, key: &[u8], value: &[u8]) -> Result<(), String> {
        self.next = offset + 1;
        let from = <[u8; 4]>::try_from(key).map(i32::from_be_bytes).map_err(|_| "has a key that names no task")?;
        let Some(message) = self.parts.take(from, offset, value)? else { return Ok(()) };
        let task = usize::try_from(from).ok().and_then(|at| self.heard.tasks.get_mut(at));
        let task = task.ok_or_else(|| format!("is of task {from}, and there is none"))?;
        task.hear(decode(&message)?)
    }

    /// Goes on as far as it can. True if anything moved.
    pub fn step(&mut self, context: &Context) -> bool {
        let mut moved = self.saver.poll(&mut self.outbox);
        while self.go_on(context) {
            moved = true;
        }
        moved
    }

    fn go_on(&mut self, context: &Context) -> bool {
        let tasks = &mut self.heard.tasks;
        if self.heard.begin.is_none() {
            let firsts = tasks.iter().filter_map(|task| task.begins.filter(|(_, first)| *first));
            let Some(hour) = firsts.map(|(hour, _)| hour).min() else { return false };
            if tasks.iter().any(|task| task.begins.is_none_or(|(begins, _)| begins < hour)) {
                return false;
            }
            self.heard.begin = Some(hour);
            self.heard.answered = hour - 1;
            tasks.iter_mut().for_each(|task| task.reached = task.reached.max(hour - 1));
            self.outbox.send(table::begin(hour));
            return true;
        }
        if let Some(day) = self.heard.day {
            if tasks.iter().any(|task| task.heard.front().is_none_or(|(hour, _)| *hour != day)) {
                return false;
            }
            let revisions = tasks.iter_mut().filter_map(|task| task.heard.pop_front()).flat_map(|(_, revisions)| revisions).collect();
            self.heard.day = None;
            self.pass(revisions);
            return true;
        }
        // What comes after the next hour waits for what is said of that.
        let end = Timestamp((self.heard.answered + 1) * HOUR_MS);
        let least = tasks.iter().map(|task| task.to).min().flatten().map(|least| least.min(end));
        let mut settled = Vec::new();
        for task in tasks.iter_mut() {
            while least.is_some_and(|least| task.revisions.front().is_some_and(|revision| revision.at < least)) {
                settled.extend(task.revisions.pop_front());
            }
        }
        let moved = !settled.is_empty();
        self.pass(settled);
        let next = self.heard.answered + 1;
        if self.heard.tasks.iter().any(|task| task.hours.front().is_none_or(|(_, report)| report.hour != next)) {
            return moved;
        }
        self.answer(next, context);
        true
    }

    fn answer(&mut self, hour: i64, context: &Context) {
        let (mut ticked, mut reports) = (Vec::new(), Vec::new());
        for (revisions, report) in self.heard.tasks.iter_mut().filter_map(|task| task.hours.pop_front()) {
            ticked.extend(revisions);
            reports.push(report);
        }
        let begins = reports.iter().any(|report| report.day.is_some());
        if begins {
            self.second.turn(hour);
            self.pass(ticked);
            self.heard.day = Some(hour);
            self.learnt = true;
        }
        let (answer, gaps) = self.second.answer(reports, context);
        self.pass(gaps);
        let messages = table::answer(&answer);
        self.heard.kept.insert(hour, (messages.len() as u32, begins));
        messages.into_iter().for_each(|message| self.outbox.send(message));
        self.heard.answered = hour;
        self.forget();
    }

    /// Answers that nobody can ask for any more are removed: those before the oldest saved state, but for that of its day.
    fn forget(&mut self) {
        let oldest = self.heard.tasks.iter().map(|task| task.saved).min().unwrap_or(NOTHING);
        let day = self.heard.kept.range(..=oldest).rev().find(|(_, (_, begins))| *begins).map(|(hour, _)| *hour);
        let gone: Vec<(i64, u32)> = self.heard.kept.range(..oldest).map(|(hour, (parts, _))| (*hour, *parts)).collect();
        for (hour, parts) in gone.into_iter().filter(|(hour, _)| Some(*hour) != day) {
            self.heard.kept.remove(&hour);
            table::forget(hour, parts).for_each(|message| self.outbox.send(message));
        }
    }

    /// Brings revisions into the order of event time, and gives them to the sinks.
    fn pass(&mut self, mut revisions: Vec<Revision>) {
        revisions.sort_by(|a, b| (a.at, &a.alert.id, a.alert.revision).cmp(&(b.at, &b.alert.id, b.alert.revision)));
        self.second.pass_all(&mut revisions);
        self.outbox.tell(revisions.into_iter().map(|Revision { alert, .. }| Arc::new(alert)).collect());
    }

    /// Begins to save the state, unless it is being saved.
    pub fn save(&mut self) -> bool {
        if self.saver.is_busy() {
            return false;
        }
        let mut entries: Vec<Entry> = vec![(HEARD.to_vec(), Some(encode(&self.heard)))];
        entries.push((SECOND.to_vec(), Some(encode(&self.second.parts()))));
        // The largest part changes with a day.
        if std::mem::take(&mut self.learnt) {
            entries.push((STAGE.to_vec(), Some(encode(self.second.stage()))));
        }
        let head = encode(&Head { next: self.parts.resume(self.next) });
        self.saver.begin(entries, &head, &self.outbox);
        true
    }

    /// A hash of all that was learnt of people and sources and of what was shown, and the hour up to which it goes.
    pub fn digest(&self) -> (i64, String) {
        (self.heard.answered, blake3::hash(&encode(&(self.second.parts(), self.second.stage()))).to_hex().to_string())
    }
}

impl Task {
    fn hear(&mut self, told: Told) -> Result<(), String> {
        match told {
            Told::Begins { hour, first } => match self.begins {
                Some((_, true)) => {}
                Some((known, false)) if known > hour => {}
                Some(_) | None => self.begins = Some((hour, first)),
            },
            Told::Settled { from, to, revisions } => {
                let known = self.to.unwrap_or(from);
                if from > known {
                    return Err(format!(
                        "tells of the time from {from} on, and what was told before ends at {known}: messages are missing"
                    ));
                }
                if to <= known {
                    return Ok(());
                }
                self.revisions.extend(revisions.into_iter().filter(|revision| revision.at >= known));
                self.to = Some(to);
            }
            Told::Hour { ticked, report, saved } => {
                self.saved = self.saved.max(saved);
                if report.hour > self.reached {
                    self.reached = report.hour;
                    // It has settled up to the hour, even where nothing came about.
                    self.to = self.to.max(Some(Timestamp(report.hour * HOUR_MS)));
                    self.hours.push_back((ticked, report));
                }
            }
            Told::Heard { hour, revisions } => {
                if hour > self.day {
                    self.day = hour;
                    self.heard.push_back((hour, revisions));
                }
            }
        }
        Ok(())
    }
}
