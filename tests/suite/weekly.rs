//! `[alerts] calibrate_every`: a service calibrates its own history, takes the weights up, and names them in what it tells from then on, as a
//! replay with them does; where there is too little to learn from, what was in force stays.

use crate::common::program::leakwarden;
use crate::common::service::{Service, append};
use leakwarden::simulate::{Company, Options};
use leakwarden::triage::case::weights::CaseWeights;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const EVERY: &str = "[alerts]\ncalibration = \"own.json\"\ncalibrate_every = \"7d\"";
const DAYS: u32 = 34;

/// A company whose log ends yesterday, and which calibrates itself; the records of its log.
fn company(dir: &Path, employees: u32, seed: u64) -> Vec<String> {
    let today = jiff::ZonedDateTime::now().date();
    let start = today.checked_sub(jiff::Span::new().days(i64::from(DAYS))).expect("a date");
    let options = Options { employees, days: DAYS, seed, start, ..Options::default() };
    Company::new(options).and_then(|company| company.write(dir)).expect("written");
    let config = fs::read_to_string(dir.join("config.toml")).expect("is there");
    fs::write(dir.join("subjects.key"), "a secret of thirty-two bytes, or more of them").expect("written");
    let key = "\n[subjects]\nkey_file = \"subjects.key\"\n";
    fs::write(dir.join("config.toml"), config.replace("[alerts]", EVERY) + key).expect("written");
    let log = fs::read_to_string(dir.join("access.jsonl")).expect("is there");
    log.lines().map(str::to_owned).collect()
}

/// The last revision of each alert by its id.
fn last(alerts: Vec<Value>) -> BTreeMap<String, Value> {
    alerts.into_iter().map(|alert| (alert["id"].as_str().expect("a text").to_owned(), alert)).collect()
}

/// What is in force: made long ago, what half of the colleagues do as well comes first by it, and little else is worth a look.
const POOR: &str = r#"{"bias":-1,"worth":{},"circumstances":{"group_share":5,"unit_share":5,"newcomer":5}}"#;

/// A service that has calibrated itself; its records, and how many of them it has. The company ends yesterday, so that each day it is another,
/// and whether anything better can be learnt from so small a one is chance: where it cannot, what is in force stays, and another is tried.
fn calibrated(dir: &Path) -> (Service, Vec<String>, usize) {
    for seed in 301..306 {
        let records = company(dir, 100, seed);
        let made = fs::File::create(dir.join("own.json")).expect("is made");
        fs::write(dir.join("own.json"), POOR).expect("written");
        made.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 86_400)).expect("a time");
        // The last days come when it has learnt.
        let before = records.len() * 9 / 10;
        fs::write(dir.join("access.jsonl"), format!("{}\n", records[..before].join("\n"))).expect("written");
        let service = Service::start(dir);
        tried(&service);
        if service.log().contains("the own history was calibrated") {
            return (service, records, before);
        }
        let log = service.stop();
        assert!(log.contains("finds fewer of the planted"), "{log}");
        assert_eq!(fs::read_to_string(dir.join("own.json")).expect("is there"), POOR, "what was in force stays");
        for entry in fs::read_dir(dir).expect("a directory").flatten().map(|entry| entry.path()) {
            if entry.is_dir() { fs::remove_dir_all(entry) } else { fs::remove_file(entry) }.expect("removed");
        }
    }
    panic!("nothing was learnt from any of five companies");
}

#[test]
fn a_service_calibrates_its_own_history_and_a_replay_with_it_agrees() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    let (service, records, before) = calibrated(dir);
    let (before, after) = records.split_at(before);
    service.wait("the weights are taken up", |service| service.metric("leakwarden_config_reloads_total{outcome=\"applied\"}") >= 1.0);
    let all = |service: &Service, count: usize| {
        service.metric("leakwarden_records_total{outcome=\"accepted\",source=\"access\"}") + 1.0 > count as f64 * 0.99
    };
    service.wait("all is read", |service| all(service, before.len()));
    let known = service.alerts().len();
    append(&dir.join("access.jsonl"), after);
    service.wait("the rest is read", |service| all(service, records.len()));
    service.wait("it is told", |service| service.alerts().len() > known);
    let log = service.stop();
    assert!(log.contains("the own history was calibrated"), "{log}");
    let version = CaseWeights::parse(&fs::read_to_string(dir.join("own.json")).expect("is there"), "own.json").expect("is valid").version();
    let alerts = crate::common::program::json_lines(&fs::read(dir.join("alerts.jsonl")).expect("is there"));
    let told: Vec<Value> = alerts.into_iter().skip(known).collect();
    assert!(told.iter().all(|alert| alert["made_by"]["calibration"] == *version), "{version}: {}", told[0]["made_by"]);
    // A replay of the same records with that file judges the same cases by the same weights.
    let replayed = last(leakwarden(dir, &["replay", "--config", "config.toml", "--alerts", "-", "access.jsonl"]).lines());
    let mut compared = 0;
    for (id, alert) in last(told) {
        let other = &replayed[&id];
        if other["revision"] == alert["revision"] {
            compared += 1;
            for of in ["case", "case_score", "score", "made_by"] {
                assert_eq!(alert[of], other[of], "{id} {of}");
            }
        }
    }
    assert!(compared > 0, "nothing could be compared");
}

#[test]
fn what_is_in_force_stays_where_there_is_too_little_and_no_child_outlives_its_service() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    company(dir, 6, 301);
    let service = Service::start(dir);
    tried(&service);
    assert!(service.log().contains("too little to learn from") && !dir.join("own.json").exists(), "{}", service.log());
    let log = service.stop();
    assert!(!log.contains("panicked"), "{log}");
    // One that has much to do is ended with its service.
    company(dir, 120, 301);
    let service = Service::start(dir);
    service.wait("a child is at work", |_| !children(dir).is_empty() || !cfg!(target_os = "linux"));
    let log = service.stop();
    // It did not wait for the child to come to its end, of itself or in vain.
    assert!(!log.contains("calibrated") && !dir.join("own.json").exists(), "{log}");
    assert!(children(dir).is_empty(), "{:?}", children(dir));
}

/// Waits until a calibration has come to its end: one of a child at the lowest priority, on one thread, which takes minutes where others
/// build and test. It is given up where nothing is at work any more.
fn tried(service: &Service) {
    let ended = |log: &str| log.contains("was calibrated") || log.contains("was not calibrated");
    for _ in 0..1_200 {
        if ended(&service.log()) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    panic!("it was not tried to its end: {}", service.log());
}

/// The command lines of processes that calibrate in a directory.
fn children(dir: &Path) -> Vec<String> {
    let here = |process: &Path| fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == dir);
    let all = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path()).filter(|process| here(process));
    let commands = all.filter_map(|process| fs::read(process.join("cmdline")).ok());
    commands.map(|command| String::from_utf8_lossy(&command).replace('\0', " ")).filter(|command| command.contains(" calibrate ")).collect()
}
