//! Every metric of the service, by name, in one place.
//!
//! Callers hold handles that are resolved once ([`SourceMetrics`], [`SinkMetrics`]): counting a record is one atomic add.
//! Labels are sources, sinks, kinds, tiers, typologies and severities: a test holds that no person ever becomes one.

use crate::model::coverage::{Counts, State};
use crate::model::kind::Kind;
use crate::model::severity::Severity;
use crate::model::typology::Typology;
use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::time::Duration;

/// Content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Seconds from an access to its alert: milliseconds live, `lateness` (20 minutes) once settled, days when catching up.
const LATENCY_BUCKETS: &[f64] = &[0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0, 86_400.0];

/// What became of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Decoded and applied.
    Accepted,
    /// Seen before by (source, id).
    Duplicate,
    /// Applied after its time had settled.
    Late,
    /// Understood, and of no concern.
    Ignored,
    /// Not understood.
    DeadLetter,
}

impl Outcome {
    /// Every outcome, in order of declaration.
    pub const ALL: [Outcome; 5] = [Outcome::Accepted, Outcome::Duplicate, Outcome::Late, Outcome::Ignored, Outcome::DeadLetter];

    /// The label.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Duplicate => "duplicate",
            Outcome::Late => "late",
            Outcome::Ignored => "ignored",
            Outcome::DeadLetter => "dead_letter",
        }
    }
}

/// What became of a delivery to a sink.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// Acknowledged.
    Delivered,
    /// Failed, and tried again.
    Retried,
    /// Refused for good.
    Refused,
}

impl Delivery {
    /// Every outcome, in order of declaration.
    pub const ALL: [Delivery; 3] = [Delivery::Delivered, Delivery::Retried, Delivery::Refused];

    /// The label.
    pub fn name(self) -> &'static str {
        match self {
            Delivery::Delivered => "delivered",
            Delivery::Retried => "retried",
            Delivery::Refused => "refused",
        }
    }
}

/// What became of an attempt to read the configuration again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reload {
    /// Read, found valid, and in use.
    Applied,
    /// Not valid, or not to be changed while the service runs: the former one stays.
    Refused,
    /// Nothing had changed.
    Unchanged,
}

impl Reload {
    /// Every outcome, in order of declaration.
    pub const ALL: [Reload; 3] = [Reload::Applied, Reload::Refused, Reload::Unchanged];

    /// The label.
    pub fn name(self) -> &'static str {
        match self {
            Reload::Applied => "applied",
            Reload::Refused => "refused",
            Reload::Unchanged => "unchanged",
        }
    }
}

/// What became of the cache of a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StateCache {
    /// A restore began with it.
    Used,
    /// There was none, or another process has it.
    None,
    /// It was given up: damaged, or not what the topic holds.
    Refused,
    /// It could not be read or written.
    Failed,
}

impl StateCache {
    /// Every outcome, in order of declaration.
    pub const ALL: [StateCache; 4] = [StateCache::Used, StateCache::None, StateCache::Refused, StateCache::Failed];

    /// The label.
    pub fn name(self) -> &'static str {
        match self {
            StateCache::Used => "used",
            StateCache::None => "none",
            StateCache::Refused => "refused",
            StateCache::Failed => "failed",
        }
    }
}

/// All metrics of a process. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    records: IntCounterVec,
    alerts: IntCounterVec,
    alerts_open: IntGaugeVec,
    coverage: [IntGauge; State::ALL.len()],
    personal_records: [IntCounter; Kind::ALL.len()],
    persons_unexplained: IntCounterVec,
    watermark_delay: GaugeVec,
    consumer_lag: IntGaugeVec,
    detection_latency: Histogram,
    employees_tracked: IntGauge,
    /// Profiles, record ids.
    evicted: [IntCounter; 2],
    state_bytes: IntGauge,
    checkpoint_duration: Gauge,
    sink_deliveries: IntCounterVec,
    tasks: IntGauge,
    restoring: IntGauge,
    restored_records: IntGauge,
    restored_bytes: IntGauge,
    restored_messages: [IntCounter; 2],
    state_caches: [IntCounter; StateCache::ALL.len()],
    redriven: IntCounterVec,
    config_reloads: [IntCounter; Reload::ALL.len()],
    config_successful: IntGauge,
    config_success_time: Gauge,
    config_info: IntGaugeVec,
}

/// The metrics of one source.
#[derive(Clone)]
pub struct SourceMetrics {
    records: [IntCounter; Outcome::ALL.len()],
    watermark_delay: Gauge,
    lag: IntGauge,
    redriven: IntCounter,
}

/// The metrics of one sink.
#[derive(Clone)]
pub struct SinkMetrics {
    deliveries: [IntCounter; Delivery::ALL.len()],
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// Fresh metrics in a registry of their own.
    pub fn new() -> Metrics {
        let registry = Registry::new();
        let kinds =
            counters(&registry, "personal_records_total", "Personal records disclosed, by kind of personal information.", &["kind"]);
        let alerts_open = gauges(&registry, "alerts_open", "Alerts whose episode is open.", &["severity"]);
        for severity in Severity::ALL {
            alerts_open.with_label_values(&[severity.name()]).set(0);
        }
        let build = gauges(&registry, "build_info", "Which build is running; always 1.", &["version"]);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let coverage = gauges(
            &registry,
            "coverage_employee_days",
            "Employees on the newest day that has closed everywhere, by how far it was evaluated.",
            &["state"],
        );
        let reloads = counters(&registry, "config_reloads_total", "Attempts to read the configuration again, by outcome.", &["outcome"]);
        let restored = counters(&registry, "restored_messages_total", "Messages of which states were restored, by where from.", &["from"]);
        let evicted = counters(&registry, "evicted_total", "Things given up to keep within the limits of memory.", &["what"]);
        let caches = counters(&registry, "state_caches_total", "Caches of states, by what became of them.", &["outcome"]);
        let metrics = Metrics {
            coverage: State::ALL.map(|state| coverage.with_label_values(&[state.name()])),
            records: counters(&registry, "records_total", "Log records read, by what became of them.", &["source", "outcome"]),
            alerts: counters(&registry, "alerts_total", "Alerts opened or raised to a severity.", &["typology", "severity"]),
            alerts_open,
            personal_records: Kind::ALL.map(|kind| kinds.with_label_values(&[kind.name()])),
            persons_unexplained: counters(
                &registry,
                "persons_unexplained_total",
                "People disclosed without a known business reason, by statutory tier.",
                &["tier"],
            ),
            watermark_delay: added(
                &registry,
                GaugeVec::new(
                    named("watermark_delay_seconds", "How far the watermark of a source stands behind the clock, in seconds."),
                    &["source"],
                ),
            ),
            consumer_lag: gauges(&registry, "consumer_lag_records", "Records of a source that are not read yet.", &["source"]),
            detection_latency: added(
                &registry,
                Histogram::with_opts(HistogramOpts {
                    common_opts: named("detection_latency_seconds", "From an access to the alert that it opened, in seconds."),
                    buckets: LATENCY_BUCKETS.to_vec(),
                }),
            ),
            employees_tracked: added(&registry, IntGauge::with_opts(named("employees_tracked", "Employees with a profile."))),
            state_bytes: added(&registry, IntGauge::with_opts(named("state_bytes", "Size of the state on disk, in bytes."))),
            checkpoint_duration: added(
                &registry,
                Gauge::with_opts(named("checkpoint_duration_seconds", "How long the last checkpoint took, in seconds.")),
            ),
            tasks: added(&registry, IntGauge::with_opts(named("tasks_running", "Tasks of the cluster that run in this process."))),
            restoring: added(&registry, IntGauge::with_opts(named("tasks_restoring", "Tasks whose state is being restored."))),
            restored_records: added(
                &registry,
                IntGauge::with_opts(named("restore_records", "Messages read by the restores that are under way.")),
            ),
            restored_bytes: added(&registry, IntGauge::with_opts(named("restore_bytes", "Bytes read by the restores that are under way."))),
            restored_messages: ["cache", "topic"].map(|from| restored.with_label_values(&[from])),
            state_caches: StateCache::ALL.map(|outcome| caches.with_label_values(&[outcome.name()])),
            sink_deliveries: counters(&registry, "sink_deliveries_total", "Deliveries to a sink, by outcome.", &["sink", "outcome"]),
            redriven: counters(
                &registry,
                "redriven_records_total",
                "Dead letters that could be decoded later; they count in records_total once more, by what became of them.",
                &["source"],
            ),
            evicted: ["profile", "record_id"].map(|what| evicted.with_label_values(&[what])),
            config_reloads: Reload::ALL.map(|outcome| reloads.with_label_values(&[outcome.name()])),
            config_successful: added(
                &registry,
                IntGauge::with_opts(named("config_last_reload_successful", "Whether the files as they are now are in use; 0 if refused.")),
            ),
            config_success_time: added(
                &registry,
                Gauge::with_opts(named(
                    "config_last_reload_success_timestamp_seconds",
                    "When the configuration in use was taken into use, in seconds of the epoch.",
                )),
            ),
            config_info: gauges(&registry, "config_info", "Hash of the configuration in use, as in alerts; always 1.", &["config"]),
            registry,
        };
        // What a process starts with is in use.
        metrics.config_successful.set(1);
        metrics
    }

    /// The metrics of a source; all its series exist from now on.
    pub fn source(&self, name: &str) -> SourceMetrics {
        SourceMetrics {
            records: Outcome::ALL.map(|outcome| self.records.with_label_values(&[name, outcome.name()])),
            watermark_delay: self.watermark_delay.with_label_values(&[name]),
            lag: self.consumer_lag.with_label_values(&[name]),
            redriven: self.redriven.with_label_values(&[name]),
        }
    }

    /// The metrics of a sink; all its series exist from now on.
    pub fn sink(&self, name: &str) -> SinkMetrics {
        SinkMetrics { deliveries: Delivery::ALL.map(|delivery| self.sink_deliveries.with_label_values(&[name, delivery.name()])) }
    }

    /// An alert opened, or rose to a severity.
    pub fn alert(&self, typology: Typology, severity: Severity) {
        self.alerts.with_label_values(&[typology.name(), severity.name()]).inc();
    }

    /// How many episodes of a severity are open.
    pub fn set_alerts_open(&self, severity: Severity, open: u64) {
        self.alerts_open.with_label_values(&[severity.name()]).set(whole(open));
    }

    /// Records with a kind of personal information were disclosed.
    pub fn personal_records(&self, kind: Kind, records: u64) {
        self.personal_records[kind as usize].inc_by(records);
    }

    /// People of a tier (`50`, `500`, `5000`) were disclosed without a known reason.
    pub fn persons_unexplained(&self, tier: u32, persons: u64) {
        self.persons_unexplained.with_label_values(&[&tier.to_string()]).inc_by(persons);
    }

    /// An alert was opened this long after its access.
    pub fn detection_latency(&self, latency: Duration) {
        self.detection_latency.observe(latency.as_secs_f64());
    }

    /// How many employees have a profile.
    pub fn set_employees_tracked(&self, employees: u64) {
        self.employees_tracked.set(whole(employees));
    }

    /// So many profiles and record ids were given up to keep within the limits.
    pub fn evicted(&self, profiles: u64, record_ids: u64) {
        self.evicted[0].inc_by(profiles);
        self.evicted[1].inc_by(record_ids);
    }

    /// How far employees' days could be evaluated.
    pub fn set_coverage(&self, counts: &Counts) {
        self.coverage.iter().zip(counts.states).for_each(|(gauge, days)| gauge.set(whole(days)));
    }

    /// How large the state is.
    pub fn set_state_bytes(&self, bytes: u64) {
        self.state_bytes.set(whole(bytes));
    }

    /// A checkpoint was made.
    pub fn checkpoint(&self, took: Duration) {
        self.checkpoint_duration.set(took.as_secs_f64());
    }

    /// How many tasks run here.
    pub fn set_tasks(&self, tasks: u64) {
        self.tasks.set(whole(tasks));
    }

    /// How far restores have come.
    pub fn restoring(&self, tasks: u64, records: u64, bytes: u64) {
        self.restoring.set(whole(tasks));
        self.restored_records.set(whole(records));
        self.restored_bytes.set(whole(bytes));
    }

    /// A state was restored from so many messages.
    pub fn restored(&self, cached: u64, read: u64) {
        self.restored_messages[0].inc_by(cached);
        self.restored_messages[1].inc_by(read);
    }

    /// The cache of a state had this outcome.
    pub fn state_cache(&self, outcome: StateCache) {
        self.state_caches[outcome as usize].inc();
    }

    /// The configuration was to be read again.
    pub fn reload(&self, outcome: Reload) {
        self.config_reloads[outcome as usize].inc();
        self.config_successful.set(i64::from(outcome != Reload::Refused));
    }

    /// This configuration is in use since that moment of the epoch.
    pub fn set_config(&self, hash: &str, since: Duration) {
        self.config_info.reset();
        self.config_info.with_label_values(&[hash]).set(1);
        self.config_successful.set(1);
        self.config_success_time.set(since.as_secs_f64());
    }

    /// Everything as Prometheus text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        if let Err(error) = TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be rendered");
        }
        text
    }
}

impl SourceMetrics {
    /// Records had this outcome.
    pub fn records(&self, outcome: Outcome, records: u64) {
        self.records[outcome as usize].inc_by(records);
    }

    /// Dead letters of it could be decoded after all.
    pub fn redriven(&self, records: u64) {
        self.redriven.inc_by(records);
    }

    /// How far its watermark is behind the clock.
    pub fn set_watermark_delay(&self, delay: Duration) {
        self.watermark_delay.set(delay.as_secs_f64());
    }

    /// How many of its records are not read yet.
    pub fn set_lag(&self, records: u64) {
        self.lag.set(whole(records));
    }
}

impl SinkMetrics {
    /// Alerts had this outcome.
    pub fn deliveries(&self, delivery: Delivery, alerts: u64) {
        self.deliveries[delivery as usize].inc_by(alerts);
    }
}

fn named(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("leakwarden")
}

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    added(registry, IntCounterVec::new(named(name, help), labels))
}

fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    added(registry, IntGaugeVec::new(named(name, help), labels))
}

fn added<C: Collector + Clone + 'static>(registry: &Registry, metric: prometheus::Result<C>) -> C {
    let metric = metric.expect("names and labels in this file are valid");
    registry.register(Box::new(metric.clone())).expect("names in this file are distinct");
    metric
}

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
