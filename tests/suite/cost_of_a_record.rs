//! What a record costs does not grow with what is kept: with the people seen, the days, the alerts that are open, the reasons on file. Steps
//! are counted, so a clock is not asked.

use crate::common::line::{Line, access, on};
use crate::common::play::Play;
use crate::common::world::World;
use leakwarden::model::steps;
use leakwarden::model::time::Span;

/// Steps for a record of `lines`, on average.
fn cost(play: &mut Play, lines: &[Line]) -> u64 {
    steps::take();
    play.take(lines);
    steps::take() / lines.len() as u64
}

#[track_caller]
fn does_not_grow(what: &str, few: u64, many: u64) {
    assert!(few > 0, "{what}: nothing is counted");
    assert!(many <= few + few / 4 + 8, "{what}: {many} steps a record, and {few} with little kept");
}

/// Somebody sees people whom nobody has seen, from an hour on: each look is news, as in a company without history. However many looks there
/// are, they fill the same minutes.
fn looks(who: &str, (day, hour): (i64, &str), many: u64, people: u64) -> Vec<Line> {
    let look = |n: u64| {
        let line = access(who).at(on(day, hour) + Span::seconds((n * 3_000 / many) as i64)).id(format!("{who}-{day}-{hour}-{n}"));
        let hour: u64 = hour[..2].parse().expect("an hour");
        line.reads("crm.customers", &["name", "phone"]).of((0..people).map(|person| ((hour * 100_000 + n) * people + person) * 13 + 1))
    };
    (0..many).map(look).collect()
}

/// Time goes on, so that what was taken settles.
fn later(day: i64, time: &str) -> Line {
    access("clock").at(on(day, time)).id(format!("{day}-{time}")).reads("crm.customers", &["name"]).of([7])
}

#[test]
fn with_the_people_seen() {
    let of = |people: u64| {
        let mut play = Play::new(&World::bank().context());
        play.take(&looks("e1", (0, "09:00"), people / 5, 5));
        play.take(&[later(0, "10:30")]);
        assert!(!play.revisions.is_empty(), "it is news");
        cost(&mut play, &[looks("e1", (0, "11:00"), 200, 5), vec![later(0, "12:30")]].concat())
    };
    does_not_grow("people", of(2_000), of(40_000));
}

#[test]
fn with_the_days_kept() {
    let of = |days: i64| {
        let mut play = Play::new(&World::bank().context());
        for day in 0..days {
            let table = if day % 2 == 0 { "hotel.stays" } else { "crm.customers" };
            let exports =
                (0..2).map(|n| access("e1").at(on(day, "10:00") + Span::minutes(n)).id(format!("x{day}-{n}")).reads_all(table).rows(30));
            play.take(&[looks("e1", (day, "09:00"), 3, 5), exports.collect(), vec![later(day, "12:00")]].concat());
        }
        let today = [looks("e1", (days, "10:00"), 300, 5), vec![later(days, "12:00")]].concat();
        cost(&mut play, &today)
    };
    // The longest window and the baseline have 90 days, the counter 365.
    does_not_grow("days", of(100), of(380));
}

#[test]
fn with_the_alerts_that_are_open() {
    let of = |alerts: u64| {
        let mut play = Play::new(&World::bank().section("alerts", "open_at = \"low\"").context());
        for who in 0..alerts {
            play.take(&looks(&format!("p{who}"), (0, "09:00"), 20, 60));
        }
        play.take(&[later(0, "10:30")]);
        let open = play.engine.open_alerts().count() as u64;
        assert!(open >= alerts, "{open} of {alerts}");
        let more: Vec<Line> = (0..40).flat_map(|who| looks(&format!("p{who}"), (0, "11:00"), 6, 60)).collect();
        cost(&mut play, &[more, vec![later(0, "12:30")]].concat())
    };
    does_not_grow("alerts", of(60), of(300));
}

#[test]
fn with_the_reasons_on_file() {
    let of = |reasons: i64| {
        let reason = |n: i64| {
            let day = n / 10 - reasons / 10;
            let (from, to) = (on(day, "08:00"), on(day, "18:00"));
            format!(r#"{{"employee":"e1","objects":"x{n}.*","from":"{from}","to":"{to}","reason":"campaign","ref":"C-{n}"}}"#)
        };
        let all: Vec<String> = (0..reasons + 10).map(reason).collect();
        let mut play = Play::new(&World::bank().reasons(&all).context());
        cost(&mut play, &[looks("e1", (0, "09:00"), 200, 5), vec![later(0, "12:00")]].concat())
    };
    does_not_grow("reasons", of(100), of(8_000));
}
