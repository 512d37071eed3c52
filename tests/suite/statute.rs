//! The statutory counter on the figures of published cases (docs/contract.md §6), from the log line to the score.

use crate::common::line::{Line, access, on};
use crate::common::play::{Play, play};
use crate::common::world::World;
use leakwarden::model::alert::StatuteScore;
use leakwarden::model::persons::Persons;
use leakwarden::model::statute::Statute;
use leakwarden::profile::counts::CountScope;
use leakwarden::profile::window::Window;

fn exposure(play: &Play) -> StatuteScore {
    play.of("e1").profile.statute_score(CountScope::Exposure, &Statute::built_in())
}

fn score(lines: &[Line]) -> StatuteScore {
    exposure(&play(&World::bank().context(), lines))
}

/// Reads of so many people, a hundred a record, a record a minute.
fn reads(table: &str, columns: &[&str], people: std::ops::Range<u64>) -> Vec<Line> {
    let read = |(n, first): (usize, u64)| {
        let last = people.end.min(first + 100);
        access("e1")
            .at(on(n as i64 / 600, "08:00") + leakwarden::model::time::Span::minutes(n as i64 % 600))
            .reads(table, columns)
            .of((first..last).map(|id| id * 13))
    };
    people.clone().step_by(100).enumerate().map(read).collect()
}

#[test]
fn identity_of_4978_people_with_lodging_of_570_of_them() {
    let mut lines = reads("crm.customers", &["name", "phone", "id_card"], 0..4_978);
    lines.extend(reads("hotel.stays", &["room"], 100..670));
    let score = score(&lines);
    assert_eq!((score.b, score.a), (10_108, 10_678));
    assert_eq!((score.band.as_str(), score.band_a.as_str(), score.band_ordinary.as_str()), ("serious", "serious", "serious"));
    assert!(!score.incomplete && !score.at_least);
}

#[test]
fn credit_reports_of_915_people() {
    let score = score(&reads("loan.credit", &["report"], 0..915));
    assert_eq!((score.b, score.a), (91_500, 91_500));
    assert_eq!((score.band.as_str(), score.band_ordinary.as_str()), ("especially_serious", "especially_serious"));
}

#[test]
fn names_with_phones_of_31465_people_count_once_each_under_both_readings() {
    let score = score(&reads("crm.customers", &["name", "phone"], 0..31_465));
    assert_eq!((score.b, score.a), (31_465, 31_465));
    assert!(!score.at_least, "exact up to 50,000 entries");
    assert_eq!((score.band.as_str(), score.band_ordinary.as_str()), ("especially_serious", "serious"));
}

#[test]
fn the_same_people_a_hundred_times_count_once() {
    let lines: Vec<Line> = (0..100).map(|n| access("e1").at(on(n, "09:00")).reads("loan.credit", &["report"]).of(0..7)).collect();
    assert_eq!((score(&lines).b, score(&lines).a), (700, 700));
}

#[test]
fn bands_begin_at_their_figure_and_not_above() {
    let bands = |people: u64| {
        let score = score(&reads("crm.customers", &["name"], 0..people));
        assert_eq!((score.b, score.a), (people, people));
        assert_eq!(score.band, score.band_a);
        (score.band, score.band_ordinary)
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(bands(2_499), pair("below", "below"));
    assert_eq!(bands(2_500), pair("serious", "below"));
    assert_eq!(bands(4_999), pair("serious", "below"));
    assert_eq!(bands(5_000), pair("serious", "serious"));
    assert_eq!(bands(24_999), pair("serious", "serious"));
    assert_eq!(bands(25_000), pair("especially_serious", "serious"));
    assert_eq!(bands(49_999), pair("especially_serious", "serious"));
    assert_eq!(bands(50_000), pair("especially_serious", "especially_serious"));
}

#[test]
fn counts_without_people_all_add_to_a_and_only_the_largest_to_b() {
    let export = |minute: i64, rows| access("e1").at(on(0, "09:00") + leakwarden::model::time::Span::minutes(minute)).rows(rows);
    let lines = [
        export(0, 300).reads("crm.customers", &["name", "phone"]),
        export(1, 200).reads("crm.customers", &["name"]),
        export(2, 4).reads("loan.credit", &["report"]),
    ];
    let score = score(&lines);
    assert_eq!(score.a, 300 + 200 + 400, "identity kinds of one person count once together");
    assert_eq!(score.b, 400, "four credit reports weigh more than 300 names");
    assert!(!score.incomplete);
}

#[test]
fn named_people_and_counts_add_up() {
    let lines = [
        access("e1").at(on(0, "09:00")).reads("loan.credit", &["report"]).of(0..3),
        access("e1").at(on(0, "09:10")).reads("crm.customers", &["name"]).rows(50),
        // A list that the source cut: five of twenty people are named.
        access("e1").at(on(0, "09:20")).reads("crm.customers", &["name"]).of(10..15).rows(20),
    ];
    let score = score(&lines);
    assert_eq!(score.a, 300 + 50 + 5 + 15);
    assert_eq!(score.b, 300 + 5 + 50);
}

#[test]
fn a_count_that_nobody_knows_makes_the_score_incomplete() {
    let known = access("e1").at(on(0, "09:00")).reads("crm.customers", &["name"]).of(0..3);
    let unknown = access("e1").at(on(0, "09:10")).reads("crm.customers", &["name"]);
    assert!(!score(std::slice::from_ref(&known)).incomplete);
    let both = score(&[known, unknown]);
    assert!(both.incomplete);
    assert_eq!((both.b, both.a), (3, 3), "unknown is never taken for a figure");
}

#[test]
fn tables_and_kinds_that_are_not_known_make_the_score_incomplete() {
    let small = access("e1").at(on(0, "09:00")).reads("crm.customers", &["name"]).of(0..425);
    let with = |table: &str, columns: &[&str]| {
        let export = access("e1").at(on(0, "09:10")).reads(table, columns).rows(60_000);
        score(&[small.clone(), export])
    };
    let (unlisted, copy) = (with("scratch.x17", &[]), with("scratch.customers_backup_0226", &["name"]));
    assert_eq!((unlisted.incomplete, unlisted.b), (true, 425), "nobody knows what was in it");
    assert_eq!((copy.incomplete, copy.b), (true, 60_425), "what its name says is no proof");
    assert!(!with("crm.customers", &["name"]).incomplete);
    let impersonal = access("e1").at(on(0, "09:10")).reads("ref.branches", &["city"]).rows(60_000);
    assert!(!score(&[small, impersonal]).incomplete);
}

#[test]
fn an_alert_tells_from_what_it_is_concluded_what_a_table_holds() {
    let lines: Vec<Line> = (0..40)
        .map(|n| access("e1").at(on(0, "09:00") + leakwarden::model::time::Span::minutes(n)).reads("bak.customers", &["name"]).rows(2_000))
        .collect();
    let played = play(&World::bank().context(), &lines);
    let alert = played.alert();
    assert_eq!(alert.evidence.inferred, ["bak.customers resembles crm.customers"]);
    assert!(alert.explanation.contains("bak.customers resembles crm.customers"), "{}", alert.explanation);
    assert!(alert.statute.exposure.incomplete);
}

#[test]
fn one_session_that_reads_a_table_in_full_three_times_took_its_people_once() {
    let took = |sessions: [&str; 3], texts: [&str; 3]| {
        let line = |(n, (session, text)): (i64, (&str, &str))| {
            let at = on(0, "09:00") + leakwarden::model::time::Span::minutes(n);
            access("e1").at(at).set("session", session).set("statement", text).rows(5_001 + n as u64)
        };
        let lines: Vec<Line> = (0..).zip(sessions.into_iter().zip(texts)).map(line).collect();
        let played = play(&World::bank().context(), &lines);
        let profile = &played.of("e1").profile;
        profile.observe(Window::H24, profile.today() * 288 + 287, CountScope::Exposure).persons
    };
    let full = ["SELECT * FROM crm.customers", "COPY crm.customers TO STDOUT", "SELECT id, name FROM crm.customers ORDER BY id"];
    assert_eq!(took(["s1"; 3], full), Persons::AtMost(5_003));
    assert_eq!(took(["s1", "s1", "s2"], full), Persons::AtMost(5_002 + 5_003), "another session may have another table of that name");
    let narrowed =
        ["SELECT * FROM crm.customers", "SELECT * FROM crm.customers WHERE branch = 'SH'", "SELECT * FROM crm.customers LIMIT 9000"];
    assert_eq!(took(["s1"; 3], narrowed), Persons::AtMost(5_001 + 5_002 + 5_003));
}

#[test]
fn what_a_reason_covers_is_exposure_and_not_unexplained() {
    let reason = r#"{"employee":"e1","subjects":["0","1"],"from":"2026-03-02T00:00:00Z","to":"2026-03-03T00:00:00Z","reason":"ticket"}"#;
    let world = World::bank().reasons(&[reason.to_owned()]);
    let played = play(&world.context(), &[access("e1").at(on(0, "09:00")).reads("loan.credit", &["report"]).of(0..5)]);
    let unexplained = played.of("e1").profile.statute_score(CountScope::Unexplained, &Statute::built_in());
    assert_eq!((exposure(&played).b, unexplained.b), (500, 300));
}

#[test]
fn what_was_touched_a_year_ago_no_longer_counts() {
    let day = |n: i64, people: std::ops::Range<u64>| access("e1").at(on(n, "09:00")).reads("loan.credit", &["report"]).of(people);
    let count = |n: i64, rows| access("e1").at(on(n, "10:00")).reads("crm.customers", &["name"]).rows(rows);
    let ordinary = |n: i64| access("e1").at(on(n, "11:00")).reads("ref.branches", &["city"]).rows(3);
    let start = [day(0, 0..5), count(0, 1_000)];
    let end_of = |last: i64| {
        let between = (1..=last).map(ordinary);
        score(&start.iter().cloned().chain(between).collect::<Vec<_>>())
    };
    let (kept, gone) = (end_of(364), end_of(365));
    assert_eq!((kept.a, kept.b), (1_500, 1_500), "364 days later it is the oldest day of the year");
    assert_eq!((gone.a, gone.b), (0, 0), "a day later neither people nor counts are left");
}

#[test]
fn an_alert_carries_the_same_score_with_the_wording_of_the_law() {
    let played = play(&World::bank().context(), &reads("crm.customers", &["name", "phone"], 0..4_978));
    let alert = played.alert();
    assert_eq!(alert.statute.exposure, exposure(&played));
    assert_eq!(alert.statute.jurisdiction, "cn-2017");
    assert!(alert.explanation.contains("arithmetically comparable with art. 5"), "{}", alert.explanation);
    for word in ["guilt", "crime", "sold", "sale", "intent", "criminal"] {
        assert!(!alert.explanation.to_lowercase().contains(word), "{word}: {}", alert.explanation);
    }
}
