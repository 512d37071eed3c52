//! The one engine: records in, revisions of alerts out. Live service, replay, demo and tests drive this and nothing else.
//!
//! It owns no thread, no clock and no I/O: time is what records and ticks say, and work on shards is handed to an
//! [`Executor`]. Order of work for a piece of input: [`Engine::take`] each record, then [`Engine::advance`]; at the end
//! [`Engine::finish`].

pub mod context;
pub mod evaluation;
pub mod global_stage;
pub mod keyed_stage;
pub mod limits;
pub mod output;
pub mod partition_events;
mod partition_watermarks;
mod provisional;
mod reload;
pub mod sequences;
pub mod shard;
mod snapshot;
pub mod source_monitor;
pub mod state_entries;
pub mod tracked;
pub mod watermark;

use crate::model::access::{Access, PartitionId};
use crate::model::time::{Span, Timestamp};
use crate::population::Models;
use crate::population::sources::outages::SourceOutages;
use crate::population::volume::RecordRef;
use context::Context;
use evaluation::EvaluationCoverage;
use global_stage::GlobalStage;
use keyed_stage::{Hours, KeyedStage};
use output::{Output, Revision};
use partition_events::{LossCounts, PartitionEvent};
use partition_watermarks::PartitionWatermarks;
use shard::{Profiles, Shard};
use std::sync::Arc;

pub use snapshot::{RestoreError, Snapshot};

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

/// Both stages in one: all partitions are read here, and all employees are known here.
pub struct Engine {
    inputs: PartitionWatermarks,
    first: KeyedStage,
    second: GlobalStage,
}

impl Engine {
    /// An engine that has seen nothing.
    pub fn new(context: Arc<Context>) -> Engine {
        let second = GlobalStage::new(context.alerts.budget_per_day);
        Engine { inputs: PartitionWatermarks::default(), first: KeyedStage::new(context, Hours::Busy), second }
    }

    /// The set-up.
    pub fn context(&self) -> &Arc<Context> {
        self.first.context()
    }

    /// All profiles, for whoever reads beside the engine.
    pub fn profiles(&self) -> &Arc<Profiles> {
        self.first.profiles()
    }

    /// The peer groups as learnt so far.
    pub fn models(&self) -> &Arc<Models> {
        self.first.models()
    }

    /// Up to where records have settled.
    pub fn settled(&self) -> Timestamp {
        self.first.reached().settled
    }

    /// The watermark of a partition.
    pub fn watermark(&self, partition: PartitionId) -> Option<Timestamp> {
        self.inputs.watermark(partition)
    }

    /// Announces a partition: nothing settles beyond its watermark until it rests.
    pub fn open(&mut self, partition: PartitionId) {
        self.inputs.open(partition, self.first.context().lateness);
    }

    /// Takes a record of a partition, in the partition's order. `believed` is the latest event time that can be believed
    /// for other reasons than the watermark (live: the broker's clock and a bounded skew). What is returned was set aside
    /// before and is given up.
    pub fn take(&mut self, access: Access, believed: Option<Timestamp>) -> Option<Access> {
        let lateness = self.first.context().lateness;
        let partition = access.partition;
        let given_up = self.inputs.take(access, believed, lateness, &mut |placed| self.first.push(placed));
        if self.inputs.is_amiss() {
            self.place_amiss(partition);
        }
        given_up
    }

    /// Shows at once what a record that has just arrived changes; it is taken as well, and settles in its time.
    pub fn show(&mut self, access: &Access) -> Output {
        let revisions = self.first.show(access);
        self.present(revisions)
    }

    /// Shows anew what waits in a restored state, so that what comes next joins the alerts that were shown before the stop.
    pub fn resume_provisional(&mut self) {
        let waiting: Vec<Access> = self.first.waiting().cloned().collect();
        for access in waiting {
            // It was told before the stop; only the copies are wanted.
            let _ = self.first.show(&access);
        }
    }

    /// Employees and accounts known, with those whose first records have not settled.
    pub fn employees(&self) -> usize {
        self.first.employees()
    }

    /// Whether a record with this id has settled before.
    pub fn knows(&self, access: &Access) -> bool {
        self.first.knows(access)
    }

    /// Forgets what is shown and has not settled: whoever goes on from here shows it anew.
    pub fn forget_provisional(&mut self) {
        self.first.forget_shown();
    }

    /// Retracts what was shown and did not settle.
    pub fn reconcile(&mut self) -> Output {
        let revisions = self.first.reconcile();
        self.present(revisions)
    }

    fn present(&self, mut revisions: Vec<Revision>) -> Output {
        for Revision { alert, .. } in &mut revisions {
            alert.shown_at = self.second.shown_at(&alert.id).map(str::to_owned);
        }
        Output { revisions, ..Output::default() }
    }

    /// A partition has nothing more to say for now: its watermark follows `to` (a recorded tick), and it holds nobody up.
    pub fn rest(&mut self, partition: PartitionId, to: Option<Timestamp>) {
        self.inputs.rest(partition, to, &mut |placed| self.first.push(placed));
    }

    /// A partition's input ends. What is returned was set aside and is given up.
    pub fn close(&mut self, partition: PartitionId) -> Vec<Access> {
        self.inputs.close(partition, &mut |placed| self.first.push(placed))
    }

    /// Settles what has become old enough in every partition that does not rest.
    pub fn advance(&mut self, executor: &impl Executor) -> Output {
        self.inputs.frontier().map_or_else(Output::default, |frontier| self.settle(frontier, executor))
    }

    /// The input ends: everything that waits settles, and what changed is told.
    pub fn finish(&mut self, executor: &impl Executor) -> Output {
        let mut given_up = Vec::new();
        for partition in self.inputs.partitions() {
            given_up.extend(self.close(partition));
        }
        let last = self.inputs.last();
        let mut out = last.map_or_else(Output::default, |last| self.settle(last + Span::minutes(1), executor));
        let mut finished = self.first.finish(executor);
        self.first.settle_coverage(last);
        finished.revisions.extend(self.second.finish(self.first.context()));
        self.second.pass(&mut finished);
        out.join(finished);
        out.given_up.extend(given_up);
        out
    }

    fn settle(&mut self, frontier: Timestamp, executor: &impl Executor) -> Output {
        let mut out = Output::default();
        loop {
            let mut stepped = self.first.step(frontier, executor);
            self.second.pass(&mut stepped.settled);
            out.join(stepped.settled);
            let Some(report) = stepped.report else { return out };
            if report.day.is_some() {
                self.second.turn(report.hour);
                self.second.pass(&mut stepped.ticked);
                out.join(stepped.ticked);
            }
            let (answer, mut gaps) = self.second.answer(vec![report], self.first.context());
            self.second.pass_all(&mut gaps);
            out.join(Output { revisions: gaps, ..Output::default() });
            let mut heard = self.first.hear(answer, executor);
            self.second.pass(&mut heard);
            out.join(heard);
        }
    }

    /// A record of a partition could not be decoded. To be told in the partition's order.
    pub fn dead(&mut self, partition: PartitionId) {
        self.inputs.amiss(partition, LossCounts { dead_letters: 1, losses: 0 });
        self.place_amiss(partition);
    }

    /// Records of a partition are lost to us from here on: its source no longer has them.
    pub fn lost(&mut self, partition: PartitionId) {
        self.inputs.amiss(partition, LossCounts { dead_letters: 0, losses: 1 });
        self.place_amiss(partition);
    }

    /// A source has numbered a record (or a line of one) within a stream. To be told in the partition's order.
    pub fn numbered(&mut self, partition: PartitionId, stream: u64, number: u64, edge: RecordRef) {
        if let Some(at) = self.inputs.place_of(partition, edge.time) {
            self.first.note(partition, at, PartitionEvent::Number { stream, number, edge });
        }
    }

    /// What is amiss stands at the partition's time, once it has one.
    fn place_amiss(&mut self, partition: PartitionId) {
        if let Some((at, amount)) = self.inputs.take_amiss(partition) {
            self.first.note(partition, at, PartitionEvent::Losses(amount));
        }
    }

    /// How far employees' days could be evaluated.
    pub fn covered(&self) -> EvaluationCoverage {
        self.first.covered()
    }

    /// What cannot be seen of the sources.
    pub fn outages(&self) -> &Arc<SourceOutages> {
        &self.first.outages
    }

    /// The last hour at whose start sums were told.
    pub fn hour(&self) -> i64 {
        self.first.reached().hour
    }

    /// The first stage.
    pub fn first(&self) -> &KeyedStage {
        &self.first
    }

    /// When an alert was shown within the budget.
    pub fn shown_at(&self, id: &str) -> Option<&str> {
        self.second.shown_at(id)
    }
}
