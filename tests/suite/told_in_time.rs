//! A case is told of as soon as it is worth a look, and not when a grade is reached, something has grown by half, or the day is over.

use crate::common::case::Case;
use crate::common::play::play;

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
    let anyway = told(1.0);
    // Worth a look a little after one of the times at which it is told anyway: after that before the largest rise.
    let rise = |two: &&[(String, f64)]| two[1].1 - two[0].1;
    let two = anyway.windows(2).max_by(|one, other| rise(one).total_cmp(&rise(other))).expect("it is told of again and again");
    assert!(rise(&two) > 0.01, "{anyway:?}");
    let show_at = two[0].1 + rise(&two) / 50.0;
    let early = told(show_at);
    let first = early.iter().find(|(_, probability)| *probability >= show_at).expect("it is told of");
    assert!(first.0 < two[1].0 && anyway.iter().all(|(at, _)| *at != first.0), "at {show_at}: {first:?} of {anyway:?}");
}
