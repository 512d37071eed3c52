//! The contract of the metrics.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Metrics in which every series of the contract exists.
fn touched() -> Metrics {
    let metrics = Metrics::new();
    metrics.source("access").records(Outcome::Accepted, 3);
    metrics.sink("alerts").deliveries(Delivery::Delivered, 1);
    metrics.alert(Typology::BulkExtract, Severity::High);
    metrics.set_alerts_open(&[0; Severity::ALL.len()]);
    metrics.set_alerts_shown_open(Some(&[0; Severity::ALL.len()]));
    metrics.set_cases_open(Some((&[0; Severity::ALL.len()], &[0; Severity::ALL.len()])));
    metrics.cases_shown(&[0; Severity::ALL.len()], &[0; Severity::ALL.len()]);
    metrics.persons_unexplained(50, 2);
    metrics.personal_records(Kind::PhoneNumber, 7);
    metrics.set_config("19c1c253767b6d3e", Duration::from_secs(1));
    metrics
}

/// The contract: names with their labels.
const CONTRACT: &[(&str, &[&str])] = &[
    ("leakwarden_records_total", &["outcome", "source"]),
    ("leakwarden_alerts_total", &["severity", "typology"]),
    ("leakwarden_alerts_open", &["severity"]),
    ("leakwarden_alerts_shown_open", &["severity"]),
    ("leakwarden_cases_shown_total", &["how", "severity"]),
    ("leakwarden_cases_open", &["severity"]),
    ("leakwarden_cases_shown_open", &["severity"]),
    ("leakwarden_coverage_employee_days", &["state"]),
    ("leakwarden_personal_records_total", &["kind"]),
    ("leakwarden_persons_unexplained_total", &["tier"]),
    ("leakwarden_watermark_delay_seconds", &["source"]),
    ("leakwarden_consumer_lag_records", &["source"]),
    ("leakwarden_detection_latency_seconds", &[]),
    ("leakwarden_unmapped_login_records_total", &[]),
    ("leakwarden_employees_tracked", &[]),
    ("leakwarden_state_bytes", &[]),
    ("leakwarden_checkpoint_duration_seconds", &[]),
    ("leakwarden_sink_deliveries_total", &["outcome", "sink"]),
    ("leakwarden_build_info", &["version"]),
    ("leakwarden_tasks_running", &[]),
    ("leakwarden_tasks_restoring", &[]),
    ("leakwarden_restore_records", &[]),
    ("leakwarden_restore_bytes", &[]),
    ("leakwarden_restored_messages_total", &["from"]),
    ("leakwarden_state_caches_total", &["outcome"]),
    ("leakwarden_redriven_records_total", &["source"]),
    ("leakwarden_evicted_total", &["what"]),
    ("leakwarden_config_reloads_total", &["outcome"]),
    ("leakwarden_config_last_reload_successful", &[]),
    ("leakwarden_config_last_reload_success_timestamp_seconds", &[]),
    ("leakwarden_config_info", &["config"]),
];

#[test]
fn names_and_labels_are_those_of_the_contract() {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for family in touched().registry.gather() {
        let labels = family.get_metric().iter().flat_map(|metric| metric.get_label().iter().map(|label| label.name().to_owned()));
        found.insert(family.name().to_owned(), labels.collect());
    }
    for (name, labels) in CONTRACT {
        let labels: BTreeSet<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        assert_eq!(found.get(*name), Some(&labels), "{name}");
    }
}

#[test]
fn how_many_alerts_are_open_is_told_by_who_knows_it_alone() {
    let metrics = Metrics::new();
    let told = |metrics: &Metrics| metrics.render().lines().filter(|line| line.contains("open{")).count();
    assert_eq!(told(&metrics), 0, "a zero would say that there are none");
    metrics.set_alerts_open(&[0, 1, 2, 3]);
    metrics.set_alerts_shown_open(Some(&[0, 0, 1, 2]));
    assert_eq!(told(&metrics), 8);
    assert!(metrics.render().contains("leakwarden_alerts_shown_open{severity=\"critical\"} 2"), "{}", metrics.render());
    metrics.set_alerts_shown_open(None);
    assert_eq!(told(&metrics), 4, "the coordinator went to another process");
}

#[test]
fn a_row_has_a_description_a_unit_and_no_label_that_names_somebody() {
    let people = ["employee", "account", "subject", "user", "person", "client", "ip", "host", "name"];
    let mut wrong = Vec::new();
    for metric in METRICS {
        if !metric.help.ends_with('.') || metric.help.len() < 10 || metric.unit.is_empty() {
            wrong.push(format!("{}: needs a help text, which is a sentence, and a unit", metric.name));
        }
        if metric.name.ends_with("_total") != (metric.kind == MetricKind::Counter) {
            wrong.push(format!("{}: a counter ends in _total, and nothing else does", metric.name));
        }
        if metric.name.contains("_seconds") != metric.unit.starts_with("seconds")
            || metric.name.contains("_bytes") != (metric.unit == "bytes")
        {
            wrong.push(format!("{}: the unit stands in the name where it is seconds or bytes", metric.name));
        }
        let named = metric.labels.iter().filter(|label| people.contains(&label.name));
        wrong.extend(named.map(|label| format!("{}: the label {} may name a person", metric.name, label.name)));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// What ships of every source file outside this module.
fn shipped() -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.ends_with("src/telemetry") || path.ends_with("tests.rs") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(read(&path).split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned());
            }
        }
    }
    files
}

#[test]
fn every_metric_is_set_by_somebody() {
    let files = shipped();
    let used = |row: &str| files.iter().any(|text| text.split(|c| !is_name(c)).any(|word| word == row));
    let called = |function: &str| files.iter().any(|text| text.contains(&format!(".{function}(")));
    // The functions of this module that set something, with the rows that stand in them.
    let module = read(&root().join("src/telemetry/metrics.rs")) + &read(&root().join("src/telemetry/metrics/told.rs"));
    let mut wrong = Vec::new();
    let mut set: BTreeSet<&str> = BTreeSet::new();
    for function in module.split("\n    pub fn ").skip(1) {
        let (name, body) = function.split_once(|c| !is_name(c)).expect("a function has arguments");
        let body = body.split("\n    }\n").next().unwrap_or_default();
        let generic = ["new", "add", "set", "observe"].contains(&name);
        if !generic && !called(name) {
            wrong.push(format!("nobody calls Metrics::{name}"));
        }
        set.extend(body.split("table::").skip(1).map(|rest| rest.split(|c| !is_name(c)).next().unwrap_or_default()));
    }
    let forgotten = METRICS.iter().filter(|metric| !set.contains(metric.row) && !used(metric.row));
    wrong.extend(forgotten.map(|metric| format!("nobody sets {} ({})", metric.name, metric.row)));
    assert_eq!(wrong, Vec::<String>::new());
}

/// The metrics that a file of rules or a dashboard names, each with the labels that it matches and their values.
fn named_in(text: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("leakwarden_") {
        let end = text[at..].find(|c| !is_name(c)).map_or(text.len(), |length| at + length);
        let matched = text[end..].strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inner, _)| inner);
        let pairs = matched.split(',').filter_map(|pair| pair.split_once('='));
        let pairs = pairs.map(|(label, value)| (label.trim(), value.trim_matches(|c: char| !is_name(c))));
        found.push((&text[at + "leakwarden_".len()..end], pairs.collect()));
    }
    found
}

#[test]
fn rules_and_dashboards_use_only_metrics_labels_and_values_that_exist() {
    // What Prometheus adds to every series.
    let added = ["job", "instance", "le"];
    let mut wrong = Vec::new();
    let dashboards = std::fs::read_dir(root().join("deploy/grafana/dashboards")).expect("the dashboards can be listed");
    let dashboards = dashboards.map(|entry| entry.expect("the dashboards can be listed").path());
    let rules = ["rules.yml", "rules_test.yml"].map(|name| root().join("deploy/prometheus").join(name));
    let files: Vec<PathBuf> = dashboards.chain(rules).collect();
    assert_eq!(files.len(), 5, "three dashboards and two files of rules");
    for path in &files {
        let (text, file) = (read(path).replace("\\\"", "\""), path.display());
        let named = named_in(&text);
        assert!(named.len() > 10, "{file} names metrics");
        for (name, labels) in named {
            let of_histogram = |metric: &&table::Metric| {
                matches!(metric.kind, MetricKind::Histogram(_))
                    && name.strip_prefix(metric.name).is_some_and(|rest| ["_bucket", "_sum", "_count"].contains(&rest))
            };
            let Some(metric) = METRICS.iter().find(|metric| metric.name == name || of_histogram(metric)) else {
                wrong.push(format!("{file}: leakwarden_{name} does not exist"));
                continue;
            };
            for (label, value) in labels.into_iter().filter(|(label, _)| !added.contains(label)) {
                match metric.labels.iter().find(|known| known.name == label).map(|known| &known.values) {
                    None => wrong.push(format!("{file}: leakwarden_{name} has no label {label}")),
                    // A pattern names several.
                    Some(LabelValues::Fixed(values)) => {
                        let never = value.split('|').filter(|value| !values().contains(value));
                        wrong.extend(never.map(|value| format!("{file}: {label} of leakwarden_{name} is never {value}")));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_reference_names_every_metric_and_label() {
    let page = table::reference();
    for metric in METRICS {
        assert!(page.contains(&format!("| `{}` | {} |", metric.name, metric.kind.name())) && page.contains(metric.help), "{page}");
    }
    assert!(page.contains("| `records_total` | `outcome` | `accepted` `duplicate` `late` `ignored` `dead_letter` |"), "{page}");
}

#[test]
fn the_text_holds_help_type_and_value() {
    let text = touched().render();
    assert!(text.contains("# TYPE leakwarden_records_total counter"), "{text}");
    assert!(text.contains("leakwarden_records_total{outcome=\"accepted\",source=\"access\"} 3"), "{text}");
    assert!(text.contains("leakwarden_records_total{outcome=\"dead_letter\",source=\"access\"} 0"), "{text}");
    assert!(text.contains("leakwarden_personal_records_total{kind=\"phone_number\"} 7"), "{text}");
    assert!(text.matches("# HELP ").count() >= CONTRACT.len());
}

#[test]
fn handles_stand_in_the_order_of_their_outcomes() {
    for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
        assert_eq!(outcome as usize, place);
    }
    for (place, delivery) in Delivery::ALL.into_iter().enumerate() {
        assert_eq!(delivery as usize, place);
    }
}
