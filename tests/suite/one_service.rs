//! What must be the same whoever runs the engine: a service of one process here, one of several in `tests/kafka`, a replay.

use super::redrive::{FILE, RIGHT, WRONG, config, records, redrive, told};
use crate::common::line::on;
use crate::common::program::{Ran, json_lines, leakwarden};
use crate::common::service::{Service, append};
use rdkafka::mocking::MockCluster;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// One person, read by somebody else at noon of a day.
fn quiet(day: i64) -> String {
    format!(r#"{{"ts":"{}","who":{{"nr":"e2"}},"table":"crm.customers","items":[{{"c":"77"}}]}}"#, on(day, "12:00"))
}

#[test]
fn latency_is_measured_from_the_reading_of_an_access_and_never_for_closures() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    config(dir, RIGHT, FILE, "");
    fs::write(dir.join("core.log"), "").expect("written");
    let service = Service::start(dir);
    append(&dir.join("core.log"), &records());
    service.wait("e1 is alerted", |service| service.alerted("e1", "bulk_extract"));
    // All of it is read at once; what it led to is told within the same step.
    service.wait("all are read", |service| {
        service.metric("leakwarden_records_total{outcome=\"accepted\",source=\"core\"}") == records().len() as f64
    });
    let latency = |service: &Service| {
        let series = |what: &str| service.metric(&format!("leakwarden_detection_latency_seconds_{what}"));
        (series("count"), series("sum"))
    };
    let (count, sum) = latency(&service);
    assert!(count >= 1.0 && sum < 60.0 * count, "{count} times, {sum} s: the accesses are of months ago, and were read just now");
    let days: Vec<String> = (1..=40).map(quiet).collect();
    append(&dir.join("core.log"), &days);
    service.wait("it is closed", |service| service.alerts().iter().any(|alert| alert["employee"] == "e1" && alert["state"] == "closed"));
    let others = service.alerts().iter().any(|alert| alert["employee"] != "e1");
    assert!(others || latency(&service).0 == count, "neither closing nor settling is a detection");
    service.stop();
}

/// The dead letters in a file, with what is in each but for its time and content.
fn letters(path: &Path) -> Vec<(Vec<String>, Value)> {
    let letters = json_lines(&fs::read(path).expect("is there"));
    let of = |letter: Value| {
        let mut letter = letter.as_object().expect("an object").clone();
        let keys = letter.keys().cloned().collect();
        letter.retain(|key, _| !["at", "payload"].contains(&key.as_str()));
        (keys, Value::Object(letter))
    };
    letters.into_iter().map(of).collect()
}

/// A replay that wrote dead letters alone ends with 1, and says so.
#[track_caller]
fn nothing_decodes(ran: &Ran) {
    assert!(ran.status == 1 && ran.err.contains("none of its"), "{}", ran.err);
}

#[test]
fn a_replay_keeps_the_dead_letters_of_the_service() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    fs::write(dir.join("letters.key"), "another secret of thirty-two bytes, or more").expect("written");
    let more = "[dead_letters]\npath = \"kept.jsonl\"\nkey_file = \"letters.key\"\n";
    config(dir, WRONG, FILE, more);
    append(&dir.join("core.log"), &records());
    let service = Service::start(dir);
    service.wait("none is decoded", |service| {
        service.metric("leakwarden_records_total{outcome=\"dead_letter\",source=\"core\"}") == records().len() as f64
    });
    let of_service = letters(&dir.join("kept.jsonl"));
    assert!(of_service.len() == records().len() && of_service[0].0.iter().any(|key| key == "payload"), "{of_service:?}");
    // Beside the service, which has the file.
    nothing_decodes(&leakwarden(dir, &["replay", "--config", "config.toml", "core.log"]));
    service.stop();
    let of_both = letters(&dir.join("kept.jsonl"));
    assert_eq!(of_both[..of_service.len()], of_service);
    assert_eq!(of_both[of_service.len()..], of_service);
    nothing_decodes(&leakwarden(dir, &["replay", "--config", "config.toml", "--dead-letters", "other.jsonl", "core.log"]));
    let other = letters(&dir.join("other.jsonl"));
    assert!(other.len() == of_service.len() && other[0].0.iter().all(|key| key != "payload"), "{other:?}");
    assert_eq!(letters(&dir.join("kept.jsonl")).len(), of_both.len(), "nothing was added");
}

#[test]
fn a_replay_writes_dead_letters_to_the_topic_of_the_service() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let mock = MockCluster::new(1).expect("a cluster");
    mock.create_topic("letters", 1, 1).expect("a topic");
    config(dir, WRONG, FILE, &format!("[dead_letters]\ntopic = \"letters\"\nbrokers = \"{}\"\n", mock.bootstrap_servers()));
    append(&dir.join("core.log"), &records());
    nothing_decodes(&leakwarden(dir, &["replay", "--config", "config.toml", "core.log"]));
    assert_eq!(told(&redrive(dir, &["--dry-run"]).well(), "dead letters read"), records().len() as u64);
}
