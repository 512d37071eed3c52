//! What the service is made of, whether it is one process ([`crate::pipeline::live`]) or several
//! ([`crate::pipeline::cluster`]). A record travels alike in both; they differ in what carries it from one part to the next:
//!
//! ```text
//!                    one process                                   several processes
//!  source            live::sources: files, Kafka                   Kafka, partitions shared out by the group
//!     │              ─────────────────────────── followed: FollowedPartitions ───────────────────────────
//!     ▼
//!  decoder           ─────────────────────────── PartitionDecoder: Batch ────────────────────────────────
//!     │ accesses     │ dead letters: DeadLetterQueue, kept before anything is saved or committed
//!     ▼
//!  engine            Engine, in memory                             Node: input partitions ─ leakwarden.access ─ tasks
//!     │              (counted as they arrive: RecentIds)           ─ leakwarden.summaries ─ coordinator
//!     │ counts       ─────────────────────────── record_counts ──────────────────────────────────────────
//!     │ revisions    ─────────────────────────── Publisher: sinks, observer, metrics ────────────────────
//!     ▼
//!  state             embedded store, then offsets                  leakwarden.state, then offsets
//! ```
//!
//! Both stop in the same order: what decoders hold back is taken, sinks acknowledge, the state is saved, offsets are committed, sources
//! are left.

pub mod dead_letter_queue;
pub mod followed;
pub mod losses;
pub mod observer;
pub mod publisher;
pub mod record_counts;
pub mod stopping;

use crate::config::schema::Config;
use crate::engine::context::Context;
use crate::http::health::Health;
use crate::model::time::{Span, Timestamp};
use crate::pipeline::coverage::Published;
use crate::pipeline::delivery::Delivery;
use crate::pipeline::reload::{Loaded, Reloads};
use crate::sink::dead_letters::DeadLetters;
use crate::sink::payload::Sealer;
use crate::telemetry::metrics::{Metrics, Reload};
use dead_letter_queue::DeadLetterQueue;
use followed::FollowedPartitions;
use publisher::Publisher;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a service is given, in either mode.
pub struct Parts {
    /// Where alerts go.
    pub delivery: Delivery,
    /// Where what cannot be decoded is kept; `None` keeps none.
    pub dead_letters: Option<DeadLetters>,
    /// Encrypts the content of dead letters; `None`: nothing of the content is kept.
    pub sealer: Option<Arc<Sealer>>,
    /// Changes of the configuration; `None` where it cannot change.
    pub reloads: Option<Reloads>,
    /// Prometheus metrics.
    pub metrics: Metrics,
    /// Readiness.
    pub health: Arc<Health>,
    /// Where coverage is published.
    pub coverage: Arc<Published>,
}

/// The parts of a running service that are the same in both modes. `K` names a followed partition, `X` is what a mode knows of it
/// beside.
pub struct Service<K, X> {
    /// Alerts on their way to the sinks.
    pub publisher: Publisher,
    /// Dead letters that are not kept yet.
    pub dead_letters: DeadLetterQueue,
    /// Sources, and those of their partitions that are read here.
    pub followed: FollowedPartitions<K, X>,
    /// The settings in use.
    pub settings: Settings,
    /// Prometheus metrics.
    pub metrics: Metrics,
    /// Readiness.
    pub health: Arc<Health>,
    /// Where coverage is published.
    pub coverage: Arc<Published>,
    reloads: Option<Reloads>,
    /// A changed configuration that waits for the end of a record, and since when.
    reloaded: Option<(Loaded, Instant)>,
    /// Whether nothing but reasons of the topic differs in what is being taken up.
    only_reasons: bool,
}

/// How long a checkpoint or a changed configuration waits for the rest of a record of several lines, which comes at once or, after a
/// crash, never.
pub const REST_WITHIN: Duration = Duration::from_secs(10);

/// With a longer backlog of records than this, alerts are published only as they settle: to show them before costs more than all the rest.
pub const BEHIND: u64 = 100_000;

/// What of the configuration matters while running.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How far a clock may be behind the time of a record that is believed.
    pub skew: Span,
    /// After such a silence event time goes on without a partition.
    pub idle: Duration,
    /// Between two saves of the state.
    pub checkpoint: Duration,
    /// Whether alerts are published before the records behind them settle.
    pub provisional: bool,
    /// How long input may wait without progress before the service is not ready.
    pub stalled_after: Duration,
}

/// What can be believed of a record's time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeLimit {
    /// The latest event time.
    pub latest: Timestamp,
    /// Whether the record was written, as its broker says, at a time that has not come.
    pub is_ahead: bool,
}

impl Settings {
    fn of(config: &Config) -> Settings {
        let millis = |span: Span| Duration::from_millis(span.0.unsigned_abs());
        let (idle, checkpoint) = (millis(config.time.idle_timeout), millis(config.state.checkpoint_interval));
        let stalled_after = millis(config.http.stalled_after);
        Settings { skew: config.time.max_clock_skew, idle, checkpoint, provisional: config.alerts.provisional, stalled_after }
    }

    /// What can be believed of a message, by its broker's or producer's clock and by ours.
    pub fn limit(&self, timestamp_ms: Option<i64>, now: Timestamp) -> TimeLimit {
        let written = timestamp_ms.filter(|ms| *ms > 0).map_or(now, Timestamp);
        let ours = now + self.skew;
        TimeLimit { latest: ours.min(written + self.skew), is_ahead: written > ours }
    }
}

impl<K: Ord + Clone, X> Service<K, X> {
    /// A service that reads nothing yet.
    pub fn new(config: &Config, parts: Parts) -> Service<K, X> {
        let Parts { delivery, dead_letters, sealer, reloads, metrics, health, coverage } = parts;
        let settings = Settings::of(config);
        health.set_stalled_after(settings.stalled_after);
        Service {
            publisher: Publisher::new(delivery, &metrics),
            dead_letters: DeadLetterQueue::new(dead_letters),
            followed: FollowedPartitions::new(config, &metrics, sealer),
            settings,
            metrics,
            health,
            coverage,
            reloads,
            reloaded: None,
            only_reasons: false,
        }
    }

    /// A configuration that has changed and been found valid, once no record of several lines is just arriving. The caller releases what
    /// decoders hold back, gives the engine the new context, and calls [`Service::adopt`].
    pub fn reload_due(&mut self) -> Option<Loaded> {
        let now = Instant::now();
        // Of several the newest counts, and the whole of what any of them changes.
        for mut fresh in self.reloads.iter().flat_map(|reloads| reloads.fresh.try_iter()) {
            fresh.only_reasons &= self.reloaded.as_ref().is_none_or(|(waiting, _)| waiting.only_reasons);
            self.reloaded = Some((fresh, now));
        }
        let (loaded, since) = self.reloaded.take()?;
        if now.duration_since(since) < REST_WITHIN && self.followed.is_mid_record(now) {
            self.reloaded = Some((loaded, since));
            return None;
        }
        self.only_reasons = loaded.only_reasons;
        Some(loaded)
    }

    /// Says which sources have given records of which none could be decoded, and whether there is progress: `finished` records came to
    /// their end, and so many wait.
    pub fn report_progress(&mut self, finished: u64, waiting: u64) {
        for (source, undecoded) in self.followed.judge_formats(Instant::now()) {
            self.health.set_undecoded(source, undecoded);
        }
        self.health.end_round(finished > 0 || waiting == 0);
    }

    /// Goes on under a changed configuration.
    pub fn adopt(&mut self, config: &Config, context: &Context) {
        self.metrics.set_reasons(context.explanations.len());
        if self.only_reasons {
            tracing::debug!(reasons = context.explanations.len(), "business reasons of the topic are in use");
            return;
        }
        self.settings = Settings::of(config);
        self.health.set_stalled_after(self.settings.stalled_after);
        self.followed.adopt(config);
        self.configured(&context.config);
        self.metrics.reload(Reload::Applied);
        tracing::info!(config = %context.config, "the configuration was read again and is in use");
    }

    /// Says which configuration is in use, by its hash.
    pub fn configured(&self, hash: &str) {
        self.metrics.set_config(hash, SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
    }
}

/// The time of day.
pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64))
}
