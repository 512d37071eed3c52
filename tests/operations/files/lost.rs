//! What truly is lost is told: with its place, its span of time and its days.

use super::{Company, amiss, has_read, records};
use crate::common::line::{access, on};
use crate::common::program::json_lines;

/// Records at noon of a day.
fn noon(day: i64, from: u64, to: u64) -> String {
    let line = |n: u64| format!("{}\n", access("e1").at(on(day, "12:00")).reads("crm.customers", &["name"]).of([n]).rows(1));
    (from..to).map(line).collect()
}

/// A disk ran full while the service was down, and somebody deleted the log and all that rotation had made of it.
/// https://github.com/logstash-plugins/logstash-input-file/issues/222
/// Every day from the last record before to the first behind is partly evaluated, or not at all.
#[test]
fn the_log_was_deleted_while_the_service_was_down_for_days() {
    let company = Company::new("core.log");
    company.write("core.log", (0..5).map(|day| noon(day, 0, 10)).collect::<String>());
    let service = company.start();
    has_read(&service, 50);
    service.stop();
    company.remove("core.log");
    company.write("core.log", noon(9, 0, 5));
    let service = company.start();
    has_read(&service, 5);
    assert_eq!(service.metric("leakwarden_source_losses_total{source=\"core\"}"), 1.0);
    company.append("core.log", &(10..14).map(|day| noon(day, 0, 10)).collect::<String>());
    has_read(&service, 45);
    service.wait("the days are settled", |service| amiss(service, "restore", 2, 12).is_some());
    assert_eq!(amiss(&service, "restore", 2, 12).expect("they are"), [0, 0, 1, 1, 1, 1, 1, 1, 0, 0], "Friday to Wednesday");
    let log = service.stop();
    let place = company.path("core.log").display().to_string();
    let lines: Vec<serde_json::Value> =
        json_lines(log.lines().filter(|line| line.contains("lost")).collect::<Vec<_>>().join("\n").as_bytes());
    assert_eq!(lines.len(), 2, "{log}");
    let text = lines[1].to_string();
    assert!(text.contains(&place) || text.contains("\"core.log\""), "{text}");
    assert!(text.contains("2026-03-06T12:00:00Z") && text.contains("2026-03-11T12:00:00Z"), "{text}");
}

/// Somebody empties a log with `> core.log`, and no copy of it was made.
/// https://github.com/fluent/fluent-bit/issues/9580
/// Whether the last records before that were read nobody knows: it is told.
#[test]
fn the_log_was_emptied_in_place() {
    let company = Company::new("core.log");
    company.write("core.log", records(0, 40));
    let service = company.start();
    has_read(&service, 40);
    company.write("core.log", records(50, 60));
    has_read(&service, 50);
    assert_eq!(service.metric("leakwarden_source_losses_total{source=\"core\"}"), 1.0);
    assert!(service.stop().contains("lost"));
}

/// A job deletes logs that are older than a month, while the service is down.
/// What had been read to its end, and had long not been written, is not missed.
#[test]
fn old_files_of_a_glob_are_cleaned_away() {
    let company = Company::new("logs/*.log");
    company.write("logs/core-01.log", records(0, 40));
    company.write("logs/core-02.log", records(40, 50));
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(30 * 86_400);
    std::fs::File::options().append(true).open(company.path("logs/core-01.log")).expect("opens").set_modified(old).expect("set");
    let service = company.start();
    has_read(&service, 50);
    service.stop();
    company.remove("logs/core-01.log");
    let service = company.start();
    company.append("logs/core-02.log", &records(50, 60));
    has_read(&service, 10);
    assert_eq!(service.metric("leakwarden_source_losses_total{source=\"core\"}"), 0.0);
    assert!(!service.stop().contains("lost"));
}
