//! Alerts were shown before they settled, and somebody switches that off and restarts the service.
//!
//! The rule: what was shown is decided all the same: it settles under its id, or is taken back.

use super::bank::{extract, look, standing, sum, write};
use crate::common::service::{Service, append};
use std::fs;

#[test]
fn what_was_shown_is_decided_where_nothing_is_shown_any_more() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    write(dir);
    let log = dir.join("access.jsonl");
    let service = Service::start(dir);
    append(&log, &extract("e1", 0, 9));
    append(&log, &extract("e2", 0, 9));
    service.wait("both are shown", |service| service.alerted("e1", "bulk_extract") && service.alerted("e2", "bulk_extract"));
    let shown = service.alerts();
    service.stop();
    let reason = r#"{"employee":"e1","from":"2026-03-01T00:00:00Z","reason":"campaign","ref":"C-1"}"#;
    fs::write(dir.join("explanations.jsonl"), format!("{reason}\n")).expect("written");
    let config = fs::read_to_string(dir.join("config.toml")).expect("read");
    fs::write(dir.join("config.toml"), format!("{config}[alerts]\nprovisional = false\n")).expect("written");
    let service = Service::start(dir);
    assert!(sum(&standing(&service)[0]) >= 2.0, "both are open until they are decided");
    append(&log, &[look(0, "11:00"), look(0, "12:00")]);
    service.wait("one is taken back", |service| {
        service.alerts().iter().any(|alert| alert["state"] == "retracted" && alert["employee"] == "e1")
    });
    service.wait("the other settles", |service| service.alerts().iter().any(|alert| alert["settled"] == true && alert["employee"] == "e2"));
    let alerts = service.alerts();
    let is_known = |alert: &serde_json::Value| shown.iter().any(|known| known["id"] == alert["id"]);
    let decided: Vec<_> = alerts.iter().filter(|alert| alert["typology"] == "bulk_extract" && alert["settled"] == true).collect();
    assert!(decided.iter().all(|alert| alert["employee"] == "e2" && is_known(alert)), "{decided:?}");
    assert!(alerts.iter().all(|alert| alert["state"] != "retracted" || alert["employee"] == "e1"), "e2 is not taken back");
    service.stop();
}
