//! Every metric, once: name, kind, labels, unit and help. The registry, the page `docs/operate/metrics.md` and the tests are made
//! from [`METRICS`].
//!
//! A new metric is one row in [`METRICS`] and the call that sets it: [`add`](super::Metrics::add), [`set`](super::Metrics::set) or
//! [`observe`](super::Metrics::observe) with the row's name. Names, labels and meanings are a contract (`docs/contract.md` §12).

use super::{Delivery, Outcome, Reload, StateCache, Told};
use crate::model::coverage::State;
use crate::model::decision::outcome::DecisionOutcome;
use crate::model::decision::{KINDS, VerdictOutcome};
use crate::model::feed::Feed;
use crate::model::ignored::IgnoredReason;
use crate::model::kind::Kind;
use crate::model::own_topics::InternalTopic;
use crate::model::severity::Severity;
use crate::model::stamp::Refusal;
use crate::model::typology::Typology;
use std::fmt::Write;

/// What stands before every name.
pub const NAMESPACE: &str = "leakwarden";

/// Seconds from an access to its alert: milliseconds live, `lateness` (20 minutes) once settled, days when catching up.
const LATENCY_BUCKETS: &[f64] = &[0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0, 86_400.0];

/// One metric.
pub struct Metric {
    /// The name of its row, as callers write it.
    pub row: &'static str,
    /// The name without [`NAMESPACE`].
    pub name: &'static str,
    /// How its value behaves.
    pub kind: MetricKind,
    /// What its series are told apart by.
    pub labels: &'static [Label],
    /// What one is.
    pub unit: &'static str,
    /// What it says, in one sentence.
    pub help: &'static str,
}

/// How a metric's value behaves.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum MetricKind {
    /// Only grows, and begins at 0 with the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations up to each of these bounds.
    Histogram(&'static [f64]),
}

impl MetricKind {
    /// The name that Prometheus has for it.
    pub fn name(self) -> &'static str {
        match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram(_) => "histogram",
        }
    }
}

/// A label: never an employee, an account or a subject.
pub struct Label {
    /// The name.
    pub name: &'static str,
    /// What it may be.
    pub values: LabelValues,
}

/// The values of a label.
pub enum LabelValues {
    /// These. A metric whose labels are all so has every series from the start.
    Fixed(fn() -> Vec<&'static str>),
    /// Names that the configuration, the build or the results give: what they are.
    Open(&'static str),
}

/// A row whose metric is a counter with so many labels.
#[derive(Clone, Copy)]
pub struct CounterRow<const LABELS: usize>(pub(super) &'static str);

/// A row whose metric is a gauge with so many labels.
#[derive(Clone, Copy)]
pub struct GaugeRow<const LABELS: usize>(pub(super) &'static str);

/// A row whose metric is a histogram with so many labels.
#[derive(Clone, Copy)]
pub struct HistogramRow<const LABELS: usize>(pub(super) &'static str);

impl<const LABELS: usize> CounterRow<LABELS> {
    const KIND: MetricKind = MetricKind::Counter;
}

impl<const LABELS: usize> GaugeRow<LABELS> {
    const KIND: MetricKind = MetricKind::Gauge;
}

impl<const LABELS: usize> HistogramRow<LABELS> {
    const KIND: MetricKind = MetricKind::Histogram(LATENCY_BUCKETS);
}

const fn fixed(name: &'static str, values: fn() -> Vec<&'static str>) -> Label {
    Label { name, values: LabelValues::Fixed(values) }
}

const fn open(name: &'static str, what: &'static str) -> Label {
    Label { name, values: LabelValues::Open(what) }
}

const SOURCE: Label = open("source", "`name` of a `[[source]]`; in `records_total` also `[decisions]`");
const DECISION_KIND: Label = fixed("kind", || KINDS.into_iter().chain(["none"]).collect());
const DECISION_OUTCOME: Label = fixed("outcome", || DecisionOutcome::ALL.map(DecisionOutcome::name).to_vec());
const SILENCE_OUTCOME: Label = fixed("outcome", || vec!["silenced", "graver"]);
const SINK: Label = open("sink", "`name` of a `[[sink]]`");
const NOTIFY: Label = open("sink", "`name` of a `[[notify]]`");
const TOLD: Label = fixed("outcome", || Told::ALL.map(Told::name).to_vec());
const SEVERITY: Label = fixed("severity", || Severity::ALL.map(Severity::name).to_vec());
const SHOWN_HOW: Label = fixed("how", || vec!["first", "again"]);
const VERDICT: Label = fixed("outcome", || VerdictOutcome::ALL.map(VerdictOutcome::name).to_vec());
const TYPOLOGY: Label = fixed("typology", || Typology::ALL.iter().map(|typology| typology.name()).collect());
const KIND: Label = fixed("kind", || Kind::ALL.map(Kind::name).to_vec());
const TIER: Label = open("tier", "items of the statutory tier: `50`, `500`, `5000`");
const STATE: Label = fixed("state", || State::ALL.map(State::name).to_vec());
const RECORD_OUTCOME: Label = fixed("outcome", || Outcome::ALL.map(Outcome::name).to_vec());
const IGNORED_REASON: Label = fixed("reason", || IgnoredReason::ALL.map(IgnoredReason::name).to_vec());
const DELIVERY_OUTCOME: Label = fixed("outcome", || Delivery::ALL.map(Delivery::name).to_vec());
const RELOAD_OUTCOME: Label = fixed("outcome", || Reload::ALL.map(Reload::name).to_vec());
const CACHE_OUTCOME: Label = fixed("outcome", || StateCache::ALL.map(StateCache::name).to_vec());
const CLUSTER_TOPIC: Label = fixed("topic", || vec!["input", "access"]);
const RESTORED_FROM: Label = fixed("from", || vec!["cache", "topic"]);
const OWN_TOPIC: Label = fixed("topic", || [&InternalTopic::ALL.map(InternalTopic::name)[..], &["offsets", "input"]].concat());
const MESSAGE_REFUSED: Label = fixed("reason", || Refusal::ALL.map(Refusal::name).to_vec());
const STATE_LOST: Label = fixed("how", || vec!["rolled_back", "deleted", "incomplete", "unwitnessed"]);
const FEED: Label = fixed("feed", || Feed::ALL.map(Feed::name).to_vec());
const EVICTED_WHAT: Label = fixed("what", || vec!["profile", "record_id"]);
const REFUSED_WHY: Label = fixed("reason", || vec!["token", "host", "origin", "csrf", "slow", "crowded", "tls"]);
const DESK_OUTCOME: Label = fixed("outcome", || vec!["new", "repeat", "alarm", "provisional"]);
const VERSION: Label = open("version", "version of the program");
const CONFIG: Label = open("config", "hash of the configuration");

/// Makes of each row its constant and its place in [`METRICS`].
macro_rules! metrics {
    ($($row:ident: $kind:ident<$labels:literal> = $name:literal, [$($label:expr),*], $unit:literal, $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $row: $kind<$labels> = $kind($name);
            // As many labels as the type says.
            const _: [&str; $labels] = [$($label.name),*];
        )+

        /// Every metric.
        pub const METRICS: &[Metric] = &[$(
            Metric { row: stringify!($row), name: $name, kind: $kind::<$labels>::KIND, labels: &[$($label),*], unit: $unit, help: $help },
        )+];
    };
}

metrics! {
    RECORDS: CounterRow<2> = "records_total", [SOURCE, RECORD_OUTCOME], "records",
        "Log records read, by what became of them: together as many as lines or messages were read, and one more for each further \
         record within one.";
    IGNORED: CounterRow<2> = "records_ignored_total", [SOURCE, IGNORED_REASON], "records",
        "Log records that were passed over on purpose, by the reason; they also count in records_total as ignored.";
    ALERTS: CounterRow<2> = "alerts_total", [TYPOLOGY, SEVERITY], "alerts",
        "Alerts that opened, or rose to a higher severity.";
    ALERTS_OPEN: GaugeRow<1> = "alerts_open", [SEVERITY], "alerts",
        "Alerts that are open now, those among them that were shown before they settled. In a cluster each process tells those that its own tasks \
         have shown and that have not settled; that with the coordinator adds the settled ones of all.";
    ALERTS_SHOWN_OPEN: GaugeRow<1> = "alerts_shown_open", [SEVERITY], "alerts",
        "Settled alerts that are open now and were shown within the daily budget. There once the state is restored; in a cluster, of the process \
         with the coordinator alone.";
    CASES_SHOWN: CounterRow<2> = "cases_shown_total", [SEVERITY, SHOWN_HOW], "cases",
        "Cases that were shown within the daily budget, by the severity of the gravest alert then: for the first time, and again because what \
         joined one was louder than all before. What to be told of new cases by. In a cluster, of the process with the coordinator.";
    CASES_OPEN: GaugeRow<1> = "cases_open", [SEVERITY], "cases",
        "Cases of which a settled alert is open now, by the severity of the gravest: all alerts about one person are one, a group's with its members. \
         In a cluster, of the process with the coordinator alone.";
    CASES_SHOWN_OPEN: GaugeRow<1> = "cases_shown_open", [SEVERITY], "cases",
        "Those of them that were shown within the daily budget: what there is to look at.";
    COVERAGE: GaugeRow<1> = "coverage_employee_days", [STATE], "employees",
        "Employees on the newest day that every source has completed, by how far that day could be evaluated.";
    PERSONAL_RECORDS: CounterRow<1> = "personal_records_total", [KIND], "records",
        "Personal records disclosed, by kind of personal information.";
    PERSONS_UNEXPLAINED: CounterRow<1> = "persons_unexplained_total", [TIER], "people",
        "People disclosed without a known business reason, by statutory tier.";
    WATERMARK_DELAY: GaugeRow<1> = "watermark_delay_seconds", [SOURCE], "seconds",
        "How far the watermark of a source (the event time up to which its records are taken to be complete) is behind the clock.";
    CONSUMER_LAG: GaugeRow<1> = "consumer_lag_records", [SOURCE], "records",
        "Records of a source that are not read yet.";
    UNMAPPED_LOGIN_RECORDS: CounterRow<0> = "unmapped_login_records_total", [], "records",
        "Log records of logins that `accounts.csv` does not list, so that nobody knows whose they are. `replay` and `check --log` name them.";
    SOURCE_UNDECODED: GaugeRow<1> = "source_undecoded", [SOURCE], "1 or 0",
        "1 where records of a source came and not one of them could be decoded: its format is probably another.";
    SOURCE_UNREACHABLE: GaugeRow<1> = "source_unreachable", [SOURCE], "1 or 0",
        "1 where something of a source of files cannot be read now: a mount that is away, a file without permission. It is tried again, and \
         `/readyz` and the log say what and why.";
    SOURCE_LOSSES: CounterRow<1> = "source_losses_total", [SOURCE], "stretches",
        "Stretches of a source whose records are gone: a file was deleted or written over before all of it was read, a topic no longer had \
         them. The log says where and from when to when, and the days are partly evaluated.";
    DETECTION_LATENCY: HistogramRow<0> = "detection_latency_seconds", [], "seconds",
        "Time from the arrival of an access to the publication of the revision of an open alert that it caused. It arrives at the \
         timestamp of its Kafka record, in a cluster that of its record in the access topic, or when its line is read; where nothing \
         was published before it settled, the time of the access itself counts. Closed and retracted alerts are not measured.";
    EMPLOYEES_TRACKED: GaugeRow<0> = "employees_tracked", [], "employees",
        "Employees and accounts with a profile in memory.";
    STATE_BYTES: GaugeRow<0> = "state_bytes", [], "bytes",
        "Size of the state on disk.";
    CHECKPOINT_DURATION: GaugeRow<0> = "checkpoint_duration_seconds", [], "seconds",
        "How long the last checkpoint took.";
    CLUSTER_LAG: GaugeRow<1> = "cluster_lag_records", [CLUSTER_TOPIC], "messages",
        "Messages that the group of the cluster has not committed yet, of all partitions, also of those that nobody has or that somebody \
         has who died: of the input, and of the tasks' own topic, whose messages hold many records. Every process says the same.";
    COMMITS_FAILED: CounterRow<0> = "commits_failed_total", [], "commits",
        "Commits of offsets that brokers refused. Nothing is lost by it: the state has the offsets; whoever watches the lag of the group \
         sees too much.";
    CLUSTER_CONFIGURATIONS: GaugeRow<0> = "cluster_configurations", [], "configurations",
        "How many different configurations (with directory and catalog) the processes of the cluster have: 1 is well.";
    TASKS_RUNNING: GaugeRow<0> = "tasks_running", [], "tasks",
        "Tasks of the cluster that run in this process.";
    TASKS_RESTORING: GaugeRow<0> = "tasks_restoring", [], "tasks",
        "Tasks of the cluster whose state is being restored in this process.";
    RESTORE_RECORDS: GaugeRow<0> = "restore_records", [], "messages",
        "Messages of the state topic that the restores under way have read.";
    RESTORE_BYTES: GaugeRow<0> = "restore_bytes", [], "bytes",
        "Bytes of the state topic that the restores under way have read.";
    RESTORED_MESSAGES: CounterRow<1> = "restored_messages_total", [RESTORED_FROM], "messages",
        "Messages from which the states of tasks were restored, by where they came from.";
    STATE_CACHES: CounterRow<1> = "state_caches_total", [CACHE_OUTCOME], "caches",
        "Local caches of task states, by what became of them when they were opened or written.";
    MESSAGES_REFUSED: CounterRow<2> = "own_messages_refused_total", [OWN_TOPIC, MESSAGE_REFUSED], "messages",
        "Messages of the cluster's own topics, and committed offsets, that were passed over: not written by this service, written again, or missing.";
    STATE_LOSSES: CounterRow<1> = "state_losses_total", [STATE_LOST], "states",
        "Saved states that were not what had been saved, by how: older, gone, in part, or without the witness that tells.";
    SINK_DELIVERIES: CounterRow<2> = "sink_deliveries_total", [SINK, DELIVERY_OUTCOME], "alerts",
        "Deliveries of alerts to a sink, by outcome.";
    NOTIFICATIONS: CounterRow<2> = "notifications_total", [NOTIFY, TOLD], "messages",
        "What became of what people are told of cases, by sink: one that never says whether it has something counts as delivered once sent.";
    NOTIFICATIONS_WAITING: GaugeRow<1> = "notifications_waiting", [NOTIFY], "messages",
        "What waits to be told to a sink.";
    NOTIFICATION_OLDEST: GaugeRow<1> = "notification_oldest_seconds", [NOTIFY], "seconds",
        "How long the oldest of what waits to be told to a sink has waited; 0 where nothing waits.";
    NOTIFICATION_DEAD_LETTERS: GaugeRow<1> = "notification_dead_letters", [NOTIFY], "messages",
        "What was refused for good or tried for too long, and waits for `leakwarden notify --again`.";
    REDRIVEN: CounterRow<1> = "redriven_records_total", [SOURCE], "records",
        "Dead letters that were decoded later; each also counts again in records_total, by what became of it.";
    EVICTED: CounterRow<1> = "evicted_total", [EVICTED_WHAT], "profiles or record ids",
        "Profiles and record ids that were given up to keep within the limits of memory.";
    CONFIG_RELOADS: CounterRow<1> = "config_reloads_total", [RELOAD_OUTCOME], "reloads",
        "Attempts to reload the configuration, by outcome.";
    CONFIG_SUCCESSFUL: GaugeRow<0> = "config_last_reload_successful", [], "1 or 0",
        "1 if the configuration files as they are now are in use, 0 if they were refused.";
    CONFIG_SUCCESS_TIME: GaugeRow<0> = "config_last_reload_success_timestamp_seconds", [], "seconds since 1970",
        "When the configuration in use took effect.";
    CONFIG_INFO: GaugeRow<1> = "config_info", [CONFIG], "always 1",
        "Hash of the configuration in use, as alerts cite it in made_by.config.";
    FEED_ENTRIES: GaugeRow<1> = "feed_entries", [FEED], "tables, employees, accounts and so on",
        "How much there is of each file that others deliver, in use: catalog, directory, reasons; 0 of one that is not named.";
    FEED_ROWS: GaugeRow<1> = "feed_rows", [FEED], "rows",
        "Rows of each of these files, in use: an employee may have several.";
    FEED_SHRUNKEN: GaugeRow<1> = "feed_shrunken", [FEED], "1 or 0",
        "1 while the file as it is has lost more than [reload] max_shrinkage_percent and nothing has confirmed that: refused, or in use since a start.";
    REASONS: GaugeRow<0> = "reasons", [], "reasons",
        "Business reasons in use, of the file and of [directory] explanations_topic.";
    TOPIC_REASONS_REFUSED: CounterRow<0> = "topic_reasons_refused_total", [], "messages",
        "Messages of [directory] explanations_topic that are no business reasons.";
    DECISIONS: CounterRow<2> = "decisions_total", [DECISION_KIND, DECISION_OUTCOME], "decisions",
        "Decisions of people: taken in, late, in_force; repeated, too_many, stale, unknown, over and invalid changed nothing.";
    VERDICTS: CounterRow<2> = "verdicts_total", [TYPOLOGY, VERDICT], "cases",
        "Cases that a verdict said something about, once for each typology of the alerts that it cites, since this process started.";
    ALERTS_SILENCED: CounterRow<1> = "alerts_silenced_total", [SILENCE_OUTCOME], "revisions",
        "Settled revisions that a silence names: silenced, or graver, for which it ended.";
    HTTP_REFUSED: CounterRow<1> = "http_refused_total", [REFUSED_WHY], "requests or connections",
        "HTTP requests without the token, of another Host, of a page of another site or session, and connections that were too slow, gave way to others or spoke no TLS.";
    DESK_REVISIONS: CounterRow<1> = "desk_revisions_total", [DESK_OUTCOME], "revisions",
        "Revisions of alerts that the database of cases was given: `alarm` had another content than the one that was taken under its number.";
    BUILD_INFO: GaugeRow<1> = "build_info", [VERSION], "always 1",
        "Version of the program.";
}

/// The table as the Markdown of `docs/operate/metrics.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\n`GET /metrics` on `[http] listen` gives them as Prometheus text. Every name begins with `leakwarden_`. No employee, \
         account or subject is ever a label.\n\n| metric | kind | labels | unit | |\n|---|---|---|---|---|\n",
    );
    let mut write = |line: String| writeln!(page, "{line}").expect("a string takes everything");
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{}`", label.name)).collect();
        let (name, kind, labels) = (metric.name, metric.kind.name(), labels.join(", "));
        write(format!("| `{name}` | {kind} | {labels} | {} | {} |", metric.unit, metric.help));
    }
    write("\n## Labels\n\n| metric | label | values |\n|---|---|---|".to_owned());
    for metric in METRICS {
        for label in metric.labels {
            let values = match label.values {
                LabelValues::Fixed(values) => values().iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" "),
                LabelValues::Open(what) => what.to_owned(),
            };
            write(format!("| `{}` | `{}` | {values} |", metric.name, label.name));
        }
    }
    let bounds = METRICS.iter().filter_map(|metric| match metric.kind {
        MetricKind::Histogram(bounds) => Some((metric.name, bounds.iter().map(f64::to_string).collect::<Vec<_>>().join(", "))),
        MetricKind::Counter | MetricKind::Gauge => None,
    });
    bounds.for_each(|(name, bounds)| write(format!("\nBuckets of `{name}` end at {bounds}.")));
    page
}
