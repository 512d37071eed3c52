//! The way: to hold the log back until the day is forgotten. An export is written down when it happens, and its line reaches the monitor a day
//! or more later.

use crate::common::line::{Line, access, on};
use crate::company::{Company, Seen, TODAY, ann, worker};
use leakwarden::model::time::{Span, Timestamp};

/// The same lines, each arriving so long after what it tells.
fn late(lines: &[Line], by: Span) -> Vec<(Timestamp, String)> {
    lines.iter().map(|line| (arrives(line) + by, line.to_string())).collect()
}

fn arrives(line: &Line) -> Timestamp {
    let value: serde_json::Value = serde_json::from_str(&line.to_string()).expect("JSON");
    Timestamp::parse(value["time"].as_str().expect("a time")).expect("a time")
}

#[track_caller]
fn is_no_way_out(lines: &[Line]) {
    let bank = Company::bank();
    let open: Seen = bank.sees(lines);
    for hours in [31, 60, 170] {
        bank.sees_arriving(late(lines, Span::hours(hours))).no_quieter_than(&open);
    }
}

#[test]
fn an_export_of_ten_thousand_rows_that_arrives_late() {
    is_no_way_out(&[ann("11:00").set("operation", "export").reads("crm.customers", &["name", "phone"]).rows(10_000)]);
}

#[test]
fn ten_thousand_people_by_name_in_pieces_that_arrive_late() {
    let piece = |n: u64| {
        let at = on(TODAY, "10:00") + Span::seconds(40 * n as i64);
        worker("ann", TODAY, "10:00")
            .at(at)
            .reads("crm.customers", &["name", "phone"])
            .of(5_000_000 + 100 * n..5_000_100 + 100 * n)
            .rows(100)
    };
    is_no_way_out(&(0..100).map(piece).collect::<Vec<_>>());
}

#[test]
fn people_who_are_looked_at_again_before_the_line_arrives() {
    // A campaign of the day after shows the same people, with a reason.
    let campaign = r#"{"employee": "ann", "objects": "crm.*", "from": "2026-05-05T00:00:00Z", "to": "2026-05-05T23:00:00Z", "reason": "campaign", "ref": "C1"}"#;
    let bank = Company::bank().with("explanations.jsonl", campaign);
    let all = |day| worker("ann", day, "11:00").reads("crm.customers", &["name", "phone"]).of(5_000_000..5_004_000).rows(4_000);
    let again = (on(TODAY + 1, "11:00"), all(TODAY + 1).to_string());
    let open = bank.sees(&[all(TODAY), all(TODAY + 1)]);
    let mut lines = late(&[all(TODAY)], Span::hours(60));
    lines.push(again);
    bank.sees_arriving(lines).no_quieter_than(&open);
}

#[test]
fn a_leavers_line_that_arrives_late() {
    let employees = "employee,unit,role,hired,left\nann,U,teller,2020-01-01,\nzoe,U,teller,2020-01-01,2026-04-30\n";
    let bank = Company::bank().with("employees.csv", employees);
    let lines = [access("zoe").at(on(TODAY, "11:00")).reads("crm.customers", &["name", "phone"]).of(7..20).rows(13)];
    let open = bank.sees(&lines);
    bank.sees_arriving(late(&lines, Span::hours(80))).no_quieter_than(&open);
}

#[test]
fn a_few_late_lines_of_ordinary_work_stay_quiet() {
    let line = |n: u64| ann(&format!("11:{n:02}")).reads("crm.customers", &["name"]).of([1_000_000 + n]).rows(1);
    let lines: Vec<Line> = (10..16).map(line).collect();
    Company::bank().sees_arriving(late(&lines, Span::hours(31))).is_quiet();
}
