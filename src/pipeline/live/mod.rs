//! The service: sources in, the engine, sinks out, state on disk. The only place with a clock.
//!
//! One thread drives the engine in steps: take what has arrived, show it at once, settle what is old enough, give alerts
//! to the sinks. At a checkpoint the order is: alerts acknowledged, then state and positions written at once, then offsets
//! committed; after a crash a record may be applied again from the older state, and the same alerts come about again.

pub mod recent_ids;
mod redriven;
mod reload;
pub mod sources;

use crate::config::schema::{Config, Source};
use crate::decode::{self, Raw};
use crate::engine::output::{Output, Revision};
use crate::engine::{Engine, Snapshot};
use crate::http::health::Health;
use crate::model::access::{Access, PartitionId, Position};
use crate::model::alert::{Alert, AlertState};
use crate::model::severity::Severity;
use crate::model::time::{Span, Timestamp};
use crate::pipeline::coverage::Published;
use crate::pipeline::delivery::Delivery;
use crate::pipeline::evicted::tell_evicted;
use crate::pipeline::live::recent_ids::RecentIds;
use crate::pipeline::live::sources::{Arrival, Sources};
use crate::pipeline::parallel::Parallel;
use crate::pipeline::partition_decoder::{Batch, Item, PartitionDecoder, TimeRange};
use crate::pipeline::redrive::spool::Spool;
use crate::pipeline::reload::{Loaded, Reloads};
use crate::pipeline::state::{Positions, StateDir};
use crate::sink::dead_letters::{DeadLetter, DeadLetters};
use crate::sink::payload::Sealer;
use crate::telemetry::metrics::{Metrics, Outcome, SourceMetrics};
use anyhow::Context as _;
use crossbeam_channel::Receiver;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What somebody beside the service wants to hear (the demo's screen); the service itself needs nobody.
pub trait Observer {
    /// Alerts were told.
    fn alerts(&mut self, alerts: &[Arc<Alert>]);
    /// A step was made.
    fn stepped(&mut self, progress: &Progress);
}

/// NoObserver.
pub struct NoObserver;

impl Observer for NoObserver {
    fn alerts(&mut self, _alerts: &[Arc<Alert>]) {}
    fn stepped(&mut self, _progress: &Progress) {}
}

/// Where the service stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Records read since the start.
    pub records: u64,
    /// Employees and accounts known.
    pub employees: usize,
    /// Up to where records have arrived, over all partitions.
    pub watermark: Option<Timestamp>,
    /// Alerts that are open.
    pub open: usize,
}

/// The parts that a service is made of.
pub struct Parts {
    /// Where records come from.
    pub sources: Sources,
    /// Where alerts go.
    pub delivery: Delivery,
    /// Where what cannot be decoded is kept.
    pub dead_letters: Option<DeadLetters>,
    /// Encrypts what dead letters keep; `None`: they keep nothing of the content.
    pub sealer: Option<Arc<Sealer>>,
    /// Dead letters that are re-driven; they count once only with a state.
    pub spool: Option<Spool>,
    /// Where state is kept; `None` keeps none.
    pub state: Option<StateDir>,
    /// Numbers.
    pub metrics: Metrics,
    /// Readiness.
    pub health: Arc<Health>,
    /// How far employees' days could be evaluated.
    pub coverage: Arc<Published>,
    /// Changes of the configuration; `None` where it cannot change.
    pub reloads: Option<Reloads>,
}

/// The running service.
pub struct Live {
    engine: Engine,
    parts: Parts,
    sources: Vec<(String, SourceMetrics)>,
    formats: Vec<(String, decode::FormatChoice)>,
    feeds: BTreeMap<PartitionId, Heard>,
    positions: Positions,
    open: BTreeMap<String, Severity>,
    recent_ids: RecentIds,
    settings: Settings,
    checkpoint_at: Instant,
    progress: Progress,
    /// A changed configuration that waits for the end of a record, and since when.
    fresh: Option<(Loaded, Instant)>,
}

/// What of the configuration matters while running.
#[derive(Clone, Copy, Debug)]
struct Settings {
    skew: Span,
    idle: Duration,
    checkpoint: Duration,
    provisional: bool,
}

impl Settings {
    fn of(config: &Config) -> Settings {
        let millis = |span: Span| Duration::from_millis(span.0.unsigned_abs());
        let (idle, checkpoint) = (millis(config.idle), millis(config.checkpoint));
        Settings { skew: config.skew, idle, checkpoint, provisional: config.provisional }
    }
}

/// The format of each source, with what tells whether it is still the same.
fn formats(config: &Config) -> Vec<(String, decode::FormatChoice)> {
    let choice = |source: &Source| config.choice(&source.format).unwrap_or_else(|| config.automatic());
    config.sources.iter().map(|source| (config.decoding_of(source), choice(source))).collect()
}

struct Heard {
    feed: PartitionDecoder,
    source: usize,
    last: Instant,
    resting: bool,
    /// Something came since its decoder last let go of what it held back.
    fresh: bool,
}

/// How long sinks may take to acknowledge before a checkpoint is put off.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);

/// The lines of one statement come together: after such a silence what its decoder holds back is complete.
const COMPLETE_AFTER: Duration = Duration::from_secs(1);

/// How long a checkpoint waits for the rest of a record of several lines, which comes at once or, after a crash, never.
const REST_WITHIN: Duration = Duration::from_secs(10);

/// How long the service waits for records before it looks at everything else.
const WAIT: Duration = Duration::from_millis(50);

impl Live {
    /// A service from its parts, going on from `positions`.
    pub fn new(config: &Config, engine: Engine, positions: Positions, parts: Parts) -> Live {
        let sources = config.sources.iter().map(|source| (source.name.clone(), parts.metrics.source(&source.name)));
        let settings = Settings::of(config);
        Live {
            sources: sources.collect(),
            formats: formats(config),
            feeds: BTreeMap::new(),
            positions,
            open: BTreeMap::new(),
            recent_ids: RecentIds::default(),
            settings,
            checkpoint_at: Instant::now() + settings.checkpoint,
            progress: Progress::default(),
            fresh: None,
            engine,
            parts,
        }
    }

    /// Runs until told to stop, then saves and leaves. Returns the engine as it stands.
    pub fn run(mut self, stop: &Receiver<()>, observer: &mut impl Observer) -> anyhow::Result<Engine> {
        if self.settings.provisional {
            self.engine.resume_provisional();
        }
        self.configured(None);
        self.parts.health.set_restored();
        while matches!(stop.try_recv(), Err(crossbeam_channel::TryRecvError::Empty)) {
            self.step(observer)?;
        }
        self.parts.health.set_stopping();
        let stopping = Instant::now();
        while self.is_mid_record(Instant::now()) && stopping.elapsed() < COMPLETE_AFTER {
            self.step(observer)?;
        }
        let Live { mut engine, mut parts, positions, feeds, .. } = self.last_checkpoint(observer)?;
        drop(feeds);
        let acknowledged = parts.delivery.stop(ACKNOWLEDGED_WITHIN);
        if acknowledged && let Some(state) = &mut parts.state {
            state.save(engine.image(), &positions).context("cannot save the state")?;
            parts.sources.commit(&positions);
            parts.spool.iter_mut().for_each(Spool::saved);
        }
        parts.sources.stop();
        engine.forget_provisional();
        Ok(engine)
    }

    /// One step. Waits a moment where nothing has arrived.
    fn step(&mut self, observer: &mut impl Observer) -> anyhow::Result<()> {
        self.take_up_changes(observer)?;
        let received = self.parts.sources.receive(WAIT);
        let begun = Instant::now();
        for arrival in received {
            self.arrived(arrival, observer)?;
        }
        self.take_redriven(observer)?;
        for (source, connected) in self.parts.sources.connected() {
            self.parts.health.set_connected(source, connected);
        }
        self.rest_idle(begun);
        self.release_held(observer, |heard| begun.duration_since(heard.last) >= COMPLETE_AFTER && !heard.feed.is_mid_record())?;
        let settled = self.engine.advance(&Parallel);
        self.told(settled, begun, observer);
        // Also where nothing is shown any more: what was shown is settled or retracted.
        let retracted = self.engine.reconcile();
        self.told(retracted, begun, observer);
        self.measure();
        observer.stepped(&self.progress);
        if begun >= self.checkpoint_at {
            self.checkpoint(observer)?;
        }
        Ok(())
    }

    fn arrived(&mut self, arrival: Arrival, observer: &mut impl Observer) -> anyhow::Result<()> {
        let begun = Instant::now();
        match arrival {
            Arrival::Partition { source, name } => {
                let id = self.partition(source, &name);
                self.engine.open(id);
            }
            Arrival::Lost { source, name } => {
                let id = self.partition(source, &name);
                self.engine.lost(id);
            }
            Arrival::Gone { name } => {
                let id = self.engine.context().partition(&name);
                self.engine.rest(id, None);
            }
            Arrival::Message { source, name, message } => {
                let id = self.partition(source, &name);
                let context = self.engine.context().clone();
                let mut batch = Batch::default();
                let position = Position(message.offset.unsigned_abs());
                let raw = Raw::new(&message.payload, position, context.classifier.keys.record(&message.payload));
                let Some(heard) = self.feeds.get_mut(&id) else { return Ok(()) };
                heard.feed.decode_message(raw, &context.classifier, &mut batch);
                let believed = message.timestamp_ms.filter(|ms| *ms > 0).map(|ms| Timestamp(ms) + self.settings.skew);
                self.take(id, batch, believed, begun, observer)?;
                self.positions.offsets.insert((message.topic.to_string(), message.partition), message.offset + 1);
            }
            Arrival::Piece { source, name, piece } => {
                let id = self.partition(source, &name);
                let context = self.engine.context().clone();
                let Some(heard) = self.feeds.get_mut(&id) else { return Ok(()) };
                if let crate::source::lines::Piece::Block(block) = &piece {
                    heard.feed.recognise(block.lines().take(100).map(|(_, line)| line));
                }
                let batch = heard.feed.decode(&piece, &context.classifier, TimeRange::default());
                self.take(id, batch, None, begun, observer)?;
            }
            Arrival::Failed { source, reason } => anyhow::bail!("source {}: {reason}", self.sources[source].0),
        }
        Ok(())
    }

    /// The id of a partition, which is followed from now on.
    fn partition(&mut self, source: usize, name: &str) -> PartitionId {
        let id = self.engine.context().partition(name);
        if !self.feeds.contains_key(&id) {
            let feed = self.feed(source, id, name);
            self.feeds.insert(id, Heard { feed, source, last: Instant::now(), resting: true, fresh: false });
        }
        let Some(heard) = self.feeds.get_mut(&id) else { return id };
        if heard.resting {
            heard.resting = false;
            self.engine.open(id);
        }
        heard.last = Instant::now();
        heard.fresh = true;
        id
    }

    /// A partition from its next record on.
    fn feed(&self, source: usize, id: PartitionId, name: &str) -> PartitionDecoder {
        self.engine.context().belongs(name, &self.sources[source].0);
        let mut names: Vec<&str> = self.sources.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let index = names.binary_search(&self.sources[source].0.as_str()).unwrap_or(0) as u16;
        let mut decoder = PartitionDecoder::new(self.sources[source].0.clone(), index, id, name.to_owned(), self.formats[source].1.clone());
        decoder.seal_with(self.parts.sealer.clone());
        decoder
    }

    fn take(
        &mut self,
        id: PartitionId,
        batch: Batch,
        believed: Option<Timestamp>,
        begun: Instant,
        observer: &mut impl Observer,
    ) -> anyhow::Result<()> {
        self.progress.records += batch.records;
        let source = self.feeds.get(&id).map_or(0, |heard| heard.source);
        let numbers = &self.sources[source].1;
        numbers.records(Outcome::DeadLetter, batch.dead_letters.len() as u64);
        numbers.records(Outcome::Ignored, batch.ignored);
        let (mut letters, items) = batch.into_items();
        for item in items {
            match item {
                Item::SequenceNumber { stream, number, record } => self.engine.numbered(id, stream, number, record),
                Item::DeadLetter => self.engine.dead(id),
                Item::Access(access) => {
                    self.note_unburied(&access);
                    letters.extend(self.access(source, access, believed, begun, observer));
                }
            }
        }
        self.bury(&letters)
    }

    /// Counts an access and gives it to the engine. What is returned was set aside before and is given up.
    fn access(
        &mut self,
        source: usize,
        access: Access,
        believed: Option<Timestamp>,
        begun: Instant,
        observer: &mut impl Observer,
    ) -> Option<DeadLetter> {
        let id = access.partition;
        let outcome = self.recent_ids.outcome(&access, &self.engine);
        self.sources[source].1.records(outcome, 1);
        let shown = self.settings.provisional.then(|| access.clone());
        let given_up = self.engine.take(access, believed);
        // What was set aside is not shown: nobody knows yet whether its time is right.
        let placed = |access: &Access| self.engine.watermark(id).is_none_or(|watermark| access.time <= watermark);
        if let Some(access) = shown.filter(placed) {
            let output = self.engine.show(&access);
            self.told(output, begun, observer);
        }
        if given_up.is_some() {
            self.engine.dead(id);
        }
        given_up.map(|access| DeadLetter::unconfirmed(self.engine.context().partition_name(access.partition), &access))
    }

    /// Keeps dead letters. A disk that takes none stops the service: nothing may be lost, and offsets stay where they are.
    fn bury(&mut self, letters: &[DeadLetter]) -> anyhow::Result<()> {
        if letters.is_empty() {
            return Ok(());
        }
        for letter in letters {
            tracing::warn!(partition = %letter.partition, position = letter.position.0, reason = %letter.reason, "record cannot be decoded");
        }
        match &mut self.parts.dead_letters {
            Some(dead_letters) => dead_letters.write(letters).map_err(|error| anyhow::anyhow!("dead letters cannot be kept: {error}")),
            None => Ok(()),
        }
    }

    /// A partition without records for long holds nobody up.
    fn rest_idle(&mut self, now: Instant) {
        // What is not read is not idle: time must not go on past what stands in it.
        let partial = self.parts.sources.partial();
        for (id, heard) in &mut self.feeds {
            if partial.contains(&heard.source) {
                heard.last = now;
            }
            if !heard.resting && now.duration_since(heard.last) >= self.settings.idle {
                heard.resting = true;
                self.engine.rest(*id, None);
            }
        }
    }

    /// Gives alerts to the sinks and counts.
    fn told(&mut self, output: Output, begun: Instant, observer: &mut impl Observer) {
        let metrics = &self.parts.metrics;
        for kind in crate::model::kind::Kind::ALL {
            let people = output.counts.by_kind[kind as usize];
            if people > 0 {
                metrics.personal_records(kind, people);
            }
        }
        for (tier, people) in &output.counts.unexplained_by_tier {
            metrics.persons_unexplained(*tier as u32, *people);
        }
        tell_evicted(metrics, output.counts.evicted);
        if output.revisions.is_empty() {
            return;
        }
        let alerts: Vec<Arc<Alert>> = output.revisions.into_iter().map(|Revision { alert, .. }| Arc::new(alert)).collect();
        for alert in &alerts {
            self.count_alert(alert);
            self.parts.metrics.detection_latency(begun.elapsed());
        }
        self.parts.delivery.give(&alerts);
        observer.alerts(&alerts);
    }

    fn count_alert(&mut self, alert: &Alert) {
        match alert.state {
            AlertState::Open => {
                let known = self.open.insert(alert.id.clone(), alert.severity);
                if known != Some(alert.severity) {
                    self.parts.metrics.alert(alert.typology, alert.severity);
                }
            }
            AlertState::Closed | AlertState::Retracted => {
                self.open.remove(&alert.id);
            }
        }
        for severity in Severity::ALL {
            let open = self.open.values().filter(|of| **of == severity).count() as u64;
            self.parts.metrics.set_alerts_open(severity, open);
        }
    }

    fn measure(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        let mut newest: BTreeMap<usize, Timestamp> = BTreeMap::new();
        for (id, heard) in &self.feeds {
            if let Some(watermark) = self.engine.watermark(*id) {
                newest.entry(heard.source).and_modify(|at| *at = (*at).min(watermark)).or_insert(watermark);
            }
        }
        for (source, watermark) in &newest {
            let delay = Duration::from_millis((now - watermark.0).max(0).unsigned_abs());
            self.sources[*source].1.set_watermark_delay(delay);
        }
        for (source, lag) in self.parts.sources.lag() {
            self.sources[source].1.set_lag(lag);
        }
        if let Some(newest) = self.parts.coverage.publish(&self.engine) {
            self.parts.metrics.set_coverage(&newest);
        }
        let employees = self.engine.employees();
        self.parts.metrics.set_employees_tracked(employees as u64);
        self.progress = Progress { employees, watermark: newest.values().copied().max(), open: self.open.len(), ..self.progress };
    }

    /// Alerts acknowledged, then state, then offsets.
    fn checkpoint(&mut self, observer: &mut impl Observer) -> anyhow::Result<()> {
        if self.is_mid_record(Instant::now()) && self.checkpoint_at.elapsed() < REST_WITHIN {
            return Ok(());
        }
        self.checkpoint_at = Instant::now() + self.settings.checkpoint;
        self.release_held(observer, |_| true)?;
        if self.parts.state.is_none() {
            return Ok(());
        }
        if !self.parts.delivery.wait(ACKNOWLEDGED_WITHIN) {
            tracing::warn!("sinks have not acknowledged all alerts: the checkpoint is put off");
            return Ok(());
        }
        let begun = Instant::now();
        let image: Snapshot = self.engine.image();
        self.positions.tails = self.parts.sources.tails();
        let Some(state) = &mut self.parts.state else { return Ok(()) };
        state.save(image, &self.positions).context("cannot save the state")?;
        self.parts.metrics.checkpoint(begun.elapsed());
        self.parts.metrics.set_state_bytes(state.size());
        self.parts.sources.commit(&self.positions);
        self.parts.spool.iter_mut().for_each(Spool::saved);
        Ok(())
    }

    /// Whether a record of several lines is just arriving. Nothing is held to be arriving where nothing arrives.
    fn is_mid_record(&self, now: Instant) -> bool {
        self.feeds.values().any(|heard| now.duration_since(heard.last) < COMPLETE_AFTER && heard.feed.is_mid_record())
    }

    /// Takes what decoders hold back for lines to come. It is not in the state, so it is let go before the state is made.
    fn release_held(&mut self, observer: &mut impl Observer, of: impl Fn(&Heard) -> bool) -> anyhow::Result<()> {
        let context = self.engine.context().clone();
        let mut held = Vec::new();
        for (id, heard) in self.feeds.iter_mut().filter(|(_, heard)| heard.fresh && of(heard)) {
            heard.fresh = false;
            held.push((*id, heard.feed.flush(&context.classifier, TimeRange::default())));
        }
        for (id, batch) in held {
            self.take(id, batch, None, Instant::now(), observer)?;
        }
        Ok(())
    }

    /// Nothing is saved or committed past a dead letter that could not be kept.
    fn last_checkpoint(mut self, observer: &mut impl Observer) -> anyhow::Result<Live> {
        self.release_held(observer, |_| true)?;
        self.positions.tails = self.parts.sources.tails();
        Ok(self)
    }
}
