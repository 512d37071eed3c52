//! The contract of the metrics.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Metrics in which every series of the contract exists.
fn touched() -> Metrics {
    let metrics = Metrics::new();
    metrics.source("access").records(Outcome::Accepted, 3);
    metrics.sink("alerts").deliveries(Delivery::Delivered, 1);
    metrics.alert(Typology::BulkExtract, Severity::High);
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
    ("leakwarden_coverage_employee_days", &["state"]),
    ("leakwarden_personal_records_total", &["kind"]),
    ("leakwarden_persons_unexplained_total", &["tier"]),
    ("leakwarden_watermark_delay_seconds", &["source"]),
    ("leakwarden_consumer_lag_records", &["source"]),
    ("leakwarden_detection_latency_seconds", &[]),
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
fn names_and_labels_are_those_of_the_contract_and_no_person_is_a_label() {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for family in touched().registry.gather() {
        let labels = family.get_metric().iter().flat_map(|metric| metric.get_label().iter().map(|label| label.name().to_owned()));
        found.insert(family.name().to_owned(), labels.collect());
    }
    let expected: BTreeMap<String, BTreeSet<String>> =
        CONTRACT.iter().map(|(name, labels)| ((*name).to_owned(), labels.iter().map(|l| (*l).to_owned()).collect())).collect();
    assert_eq!(found, expected);
    let people = ["employee", "account", "subject", "user", "person", "client", "ip", "name"];
    let labels: BTreeSet<&str> = found.values().flatten().map(String::as_str).collect();
    assert!(people.iter().all(|person| !labels.contains(person)), "{labels:?}");
}

#[test]
fn the_text_holds_help_type_and_value() {
    let text = touched().render();
    assert!(text.contains("# TYPE leakwarden_records_total counter"), "{text}");
    assert!(text.contains("leakwarden_records_total{outcome=\"accepted\",source=\"access\"} 3"), "{text}");
    assert!(text.contains("leakwarden_records_total{outcome=\"dead_letter\",source=\"access\"} 0"), "{text}");
    assert!(text.contains("leakwarden_personal_records_total{kind=\"phone_number\"} 7"), "{text}");
    assert_eq!(text.matches("# HELP ").count(), CONTRACT.len());
}

#[test]
fn handles_stand_in_the_order_of_their_outcomes() {
    for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
        assert_eq!(outcome as usize, place);
    }
    for (place, delivery) in Delivery::ALL.into_iter().enumerate() {
        assert_eq!(delivery as usize, place);
    }
    for (place, cache) in StateCache::ALL.into_iter().enumerate() {
        assert_eq!(cache as usize, place);
    }
    for (place, reload) in Reload::ALL.into_iter().enumerate() {
        assert_eq!(reload as usize, place);
    }
}
