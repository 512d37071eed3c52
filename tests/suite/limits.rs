//! Memory is bounded, and what is given up for it is told: who goes first, what an employee keeps, and that it depends on the records
//! alone.

use crate::common::line::{Line, by_account, on};
use crate::common::play::Play;
use crate::common::world::World;
use leakwarden::engine::context::Context;
use leakwarden::engine::output::Evictions;
use leakwarden::model::coverage::State;
use leakwarden::pipeline::coverage::all;
use std::sync::Arc;

/// The bank's directory knows e1, and nobody else.
fn world(employees: usize, record_ids: usize) -> Arc<Context> {
    let limits = format!("max_employees = {employees}\nmax_record_ids = {record_ids}");
    World::bank().with("employees.csv", "employee\ne1\n").section("state", limits).context()
}

fn look(account: &str, minute: i64, id: usize) -> Line {
    look_on(0, account, minute, id)
}

fn look_on(day: i64, account: &str, minute: i64, id: usize) -> Line {
    by_account(account)
        .at(on(day, &format!("{:02}:{:02}", 8 + minute / 60, minute % 60)))
        .reads("crm.customers", &["name"])
        .of([7])
        .rows(1)
        .id(id)
}

/// Two thousand strangers within five hours, and an hour later somebody, so that all that was before is looked at.
fn strangers() -> Vec<Line> {
    let mut lines: Vec<Line> = (0..2_000).map(|n| look(&format!("s{n:04}"), n as i64 * 300 / 2_000, n)).collect();
    lines.push(look("last", 400, 9_999));
    lines
}

fn evicted(context: &Arc<Context>, pieces: usize) -> (Play, Evictions) {
    let mut play = Play::new(context);
    let lines = strangers();
    lines.chunks(pieces).for_each(|piece| play.take(piece));
    play.finish();
    let evicted = play.evicted;
    (play, evicted)
}

#[test]
fn the_longest_silent_strangers_go_first_and_that_is_told() {
    let context = world(1_000, 1_000_000);
    let (play, evicted) = evicted(&context, 500);
    let known = play.engine.profiles().len();
    assert!(known <= 1_000 + 400, "{known}: those of the last hour may stand beyond the limit");
    assert_eq!(evicted.employees as usize + known, 2_001, "each is known or told of");
    assert_eq!(evicted.record_ids, 0);
}

#[test]
fn employees_of_the_directory_stay_while_strangers_come() {
    let context = world(1_000, 1_000_000);
    let mut play = Play::new(&context);
    play.take(&[crate::common::line::access("e1").at(on(0, "07:30")).reads("crm.customers", &["name"]).of([1]).rows(1)]);
    play.take(&strangers());
    play.finish();
    assert_eq!(play.of("e1").profile.actor.name().to_string(), "e1");
    assert!(play.evicted.employees > 500);
}

#[test]
fn ids_that_settled_longest_ago_are_given_up_and_newer_ones_still_count_once() {
    let context = world(1_000_000, 64 * 16);
    let mut play = Play::new(&context);
    play.take(&strangers());
    // What a shipper sends again is the same record, to its time.
    let again = [strangers()[0].clone(), strangers()[1_999].clone()];
    play.take(&again);
    play.finish();
    assert!(play.evicted.record_ids > 700, "{:?}", play.evicted);
    assert_eq!(play.counts.duplicate, 1, "the newer of the two");
}

#[test]
fn what_is_given_up_depends_on_the_records_alone() {
    let context = world(1_000, 64 * 16);
    let (whole, first) = evicted(&context, 100_000);
    let names = |play: &Play| {
        let mut names: Vec<String> = play.engine.profiles().iter().map(|tracked| tracked.profile.actor.name().to_string()).collect();
        names.sort();
        names
    };
    assert!(first.employees > 500 && first.record_ids > 500, "{first:?}");
    for pieces in [1, 37, 500] {
        let (other, again) = evicted(&world(1_000, 64 * 16), pieces);
        assert_eq!((first, names(&whole)), (again, names(&other)), "{pieces} at once");
        assert_eq!(whole.written(), other.written());
    }
}

/// How far an account's day could be evaluated.
fn evaluated(play: &Play, account: &str, day: i64) -> (State, Vec<&'static str>) {
    let date = on(day, "00:00").to_string()[..10].to_owned();
    let found = all(&play.engine).into_iter().find(|of| of.name() == account && of.day == date).expect("a day with records");
    (found.state, found.reasons)
}

#[test]
fn whoever_was_given_up_and_comes_again_is_evaluated_in_part_until_there_is_a_baseline_again() {
    let context = world(1_000, 1_000_000);
    let mut play = Play::new(&context);
    play.take(&strangers());
    assert!(play.evicted.employees > 500);
    let visits = |account: &str, day: i64| {
        let id = 20_000 + 2 * day as usize + usize::from(account == "s0000");
        look_on(day, account, 0, id)
    };
    // The longest silent was given up, the last was not.
    play.take(&(1..15).flat_map(|day| ["s0000", "s1999"].map(|account| visits(account, day))).collect::<Vec<_>>());
    play.finish();
    assert_eq!(evaluated(&play, "s0000", 1), (State::Partly, vec!["cold_start", "evicted"]));
    assert_eq!(evaluated(&play, "s1999", 1), (State::Partly, vec!["cold_start"]));
    assert_eq!(evaluated(&play, "s0000", 14), (State::Fully, vec![]), "a baseline has been learnt anew");
}

#[test]
fn that_somebody_was_given_up_is_known_after_a_restart() {
    let context = world(1_000, 1_000_000);
    let mut play = Play::new(&context);
    play.take(&strangers());
    play.restart(&world(1_000, 1_000_000));
    play.take(&[look_on(1, "s0000", 0, 30_000)]);
    play.finish();
    assert_eq!(evaluated(&play, "s0000", 1), (State::Partly, vec!["cold_start", "evicted"]));
}
