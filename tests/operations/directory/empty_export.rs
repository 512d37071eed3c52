//! An export of the personnel system that is empty.

use super::{bank, deliver, employees, entries, is_shrunken, read_again};
use crate::common::service::Service;

/// The nightly export of the personnel system came with a header and nobody below it, and came again so the next night.
///
/// <https://docs.pingidentity.com/pingoneaic/idm-synchronization/prevent-accidental-deletion.md>,
/// <https://github.com/craftcms/feed-me/issues/422>
///
/// It is refused with the counts before and after, and everybody stays known; asking again changes nothing; what comes back whole needs no
/// word of anybody, and a second delivery of the same size is agreed to.
#[test]
fn an_empty_export_is_refused_until_the_next_one_agrees() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let service = Service::start(dir);
    assert_eq!(entries(&service, "employees"), 40.0);
    assert!(service.log().contains("employees.csv: 40 employees"), "{}", service.log());

    deliver(&service, dir, "employees.csv", &employees(0), "refused");
    let log = service.log();
    let line = log.lines().find(|line| line.contains("employees.csv: employees must not lose")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("40 employees before, got 0 employees") && log.contains("--accept-shrinkage"), "{line}");
    assert!(is_shrunken(&service, "employees") && !is_shrunken(&service, "accounts"));
    assert_eq!(entries(&service, "employees"), 40.0, "in use is what was");
    read_again(&service, "refused");

    deliver(&service, dir, "employees.csv", &employees(39), "applied");
    assert!(!is_shrunken(&service, "employees"));
    assert_eq!(entries(&service, "employees"), 39.0);

    deliver(&service, dir, "employees.csv", &employees(20), "refused");
    deliver(&service, dir, "employees.csv", &employees(34), "refused");
    deliver(&service, dir, "employees.csv", &employees(33), "applied");
    assert_eq!(entries(&service, "employees"), 33.0, "two deliveries agree");
    assert!(!is_shrunken(&service, "employees"));
    service.stop();
}
