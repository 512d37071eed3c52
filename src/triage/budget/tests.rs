//! The budget by itself: what is shown, and what cannot be kept from being shown.

use super::*;
use crate::model::severity::Severity;
use crate::model::time::HOUR_MS;
use serde_json::json;

const PLAIN: Standing = Standing { grave: false, claimed: false, place: 0 };
const GRAVE: Standing = Standing { grave: true, ..PLAIN };

fn alert(who: &str, typology: &str, score: f64, people: u64) -> Alert {
    let statute =
        json!({"b": 0, "a": 0, "band": "below", "band_a": "below", "band_ordinary": "below", "incomplete": false, "at_least": false});
    serde_json::from_value(json!({
        "id": format!("{who}/{typology}"), "revision": 1, "state": "open", "settled": true, "typology": typology,
        "severity": Severity::of_score(score).name(), "score": score, "employee": who, "account": null, "source": null, "unit": null,
        "role": null, "in_directory": true, "related": [], "raised_at": "2026-03-02T09:00:00Z", "reached": {}, "shown_at": null,
        "first_access": "", "last_access": "", "window": "24h",
        "observed": {"accesses": 1, "records": people, "persons": {"exact": people}, "named": {"exact": 0}, "counted": people,
            "unknown_accesses": 0, "kinds": {}},
        "expected": {"own": null, "peers": null},
        "statute": {"jurisdiction": "cn-2017", "exposure": statute.clone(), "unexplained": statute},
        "explanation": "", "innocent_reasons": [], "evidence": {"records": 1, "sources": [], "root": ""},
        "made_by": {"version": "", "config": "", "baseline": ""}
    }))
    .expect("an alert")
}

/// Passes an alert at an hour, and says whether it is shown.
fn pass(budget: &mut Budget, alert: &Alert, standing: Standing, hour: i64) -> bool {
    let mut alert = alert.clone();
    budget.pass(&mut alert, standing, Timestamp(hour * HOUR_MS));
    alert.shown_at.is_some()
}

#[test]
fn a_day_shows_so_many_and_what_is_left_goes_to_the_highest_that_wait() {
    let mut budget = Budget::new(2);
    let shown = (0..4).filter(|n| pass(&mut budget, &alert(&format!("e{n}"), "bulk_extract", 50.0 + f64::from(*n), 9), PLAIN, 9)).count();
    assert_eq!(shown, 2);
    budget.turn(Timestamp(24 * HOUR_MS));
    assert!(budget.shown_at("e3/bulk_extract").is_none(), "the first day was full");
    budget.turn(Timestamp(48 * HOUR_MS));
    assert!(budget.shown_at("e3/bulk_extract").is_some() && budget.shown_at("e2/bulk_extract").is_some());
}

#[test]
fn who_was_shown_takes_a_place_only_with_what_is_louder() {
    let mut budget = Budget::new(3);
    assert!(pass(&mut budget, &alert("e1", "celebrity", 45.0, 12), PLAIN, 9));
    assert!(!pass(&mut budget, &alert("e1", "tracked_person", 45.0, 12), PLAIN, 30), "the same family");
    assert!(pass(&mut budget, &alert("e1", "bulk_extract", 77.0, 10_000), PLAIN, 33));
    assert!(!pass(&mut budget, &alert("e1", "low_and_slow", 70.0, 9_000), PLAIN, 34));
}

#[test]
fn an_alert_that_became_louder_is_shown_again_without_a_place() {
    let mut budget = Budget::new(1);
    assert!(pass(&mut budget, &alert("e1", "bulk_extract", 45.0, 12), PLAIN, 9));
    let mut louder = alert("e1", "bulk_extract", 85.0, 10_000);
    budget.pass(&mut louder, PLAIN, Timestamp(11 * HOUR_MS));
    assert_eq!(louder.shown_again.as_deref(), Some("1970-01-01T11:00:00Z"));
    assert_ne!(louder.shown_at, louder.shown_again);
}

#[test]
fn no_volume_of_others_takes_the_place_of_what_is_grave() {
    let mut budget = Budget::new(3);
    // For a fortnight everybody is louder.
    for n in 0..600 {
        pass(&mut budget, &alert(&format!("e{n}"), "bulk_extract", 95.0, 10_000), PLAIN, n / 2);
    }
    assert!(!pass(&mut budget, &alert("x", "celebrity", 45.0, 1), PLAIN, 305));
    assert!(pass(&mut budget, &alert("x", "canary", 45.0, 1), GRAVE, 306));
    let more = (0..9).filter(|n| pass(&mut budget, &alert(&format!("y{n}"), "tampering", 45.0, 1), GRAVE, 307)).count();
    assert_eq!(more, 2, "as many places again, and no more");
}

#[test]
fn what_was_given_beyond_is_given_back() {
    let mut budget = Budget::new(3);
    let fill = |budget: &mut Budget, day: i64, typology: &str, standing| {
        let all = (0..9).map(|n| alert(&format!("{typology}{day}-{n}"), typology, 80.0, 10));
        all.filter(|alert| pass(budget, alert, standing, day * 24 + 9)).count()
    };
    assert_eq!((fill(&mut budget, 0, "bulk_extract", PLAIN), fill(&mut budget, 0, "canary", GRAVE)), (3, 3));
    assert_eq!(fill(&mut budget, 1, "bulk_extract", PLAIN), 1, "and one place is kept");
}

#[test]
fn claims_take_no_place_of_those_who_are_known_for_certain() {
    let mut budget = Budget::new(2);
    let claimed = Standing { claimed: true, ..PLAIN };
    let shown = (0..9).filter(|n| pass(&mut budget, &alert(&format!("c{n}"), "bulk_extract", 95.0, 10_000), claimed, 9)).count();
    assert_eq!(shown, 2, "where there is nobody else they have all places");
    assert!(pass(&mut budget, &alert("e1", "bulk_extract", 60.0, 900), PLAIN, 10));
    assert!(pass(&mut budget, &alert("c0", "celebrity", 41.0, 1), PLAIN, 10), "what is sure about somebody is news after a claim");
}

#[test]
fn many_alerts_of_one_login_or_device_are_one_place() {
    let mut budget = Budget::new(3);
    let framed = Standing { place: 7, ..PLAIN };
    let shown = (0..9).filter(|n| pass(&mut budget, &alert(&format!("c{n}"), "bulk_extract", 95.0, 10_000), framed, 9)).count();
    assert_eq!(shown, 1);
    assert!(pass(&mut budget, &alert("e1", "bulk_extract", 60.0, 900), PLAIN, 10));
    budget.turn(Timestamp(24 * HOUR_MS));
    let others = (0..9).filter(|n| budget.shown_at(&format!("c{n}/bulk_extract")).is_some()).count();
    assert_eq!(others, 2, "what is left of the day goes to its others");
}
