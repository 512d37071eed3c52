//! Thirty loud alerts about others fill the day's three places before somebody reads a planted record.

use crate::common::line::Line;
use crate::company::{Company, TODAY, ann, worker};

/// Everybody but ann exports thousands, for two weeks up to today.
fn flood() -> Vec<Line> {
    let names = (1..=10).map(|n| format!("bob{n}")).chain((0..10).map(|n| format!("sue{n}")));
    let of = |name: String| {
        [TODAY - 7, TODAY - 4, TODAY].map(|day| worker(&name, day, "09:30").reads("crm.customers", &["name", "phone"]).rows(9_000))
    };
    names.flat_map(of).collect()
}

#[test]
fn no_volume_of_others_hides_what_is_grave() {
    let bank = Company::bank().with("subjects.csv", "subject,tag,owner\n4000,canary,\n");
    let look = || ann("15:00").reads("crm.customers", &["name", "phone"]).of([4_000]);
    let open = bank.sees(&[look()]);
    let mut all: Vec<Line> = flood().into_iter().filter(|line| line.to_string().contains("2026-05-04")).collect();
    all.push(look());
    let hidden = bank.past(flood().into_iter().filter(|line| !line.to_string().contains("2026-05-04"))).sees(&all);
    hidden.of(&["ann"]).no_quieter_than(&open);
}
