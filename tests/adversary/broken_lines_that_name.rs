//! The record of an export is made such that nobody can decode it: it has no time any more, and names who it was.

use crate::common::line::on;
use crate::company::{Company, TODAY, takes_all};
use leakwarden::model::time::Timestamp;

/// A line at a time, of whatever text.
fn broken(time: &str, text: &str) -> (Timestamp, String) {
    (on(TODAY, time), text.to_owned())
}

#[test]
fn a_record_that_nobody_can_decode_is_held_against_whom_it_names() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for text in [
        r#"{"employee":"ann","objects":[{"table":"crm.customers"}],"rows":10000}"#,
        r#"{"time":"yesterday","employee":"ann","statement":"SELECT name FROM crm.customers","rows":10000}"#,
        "ann exported crm.customers",
        "\u{1}\u{2}|user=ann|10000",
    ] {
        let hidden = bank.sees_arriving(vec![broken("10:00", text)]);
        assert_eq!(hidden.dead_letters.len(), 1, "{text}");
        hidden.of(&["ann"]).no_quieter_than(&open);
    }
}

#[test]
fn a_broken_line_that_names_nobody_of_the_directory_accuses_nobody() {
    let bank = Company::bank();
    for text in ["{\"employee\":\"nobody9\"}", "checkpoint complete", "{", "customers who read the annual report of bobsleigh"] {
        let seen = bank.sees_arriving(vec![broken("10:00", text), broken("11:00", text)]);
        assert_eq!(seen.dead_letters.len(), 2, "{text}");
        seen.is_quiet();
    }
}

#[test]
fn a_source_that_breaks_takes_nobodys_place() {
    let bank = Company::bank().section("alerts", "budget_per_day = 1");
    let export = (on(TODAY, "12:00"), takes_all("12:00").to_string());
    let open = bank.sees_arriving(vec![export.clone()]);
    let mut act: Vec<_> = (1..=9).map(|n| broken("10:00", &format!("{{\"employee\":\"bob{n}\""))).collect();
    act.push(export);
    let seen = bank.sees_arriving(act);
    seen.of(&["ann"]).no_quieter_than(&open);
}
