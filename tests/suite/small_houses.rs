//! Houses of a few people, where there is little to measure by: what is plain is told there too, and an innocent year is quiet.

use crate::common::line::{Line, access, on};
use crate::common::play::{Play, play};
use crate::common::world::World;
use leakwarden::model::time::Span;
use leakwarden::model::typology::Typology;
use std::collections::BTreeSet;

/// Names and roles of a clinic.
const CLINIC: [(&str, &str); 8] = [
    ("dr-li", "doctor"),
    ("dr-wang", "doctor"),
    ("nurse-1", "nurse"),
    ("nurse-2", "nurse"),
    ("nurse-3", "nurse"),
    ("nurse-4", "nurse"),
    ("desk-1", "reception"),
    ("desk-2", "reception"),
];

/// Patients of the register.
const REGISTER: u64 = 4_000;

fn clinic() -> World {
    let rows: String = CLINIC.iter().map(|(name, role)| format!("{name},clinic,{role},2020-01-01,\n")).collect();
    World::bank().with("employees.csv", format!("employee,unit,role,hired,left\n{rows}"))
}

/// A number that looks like chance and is the same every time.
fn chance(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) >> 24
}

fn look(who: &str, day: i64, time: &str) -> Line {
    access(who).at(on(day, time)).set("client", serde_json::json!({"host": format!("pc-{who}"), "app": "his"}))
}

/// The work of a day: patients who come, most of them again and again, fewer in some weeks and more in those of the flu.
fn work(day: i64) -> Vec<Line> {
    let mut lines = Vec::new();
    if day % 7 >= 5 {
        return lines;
    }
    let season = if (20..26).contains(&(day / 7 % 52)) { 16 } else { 10 };
    for (n, (who, role)) in CLINIC.iter().enumerate() {
        let seed = (day as u64) << 16 | (n as u64) << 8;
        // Everybody is away now and then.
        if chance(seed).is_multiple_of(12) {
            continue;
        }
        let usual = match *role {
            "doctor" => 18,
            "nurse" => 14,
            _ => 24,
        };
        let count = (usual * season / 10) * (60 + chance(seed + 1) % 81) / 100;
        for at in 0..count {
            let draw = chance(seed + 16 + at);
            // Half of them come often, the others seldom.
            let patient = if draw.is_multiple_of(2) { draw / 2 % 300 } else { draw / 2 % REGISTER };
            let time = on(day, "08:10") + Span::minutes((at * 540 / count) as i64) + Span::seconds((draw % 300) as i64);
            let line = look(who, day, "08:00").at(time);
            lines.push(line.reads("crm.customers", &["name", "phone"]).of([patient]).rows(1));
        }
    }
    lines
}

/// Work up to a day, and beside it what somebody does; a week more of work after it.
fn plays(world: &World, last: i64, act: Vec<Line>) -> Play {
    let mut lines: Vec<Line> = (0..=last + 7).flat_map(work).chain(act).collect();
    // RFC 3339 of one zone: texts are in the order of times.
    lines.sort_by_cached_key(|line| {
        let value: serde_json::Value = serde_json::from_str(&line.to_string()).expect("JSON");
        value["time"].as_str().expect("a time").to_owned()
    });
    play(&world.context(), &lines)
}

fn told_of(play: &Play, who: &str) -> BTreeSet<Typology> {
    play.typologies().into_iter().filter(|(of, _)| of == who).map(|(_, typology)| typology).collect()
}

fn told(play: &Play) -> Vec<String> {
    let all = play.alerts().into_iter().filter(|alert| alert.source.is_none());
    all.map(|alert| format!("{} {} {} {}: {}", alert.about(), alert.typology, alert.score, alert.raised_at, alert.explanation)).collect()
}

#[test]
fn in_a_clinic_of_eight_an_export_of_the_register_is_told() {
    let export = look("nurse-2", 60, "17:10").set("operation", "export").reads("crm.customers", &["name", "phone"]).rows(REGISTER);
    let play = plays(&clinic(), 60, vec![export]);
    assert!(told_of(&play, "nurse-2").contains(&Typology::BulkExtract), "{:?}", told(&play));
    assert_eq!(told(&play).len(), told_of(&play, "nurse-2").len(), "nobody else: {:?}", told(&play));
}

#[test]
fn in_a_clinic_of_eight_forty_strangers_a_day_are_told_within_the_week() {
    let strangers = (60..65).flat_map(|day| {
        (0..40).map(move |n| {
            let line = look("nurse-2", day, "08:00").at(on(day, "12:02") + Span::minutes(n * 6));
            line.reads("crm.customers", &["name", "phone"]).of([100_000 + (day * 40 + n) as u64 * 13]).rows(1)
        })
    });
    let play = plays(&clinic(), 65, strangers.collect());
    assert!(!told_of(&play, "nurse-2").is_empty(), "{:?}", told(&play));
    assert_eq!(told(&play).len(), told_of(&play, "nurse-2").len(), "nobody else: {:?}", told(&play));
    let first = play.alerts().iter().map(|alert| alert.raised_at.clone()).min().expect("one");
    assert!(first <= on(65, "00:00").to_string(), "{first}");
}

#[test]
fn an_innocent_year_of_eight_people_is_quiet() {
    let play = plays(&clinic(), 365, Vec::new());
    assert_eq!(told(&play), Vec::<String>::new());
}

#[test]
fn a_leaver_who_reads_two_people_is_told_in_the_smallest_house_from_the_first_day_on() {
    let rows = "employee,unit,role,hired,left\na,U,teller,2020-01-01,2026-02-20\nb,U,teller,2020-01-01,\nc,U,teller,2020-01-01,\n";
    let world = World::bank().with("employees.csv", rows);
    let mut lines: Vec<Line> =
        (0..3).flat_map(|n| ["b", "c"].map(|who| look(who, 0, &format!("09:{n:02}")).reads("crm.customers", &["name"]).of([n]))).collect();
    lines.extend((0..2).map(|n| look("a", 0, &format!("10:{n:02}")).reads("crm.customers", &["name"]).of([50 + n])));
    let play = play(&world.context(), &lines);
    assert_eq!(told_of(&play, "a"), BTreeSet::from([Typology::GhostLeaver]), "{:?}", told(&play));
}

#[test]
fn one_planted_record_is_told_however_small_the_house_and_large_the_list() {
    for list in [1, 40, 3_000] {
        let world = World::bank().with("employees.csv", "employee,unit\na,U\nb,U\n").with("subjects.csv", "subject,tag,owner\n7,canary,\n");
        let line = look("a", 0, "10:00").reads("crm.customers", &["name"]).of((0..list).map(|n| 7 + n)).rows(list);
        let play = play(&world.context(), &[line]);
        assert!(told_of(&play, "a").contains(&Typology::Canary), "{list}: {:?}", told(&play));
    }
}
