//! The service as one process: sources in, the engine, sinks out, state on disk. What it shares with a service of several
//! processes stands in [`crate::pipeline::service`].
//!
//! One thread drives the engine in steps: take what has arrived, show it at once, settle what is old enough, give alerts
//! to the sinks. At a checkpoint the order is: alerts acknowledged, then state and positions written at once, then offsets
//! committed; after a crash a record may be applied again from the older state, and the same alerts come about again.

pub mod in_work;
pub mod recent_ids;
mod redriven;
pub mod sources;

use crate::classify::classifier::Classifier;
use crate::config::schema::Config;
use crate::decode::Raw;
use crate::engine::Engine;
use crate::engine::output::{Output, ToldAlert};
use crate::engine::watermark::is_shown_early;
use crate::failpoint::{DECODING, hit};
use crate::model::access::{Access, PartitionId, Position};
use crate::model::dossier::AlertWithDossier;
use crate::model::time::Timestamp;
use crate::pipeline::decisions::file::DecisionFile;
use crate::pipeline::live::in_work::{InWork, SET_ASIDE};
use crate::pipeline::live::recent_ids::RecentIds;
use crate::pipeline::live::sources::{Arrival, Sources};
use crate::pipeline::parallel::Parallel;
use crate::pipeline::partition_decoder::{Batch, Item, PartitionDecoder, TimeRange};
use crate::pipeline::redrive::spool::Spool;
use crate::pipeline::reload::Loaded;
use crate::pipeline::service::followed::{COMPLETE_AFTER, Released};
use crate::pipeline::service::losses::Losses;
use crate::pipeline::service::observer::{Observer, Progress};
use crate::pipeline::service::publisher::Cause;
use crate::pipeline::service::stopping::Stopping;
use crate::pipeline::service::{self, BEHIND, REST_WITHIN, Service, now, record_counts};
use crate::pipeline::state::{Positions, StateDir};
use crate::source::piece::Piece;
use crate::telemetry::metrics::table;
use anyhow::Context as _;
use crossbeam_channel::Receiver;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The parts that one process needs beside those of any service.
pub struct Parts {
    /// Where records come from.
    pub sources: Sources,
    /// Dead letters that are re-driven; they count once only with a state.
    pub spool: Option<Spool>,
    /// Where state is kept; `None` keeps none.
    pub state: Option<StateDir>,
    /// What is being decoded, for whoever comes after the death of the process.
    pub in_work: InWork,
    /// Decisions of people, where a file of them is configured.
    pub decisions: Option<DecisionFile>,
}

/// The running service.
pub struct Live {
    engine: Engine,
    parts: Parts,
    service: Service<PartitionId, Idle>,
    positions: Positions,
    recent_ids: RecentIds,
    losses: Losses<PartitionId>,
    checkpoint_at: Instant,
    /// Directories that the saved state knows to be followed.
    saved_directories: usize,
    progress: Progress,
    /// Records of which nothing had been said when the last round ended.
    reported: u64,
    /// When what is held was counted last, and whether anything has happened since.
    counted: (Instant, bool),
    /// So much is still to be read that nothing is shown before it settles.
    behind: bool,
}

/// Whether a partition is idle: silent for so long that event time goes on without it.
struct Idle(bool);

/// A batch on its way to the engine.
struct Taken {
    partition: PartitionId,
    batch: Batch,
    /// When its records arrived, by the time of day.
    arrived: Timestamp,
    /// The latest event time that is believed of them.
    believed: Timestamp,
}

/// How long sinks may take to acknowledge before a checkpoint is put off.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);

/// How long a group waits for sinks before it is left: while this process is a member, nobody else is given its partitions.
const LEFT_WITHIN: Duration = Duration::from_millis(600);

/// What failed where it cannot be written down what is being decoded.
const IN_WORK: &str = "cannot write down what is being decoded";

/// How long the service waits for records before it looks at everything else.
const WAIT: Duration = Duration::from_millis(50);

/// How often what is held is counted where nothing has happened: watermarks fall behind all the same.
const COUNTED_EVERY: Duration = Duration::from_secs(1);

impl Live {
    /// A service from its parts, going on from `positions`.
    pub fn new(config: &Config, mut engine: Engine, positions: Positions, shared: service::Parts, parts: Parts) -> Live {
        let service: Service<PartitionId, Idle> = Service::new(config, shared);
        engine.follow_sources(config.sources.iter().map(|source| Arc::from(source.name.as_str())).collect());
        Live {
            saved_directories: positions.files.iter().map(|files| files.directories.len()).sum(),
            positions,
            recent_ids: RecentIds::default(),
            losses: Losses::default(),
            checkpoint_at: Instant::now() + service.settings.checkpoint,
            progress: Progress::default(),
            reported: 0,
            counted: (Instant::now(), true),
            behind: false,
            engine,
            parts,
            service,
        }
    }

    /// Runs until it is to stop, then saves and leaves. Returns the engine as it stands.
    pub fn run(mut self, stop: &Receiver<()>, observer: &mut impl Observer) -> anyhow::Result<Engine> {
        if self.service.settings.provisional {
            self.engine.resume_provisional(now());
        }
        self.service.publisher.resume(self.engine.open_alerts());
        self.measure_alerts();
        self.service.configured(&self.engine.context().config);
        // Whoever sees that it is ready may rotate: what is followed is saved before.
        self.step(observer)?;
        self.service.health.set_restored();
        while matches!(stop.try_recv(), Err(crossbeam_channel::TryRecvError::Empty)) {
            self.step(observer)?;
        }
        self.service.health.set_stopping();
        let stopping = Stopping::begin();
        let since = Instant::now();
        while self.service.followed.is_mid_record(Instant::now()) && since.elapsed() < COMPLETE_AFTER {
            self.step(observer)?;
        }
        // Nothing is saved or committed past a dead letter that could not be kept: then this fails.
        self.release_all(observer)?;
        self.positions.files = self.parts.sources.files();
        self.positions.know(self.service.followed.made_tables());
        self.positions.know_columns(self.service.followed.columns());
        let Live { mut engine, mut parts, positions, service, .. } = self;
        if !service.publisher.wait(LEFT_WITHIN) {
            tracing::warn!("sinks have not acknowledged all alerts: the group is left before, and the last offsets are not committed");
            parts.sources.begin_to_stop();
        }
        let acknowledged = service.publisher.stop(ACKNOWLEDGED_WITHIN);
        if acknowledged && let Some(state) = &mut parts.state {
            state.save(engine.snapshot(), &positions).context("cannot save the state")?;
            parts.sources.commit(&positions);
            parts.spool.iter_mut().for_each(Spool::saved);
            stopping.done("the state is saved");
        } else if parts.state.is_some() {
            tracing::warn!("the state is not saved: what came since the last save is read again after the next start");
        }
        parts.sources.stop();
        stopping.done("the sources are left");
        engine.discard_provisional();
        Ok(engine)
    }

    /// One step. Waits a moment where nothing has arrived.
    fn step(&mut self, observer: &mut impl Observer) -> anyhow::Result<()> {
        self.take_up_changes(observer)?;
        self.take_decisions()?;
        let received = self.parts.sources.receive(WAIT);
        let begun = Instant::now();
        for arrival in received {
            self.counted.1 = true;
            self.arrived(arrival, observer)?;
        }
        self.take_redriven(observer)?;
        for (source, connected) in self.parts.sources.connected() {
            self.service.health.set_connected(source, connected);
        }
        for (source, trouble) in self.parts.sources.troubles() {
            self.service.health.set_trouble(source, trouble);
            self.service.followed.sources()[source].metrics.set_unreachable(trouble.is_some());
        }
        self.rest_idle(begun);
        self.release_complete(begun, observer)?;
        self.parts.in_work.end().context(IN_WORK)?;
        self.engine.let_go(self.service.settings.limit(None, now()).latest);
        let settled = self.engine.advance(&Parallel);
        self.publish(settled, Cause::Settled, observer);
        // Also where nothing is shown any more: what was shown is settled or retracted.
        let retracted = self.engine.retract_unsettled(now());
        self.publish(retracted, Cause::Retraction, observer);
        self.measure();
        observer.stepped(&self.progress);
        // To whoever starts without this, all that a rotation put aside is history.
        let directories = self.parts.sources.followed_directories();
        if begun >= self.checkpoint_at || directories > self.saved_directories {
            self.saved_directories = directories;
            self.checkpoint(observer)?;
        }
        Ok(())
    }

    /// Takes what people have decided, and tells what became of what they decided before.
    fn take_decisions(&mut self) -> anyhow::Result<()> {
        if let Some(decisions) = &mut self.parts.decisions {
            self.service.dead_letters.extend(decisions.take_into(&mut self.engine, &self.service.metrics, Instant::now()));
        }
        record_counts::count_silenced(self.engine.take_silence_counts(), &self.service.metrics);
        self.service.dead_letters.keep()
    }

    fn arrived(&mut self, arrival: Arrival, observer: &mut impl Observer) -> anyhow::Result<()> {
        match arrival {
            Arrival::Partition { source, name } => {
                let partition = self.follow(source, &name, now());
                self.engine.add_partition(partition);
            }
            Arrival::Lost { source, name, file } => {
                let partition = self.follow(source, &name, now());
                self.service.followed.sources()[source].metrics.lost();
                let since = self.engine.note_loss(partition);
                self.losses.begin(partition, name, file, since);
            }
            Arrival::Gone { name } => {
                let partition = self.engine.context().partition(&name);
                self.engine.mark_idle(partition, None);
                // It is waited for again where something comes of it all the same.
                if let Some(followed) = self.service.followed.get_mut(&partition) {
                    followed.more.0 = true;
                }
            }
            Arrival::Rewound { source, partition, to } => {
                let followed = self.follow(source, &partition.to_string(), now());
                self.service.followed.sources()[source].metrics.lost();
                let since = self.engine.note_loss(followed);
                self.losses.begin(followed, partition.to_string(), None, since);
                self.positions.rewind(&partition, to);
            }
            Arrival::GoesOn { partition, next } => {
                self.positions.offsets.insert((partition.topic.to_string(), partition.partition), next);
            }
            Arrival::Message { source, name, message } => {
                // The broker's time, so that what a record waited in the topic counts as well.
                let arrived = message.timestamp_ms.filter(|ms| *ms > 0).map_or_else(now, Timestamp);
                let partition = self.follow(source, &name, arrived);
                let context = self.engine.context().clone();
                let mut batch = Batch::default();
                let position = Position(message.offset.unsigned_abs());
                let raw = Raw::new(&message.payload, position, context.classifier.keys.record(&message.payload));
                let Some(followed) = self.service.followed.get_mut(&partition) else { return Ok(()) };
                if self.parts.in_work.is_careful(&name, position.0, position.0 + 1) {
                    decode_carefully(&mut self.parts.in_work, &mut followed.decoder, raw, &context.classifier, &mut batch)?;
                } else {
                    self.parts.in_work.begin_message(&name, position.0).context(IN_WORK)?;
                    hit(DECODING);
                    followed.decoder.decode_message(raw, &context.classifier, &mut batch);
                }
                self.parts.in_work.pause();
                let believed = self.service.settings.limit(message.timestamp_ms, now()).latest;
                self.take(Taken { partition, batch, arrived, believed }, observer)?;
                self.positions.read(&message);
            }
            Arrival::Piece { source, name, piece } => {
                let arrived = now();
                let partition = self.follow(source, &name, arrived);
                let context = self.engine.context().clone();
                let Some(followed) = self.service.followed.get_mut(&partition) else { return Ok(()) };
                if let Piece::Block(block) = &piece {
                    followed.decoder.recognise(block.lines().take(100).map(|(_, line)| line));
                }
                let in_work = &mut self.parts.in_work;
                let batch = match &piece {
                    Piece::Block(block) if in_work.is_careful(&name, block.first_line, block.first_line + block.lines) => {
                        let mut batch = Batch::default();
                        followed.decoder.begin(&piece);
                        for (line, bytes) in block.lines() {
                            let raw = Raw::new(bytes, Position(line), context.classifier.keys.record(bytes));
                            decode_carefully(in_work, &mut followed.decoder, raw, &context.classifier, &mut batch)?;
                        }
                        batch
                    }
                    piece => {
                        if let Piece::Block(block) = piece {
                            in_work.begin(&name, block.first_line, block.first_line + block.lines).context(IN_WORK)?;
                            hit(DECODING);
                        }
                        followed.decoder.decode(piece, &context.classifier, TimeRange::default())
                    }
                };
                in_work.pause();
                self.take(Taken { partition, batch, arrived, believed: self.service.settings.limit(None, now()).latest }, observer)?;
            }
            Arrival::Failed { source, reason } => anyhow::bail!("source {}: {reason}", self.service.followed.sources()[source].name),
        }
        Ok(())
    }

    /// The id of a partition, which is followed from now on and from which something has come.
    fn follow(&mut self, source: usize, name: &str, arrived: Timestamp) -> PartitionId {
        let id = self.engine.context().partition(name);
        if self.service.followed.get(&id).is_none() {
            self.engine.context().belongs(name, &self.service.followed.sources()[source].name);
            self.service.followed.follow(id, source, id, name.to_owned(), Idle(true));
            if let (Some(made), Some(followed)) = (self.positions.made.get(name), self.service.followed.get_mut(&id)) {
                followed.decoder.know(made.clone());
            }
            if let (Some(names), Some(followed)) = (self.positions.columns.get(name), self.service.followed.get_mut(&id)) {
                followed.decoder.know_columns(names.clone());
            }
        }
        let Some(followed) = self.service.followed.get_mut(&id) else { return id };
        followed.touch(Instant::now(), arrived);
        if std::mem::take(&mut followed.more.0) {
            self.engine.add_partition(id);
        }
        id
    }

    fn take(&mut self, taken: Taken, observer: &mut impl Observer) -> anyhow::Result<()> {
        let Taken { partition, batch, arrived, believed } = taken;
        let Some(source) = self.service.followed.get(&partition).map(|followed| followed.source) else { return Ok(()) };
        self.progress.records += batch.records;
        self.service.followed.note(&partition, &batch);
        record_counts::count_decoded(&batch, &self.service.followed.sources()[source].metrics);
        let (letters, items) = batch.into_items();
        self.service.dead_letters.extend(letters);
        for item in items {
            match item {
                Item::SequenceNumber { stream, number, record } => self.engine.note_number(partition, stream, number, record),
                Item::DeadLetter(named) => self.engine.note_dead_letter(partition, named),
                Item::Access(access) => {
                    self.note_decoded_after_all(&access);
                    self.take_access(source, access, arrived, believed, observer);
                }
            }
        }
        self.service.dead_letters.keep()
    }

    /// Counts an access and gives it to the engine.
    fn take_access(&mut self, source: usize, access: Access, arrived: Timestamp, believed: Timestamp, observer: &mut impl Observer) {
        let id = access.partition;
        self.losses.end(&id, access.time);
        let outcome = self.recent_ids.outcome(&access, &self.engine);
        self.service.followed.sources()[source].metrics.records(outcome, 1);
        let shown = (self.service.settings.provisional && !self.behind).then(|| access.clone());
        self.engine.take(access, Some(believed));
        // What was set aside is not shown: its time may be wrong.
        let placed = |access: &Access| self.engine.watermark(id).is_none_or(|watermark| access.time <= watermark);
        let (now, settled) = (now(), self.engine.settled());
        let watermark = (settled > Timestamp::default()).then(|| settled + self.engine.context().lateness);
        let is_shown = |access: &Access| placed(access) && is_shown_early(access.time, now, watermark);
        if let Some(access) = shown.filter(is_shown) {
            let output = self.engine.show_provisional(&access, now);
            self.publish(output, Cause::Access(arrived), observer);
        }
    }

    /// Takes up a changed configuration: what decoders hold back came before the change.
    fn take_up_changes(&mut self, observer: &mut impl Observer) -> anyhow::Result<()> {
        let Some(Loaded { config, context, .. }) = self.service.reload_due() else { return Ok(()) };
        self.release_all(observer)?;
        self.engine.set_context(context.clone());
        self.service.adopt(&config, &context);
        Ok(())
    }

    /// Event time goes on without partitions that have been silent for long.
    fn rest_idle(&mut self, now: Instant) {
        // What is not read is not idle: time must not go on past what stands in it.
        let partial = self.parts.sources.partial();
        let idle = self.service.settings.idle;
        for (id, followed) in self.service.followed.iter_mut() {
            if partial.contains(&followed.source) {
                followed.awake(now);
            }
            if !followed.more.0 && followed.silence(now) >= idle {
                followed.more.0 = true;
                self.engine.mark_idle(*id, None);
            }
        }
    }

    fn publish(&mut self, output: Output, cause: Cause, observer: &mut impl Observer) {
        self.counted.1 |= !output.revisions.is_empty();
        record_counts::count_disclosed(&output.counts, &self.service.metrics);
        let told: Vec<AlertWithDossier> =
            output.revisions.into_iter().map(|revision| AlertWithDossier::from(ToldAlert::from(revision))).collect();
        self.service.publisher.publish(&told, cause, now(), observer);
    }

    fn measure(&mut self) {
        let mut waiting = 0;
        self.service.metrics.add(table::COMMITS_FAILED, [], self.parts.sources.take_failed_commits());
        for (source, lag) in self.parts.sources.lag() {
            waiting += lag;
            self.service.followed.sources()[source].metrics.set_lag(lag);
        }
        self.behind = waiting > BEHIND;
        let finished = self.progress.records - std::mem::replace(&mut self.reported, self.progress.records);
        self.service.report_progress(finished, waiting);
        // Counting takes the longer the more is held, and a round that brought nothing changes nothing of it.
        if self.counted.1 || finished > 0 || self.counted.0.elapsed() >= COUNTED_EVERY {
            self.counted = (Instant::now(), false);
            self.count();
        }
    }

    /// How much is held, and how far it has come.
    fn count(&mut self) {
        let watermarks = self.service.followed.measure_watermarks(now(), |id| self.engine.watermark(*id));
        if let Some(news) = self.service.coverage.publish(&self.engine) {
            self.service.metrics.set_coverage(&news.newest);
            self.service.publisher.coverage(news.settled);
        }
        let employees = self.engine.employees();
        self.service.metrics.set_employees_tracked(employees as u64);
        let (watermark, open) = (watermarks.into_iter().max(), self.measure_alerts());
        self.progress = Progress { employees, watermark, open, ..self.progress };
    }

    /// What the metrics say of open alerts comes from the state, so that it stands after a restart. How many there are.
    fn measure_alerts(&mut self) -> usize {
        let counts = self.engine.open_counts();
        let (open, shown) = (self.engine.open_cases(), self.engine.take_cases_shown());
        self.service.metrics.set_cases_open(Some((&open.open, &open.shown)));
        self.service.metrics.cases_shown(&shown.first, &shown.again);
        self.service.metrics.set_alerts_open(&counts.open);
        self.service.metrics.set_alerts_shown_open(Some(&counts.shown));
        counts.total() as usize
    }

    /// Alerts acknowledged, then state, then offsets.
    fn checkpoint(&mut self, observer: &mut impl Observer) -> anyhow::Result<()> {
        if self.service.followed.is_mid_record(Instant::now()) && self.checkpoint_at.elapsed() < REST_WITHIN {
            self.checkpoint_at = self.checkpoint_at.min(Instant::now());
            return Ok(());
        }
        self.checkpoint_at = Instant::now() + self.service.settings.checkpoint;
        self.release_all(observer)?;
        if self.parts.state.is_none() {
            return Ok(());
        }
        if !self.service.publisher.wait_while_running(ACKNOWLEDGED_WITHIN) {
            tracing::warn!("sinks have not acknowledged all alerts: the checkpoint is put off");
            return Ok(());
        }
        let begun = Instant::now();
        let image = self.engine.snapshot();
        self.positions.files = self.parts.sources.files();
        self.positions.know(self.service.followed.made_tables());
        self.positions.know_columns(self.service.followed.columns());
        let Some(state) = &mut self.parts.state else { return Ok(()) };
        state.save(image, &self.positions).context("cannot save the state")?;
        self.service.metrics.checkpoint(begun.elapsed());
        self.service.metrics.set_state_bytes(state.size());
        self.parts.sources.commit(&self.positions);
        self.parts.spool.iter_mut().for_each(Spool::saved);
        Ok(())
    }

    fn release_complete(&mut self, now: Instant, observer: &mut impl Observer) -> anyhow::Result<()> {
        let classifier = self.engine.context().classifier.clone();
        if self.service.followed.may_hold_back() {
            self.parts.in_work.begin_held().context(IN_WORK)?;
        }
        let released = self.service.followed.release_complete(now, &classifier);
        self.parts.in_work.pause();
        self.take_released(released, observer)
    }

    fn release_all(&mut self, observer: &mut impl Observer) -> anyhow::Result<()> {
        let classifier = self.engine.context().classifier.clone();
        if self.service.followed.may_hold_back() {
            self.parts.in_work.begin_held().context(IN_WORK)?;
        }
        let released = self.service.followed.release_all(&classifier);
        self.parts.in_work.end().context(IN_WORK)?;
        self.take_released(released, observer)
    }

    fn take_released(&mut self, released: Vec<Released<PartitionId>>, observer: &mut impl Observer) -> anyhow::Result<()> {
        for Released { partition, batch, arrived } in released {
            self.take(Taken { partition, batch, arrived, believed: self.service.settings.limit(None, now()).latest }, observer)?;
        }
        Ok(())
    }
}

/// Decodes a record by itself, where decoding it or one beside it ended an earlier process, or sets it aside.
fn decode_carefully(
    in_work: &mut InWork,
    decoder: &mut PartitionDecoder,
    raw: Raw<'_>,
    classifier: &Classifier,
    batch: &mut Batch,
) -> anyhow::Result<()> {
    if in_work.is_set_aside(&decoder.name, raw.position, raw.hash) {
        decoder.refuse(raw, SET_ASIDE, batch);
        return Ok(());
    }
    in_work.begin_record(&decoder.name, raw.position, raw.hash).context(IN_WORK)?;
    hit(DECODING);
    decoder.decode_message(raw, classifier, batch);
    if in_work.holds_nothing_back(&decoder.name) && !decoder.is_mid_record() {
        batch.append(decoder.flush(classifier, TimeRange::default()));
    }
    in_work.pause();
    Ok(())
}
