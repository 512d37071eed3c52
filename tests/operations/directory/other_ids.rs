//! An export whose ids changed.

use super::{bank, deliver, entries, is_shrunken};
use crate::common::service::Service;

/// The export of employees went through a spreadsheet, which took the zeros before their numbers: as many rows, and other ids.
///
/// <https://github.com/adobe-apiplatform/user-sync.py/pull/126>
///
/// As many people as before under ids that no log knows are a loss like any other: it is refused, and agreed to by the next delivery alike.
#[test]
fn as_many_employees_under_other_ids_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let rows = |zeros: &str, add: usize| {
        "employee,unit,role\n".to_owned() + &(0..40 + add).map(|n| format!("{zeros}{},U,teller\n", 100 + n)).collect::<String>()
    };
    super::write(dir, "employees.csv", &rows("00", 0));
    let service = Service::start(dir);
    deliver(&service, dir, "employees.csv", &rows("", 0), "refused");
    let log = service.log();
    let line = log.lines().find(|line| line.contains("employees.csv: employees must not lose")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("got 40 employees, and too many of those before are not among them"), "{line}");
    assert!(is_shrunken(&service, "employees"));
    // People who come and go day by day are none.
    deliver(&service, dir, "employees.csv", &rows("00", 3), "applied");
    assert!(!is_shrunken(&service, "employees"));
    deliver(&service, dir, "employees.csv", &rows("", 3), "refused");
    deliver(&service, dir, "employees.csv", &rows("", 4), "applied");
    assert_eq!(entries(&service, "employees"), 44.0);
    service.stop();
}
