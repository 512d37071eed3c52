//! How far employees' days could be evaluated: what stands in the way is said, by reason, and nothing is made up.

use crate::common::line::{Line, access, on};
use crate::common::play::Play;
use crate::common::sources::{Log, office, stream};
use crate::common::world::World;
use leakwarden::engine::Engine;
use leakwarden::http::coverage::{CoverageView, EmployeeDay};
use leakwarden::model::coverage::{Reason, State};
use leakwarden::model::time::Day;
use leakwarden::pipeline::coverage::{Published, all, summary};

/// 2026-03-02, the tests' day 0.
fn day(n: i64) -> Day {
    Day(20_514 + n as i32)
}

fn of(engine: &Engine, employee: &str, n: i64) -> Option<(State, Vec<&'static str>)> {
    let found = all(engine).into_iter().find(|of| of.name() == employee && of.day == day(n).to_string());
    found.map(|EmployeeDay { state, reasons, .. }| (state, reasons))
}

fn look(employee: &str, n: i64, time: &str, customer: u64) -> Line {
    access(employee).at(on(n, time)).reads("crm.customers", &["name"]).of([customer]).rows(1)
}

/// A week of ordinary days of two employees.
fn week() -> Vec<Line> {
    let days = (0..7).flat_map(|n| ["e1", "e2"].map(|who| (n, who)));
    days.map(|(n, who)| look(who, n, "10:00", n as u64)).collect()
}

#[test]
fn first_days_are_cold_and_later_ones_are_full() {
    let context = World::bank().context();
    let mut play = Play::new(&context);
    play.take(&week());
    play.finish();
    assert_eq!(of(&play.engine, "e1", 0), Some((State::Partly, vec!["cold_start"])));
    assert_eq!(of(&play.engine, "e1", 6), Some((State::Fully, vec![])));
    assert_eq!(of(&play.engine, "e1", 7), None, "no record, and nothing amiss");
    let sums = summary(&play.engine.coverage(), day(0), day(6));
    let full: u64 = sums.days.values().map(|counts| counts.states[State::Fully as usize]).sum();
    assert_eq!((sums.days.len(), sums.days[&day(0)].total()), (7, 2));
    assert!((2..=6).contains(&full), "{full}");
}

#[test]
fn unknown_counts_and_tables_are_named() {
    let context = World::bank().context();
    let mut play = Play::new(&context);
    let mut lines = week();
    lines.push(access("e1").at(on(7, "10:00")).reads_all("crm.customers"));
    lines.push(access("e2").at(on(7, "11:00")).reads_all("crm.notes").rows(3));
    play.take(&lines);
    play.finish();
    assert_eq!(of(&play.engine, "e1", 7), Some((State::Partly, vec!["unknown_persons"])));
    assert_eq!(of(&play.engine, "e2", 7), Some((State::Partly, vec!["unknown_tables"])));
    assert_eq!(summary(&play.engine.coverage(), day(7), day(7)).tables, [("crm.notes".to_owned(), 1)]);
}

#[test]
fn records_that_come_after_their_day_closed_are_told() {
    let context = World::bank().context();
    let mut play = Play::new(&context);
    // A log of so few lines settles before its end only by a clock.
    play.believe_all = true;
    play.take(&week());
    play.take(&[look("e2", 9, "10:00", 1)]);
    let before = of(&play.engine, "e1", 5);
    play.take(&[look("e1", 5, "11:00", 900), look("e2", 9, "10:30", 2)]);
    play.finish();
    assert_eq!((before, of(&play.engine, "e1", 5)), (Some((State::Fully, vec![])), Some((State::Partly, vec!["late"]))));
    let of_day = summary(&play.engine.coverage(), day(5), day(5)).days[&day(5)];
    assert_eq!((of_day.states, of_day.reasons[Reason::Late as usize]), ([1, 1, 0], 1), "the sum follows");
}

#[test]
fn records_that_nobody_can_read_are_held_against_the_days_of_their_source() {
    let context = World::bank().context();
    let mut play = Play::new(&context);
    let mut lines: Vec<String> = week().iter().map(ToString::to_string).collect();
    lines.push(look("e1", 7, "10:00", 1).to_string());
    lines.push("{ this is no record".to_owned());
    lines.push(look("e2", 7, "12:00", 1).to_string());
    lines.push(look("e2", 8, "12:00", 1).to_string());
    lines.push(look("e2", 9, "12:00", 1).to_string());
    play.take(&lines);
    play.finish();
    assert_eq!(of(&play.engine, "e1", 7), Some((State::Partly, vec!["dead_letters"])));
    assert_eq!(of(&play.engine, "e2", 7), Some((State::Partly, vec!["dead_letters"])));
    assert_eq!(of(&play.engine, "e2", 8), Some((State::Fully, vec![])));
}

#[test]
fn nobody_is_evaluated_while_their_source_is_silent() {
    let context = World::bank().context();
    let silent = |n: i64, hour: i64| if n == 29 { 0 } else { office(60)(n, hour) };
    let log = Log::of(&context, 36, &[stream("core", silent), stream("machine", |_, _| 12)]);
    let engine = log.play(&context, 500).0;
    let of_day = summary(&engine.coverage(), day(29), day(29)).days[&day(29)];
    assert_eq!(of_day.reasons[Reason::LogGap as usize], 30, "{of_day:?}");
    let before = summary(&engine.coverage(), day(28), day(28)).days[&day(28)];
    assert_eq!(before.reasons[Reason::LogGap as usize], 0);
}

#[test]
fn a_resumption_that_lost_records_is_told_of_those_whose_source_it_is() {
    let context = World::bank().context();
    let log = Log::of(&context, 9, &[stream("core", office(60))]);
    let mut engine = log.begin(&context);
    for access in &log.partitions[0].1 {
        if access.time >= on(8, "12:00") {
            engine.note_loss(log.partitions[0].0);
        }
        engine.take(access.clone(), None);
    }
    engine.finish(&leakwarden::engine::Sequential);
    assert_eq!(of(&engine, "e1", 8).map(|(_, reasons)| reasons), Some(vec!["restore"]));
    assert_eq!(of(&engine, "e1", 7), Some((State::Fully, vec![])));
}

#[test]
fn coverage_depends_neither_on_interleaving_nor_on_a_restart() {
    let context = World::bank().context();
    let silent = |n: i64, hour: i64| if n == 22 { 0 } else { office(60)(n, hour) };
    let log = Log::of(&context, 30, &[stream("core", silent), stream("crm", office(20))]);
    let whole = log.play(&context, 1).0;
    let days = all(&whole);
    assert!(days.iter().any(|day| day.reasons.contains(&"log_gap")) && days.len() > 600, "{}", days.len());
    for at_once in [9, 400, 100_000] {
        let other = log.play(&context, at_once).0;
        assert!(all(&other) == days && other.coverage() == whole.coverage(), "{at_once} at once");
    }
    for morning in [10, 23] {
        let other = log.play_with_restart(&context, morning).0;
        assert!(all(&other) == days && other.coverage() == whole.coverage(), "restarted on day {morning}");
    }
}

#[test]
fn what_is_published_is_read_by_pages_and_by_employee() {
    let context = World::bank().context();
    let mut play = Play::new(&context);
    // A log of so few lines settles before its end only by a clock.
    play.believe_all = true;
    play.take(&week());
    play.take(&[look("e1", 9, "10:00", 1), look("e2", 9, "12:00", 1)]);
    let published = Published::default();
    assert_eq!(published.day(day(6), None, None, 10), None, "nothing is restored");
    assert!(published.publish(&play.engine).is_some() && published.publish(&play.engine).is_none(), "once an hour");
    let names = |only, after, limit| {
        let found = published.day(day(6), only, after, limit).expect("is published");
        found.into_iter().map(|of| of.employee.expect("an employee")).collect::<Vec<_>>()
    };
    assert_eq!(names(None, None, 10), ["e1", "e2"]);
    assert_eq!(
        (names(None, None, 1), names(None, Some("e1"), 10), names(Some("e2"), None, 10)),
        (vec!["e1".into()], vec!["e2".into()], vec!["e2".into()])
    );
    assert!(!published.day(day(9), None, None, 10).expect("is published")[0].settled, "the day is open");
}
