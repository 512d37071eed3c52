//! Whoever takes alerts from the service tells repeats by id, `settled` and number, and the service dies and comes again.
//!
//! <https://github.com/elastic/beats/issues/2044> is the like: after a restart things are sent again. What came under the number of something
//! else would be taken for it, and one of the two be lost.
//!
//! The rule: no number is used for two contents, by no process; unsettled revisions have numbers of their own.

use super::bank::{extract, key, look, write};
use crate::common::service::{Service, append};
use serde_json::Value;
use std::collections::BTreeMap;

#[test]
fn no_number_is_used_for_two_contents() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    write(dir);
    let log = dir.join("access.jsonl");
    let lines = extract("e1", 0, 9);
    append(&log, &lines[..6]);
    let shown = |service: &Service| service.alerts().iter().filter(|alert| alert["settled"] == false).count();
    let service = Service::start(dir);
    service.wait("it is shown", |service| shown(service) > 0);
    let first = shown(&service);
    service.crash();
    // Nothing was saved: all is read and shown again, among more of the same.
    append(&log, &lines[6..]);
    let service = Service::start(dir);
    service.wait("it is shown again", |service| shown(service) > first);
    append(&log, &[look(0, "11:00"), look(0, "12:00")]);
    service.wait("it settles", |service| service.alerts().iter().any(|alert| alert["settled"] == true));
    service.stop();
    let service = Service::start(dir);
    append(&log, &(1..12).map(|day| look(day, "09:00")).collect::<Vec<_>>());
    service.wait("it closes", |service| service.alerts().iter().any(|alert| alert["state"] == "closed"));
    let mut told: BTreeMap<(String, bool, u64), Value> = BTreeMap::new();
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    for alert in service.alerts() {
        assert_ne!(alert["state"], "retracted", "it has settled: {alert}");
        let key = key(&alert);
        if let Some(known) = told.insert(key.clone(), alert.clone()) {
            assert_eq!(known, alert, "{key:?} is told in two ways");
        }
        if !key.1 {
            assert!(newest.insert(key.0, key.2) < Some(key.2), "numbers ascend");
        }
    }
    let settled: Vec<u64> = told.keys().filter(|(_, settled, _)| *settled).map(|(.., number)| *number).collect();
    assert!(settled.len() > 1 && settled.iter().zip(1..).all(|(number, n)| *number == n), "settled revisions count up from 1: {settled:?}");
    service.stop();
}
