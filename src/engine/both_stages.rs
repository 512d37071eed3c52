//! The engine of one process: both stages, and the watermarks of the partitions that it reads.
//!
//! Order of work for a piece of input: [`Engine::take`] each record, then [`Engine::advance`]; at the end [`Engine::finish`].

use crate::engine::context::Context;
use crate::engine::env::Profiles;
use crate::engine::evaluation::EvaluationCoverage;
use crate::engine::executor::Executor;
use crate::engine::global_stage::GlobalStage;
use crate::engine::keyed_stage::{KeyedStage, ReportedHours};
use crate::engine::output::{Output, Revision};
use crate::engine::partition_events::{LossCounts, PartitionEvent, lost_hours};
use crate::engine::partition_watermarks::PartitionWatermarks;
use crate::engine::provisional::Arrived;
use crate::model::access::{Access, PartitionId};
use crate::model::alert::AlertState;
use crate::model::decision::Decision;
use crate::model::decision::outcome::{DecisionNote, DecisionOutcome};
use crate::model::severity::Severity;
use crate::model::time::{HOUR_MS, Span, Timestamp};
use crate::population::Models;
use crate::population::sources::outages::SourceOutages;
use crate::population::volume::RecordRef;
use crate::triage::budget::SilenceCounts;
use crate::triage::budget::cases_told::CasesShown;
use crate::triage::open_alerts::OpenCounts;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Both stages in one process: it reads all partitions and has all employees.
pub struct Engine {
    pub(super) watermarks: PartitionWatermarks,
    pub(super) keyed: KeyedStage,
    pub(super) global: GlobalStage,
}

impl Engine {
    /// An engine without state.
    pub fn new(context: Arc<Context>) -> Engine {
        let global = GlobalStage::new(&context.alerts);
        Engine { watermarks: PartitionWatermarks::default(), keyed: KeyedStage::new(context, ReportedHours::WithRecords), global }
    }

    /// The set-up.
    pub fn context(&self) -> &Arc<Context> {
        self.keyed.context()
    }

    /// All profiles, for whoever reads them while the engine runs.
    pub fn profiles(&self) -> &Arc<Profiles> {
        self.keyed.profiles()
    }

    /// The peer groups as learnt so far.
    pub fn models(&self) -> &Arc<Models> {
        self.keyed.models()
    }

    /// Up to where records have settled.
    pub fn settled(&self) -> Timestamp {
        self.keyed.progress().settled
    }

    /// The watermark of a partition.
    pub fn watermark(&self, partition: PartitionId) -> Option<Timestamp> {
        self.watermarks.watermark(partition)
    }

    /// From now on these sources are listened to, and no others: nothing waits for what others may say, and their silence says nothing.
    pub fn follow_sources(&mut self, sources: BTreeSet<Arc<str>>) {
        for partition in self.watermarks.partitions() {
            if self.context().said_source_of(partition).is_some_and(|source| !sources.contains(&source)) {
                self.mark_idle(partition, None);
            }
        }
        self.global.follow(sources);
    }

    /// Adds a partition: nothing settles beyond its watermark until it is idle or ends.
    pub fn add_partition(&mut self, partition: PartitionId) {
        self.watermarks.add(partition, self.keyed.context().lateness);
    }

    /// Takes a record of a partition, in the partition's order. `limit` is the latest event time that can be believed by a clock (live:
    /// ours, the broker's, and a bounded skew).
    pub fn take(&mut self, access: Access, limit: Option<Timestamp>) {
        let lateness = self.keyed.context().lateness;
        let partition = access.partition;
        let lost = self.watermarks.end_loss(partition, limit.map_or(access.time, |limit| access.time.min(limit)));
        lost.into_iter().for_each(|span| self.push_loss(partition, span));
        self.watermarks.take(access, limit, lateness, &mut |record| self.keyed.push_all(record));
        if self.watermarks.has_losses() {
            self.push_losses(partition);
        }
    }

    /// A clock says that times up to this one can be believed: what was set aside for its time is let go when that has come.
    pub fn let_go(&mut self, limit: Timestamp) {
        self.watermarks.let_go(limit, &mut |record| self.keyed.push(record));
    }

    /// Provisional revisions of a record that has just arrived, at that time of day. The record must be taken before, and settles in its time.
    pub fn show_provisional(&mut self, access: &Access, now: Timestamp) -> Output {
        let settles = self.watermarks.settling_time(access.partition, access.time).unwrap_or(access.time).max(access.time);
        let revisions = self.keyed.show_provisional(Arrived { access, settles, now });
        self.present(revisions)
    }

    /// Applies the pending records of a restored state provisionally, so that later ones join the alerts that were shown before the stop.
    pub fn resume_provisional(&mut self, now: Timestamp) {
        let pending: Vec<(Timestamp, Access)> = self.keyed.pending().map(|(settles, access)| (settles, access.clone())).collect();
        for (settles, access) in pending {
            // Its revisions were shown before the stop.
            let _ = self.keyed.show_provisional(Arrived { access: &access, settles, now });
        }
    }

    /// How many alerts are open: by the settled state, and of what was shown before it settled. The latter are in no place of the budget yet.
    pub fn open_counts(&self) -> OpenCounts {
        let open = self.global.open_alerts();
        let mut counts = open.counts();
        let early = self.keyed.unsettled().filter(|alert| alert.state == AlertState::Open && !open.contains(&alert.id));
        early.for_each(|alert| counts.open[alert.severity as usize] += 1);
        counts
    }

    /// Cases of which a settled alert is open: all, and those that were shown.
    pub fn open_cases(&self) -> OpenCounts {
        self.global.open_cases()
    }

    /// Cases that were shown since this was asked last.
    pub fn take_cases_shown(&mut self) -> CasesShown {
        self.global.take_cases_shown()
    }

    /// The alerts that the settled state has open, with their severity.
    pub fn open_alerts(&self) -> impl Iterator<Item = (&str, Severity)> {
        self.global.open_alerts().iter()
    }

    /// Employees and accounts known, with those whose first records have not settled.
    pub fn employees(&self) -> usize {
        self.keyed.employees()
    }

    /// Whether a record with this id has settled.
    pub fn has_settled(&self, access: &Access) -> bool {
        self.keyed.has_settled(access)
    }

    /// Forgets all provisional alerts: whoever goes on from here shows them anew.
    pub fn discard_provisional(&mut self) {
        self.keyed.discard_provisional();
    }

    /// Retracts provisional alerts that did not settle.
    pub fn retract_unsettled(&mut self, now: Timestamp) -> Output {
        let revisions = self.keyed.retract_unsettled(now);
        self.present(revisions)
    }

    fn present(&self, mut revisions: Vec<Revision>) -> Output {
        for Revision { alert, .. } in &mut revisions {
            alert.shown_at = self.global.shown_at(&alert.id).map(str::to_owned);
        }
        Output { revisions, ..Output::default() }
    }

    /// A partition is idle: it does not hold the others up, and its watermark advances to `to` (a recorded tick).
    pub fn mark_idle(&mut self, partition: PartitionId, to: Option<Timestamp>) {
        self.watermarks.mark_idle(partition, to, &mut |record| self.keyed.push_all(record));
    }

    /// A partition ends.
    pub fn end_partition(&mut self, partition: PartitionId) {
        self.watermarks.end(partition, &mut |record| self.keyed.push_all(record));
        self.push_losses(partition);
    }

    /// Settles what has become old enough in every partition that is not idle.
    pub fn advance(&mut self, executor: &impl Executor) -> Output {
        self.watermarks.frontier().map_or_else(Output::default, |frontier| self.settle(frontier, executor))
    }

    /// The input ends: everything pending settles, and what changed gives revisions.
    pub fn finish(&mut self, executor: &impl Executor) -> Output {
        for partition in self.watermarks.partitions() {
            self.end_partition(partition);
        }
        let last = self.watermarks.last();
        let mut out = last.map_or_else(Output::default, |last| self.settle(last + Span::minutes(1), executor));
        let decided = self.finish_decisions(last);
        out.join(decided);
        let mut finished = self.keyed.finish(executor);
        self.keyed.settle_coverage(last);
        finished.revisions.extend(self.global.finish(self.keyed.context()));
        self.global.apply_budget(&mut finished, self.keyed.context());
        out.join(finished);
        out
    }

    /// The input has ended: decisions that wait come into force as of the last record.
    fn finish_decisions(&mut self, last: Option<Timestamp>) -> Output {
        let Some(last) = last.filter(|_| self.global.next_decision().is_some()) else { return Output::default() };
        let decided = self.global.finish_decisions(last, self.keyed.context());
        let mut out = Output { revisions: decided.revisions, ..Output::default() };
        self.global.apply_budget(&mut out, self.keyed.context());
        let mut closed = self.keyed.take_effects(&decided.effects, last);
        self.global.apply_budget(&mut closed, self.keyed.context());
        out.join(closed);
        out
    }

    /// The first hour that has not been dealt with: what is decided from now on is in force from there at the earliest.
    fn earliest_decision(&self) -> i64 {
        let progress = self.keyed.progress();
        if progress.has_begun() { progress.hour + 1 } else { i64::MIN }
    }

    /// The hour from which on a decision would be in force were it taken in now, if its own has passed. Whoever takes it in must write that
    /// down before, and say it again (`from`) whenever the decision is taken in anew. `None` where it is in time, or known.
    pub fn late_decision(&self, decision: &Decision, from: Option<Timestamp>) -> Option<Timestamp> {
        self.global.is_late(decision, from, self.earliest_decision()).map(|hour| Timestamp(hour * HOUR_MS))
    }

    /// Takes a decision in: it is in force from the first full hour of event time after it on, or from `from` on if that is later.
    pub fn take_decision(&mut self, decision: Decision, from: Option<Timestamp>) -> DecisionOutcome {
        self.global.take_decision(decision, from, self.earliest_decision()).0
    }

    /// What became of decisions since this was last asked for.
    pub fn take_decision_notes(&mut self) -> Vec<DecisionNote> {
        self.global.take_notes()
    }

    /// What silences decided since this was last asked for.
    pub fn take_silence_counts(&mut self) -> SilenceCounts {
        self.global.take_silence_counts()
    }

    fn settle(&mut self, frontier: Timestamp, executor: &impl Executor) -> Output {
        let mut out = Output::default();
        loop {
            let mut stepped = self.keyed.step_to(frontier, self.global.next_decision(), executor);
            self.global.apply_budget(&mut stepped.settled, self.keyed.context());
            out.join(stepped.settled);
            let Some(report) = stepped.report else { return out };
            if report.day.is_some() {
                self.global.begin_day(report.hour);
                self.global.apply_budget(&mut stepped.ticked, self.keyed.context());
                out.join(stepped.ticked);
            }
            let (reply, mut gaps) = self.global.reply_to(vec![report], self.keyed.context());
            self.global.apply_budget_to(&mut gaps, self.keyed.context());
            out.join(Output { revisions: gaps, ..Output::default() });
            let mut judged = self.keyed.take_reply(reply, executor);
            self.global.apply_budget(&mut judged, self.keyed.context());
            out.join(judged);
        }
    }

    /// A record of a partition could not be decoded; `named` is what it says of those whom it names. To be called in the partition's order.
    pub fn note_dead_letter(&mut self, partition: PartitionId, named: Vec<Access>) {
        self.watermarks.note_losses(partition, LossCounts { dead_letters: 1, ..LossCounts::default() });
        self.watermarks.take_letters(partition, named, self.keyed.context().lateness, &mut |record| self.keyed.push(record));
        self.push_losses(partition);
    }

    /// The source of a partition skips records here, because it no longer has them: up to the time of the next one that comes. Returns
    /// since when, where that is known.
    pub fn note_loss(&mut self, partition: PartitionId) -> Option<Timestamp> {
        self.watermarks.note_losses(partition, LossCounts { losses: 1, ..LossCounts::default() });
        self.push_losses(partition);
        self.watermarks.begin_loss(partition)
    }

    /// Every hour of a span may lack records.
    fn push_loss(&mut self, partition: PartitionId, (from, to): (Timestamp, Timestamp)) {
        for at in lost_hours(from, to) {
            let losses = LossCounts { losses: 1, ..LossCounts::default() };
            self.keyed.push_event(partition, at, PartitionEvent::Losses(losses));
        }
    }

    /// A source has numbered a record (or a line of one) within a stream. To be called in the partition's order.
    pub fn note_number(&mut self, partition: PartitionId, stream: u64, number: u64, record: RecordRef) {
        if let Some(at) = self.watermarks.settling_time(partition, record.time) {
            self.keyed.push_event(partition, at, PartitionEvent::Number { stream, number, record });
        }
    }

    /// Losses are dated by the partition's watermark, once it has one.
    fn push_losses(&mut self, partition: PartitionId) {
        if let Some((at, losses)) = self.watermarks.take_losses(partition) {
            self.keyed.push_event(partition, at, PartitionEvent::Losses(losses));
        }
    }

    /// How far employees' days could be evaluated.
    pub fn coverage(&self) -> EvaluationCoverage {
        self.keyed.coverage()
    }

    /// Outages of the sources.
    pub fn outages(&self) -> &Arc<SourceOutages> {
        self.keyed.outages()
    }

    /// The last UTC hour for which the keyed stage has reported.
    pub fn hour(&self) -> i64 {
        self.keyed.progress().hour
    }

    /// The keyed stage.
    pub fn keyed_stage(&self) -> &KeyedStage {
        &self.keyed
    }

    /// When an alert was shown within the budget.
    pub fn shown_at(&self, id: &str) -> Option<&str> {
        self.global.shown_at(id)
    }
}
