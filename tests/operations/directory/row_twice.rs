//! Rows that stand in a file twice.

use super::{bank, deliver, entries, is_shrunken};
use crate::common::service::Service;
use std::fs;

/// An export joined two queries and wrote every row twice, in every file.
///
/// <https://github.com/horilla/horilla-hr/issues/172>
///
/// It is told and harmless: as many employees, accounts, subjects and reasons as without, also when the repeats are gone again.
#[test]
fn a_row_twice_is_told_and_harmless() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let service = Service::start(dir);
    let files = ["employees.csv", "accounts.csv", "absences.csv", "calendar.csv", "subjects.csv", "explanations.jsonl"];
    for file in files {
        let feed = file.split('.').next().expect("a name");
        let before = entries(&service, feed);
        let whole = fs::read_to_string(dir.join(file)).expect("is there");
        let (head, rows) =
            if file.ends_with("csv") { whole.split_at(whole.find('\n').expect("a header") + 1) } else { ("", whole.as_str()) };
        deliver(&service, dir, file, &format!("{head}{rows}{rows}"), "applied");
        service.wait("it is told", |service| {
            service.log().contains(&format!("{file}: {before} ")) && service.log().contains("that stand there twice")
        });
        assert_eq!(entries(&service, feed), before, "{file}");
        let log = service.log();
        assert!(log.contains("is the same as a row before it") || log.contains("is the same as a reason before it"), "{log}");
        deliver(&service, dir, file, &whole, "applied");
        assert!(!is_shrunken(&service, feed), "{file}: that repeats are gone is no loss");
    }
    service.stop();
}
