//! `log_gap` of sources: what falls silent or gives far too little is told, and what looks like it is not.

use crate::common::line::FIRST_DAY;
use crate::common::sources::{Log, Stream, gaps, hours_after, office, part, stream};
use crate::common::world::World;
use leakwarden::engine::Sequential;
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::model::alert::{Alert, AlertState};
use leakwarden::model::time::DAY_MS;
use leakwarden::population::volume::RecordRef;

/// Days that are played, where nothing else is said: six weeks.
const DAYS: i64 = 42;

fn told_in(world: &World, days: i64, streams: &[Stream<'_>]) -> Vec<Alert> {
    let context = world.context();
    gaps(&Log::of(&context, days, streams).play(&context, 400).1)
}

fn told(streams: &[Stream<'_>]) -> Vec<Alert> {
    told_in(&World::bank(), DAYS, streams)
}

/// Office hours, but for some days and hours with a share of them.
fn but(n: u64, days: std::ops::Range<i64>, hours: std::ops::Range<i64>, share: f64) -> impl Fn(i64, i64) -> u64 {
    let usual = office(n);
    move |day, hour| {
        let all = usual(day, hour);
        if days.contains(&day) && hours.contains(&hour) { (all as f64 * share) as u64 } else { all }
    }
}

#[test]
fn a_source_that_falls_silent_while_others_speak_is_told_within_hours() {
    let alerts = told(&[stream("core", but(60, 29..30, 11..18, 0.0)), stream("crm", office(40))]);
    let [alert] = alerts.as_slice() else { panic!("one alert: {alerts:#?}") };
    assert_eq!((alert.source.as_deref(), &alert.employee, &alert.account), (Some("core"), &None, &None));
    assert!((12.0..16.0).contains(&hours_after(&alert.raised_at, 29)), "{}", alert.raised_at);
    assert_eq!(alert.state, AlertState::Closed, "it spoke again, and was quiet for a week");
    assert!(
        alert.explanation.contains("has been silent since") && alert.explanation.contains("It spoke again at"),
        "{}",
        alert.explanation
    );
    let evidence = &alert.evidence;
    assert_eq!((evidence.records, evidence.sources[0].source.as_str()), (2, "core"));
    assert_eq!(evidence.sources[0].last - evidence.sources[0].first, 1, "the records at both edges: {:?}", evidence.sources);
    let untested: Vec<&str> = alert.innocent_reasons.iter().filter(|reason| !reason.tested).map(|reason| reason.reason.as_str()).collect();
    assert_eq!(untested, ["maintenance", "holiday"], "no reasons and no calendar are configured");
}

#[test]
fn a_source_that_gives_a_fifth_of_what_it_gives_on_such_days_is_told() {
    let alerts = told(&[stream("core", but(80, 29..31, 0..24, 0.2)), stream("crm", office(40))]);
    let [alert] = alerts.as_slice() else { panic!("one alert: {alerts:#?}") };
    assert_eq!(alert.source.as_deref(), Some("core"));
    assert!(alert.explanation.contains("fewer than usual"), "{}", alert.explanation);
    let own = alert.expected.own.as_ref().expect("it has a history");
    assert!(own.median > alert.observed.records * 3 && own.days >= 10, "{own:?}");
}

#[test]
fn a_partition_that_falls_silent_is_told_as_its_source() {
    let streams =
        [part("core", "core/0", but(60, 29..30, 10..18, 0.0)), part("core", "core/1", office(60)), part("core", "core/2", office(60))];
    let alerts = told(&streams);
    let [alert] = alerts.as_slice() else { panic!("one alert: {alerts:#?}") };
    assert!(
        alert.source.as_deref() == Some("core") && alert.explanation.starts_with("Source core, partition core/0,"),
        "{}",
        alert.explanation
    );
}

#[test]
fn work_that_moves_to_another_partition_is_not_gone() {
    let alerts = told(&[
        part("core", "core/old", but(60, 25..99, 0..24, 0.0)),
        part("core", "core/new", move |day, hour| if day >= 25 { office(60)(day, hour) } else { 0 }),
    ]);
    assert_eq!(alerts, [], "files rotate, and partitions are dealt out anew");
}

#[test]
fn nights_weekends_and_small_or_irregular_sources_are_quiet() {
    let streams = [
        stream("core", office(80)),
        stream("machine", |_, _| 30),
        stream("small", |day, hour| u64::from(day % 7 < 5 && hour == 10) * 20 * u64::from(day < 30)),
        stream("weekly", |day, hour| if day % 7 == 2 && hour == 11 && day < 28 { 400 } else { 0 }),
        stream("moody", |day, hour| if day % 3 == 0 && (9..18).contains(&hour) { 150 } else { 0 }),
    ];
    assert_eq!(told(&streams), []);
}

#[test]
fn a_holiday_is_known_from_the_calendar_or_from_the_other_sources() {
    let world = World::bank().with("calendar.csv", "date,kind\n2026-03-31,holiday\n2026-04-01,holiday\n".to_owned());
    let closed = || but(80, 29..31, 0..24, 0.05);
    let machine = || stream("machine", |_, _| 20);
    assert_eq!(told_in(&world, DAYS, &[stream("core", closed()), machine()]), [], "by the calendar");
    let streams = [stream("core", closed()), stream("crm", closed()), stream("cards", closed())];
    assert_eq!(told(&streams), [], "by the others");
    assert_eq!(told(&[stream("core", closed()), machine()]).len(), 1, "nothing tells that it is one");
}

#[test]
fn maintenance_on_file_explains_a_silence() {
    let reason = r#"{"source":"core","from":"2026-03-31T08:00:00Z","to":"2026-03-31T20:00:00Z","reason":"ticket","ref":"CHG-1"}"#;
    let silent = || [stream("core", but(60, 29..30, 10..18, 0.0)), stream("crm", office(40))];
    assert_eq!(told_in(&World::bank().reasons(&[reason.to_owned()]), DAYS, &silent()), []);
    let other = reason.replace("core", "crm");
    let alerts = told_in(&World::bank().reasons(&[other]), DAYS, &silent());
    assert!(alerts.len() == 1 && alerts[0].innocent_reasons[0].tested && !alerts[0].innocent_reasons[0].holds, "{alerts:#?}");
}

#[test]
fn a_source_that_ends_for_good_is_told_once_and_then_forgotten() {
    let alerts = told_in(&World::bank(), 80, &[stream("core", but(60, 25..99, 0..24, 0.0)), stream("crm", office(40))]);
    let [alert] = alerts.as_slice() else { panic!("one alert: {alerts:#?}") };
    assert_eq!(alert.state, AlertState::Closed);
}

#[test]
fn a_restart_between_goes_on_as_if_there_had_been_none() {
    let context = World::bank().context();
    let log = Log::of(&context, 36, &[stream("core", but(60, 29..30, 11..18, 0.0)), stream("crm", office(40))]);
    let whole = gaps(&log.play(&context, 400).1);
    for day in [20, 29] {
        assert_eq!(gaps(&log.play_with_restart(&context, day).1), whole, "restarted on day {day}");
    }
}

#[test]
fn how_partitions_interleave_changes_nothing() {
    let context = World::bank().context();
    let streams = [
        stream("core", but(60, 29..30, 11..18, 0.0)),
        part("crm", "crm/0", office(30)),
        part("crm", "crm/1", but(200, 30..31, 9..18, 0.0)),
    ];
    let log = Log::of(&context, 36, &streams);
    let whole = gaps(&log.play(&context, 1).1);
    assert!(whole.len() == 2, "{whole:#?}");
    for at_once in [7, 100, 5_000, 1_000_000] {
        assert_eq!(gaps(&log.play(&context, at_once).1), whole, "{at_once} at once");
    }
}

/// Plays one source whose records are numbered through day by day, each day a stream of its own; those of `lost` never come.
fn numbered(lost: impl Fn(i64, u64) -> bool, restarts_at: Option<(i64, u64)>) -> Vec<Alert> {
    let context = World::bank().context();
    let log = Log::of(&context, 20, &[stream("core", office(60))]);
    let mut engine = log.begin(&context);
    let mut ledger = LatestAlerts::default();
    let (id, accesses) = &log.partitions[0];
    let (mut day, mut number) = (-1, 0);
    for access in accesses {
        let of = (access.time.0 - FIRST_DAY).div_euclid(DAY_MS);
        if of != day {
            (day, number) = (of, 0);
        }
        number += 1;
        if lost(day, number) {
            continue;
        }
        let told = match restarts_at {
            Some((on, at)) if on == day && number >= at => number - at + 1,
            _ => number,
        };
        let edge = RecordRef { time: access.time, hash: access.hash.0, position: access.position.0 };
        engine.note_number(*id, day as u64, told, edge);
        // A line that comes twice.
        engine.note_number(*id, day as u64, told, edge);
        engine.take(access.clone(), None);
        ledger.take(engine.advance(&Sequential).revisions);
    }
    ledger.take(engine.finish(&Sequential).revisions);
    gaps(&ledger)
}

#[test]
fn numbers_that_never_come_are_told_with_the_records_around_the_hole() {
    let alerts = numbered(|day, n| day == 15 && (200..240).contains(&n), None);
    let [alert] = alerts.as_slice() else { panic!("one alert: {alerts:#?}") };
    assert!(alert.explanation.contains("40 numbers of its own sequence never came"), "{}", alert.explanation);
    assert_eq!((alert.evidence.records, alert.evidence.sources[0].last - alert.evidence.sources[0].first), (2, 41));
}

#[test]
fn a_restart_of_numbers_and_a_source_that_always_lacks_some_are_quiet() {
    assert_eq!(numbered(|_, _| false, Some((15, 150))), [], "a server started anew");
    assert_eq!(numbered(|day, n| (day + n as i64) % 3 == 0, None), [], "only some of the lines are shipped");
}
