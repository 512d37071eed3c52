//! The way: to write times that have not come. A handful of records of 2099 is to make everything after them late, or the export itself is
//! given a time in which nobody looks.

use crate::common::line::{Line, on};
use crate::company::{Company, Seen, TODAY, ann, worker};
use leakwarden::model::alert::Alert;
use leakwarden::model::time::{Span, Timestamp};

fn export() -> Line {
    ann("11:00").set("operation", "export").reads("crm.customers", &["name", "phone"]).rows(10_000)
}

/// A line that arrives at a time and tells another.
fn telling(line: Line, arrives: Timestamp, tells: &str) -> (Timestamp, String) {
    (arrives, line.at(tells).to_string())
}

fn in_time(line: &Line, at: Timestamp) -> (Timestamp, String) {
    (at, line.to_string())
}

/// What was told of an employee or a source.
fn about<'a>(seen: &'a Seen, who: &str) -> Vec<&'a Alert> {
    seen.alerts.iter().filter(|alert| alert.about() == who).collect()
}

#[test]
fn a_handful_of_records_of_2099_before_an_export() {
    let bank = Company::bank();
    let open = bank.sees(&[export()]);
    for (handful, from) in [(1, "00:00"), (5, "10:50"), (40, "10:50")] {
        let mut lines: Vec<(Timestamp, String)> = (0..handful)
            .map(|n| {
                telling(
                    worker("bob3", TODAY, "09:00").reads("crm.customers", &["name"]).of([n]).rows(1),
                    on(TODAY, from),
                    "2099-01-01T00:00:00Z",
                )
            })
            .collect();
        lines.push(in_time(&export(), on(TODAY, "11:00")));
        let hidden = bank.sees_arriving(lines);
        hidden.no_quieter_than(&open);
        assert!(!about(&hidden, "ann").is_empty(), "the export itself is told: {:#?}", hidden.told());
    }
}

#[test]
fn an_export_that_says_it_was_done_in_2099_or_next_year() {
    let bank = Company::bank();
    let open = bank.sees(&[export()]);
    for tells in ["2099-01-01T00:00:00Z", "2027-06-01T00:00:00Z", "2026-05-18T11:00:00Z"] {
        let hidden = bank.sees_arriving(vec![telling(export(), on(TODAY, "11:00"), tells)]);
        assert!(hidden.rank() >= open.rank() && !about(&hidden, "ann").is_empty(), "{tells}: {:#?} {:#?}", hidden.told(), open.told());
        assert!(hidden.dead_letters.is_empty(), "{tells}: nothing is lost");
    }
}

#[test]
fn a_source_whose_clock_runs_ahead_is_told_as_such() {
    let ahead = |n: i64| {
        let line = worker("bob3", TODAY, "09:00").reads("crm.customers", &["name"]).of([1_004_000 + n as u64]).rows(1);
        telling(line, on(TODAY, "10:00") + Span::minutes(n), "2026-08-01T00:00:00Z")
    };
    let seen = Company::bank().sees_arriving((0..6).map(ahead).collect());
    assert!(about(&seen, "access.jsonl").iter().any(|alert| alert.explanation.contains("clock")), "{:#?}", seen.told());
}
