//! A node: the lanes, tasks and the centre that one process has been given, and how messages find them. It does nothing by itself:
//! what happened is told to it, and what is to be done is taken from it.

mod view;

use crate::engine::Executor;
use crate::engine::context::Context;
use crate::engine::output::{Counts, Revision};
use crate::model::access::Access;
use crate::model::time::Span;
use crate::stream::centre::Centre;
use crate::stream::changelog::{Changelog, LogName};
pub use crate::stream::effect::{Effect, LaneName};
use crate::stream::lane::{Content, Lane, Resume};
use crate::stream::restoring::{Cached, Reading, Turn};
use crate::stream::save::Out;
use crate::stream::table::Table;
use crate::stream::task::{Step, Task};
use crate::stream::wire::{Tick, decode};
use crate::stream::{StreamError, Topic};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
pub use view::Restoring;

/// What is the same in all processes.
#[derive(Clone, Debug)]
pub struct Layout {
    /// How many tasks there are.
    pub tasks: i32,
    /// All partitions of the input, sorted.
    pub lanes: Vec<LaneName>,
}

/// The process's part of the work.
pub struct Node {
    context: Arc<Context>,
    layout: Layout,
    table: Table,
    ticks: Vec<Tick>,
    ticks_next: i64,
    lanes: BTreeMap<LaneName, Laid>,
    /// Lanes that are open, while nobody has taken from where they are to be read.
    unfollowed: BTreeSet<LaneName>,
    parts: BTreeMap<i32, Part>,
    effects: Vec<Effect>,
    tickets: BTreeMap<u64, (Owner, u64)>,
    ticket: u64,
    /// What was counted since it was last asked for.
    counts: Counts,
    /// Bundles taken of late, and records in them.
    bundles: (u64, u64),
    failure: Option<StreamError>,
}

/// Who sent something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Owner {
    /// A task, or the centre, by its partition of the state.
    Part(i32),
    /// Its fence.
    Fence(i32),
    Lane(LaneName),
    /// Nobody waits.
    Nobody,
}

/// A lane that is ours.
enum Laid {
    /// It waits until recorded ticks were read up to an offset.
    Opening(Resume, i64),
    Open(Box<Lane>),
}

/// A task that is ours, or the centre.
enum Part {
    /// Its fence is on the way.
    Fencing,
    /// Its fence stands there, and what is cached of the state is asked for.
    Recalling(i64),
    /// Its state is read up to the fence, and beyond it until it is whole.
    Restoring(Box<Reading>),
    Task(Box<Task>),
    Centre(Box<Centre>),
}

impl Node {
    /// A node that has been given nothing yet. It follows what every node must know.
    pub fn new(context: Arc<Context>, layout: Layout) -> Node {
        Node {
            context,
            layout,
            table: Table::default(),
            ticks: Vec::new(),
            ticks_next: 0,
            lanes: BTreeMap::new(),
            unfollowed: BTreeSet::new(),
            parts: BTreeMap::new(),
            effects: vec![Effect::Follow(Topic::Baselines, 0, 0), Effect::Follow(Topic::Ticks, 0, 0)],
            tickets: BTreeMap::new(),
            ticket: 0,
            counts: Counts::default(),
            bundles: (0, 0),
            failure: None,
        }
    }

    /// The set-up.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Goes on under another set-up of the same subject key, from the next record on.
    pub fn set_context(&mut self, context: Arc<Context>) {
        for part in self.parts.values_mut() {
            match part {
                Part::Task(task) => task.set_context(Arc::new(context.with_own_partitions())),
                Part::Centre(centre) => centre.set_budget(context.alerts.budget_per_day),
                Part::Fencing | Part::Recalling(_) | Part::Restoring(_) => {}
            }
        }
        for lane in self.lanes.values_mut() {
            if let Laid::Open(lane) = lane {
                lane.set_context(context.clone());
            }
        }
        self.context = context;
    }

    /// The partition of the state that is the centre's: that after the tasks'.
    fn centre(&self) -> i32 {
        self.layout.tasks
    }

    /// A task is ours; with the first comes the centre.
    pub fn assign(&mut self, task: i32) {
        self.revoke(task);
        self.open(task);
        if task == 0 {
            self.open(self.centre());
        }
    }

    fn open(&mut self, part: i32) {
        self.parts.insert(part, Part::Fencing);
        self.give(Owner::Fence(part), 0, Out::Send(Changelog::fence(part)));
    }

    /// A task is no longer ours.
    pub fn revoke(&mut self, task: i32) {
        let mut gone = vec![task];
        if task == 0 {
            gone.push(self.centre());
        }
        for part in gone {
            // Who takes the part on anew counts anew: an acknowledgement of what was sent before must not reach it.
            self.tickets.retain(|_, (owner, _)| *owner != Owner::Part(part) && *owner != Owner::Fence(part));
            let removed = self.parts.remove(&part);
            if removed.is_some() {
                self.effects.push(Effect::Release(part));
            }
            match removed {
                Some(Part::Restoring(_)) => self.effects.push(Effect::Leave(Topic::State, part)),
                Some(Part::Task(_)) => self.effects.push(Effect::Leave(Topic::Access, part)),
                Some(Part::Centre(_)) => self.effects.push(Effect::Leave(Topic::Summaries, 0)),
                Some(Part::Fencing | Part::Recalling(_)) | None => {}
            }
        }
    }

    /// A partition of the input is ours. It is read on from there, once ticks were read up to that offset of theirs.
    pub fn assign_lane(&mut self, name: LaneName, resume: Resume, ticks_end: i64) {
        self.revoke_lane(&name);
        self.lanes.insert(name, Laid::Opening(resume, ticks_end));
        self.open_lanes();
    }

    /// A partition of the input is no longer ours.
    pub fn revoke_lane(&mut self, name: &LaneName) {
        self.tickets.retain(|_, (owner, _)| !matches!(owner, Owner::Lane(of) if of == name));
        self.lanes.remove(name);
        self.unfollowed.remove(name);
        self.effects.retain(|effect| !matches!(effect, Effect::FollowLane(of, _) if of == name));
    }

    fn open_lanes(&mut self) {
        for (name, lane) in &mut self.lanes {
            if let Laid::Opening(resume, ticks_end) = lane
                && self.ticks_next >= *ticks_end
            {
                let opened = Lane::new(name.clone(), self.context.clone(), self.layout.tasks, *resume, self.ticks.clone());
                self.effects.push(Effect::FollowLane(name.clone(), opened.next()));
                self.unfollowed.insert(name.clone());
                *lane = Laid::Open(Box::new(opened));
            }
        }
    }

    /// What a record of the input holds. What is returned was set aside and is given up.
    ///
    /// A lane that was ours before is read anew from what was committed. Until [`Effect::FollowLane`] has been taken, records come from
    /// where it had been read to: what they pass over would be missing from the lane's time, and what is late would not be known as such.
    pub fn record(&mut self, name: &LaneName, offset: i64, content: Content) -> Vec<Access> {
        match self.followed(name) {
            Some(lane) if offset >= lane.next() => lane.take(offset, content),
            Some(_) | None => Vec::new(),
        }
    }

    fn followed(&mut self, name: &LaneName) -> Option<&mut Lane> {
        match self.lanes.get_mut(name) {
            Some(Laid::Open(lane)) if !self.unfollowed.contains(name) => Some(lane),
            Some(_) | None => None,
        }
    }

    /// What a decoder had held back of records of the input before.
    pub fn held(&mut self, name: &LaneName, content: Content) -> Vec<Access> {
        self.followed(name).map_or_else(Vec::new, |lane| lane.take_held(content))
    }

    /// A message of a topic of ours. `show`: it is recent enough to be shown at once. Of a partition of the state no message may
    /// come before what the last one led to is done ([`Node::has_turned`]): it may have to be read from elsewhere.
    pub fn message(&mut self, topic: Topic, partition: i32, offset: i64, key: &[u8], value: Option<&[u8]>, show: bool) {
        let outcome = self.take(topic, partition, offset, key, value, show);
        if let Err(why) = outcome {
            let failure = match topic {
                Topic::State => StreamError::State { partition, why },
                _ => StreamError::Unreadable { topic: topic.name(), partition, offset, why },
            };
            self.failure.get_or_insert(failure);
        }
    }

    fn take(&mut self, topic: Topic, partition: i32, offset: i64, key: &[u8], value: Option<&[u8]>, show: bool) -> Result<(), String> {
        match topic {
            Topic::Baselines => self.table.take(offset, key, value),
            Topic::Ticks => {
                let tick: Tick = decode(value.unwrap_or_default())?;
                self.ticks_next = offset + 1;
                if let Some(Laid::Open(lane)) = self.lanes.get_mut(&(tick.topic.clone(), tick.partition)) {
                    lane.recorded(tick.clone());
                }
                self.ticks.push(tick);
                self.open_lanes();
                Ok(())
            }
            Topic::State => self.restore(partition, offset, key, value),
            Topic::Access => {
                let Some(Part::Task(task)) = self.parts.get_mut(&partition) else { return Ok(()) };
                if offset < task.next() {
                    return Ok(());
                }
                let mut step = Step::default();
                let records = task.take(offset, value.unwrap_or_default(), show, &mut step)?;
                self.bundles = (self.bundles.0 + 1, self.bundles.1 + u64::from(records));
                self.counts.join(step.counts);
                self.shown(step.provisional);
                Ok(())
            }
            Topic::Summaries => {
                let centre = self.centre();
                let Some(Part::Centre(centre)) = self.parts.get_mut(&centre) else { return Ok(()) };
                if offset < centre.next() { Ok(()) } else { centre.take(offset, key, value.unwrap_or_default()) }
            }
        }
    }

    fn restore(&mut self, part: i32, offset: i64, key: &[u8], value: Option<&[u8]>) -> Result<(), String> {
        let Some(Part::Restoring(reading)) = self.parts.get_mut(&part) else { return Ok(()) };
        match reading.take(offset, key, value)? {
            Turn::On => Ok(()),
            turn @ (Turn::From(_) | Turn::Refused(_)) => {
                self.turn(part, turn);
                Ok(())
            }
            Turn::Whole => self.restored(part),
        }
    }

    fn restored(&mut self, part: i32) -> Result<(), String> {
        let Some(Part::Restoring(reading)) = self.parts.remove(&part) else { return Ok(()) };
        self.effects.push(Effect::Leave(Topic::State, part));
        self.effects.push(Effect::Restored(part, reading.read()));
        let (restored, unnamed) = reading.finish(part);
        if let Some(name) = unnamed {
            self.give(Owner::Nobody, 0, Out::Send(Changelog::name(part, name)));
        }
        if part == self.centre() {
            let centre = Centre::new(self.layout.tasks, self.context.alerts.budget_per_day, restored)?;
            self.effects.push(Effect::Follow(Topic::Summaries, 0, centre.next()));
            self.parts.insert(part, Part::Centre(Box::new(centre)));
        } else {
            let task = Task::new(part, Arc::new(self.context.with_own_partitions()), &self.layout.lanes, restored)?;
            self.effects.push(Effect::Follow(Topic::Access, part, task.next()));
            self.parts.insert(part, Part::Task(Box::new(task)));
        }
        Ok(())
    }

    /// What this machine has cached of a partition of the state, and a name for it should it have none.
    pub fn recalled(&mut self, part: i32, cached: Option<Cached>, name: LogName) {
        let Some(Part::Recalling(fence)) = self.parts.get(&part) else { return };
        let (reading, turn) = Reading::begin(*fence, cached, name);
        self.parts.insert(part, Part::Restoring(Box::new(reading)));
        self.turn(part, turn);
    }

    fn turn(&mut self, part: i32, turn: Turn) {
        match turn {
            Turn::From(offset) => self.effects.push(Effect::Follow(Topic::State, part, offset)),
            Turn::Refused(why) => self.effects.extend([Effect::Forget(part, why), Effect::Follow(Topic::State, part, 0)]),
            Turn::On | Turn::Whole => {}
        }
    }

    /// Something was acknowledged; a message has its offset.
    pub fn acknowledged(&mut self, ticket: u64, offset: i64) {
        let Some((owner, number)) = self.tickets.remove(&ticket) else { return };
        match owner {
            Owner::Nobody => {}
            Owner::Fence(part) => {
                if let Some(fencing @ Part::Fencing) = self.parts.get_mut(&part) {
                    *fencing = Part::Recalling(offset);
                    self.effects.push(Effect::Recall(part));
                }
            }
            Owner::Part(part) => match self.parts.get_mut(&part) {
                Some(Part::Task(task)) => task.outbox.acknowledged(number),
                Some(Part::Centre(centre)) => centre.outbox.acknowledged(number),
                Some(Part::Fencing | Part::Recalling(_) | Part::Restoring(_)) | None => {}
            },
            Owner::Lane(name) => {
                if let Some(Laid::Open(lane)) = self.lanes.get_mut(&name) {
                    lane.outbox.acknowledged(number);
                }
            }
        }
    }

    /// Goes on as far as it can.
    pub fn step(&mut self, executor: &impl Executor) -> Result<(), StreamError> {
        let parts: Vec<i32> = self.parts.keys().copied().collect();
        for part in parts {
            let mut step = Step::default();
            let outcome = match self.parts.get_mut(&part) {
                Some(Part::Task(task)) => task.step(&self.table, executor, &mut step),
                Some(Part::Centre(centre)) => {
                    centre.step(&self.context);
                    Ok(())
                }
                Some(Part::Fencing | Part::Recalling(_) | Part::Restoring(_)) | None => Ok(()),
            };
            if let Err(why) = outcome {
                self.failure.get_or_insert(StreamError::State { partition: part, why });
            }
            self.counts.join(step.counts);
        }
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Tells all tasks how far the lanes here have come.
    pub fn mark(&mut self) {
        for lane in self.lanes.values_mut() {
            if let Laid::Open(lane) = lane {
                lane.flush(Span(0));
            }
        }
    }

    /// Retracts what was shown and did not settle.
    pub fn reconcile(&mut self) {
        let mut revisions = Vec::new();
        for part in self.parts.values_mut() {
            if let Part::Task(task) = part {
                revisions.extend(task.reconcile());
            }
        }
        self.shown(revisions);
    }

    fn shown(&mut self, revisions: Vec<Revision>) {
        if !revisions.is_empty() {
            let alerts = revisions.into_iter().map(|Revision { alert, .. }| Arc::new(alert)).collect();
            self.effects.push(Effect::Provisional(alerts));
        }
    }

    /// Begins to save what can be saved.
    pub fn save(&mut self, executor: &impl Executor) {
        for part in self.parts.values_mut() {
            match part {
                Part::Task(task) => {
                    task.save(executor);
                }
                Part::Centre(centre) => {
                    centre.save();
                }
                Part::Fencing | Part::Recalling(_) | Part::Restoring(_) => {}
            }
        }
        self.prepare_commits();
    }

    /// Begins to save one task.
    pub fn save_task(&mut self, task: i32, executor: &impl Executor) -> bool {
        match self.parts.get_mut(&task) {
            Some(Part::Task(task)) => task.save(executor),
            Some(Part::Centre(_) | Part::Fencing | Part::Recalling(_) | Part::Restoring(_)) | None => false,
        }
    }

    /// How far lanes have been read is to be committed once what they sent is acknowledged.
    pub fn prepare_commits(&mut self) {
        for lane in self.lanes.values_mut() {
            if let Laid::Open(lane) = lane {
                lane.prepare_commit();
            }
        }
    }

    /// Records that these silent lanes follow the time of the others: each that of the next one ahead.
    pub fn tick(&mut self, silent: &[LaneName]) {
        let watermarks = self.watermarks();
        for name in silent {
            let Some(Laid::Open(lane)) = self.lanes.get(name) else { continue };
            let own = lane.watermark();
            let ahead = watermarks.values().copied().filter(|watermark| own.is_none_or(|own| *watermark > own)).min();
            if let Some(to) = ahead {
                let tick = lane.tick(to);
                self.give(Owner::Nobody, 0, Out::Send(tick));
            }
        }
    }

    /// What is to be done, in order.
    pub fn effects(&mut self) -> Vec<Effect> {
        let mut outs: Vec<(Owner, u64, Out)> = Vec::new();
        for (part, state) in &mut self.parts {
            let outbox = match state {
                Part::Task(task) => &mut task.outbox,
                Part::Centre(centre) => &mut centre.outbox,
                Part::Fencing | Part::Recalling(_) | Part::Restoring(_) => continue,
            };
            outs.extend(outbox.take().into_iter().map(|(number, out)| (Owner::Part(*part), number, out)));
        }
        for (name, lane) in &mut self.lanes {
            if let Laid::Open(lane) = lane {
                lane.flush_due();
                outs.extend(lane.outbox.take().into_iter().map(|(number, out)| (Owner::Lane(name.clone()), number, out)));
                if let Some(resume) = lane.committed() {
                    self.effects.push(Effect::Commit(name.clone(), resume));
                }
            }
        }
        for (owner, number, out) in outs {
            self.give(owner, number, out);
        }
        self.unfollowed.clear();
        std::mem::take(&mut self.effects)
    }

    fn give(&mut self, owner: Owner, number: u64, out: Out) {
        self.ticket += 1;
        self.tickets.insert(self.ticket, (owner, number));
        self.effects.push(match out {
            Out::Send(message) => Effect::Send(self.ticket, message),
            Out::Alerts(alerts) => Effect::Alerts(self.ticket, alerts),
        });
    }

    /// Records in a bundle of late, about.
    pub fn records_in_a_bundle(&mut self) -> u64 {
        let (bundles, records) = self.bundles;
        // What comes weighs more than what was.
        self.bundles = (bundles / 2, records / 2);
        records.div_ceil(bundles.max(1)).max(1)
    }

    /// What was counted since it was last asked for.
    pub fn counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}
