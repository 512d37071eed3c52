//! A case is told of as soon as it is worth a look, and not when a grade is reached, something has grown by half, or the day is over.

use crate::common::case::Case;
use crate::common::play::play;
use std::collections::BTreeSet;

/// Ann reads one stranger after the other for some hours.
const READS_ON: &str = r#"
story = "Ann reads one stranger after the other."
expect = ["enumeration"]
[company]
clerks = 10
days = 8
[[act]]
days = [9, 9]
at = "10:00"
times = 120
every = "60s"
reads = ["crm.customers(name, phone)"]
from = 50000
people = 1
"#;

#[test]
fn a_case_is_told_of_with_the_look_that_makes_it_worth_one_though_no_grade_is_reached_and_nothing_grew_much() {
    let case: Case = toml::from_str(READS_ON).expect("is a case");
    let lines = case.lines();
    // When ann was told of, by the last look, and how probable her case was then.
    let told = |show_at: f64| {
        let context = case.world().section("alerts", format!("show_at = {show_at}")).context();
        let of_ann = play(&context, &lines).revisions.into_iter().filter(|told| told.alert.about() == "ann");
        of_ann.map(|told| (told.alert.last_access, told.case.probability)).collect::<Vec<_>>()
    };
    let anyway: BTreeSet<String> = told(1.0).into_iter().map(|(at, _)| at).collect();
    let early = |show_at: f64| {
        let told = told(show_at);
        let first = told.iter().find(|(_, probability)| *probability >= show_at);
        first.is_some_and(|(at, _)| !anyway.contains(at))
    };
    assert!([0.05, 0.2, 0.5, 0.8].into_iter().any(early), "whatever is worth a look, it is told of by chance alone: {anyway:?}");
}
