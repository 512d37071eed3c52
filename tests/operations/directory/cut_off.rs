//! A file whose transfer ended in the middle of a row.

use super::{bank, deliver, employees, is_shrunken};
use crate::common::service::Service;

/// A transfer of employees.csv broke off in the middle of a row near its end.
///
/// <https://github.com/Fedict/dcattools/issues/246>
///
/// Too little is missing to be seen by the count, and the last row has fewer fields than the header: it is refused, with the line.
#[test]
fn a_row_with_fewer_fields_than_the_header_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let service = Service::start(dir);
    let whole = employees(41);
    deliver(&service, dir, "employees.csv", whole.trim_end_matches(",U,teller\n"), "refused");
    let log = service.log();
    let line = log.lines().find(|line| line.contains("1 rows have another number of fields than the header")).unwrap_or_default();
    assert!(line.contains("employees.csv: employees"), "{log}");
    assert!(is_shrunken(&service, "employees"));
    deliver(&service, dir, "employees.csv", &whole, "applied");
    assert!(!is_shrunken(&service, "employees"));
    service.stop();
}

/// A service was started on a file whose last row was cut off.
///
/// It starts, as there is nothing else to start with, and says which row it is; a later file with as many such rows is no news.
#[test]
fn a_start_tells_rows_with_fewer_fields() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    super::write(dir, "employees.csv", &(employees(40) + "e40"));
    let service = Service::start(dir);
    service.wait("it is told", |service| service.log().contains("employees.csv:42: should have 3 fields"));
    deliver(&service, dir, "employees.csv", &(employees(41) + "e41"), "applied");
    service.stop();
}
