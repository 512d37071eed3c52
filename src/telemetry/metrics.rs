//! The registry of the service's metrics, made from the rows of [`table`].
//!
//! Callers that count often hold handles that are resolved once ([`SourceMetrics`], [`SinkMetrics`]): counting a record is one
//! atomic add. Labels are sources, sinks, kinds, tiers, typologies and severities: a test holds that no person ever becomes one.

pub mod table;
mod told;

use crate::model::coverage::{Counts, State};
use crate::model::feed::{Feed, FeedSize};
use crate::model::ignored::IgnoredReason;
use crate::model::kind::Kind;
use crate::model::severity::{BySeverity, Severity};
use crate::model::typology::Typology;
use prometheus::core::Collector;
use prometheus::{Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use table::{CounterRow, GaugeRow, HistogramRow, LabelValues, METRICS, Metric, MetricKind, NAMESPACE};
pub use told::Told;

/// Content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What became of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Decoded and applied.
    Accepted,
    /// Seen before by (source, id).
    Duplicate,
    /// Applied after its event time had settled.
    Late,
    /// Passed over on purpose: [`IgnoredReason`] says why.
    Ignored,
    /// Not decoded, and kept as a dead letter.
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
    /// Refused by the sink, and not tried again.
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
    /// Invalid, or needing a restart: the previous one stays in use.
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
    /// A restore started from it.
    Used,
    /// There was none, or another process has it.
    None,
    /// It was discarded: damaged, or different from the topic.
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
    families: Arc<BTreeMap<&'static str, Family>>,
}

/// The series of one metric.
enum Family {
    Counter(IntCounterVec),
    Gauge(GaugeVec),
    Histogram(HistogramVec),
}

/// The metrics of one source.
#[derive(Clone)]
pub struct SourceMetrics {
    records: [IntCounter; Outcome::ALL.len()],
    ignored: [IntCounter; IgnoredReason::ALL.len()],
    watermark_delay: Gauge,
    lag: Gauge,
    undecoded: Gauge,
    unreachable: Gauge,
    losses: IntCounter,
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
        let families = METRICS.iter().map(|metric| (metric.name, Family::of(metric, &registry))).collect();
        let metrics = Metrics { registry, families: Arc::new(families) };
        metrics.set(table::BUILD_INFO, [env!("CARGO_PKG_VERSION")], 1.0);
        // The configuration that a process starts with is in use.
        metrics.set(table::CONFIG_SUCCESSFUL, [], 1.0);
        // How many alerts and cases are open is not known before the state is restored.
        let open = [table::ALERTS_OPEN, table::ALERTS_SHOWN_OPEN, table::CASES_OPEN, table::CASES_SHOWN_OPEN];
        open.into_iter().for_each(|row| metrics.gauges(row).reset());
        metrics
    }

    /// Adds to a counter.
    pub fn add<const LABELS: usize>(&self, row: CounterRow<LABELS>, labels: [&str; LABELS], n: u64) {
        self.counter(row, labels).inc_by(n);
    }

    /// Sets a gauge.
    pub fn set<const LABELS: usize>(&self, row: GaugeRow<LABELS>, labels: [&str; LABELS], value: f64) {
        self.gauge(row, labels).set(value);
    }

    /// Adds an observation to a histogram.
    pub fn observe<const LABELS: usize>(&self, row: HistogramRow<LABELS>, labels: [&str; LABELS], value: f64) {
        match self.family(row.0) {
            Family::Histogram(family) => family.with_label_values(&labels).observe(value),
            Family::Counter(_) | Family::Gauge(_) => unreachable!("a row's type is its kind"),
        }
    }

    /// A series of a counter, to be held by who counts often.
    fn counter<const LABELS: usize>(&self, row: CounterRow<LABELS>, labels: [&str; LABELS]) -> IntCounter {
        match self.family(row.0) {
            Family::Counter(family) => family.with_label_values(&labels),
            Family::Gauge(_) | Family::Histogram(_) => unreachable!("a row's type is its kind"),
        }
    }

    fn gauge<const LABELS: usize>(&self, row: GaugeRow<LABELS>, labels: [&str; LABELS]) -> Gauge {
        self.gauges(row).with_label_values(&labels)
    }

    fn gauges<const LABELS: usize>(&self, row: GaugeRow<LABELS>) -> &GaugeVec {
        match self.family(row.0) {
            Family::Gauge(family) => family,
            Family::Counter(_) | Family::Histogram(_) => unreachable!("a row's type is its kind"),
        }
    }

    fn family(&self, name: &str) -> &Family {
        self.families.get(name).expect("every row is in the registry")
    }

    /// The metrics of a source; all its series exist from now on.
    pub fn source(&self, name: &str) -> SourceMetrics {
        SourceMetrics {
            records: Outcome::ALL.map(|outcome| self.counter(table::RECORDS, [name, outcome.name()])),
            ignored: IgnoredReason::ALL.map(|reason| self.counter(table::IGNORED, [name, reason.name()])),
            watermark_delay: self.gauge(table::WATERMARK_DELAY, [name]),
            lag: self.gauge(table::CONSUMER_LAG, [name]),
            undecoded: self.gauge(table::SOURCE_UNDECODED, [name]),
            unreachable: self.gauge(table::SOURCE_UNREACHABLE, [name]),
            losses: self.counter(table::SOURCE_LOSSES, [name]),
            redriven: self.counter(table::REDRIVEN, [name]),
        }
    }

    /// The metrics of a sink; all its series exist from now on.
    pub fn sink(&self, name: &str) -> SinkMetrics {
        SinkMetrics { deliveries: Delivery::ALL.map(|delivery| self.counter(table::SINK_DELIVERIES, [name, delivery.name()])) }
    }

    /// An alert opened, or rose to a severity.
    pub fn alert(&self, typology: Typology, severity: Severity) {
        self.add(table::ALERTS, [typology.name(), severity.name()], 1);
    }

    /// How many alerts are open, by severity.
    pub fn set_alerts_open(&self, open: &[u64; Severity::ALL.len()]) {
        Severity::ALL.iter().zip(open).for_each(|(severity, open)| self.set(table::ALERTS_OPEN, [severity.name()], *open as f64));
    }

    /// How many open alerts were shown, by severity; none where another process knows.
    pub fn set_alerts_shown_open(&self, shown: Option<&[u64; Severity::ALL.len()]>) {
        match shown {
            Some(shown) => {
                Severity::ALL
                    .iter()
                    .zip(shown)
                    .for_each(|(severity, open)| self.set(table::ALERTS_SHOWN_OPEN, [severity.name()], *open as f64));
            }
            // A zero would say that there are none.
            None => self.gauges(table::ALERTS_SHOWN_OPEN).reset(),
        }
    }

    /// How many cases are open, and how many of those were shown, by severity; none where another process knows.
    pub fn set_cases_open(&self, counts: Option<(&BySeverity, &BySeverity)>) {
        let Some((open, shown)) = counts else {
            [table::CASES_OPEN, table::CASES_SHOWN_OPEN].into_iter().for_each(|gauge| self.gauges(gauge).reset());
            return;
        };
        for (severity, (open, shown)) in Severity::ALL.iter().zip(open.iter().zip(shown)) {
            self.set(table::CASES_OPEN, [severity.name()], *open as f64);
            self.set(table::CASES_SHOWN_OPEN, [severity.name()], *shown as f64);
        }
    }

    /// So many more cases were shown, by severity: for the first time, and again.
    pub fn cases_shown(&self, first: &BySeverity, again: &BySeverity) {
        for (severity, (first, again)) in Severity::ALL.iter().zip(first.iter().zip(again)) {
            self.add(table::CASES_SHOWN, [severity.name(), "first"], *first);
            self.add(table::CASES_SHOWN, [severity.name(), "again"], *again);
        }
    }

    /// Records of logins that the directory does not list.
    pub fn unmapped_login_records(&self, records: u64) {
        self.add(table::UNMAPPED_LOGIN_RECORDS, [], records);
    }

    /// Records with a kind of personal information were disclosed.
    pub fn personal_records(&self, kind: Kind, records: u64) {
        self.add(table::PERSONAL_RECORDS, [kind.name()], records);
    }

    /// People of a tier (`50`, `500`, `5000`) were disclosed without a known reason.
    pub fn persons_unexplained(&self, tier: u32, persons: u64) {
        self.add(table::PERSONS_UNEXPLAINED, [&tier.to_string()], persons);
    }

    /// An alert was opened this long after its access.
    pub fn detection_latency(&self, latency: Duration) {
        self.observe(table::DETECTION_LATENCY, [], latency.as_secs_f64());
    }

    /// How many employees have a profile.
    pub fn set_employees_tracked(&self, employees: u64) {
        self.set(table::EMPLOYEES_TRACKED, [], employees as f64);
    }

    /// So many profiles and record ids were given up to keep within the limits.
    pub fn evicted(&self, profiles: u64, record_ids: u64) {
        self.add(table::EVICTED, ["profile"], profiles);
        self.add(table::EVICTED, ["record_id"], record_ids);
    }

    /// How far employees' days could be evaluated.
    pub fn set_coverage(&self, counts: &Counts) {
        State::ALL.iter().zip(counts.states).for_each(|(state, days)| self.set(table::COVERAGE, [state.name()], days as f64));
    }

    /// How large the state is.
    pub fn set_state_bytes(&self, bytes: u64) {
        self.set(table::STATE_BYTES, [], bytes as f64);
    }

    /// A checkpoint was made.
    pub fn checkpoint(&self, took: Duration) {
        self.set(table::CHECKPOINT_DURATION, [], took.as_secs_f64());
    }

    /// How many tasks run here.
    pub fn set_tasks(&self, tasks: u64) {
        self.set(table::TASKS_RUNNING, [], tasks as f64);
    }

    /// Messages that the group of a cluster has not committed yet: of the input, and of the tasks' own topic.
    pub fn set_cluster_lag(&self, input: u64, access: u64) {
        self.set(table::CLUSTER_LAG, ["input"], input as f64);
        self.set(table::CLUSTER_LAG, ["access"], access as f64);
    }

    /// How many different configurations the processes of a cluster have.
    pub fn set_configurations(&self, different: u64) {
        self.set(table::CLUSTER_CONFIGURATIONS, [], different as f64);
    }

    /// How far restores have come.
    pub fn restoring(&self, tasks: u64, records: u64, bytes: u64) {
        self.set(table::TASKS_RESTORING, [], tasks as f64);
        self.set(table::RESTORE_RECORDS, [], records as f64);
        self.set(table::RESTORE_BYTES, [], bytes as f64);
    }

    /// A state was restored from so many messages.
    pub fn restored(&self, cached: u64, read: u64) {
        self.add(table::RESTORED_MESSAGES, ["cache"], cached);
        self.add(table::RESTORED_MESSAGES, ["topic"], read);
    }

    /// The cache of a state had this outcome.
    pub fn state_cache(&self, outcome: StateCache) {
        self.add(table::STATE_CACHES, [outcome.name()], 1);
    }

    /// So many messages of a topic of the cluster's own were passed over for that reason.
    pub fn messages_refused(&self, topic: &str, reason: &str, many: u64) {
        self.add(table::MESSAGES_REFUSED, [topic, reason], many);
    }

    /// A saved state was not what had been saved.
    pub fn state_lost(&self, how: &str) {
        self.add(table::STATE_LOSSES, [how], 1);
    }

    /// An attempt to reload the configuration had this outcome.
    pub fn reload(&self, outcome: Reload) {
        self.add(table::CONFIG_RELOADS, [outcome.name()], 1);
        self.set(table::CONFIG_SUCCESSFUL, [], f64::from(u8::from(outcome != Reload::Refused)));
    }

    /// So much of a feed is in use.
    pub fn set_feed(&self, feed: Feed, size: FeedSize) {
        self.set(table::FEED_ENTRIES, [feed.name()], size.entries as f64);
        self.set(table::FEED_ROWS, [feed.name()], size.rows as f64);
    }

    /// So many business reasons are in use.
    pub fn set_reasons(&self, count: usize) {
        self.set(table::REASONS, [], count as f64);
    }

    /// Whether a feed has shrunk, and nothing has confirmed it.
    pub fn set_feed_shrunken(&self, feed: Feed, is_shrunken: bool) {
        self.set(table::FEED_SHRUNKEN, [feed.name()], f64::from(u8::from(is_shrunken)));
    }

    /// This configuration is in use since that moment of the epoch.
    pub fn set_config(&self, hash: &str, since: Duration) {
        self.gauges(table::CONFIG_INFO).reset();
        self.set(table::CONFIG_INFO, [hash], 1.0);
        self.set(table::CONFIG_SUCCESSFUL, [], 1.0);
        self.set(table::CONFIG_SUCCESS_TIME, [], since.as_secs_f64());
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

    /// Records were passed over for this reason; they also count as [`Outcome::Ignored`].
    pub fn ignored(&self, reason: IgnoredReason, records: u64) {
        self.ignored[reason as usize].inc_by(records);
    }

    /// Dead letters of it could be decoded after all.
    pub fn redriven(&self, records: u64) {
        self.redriven.inc_by(records);
    }

    /// How far its watermark is behind the clock.
    pub fn set_watermark_delay(&self, delay: Duration) {
        self.watermark_delay.set(delay.as_secs_f64());
    }

    /// Whether records of it came of which none could be decoded.
    pub fn set_undecoded(&self, undecoded: bool) {
        self.undecoded.set(if undecoded { 1.0 } else { 0.0 });
    }

    /// Whether something of it cannot be read now.
    pub fn set_unreachable(&self, unreachable: bool) {
        self.unreachable.set(if unreachable { 1.0 } else { 0.0 });
    }

    /// A stretch of it is lost.
    pub fn lost(&self) {
        self.losses.inc();
    }

    /// How many of its records are not read yet.
    pub fn set_lag(&self, records: u64) {
        self.lag.set(records as f64);
    }
}

impl SinkMetrics {
    /// Alerts had this outcome.
    pub fn deliveries(&self, delivery: Delivery, alerts: u64) {
        self.deliveries[delivery as usize].inc_by(alerts);
    }
}

impl Family {
    /// Registers a metric. Where all values of its labels are known, every series exists from the start.
    fn of(metric: &Metric, registry: &Registry) -> Family {
        let options = Opts::new(metric.name, metric.help).namespace(NAMESPACE);
        let labels: Vec<&str> = metric.labels.iter().map(|label| label.name).collect();
        let family = match metric.kind {
            MetricKind::Counter => Family::Counter(registered(registry, IntCounterVec::new(options, &labels))),
            MetricKind::Gauge => Family::Gauge(registered(registry, GaugeVec::new(options, &labels))),
            MetricKind::Histogram(buckets) => {
                let options = HistogramOpts { common_opts: options, buckets: buckets.to_vec() };
                Family::Histogram(registered(registry, HistogramVec::new(options, &labels)))
            }
        };
        for values in every_series(metric) {
            match &family {
                Family::Counter(family) => drop(family.with_label_values(&values)),
                Family::Gauge(family) => drop(family.with_label_values(&values)),
                Family::Histogram(family) => drop(family.with_label_values(&values)),
            }
        }
        family
    }
}

/// The values of the labels of each series of a metric, where all are known; none otherwise.
fn every_series(metric: &Metric) -> Vec<Vec<&'static str>> {
    metric.labels.iter().fold(vec![Vec::new()], |series, label| match label.values {
        LabelValues::Fixed(values) => {
            let longer = |before: Vec<&'static str>| values().into_iter().map(move |value| [before.as_slice(), &[value]].concat());
            series.into_iter().flat_map(longer).collect()
        }
        LabelValues::Open(_) => Vec::new(),
    })
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, metric: prometheus::Result<C>) -> C {
    let metric = metric.expect("names and labels of the table are valid");
    registry.register(Box::new(metric.clone())).expect("names of the table are distinct");
    metric
}

#[cfg(test)]
mod tests;
