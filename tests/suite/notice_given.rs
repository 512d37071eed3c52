//! `status=notice` has no date: it counts from the reload that brought it.

use crate::common::line::{Line, access, on};
use crate::common::play::Play;
use crate::common::world::World;
use leakwarden::engine::context::Context;
use leakwarden::model::time::Span;
use leakwarden::model::typology::Typology;
use std::sync::Arc;

/// Forty tellers; `e1` with a status and a last day.
fn bank(status: &str, left: &str) -> Arc<Context> {
    let rows: String = (2..42).map(|n| format!("e{n},U,teller,active,2020-01-01,\n")).collect();
    let own = format!("e1,U,teller,{status},2020-01-01,{left}\n");
    World::bank().with("employees.csv", format!("employee,unit,role,status,hired,left\n{own}{rows}")).context()
}

/// A day of everybody's own customers, fifteen each; from `more_from` on thirty strangers more of `e1`.
fn day(day: i64, more_from: i64) -> Vec<Line> {
    if day % 7 >= 5 {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for n in 0..15 {
        for who in 1..42 {
            let at = on(day, "09:05") + Span::minutes(n * 30) + Span::seconds(who);
            let customer = (10_000 * who + (day * 31 + n * 7) % 120) as u64;
            lines.push(access(&format!("e{who}")).at(at).reads("crm.customers", &["name", "phone"]).of([customer]));
        }
        for more in (0..2).filter(|_| day >= more_from) {
            let at = on(day, "09:15") + Span::minutes(n * 30 + more * 7);
            lines.push(
                access("e1").at(at).reads("crm.customers", &["name", "phone"]).of([(1_000_000 + (day * 30 + n * 2 + more) * 13) as u64]),
            );
        }
    }
    lines
}

fn alerted(play: &Play) -> bool {
    play.typologies().contains(&("e1".to_owned(), Typology::DepartureHoarding))
}

#[test]
fn a_status_without_a_date_counts_from_the_reload_that_brought_it_also_through_a_restart() {
    let (before, after) = (bank("active", ""), bank("notice", ""));
    let mut reloaded = Play::new(&before);
    (0..23).for_each(|n| reloaded.take(&day(n, 25)));
    reloaded.engine.set_context(after.clone());
    (23..29).for_each(|n| reloaded.take(&day(n, 25)));
    reloaded.restart(&after);
    (29..33).for_each(|n| reloaded.take(&day(n, 25)));
    reloaded.finish();
    assert!(alerted(&reloaded), "{:?}", reloaded.typologies());
    let told = reloaded.alerts().into_iter().find(|alert| alert.typology == Typology::DepartureHoarding).expect("one");
    assert!(told.explanation.contains("between 2026-03-24"), "{}", told.explanation);

    // The same of a snapshot that said so all along, and of somebody who stays: nobody knows of a leaving in those weeks.
    for (at_first, later) in [(&after, &after), (&before, &before)] {
        let mut play = Play::new(at_first);
        (0..23).for_each(|n| play.take(&day(n, 25)));
        play.engine.set_context(later.clone());
        (23..33).for_each(|n| play.take(&day(n, 25)));
        play.finish();
        assert!(!alerted(&play), "{:?}", play.typologies());
    }
}

#[test]
fn a_restart_under_another_directory_is_a_reload_and_a_notice_taken_back_is_none() {
    let (before, after) = (bank("active", ""), bank("active", "2026-06-30"));
    let mut play = Play::new(&before);
    (0..23).for_each(|n| play.take(&day(n, 25)));
    play.restart(&after);
    (23..33).for_each(|n| play.take(&day(n, 25)));
    play.finish();
    assert!(alerted(&play), "a last day months ahead, heard of now: {:?}", play.typologies());

    let mut play = Play::new(&before);
    (0..20).for_each(|n| play.take(&day(n, 25)));
    play.engine.set_context(after);
    (20..23).for_each(|n| play.take(&day(n, 25)));
    play.engine.set_context(before);
    (23..33).for_each(|n| play.take(&day(n, 25)));
    play.finish();
    assert!(!alerted(&play), "{:?}", play.typologies());
}
