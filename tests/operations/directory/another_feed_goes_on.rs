//! One feed is broken while another one is delivered every minute.

use super::{bank, deliver, employees, entries, is_shrunken};
use crate::common::service::Service;
use std::fs;

/// The export of employees was cut short, and the ticket system went on to deliver its reasons.
///
/// Deliveries of another file confirm nothing: the cut file stays refused, however often the set is read.
#[test]
fn deliveries_of_another_feed_confirm_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let service = Service::start(dir);
    deliver(&service, dir, "employees.csv", &employees(10), "refused");
    for n in 0..3 {
        let reasons = fs::read_to_string(dir.join("explanations.jsonl")).expect("is there");
        let more = format!("{{\"employee\":\"e1\",\"from\":\"2026-03-02T00:00:00Z\",\"reason\":\"ticket\",\"ref\":\"N-{n}\"}}\n");
        deliver(&service, dir, "explanations.jsonl", &(reasons + &more), "refused");
    }
    assert!(is_shrunken(&service, "employees"));
    assert_eq!((entries(&service, "employees"), entries(&service, "explanations")), (40.0, 40.0));
    // All that waited is taken up with the file that comes whole.
    deliver(&service, dir, "employees.csv", &employees(40), "applied");
    assert_eq!((entries(&service, "employees"), entries(&service, "explanations")), (40.0, 43.0));
    service.stop();
}
