//! An alert is shown early, the service is stopped, and somebody puts the reason on file before it starts again.
//!
//! The rule: what was shown before the stop and does not settle is taken back after it, and stands open nowhere.

use super::bank::{extract, key, look, standing, sum, write};
use crate::common::service::{Service, append};
use serde_json::Value;
use std::fs;

#[test]
fn what_was_shown_before_a_stop_and_does_not_settle_is_taken_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    write(dir);
    let log = dir.join("access.jsonl");
    let service = Service::start(dir);
    append(&log, &extract("e1", 0, 9));
    service.wait("it is shown", |service| service.alerted("e1", "bulk_extract"));
    service.stop();
    let reason = r#"{"employee":"e1","from":"2026-03-01T00:00:00Z","reason":"campaign","ref":"C-1"}"#;
    fs::write(dir.join("explanations.jsonl"), format!("{reason}\n")).expect("written");
    let service = Service::start(dir);
    assert!(sum(&standing(&service)[0]) > 0.0, "it is not known yet what becomes of it");
    let of = |service: &Service| -> Vec<Value> {
        service.alerts().into_iter().filter(|alert| alert["employee"] == "e1" && alert["typology"] == "bulk_extract").collect()
    };
    append(&log, &[look(0, "11:00"), look(0, "12:00")]);
    service.wait("it is taken back", |service| of(service).iter().any(|alert| alert["state"] == "retracted"));
    let told = of(&service);
    let (taken_back, before) = told.split_last().expect("there are some");
    assert!(taken_back["state"] == "retracted" && taken_back["settled"] == false, "{taken_back}");
    assert!(before.iter().all(|alert| key(alert) < key(taken_back) && alert["id"] == taken_back["id"]), "{told:?}");
    service.wait("nothing is open", |service| sum(&standing(service)[0]) == 0.0);
    service.stop();
}
