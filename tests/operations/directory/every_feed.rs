//! Each of the files that others deliver, cut to a half.

use super::{bank, deliver, entries, is_shrunken};
use crate::common::service::Service;
use std::fs;

/// Each feed in its turn was delivered with the first half of what it held: accounts, absences, subjects, reasons, tables.
///
/// <https://github.com/adobe-apiplatform/user-sync.py/pull/126>
///
/// Each is refused by its name with both counts, and in use stays what was; what comes back is taken up.
#[test]
fn every_feed_that_shrinks_is_refused_by_its_name() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let service = Service::start(dir);
    let feeds = [
        ("catalog", "catalog.toml", "tables"),
        ("employees", "employees.csv", "employees"),
        ("accounts", "accounts.csv", "accounts"),
        ("absences", "absences.csv", "absences"),
        ("calendar", "calendar.csv", "days"),
        ("subjects", "subjects.csv", "subjects"),
        ("explanations", "explanations.jsonl", "reasons"),
    ];
    for (feed, file, what) in feeds {
        let whole = fs::read_to_string(dir.join(file)).expect("is there");
        let before = entries(&service, feed);
        // Cut between two entries: nothing of it is wrong.
        let entry = if feed == "catalog" { "[[table]]" } else { "\n" };
        let parts: Vec<&str> = whole.split_inclusive(entry).collect();
        let half = parts[..parts.len() / 2].concat();
        let half = half.strip_suffix("[[table]]").unwrap_or(&half);
        deliver(&service, dir, file, half, "refused");
        let log = service.log();
        let told =
            log.lines().rfind(|line| line.contains(&format!("{file}: {feed} must not lose"))).unwrap_or_else(|| panic!("{feed}: {log}"));
        assert!(told.contains(&format!("{before} {what} before, got ")), "{told}");
        assert!(is_shrunken(&service, feed), "{feed}");
        assert_eq!(entries(&service, feed), before, "{feed}: in use is what was");
        deliver(&service, dir, file, &whole, "unchanged");
        assert!(!is_shrunken(&service, feed), "{feed}");
    }
    service.stop();
}
