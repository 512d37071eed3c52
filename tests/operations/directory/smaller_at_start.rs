//! A service that is started on less than it had.

use super::{bank, deliver, employees, entries, is_shrunken, write};
use crate::common::program::leakwarden;
use crate::common::service::Service;

const TOLD: &str = "the service starts with less than it had";

/// The export was cut short while the service was down, and the service was started and restarted.
///
/// <https://learn.microsoft.com/en-us/entra/identity/hybrid/cloud-sync/how-to-accidental-deletes>
///
/// Each start tells it with the counts that the state remembers, until `--accept-shrinkage` says that it is meant; then none does.
#[test]
fn each_start_tells_what_is_missing_until_it_is_accepted() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let log = Service::start(dir).stop();
    assert!(!log.contains(TOLD), "{log}");

    write(dir, "employees.csv", &employees(12));
    for _ in 0..2 {
        let service = Service::start(dir);
        service.wait("it is told", |service| service.log().contains(TOLD) && is_shrunken(service, "employees"));
        assert!(service.log().contains("40 employees before, got 12 employees"), "{}", service.log());
        assert_eq!(entries(&service, "employees"), 12.0, "there is nothing else to work with");
        service.stop();
    }
    let log = Service::start_with(dir, &["--accept-shrinkage"]).stop();
    assert!(!log.contains(TOLD), "{log}");
    let log = Service::start(dir).stop();
    assert!(!log.contains(TOLD), "{log}");
}

/// A service was started on a directory that was too small, and went on to be given tickets and later a whole export.
///
/// What it works with is no reason to refuse what is no smaller; it says so until the export is whole.
#[test]
fn a_start_on_less_goes_on_to_take_up_what_comes() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    Service::start(dir).stop();
    write(dir, "employees.csv", &employees(12));
    let service = Service::start(dir);
    service.wait("it is told", |service| is_shrunken(service, "employees"));
    let more = "{\"employee\":\"e1\",\"from\":\"2026-03-02T00:00:00Z\",\"reason\":\"ticket\",\"ref\":\"N\"}\n";
    let reasons = std::fs::read_to_string(dir.join("explanations.jsonl")).expect("is there") + more;
    deliver(&service, dir, "explanations.jsonl", &reasons, "applied");
    assert!(is_shrunken(&service, "employees"));
    assert_eq!(entries(&service, "explanations"), 41.0);
    deliver(&service, dir, "employees.csv", &employees(5), "refused");
    deliver(&service, dir, "employees.csv", &employees(41), "applied");
    assert!(!is_shrunken(&service, "employees"));
    service.stop();
}

/// History was replayed into a state, the export was cut short, and the service was started on that state.
///
/// The counts go with the state: the start tells what is missing, and so does another replay.
#[test]
fn a_start_on_the_state_of_a_replay_knows_what_there_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let look =
        "{\"time\":\"2026-03-02T09:00:00Z\",\"employee\":\"e1\",\"objects\":[{\"table\":\"crm.customers\"}],\"subjects\":[\"1000\"]}\n";
    write(dir, "old.jsonl", look);
    let replay = |more: &[&str]| {
        let ran = leakwarden(dir, &[&["replay", "--config", "config.toml", "--state", "state", "old.jsonl"], more].concat());
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran.err
    };
    let told = replay(&[]);
    assert!(told.contains("employees.csv: 40 employees") && !told.contains("warning: feed"), "{told}");
    write(dir, "employees.csv", &employees(12));
    let told = replay(&[]);
    assert!(told.contains("40 employees before, got 12 employees") && told.contains("--accept-shrinkage"), "{told}");
    let service = Service::start(dir);
    service.wait("it is told", |service| service.log().contains(TOLD));
    service.stop();
    assert!(!replay(&["--accept-shrinkage"]).contains("warning: feed"));
    let log = Service::start(dir).stop();
    assert!(!log.contains(TOLD), "{log}");
}
