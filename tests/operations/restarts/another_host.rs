//! The state directory is copied to another host, and the service goes on there.
//!
//! The rule: alerts that are open stand there as they stood here; they close once, and under their own numbers.

use super::bank::{extract, look, standing, sum, write};
use crate::common::service::{Service, append};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        if entry.file_type().expect("known").is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}

#[test]
fn what_is_open_is_open_where_the_state_was_copied_to() {
    let (here, there) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    write(here.path());
    let service = Service::start(here.path());
    append(&here.path().join("access.jsonl"), &[extract("e1", 0, 9), vec![look(0, "11:00"), look(0, "12:00")]].concat());
    service.wait("it settles", |service| sum(&standing(service)[1]) > 0.0);
    let before = standing(&service);
    service.stop();
    copy(here.path(), there.path());
    let service = Service::start(there.path());
    assert_eq!(standing(&service), before);
    append(&there.path().join("access.jsonl"), &(1..12).map(|day| look(day, "09:00")).collect::<Vec<_>>());
    service.wait("all is closed", |service| sum(&standing(service)[0]) == 0.0);
    let alerts = service.alerts();
    let settled = || alerts.iter().filter(|alert| alert["settled"] == true);
    let closed: Vec<_> = settled().filter(|alert| alert["state"] == "closed").map(|alert| alert["id"].to_string()).collect();
    assert_eq!(closed.len(), closed.iter().collect::<BTreeSet<_>>().len(), "each closes once");
    let numbers: BTreeSet<_> = settled().map(|alert| (alert["id"].to_string(), alert["revision"].as_u64())).collect();
    assert_eq!(numbers.len(), settled().count(), "no number twice");
    service.stop();
}
