//! The budget by itself: what is shown, and what cannot be kept from being shown.

use super::*;
use crate::model::severity::Severity;
use crate::model::time::HOUR_MS;
use crate::triage::AlertSettings;
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

fn new(per_day: u32) -> Budget {
    Budget::new(&AlertSettings { budget_per_day: per_day, show_at: 0.1, ..AlertSettings::default() })
}

/// The case of the person, of which that share is expected to be true.
fn case(who: &str, probability: f64, standing: Standing) -> CaseView {
    CaseView { id: format!("case of {who}"), probability, standing, ..CaseView::default() }
}

/// Passes an alert at an hour, and says whether it is shown. A hundredth of its score is the expected share of true ones.
fn pass(budget: &mut Budget, alert: &Alert, standing: Standing, hour: i64) -> bool {
    pass_in(budget, alert, &case(alert.about(), alert.score / 100.0, standing), hour)
}

fn pass_in(budget: &mut Budget, alert: &Alert, view: &CaseView, hour: i64) -> bool {
    let mut alert = alert.clone();
    budget.pass(&mut alert, view, Timestamp(hour * HOUR_MS));
    alert.shown_at.is_some()
}

#[test]
fn a_day_shows_so_many_and_what_is_left_goes_to_the_highest_that_wait() {
    let mut budget = new(2);
    let shown = (0..4).filter(|n| pass(&mut budget, &alert(&format!("e{n}"), "bulk_extract", 50.0 + f64::from(*n), 9), PLAIN, 9)).count();
    assert_eq!(shown, 2);
    budget.turn(Timestamp(24 * HOUR_MS));
    assert!(budget.shown_at("e3/bulk_extract").is_none(), "the first day was full");
    budget.turn(Timestamp(48 * HOUR_MS));
    assert!(budget.shown_at("e3/bulk_extract").is_some() && budget.shown_at("e2/bulk_extract").is_some());
}

#[test]
fn what_closed_while_its_case_waited_takes_no_place_and_is_not_shown() {
    let mut budget = new(1);
    assert!(pass(&mut budget, &alert("e0", "bulk_extract", 90.0, 9), PLAIN, 9));
    let waits = |who: &str, typology: &str| alert(who, typology, 50.0, 9);
    for of in [waits("e1", "bulk_extract"), waits("e2", "bulk_extract"), waits("e2", "celebrity")] {
        assert!(!pass(&mut budget, &of, PLAIN, 10));
    }
    for closed in [waits("e1", "bulk_extract"), waits("e2", "celebrity")] {
        assert!(!pass(&mut budget, &Alert { state: AlertState::Closed, ..closed }, PLAIN, 11));
    }
    budget.turn(Timestamp(24 * HOUR_MS));
    assert!(budget.take_untold().of_sources.is_empty(), "the first day was full");
    budget.turn(Timestamp(48 * HOUR_MS));
    assert!(budget.shown_at("e1/bulk_extract").is_none() && budget.shown_at("e2/celebrity").is_none());
    assert!(budget.shown_at("e2/bulk_extract").is_some(), "the place was not taken");
    let told = |budget: &mut Budget| budget.take_untold().of_people.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    assert_eq!(told(&mut budget), ["e2/bulk_extract"]);
    assert!(told(&mut budget).is_empty(), "it is told once");
}

#[test]
fn places_stay_empty_where_nothing_is_worth_a_look() {
    let mut budget = new(3);
    assert!(!pass(&mut budget, &alert("e1", "bulk_extract", 9.9, 900), PLAIN, 9));
    assert!(pass(&mut budget, &alert("e2", "bulk_extract", 10.0, 900), PLAIN, 9));
    assert!(pass(&mut budget, &alert("e3", "canary", 1.0, 1), GRAVE, 9), "but for what is grave by nature");
    budget.turn(Timestamp(24 * HOUR_MS));
    assert!(budget.shown_at("e1/bulk_extract").is_none(), "and with room left");
    assert!(pass(&mut budget, &alert("e1", "bulk_extract", 11.0, 900), PLAIN, 30), "until it is");
}

#[test]
fn what_is_worth_a_look_can_be_changed_while_a_case_waits() {
    let mut budget = new(3);
    assert!(!pass(&mut budget, &alert("e1", "bulk_extract", 5.0, 900), PLAIN, 9));
    budget.set(&AlertSettings { show_at: 0.05, ..AlertSettings::default() });
    budget.turn(Timestamp(24 * HOUR_MS));
    assert_eq!(budget.shown_at("e1/bulk_extract"), Some("1970-01-01T23:59:59.999Z"));
}

#[test]
fn a_person_takes_one_place_and_what_joins_the_case_is_shown_with_it() {
    let mut budget = new(2);
    let one = |budget: &mut Budget, typology: &str, hour| pass_in(budget, &alert("e1", typology, 50.0, 12), &case("e1", 0.5, PLAIN), hour);
    assert!(one(&mut budget, "celebrity", 9) && one(&mut budget, "tracked_person", 10) && one(&mut budget, "off_duty", 11));
    assert!(pass(&mut budget, &alert("e2", "bulk_extract", 50.0, 12), PLAIN, 12), "there is a second place");
    assert!(!pass(&mut budget, &alert("e3", "bulk_extract", 50.0, 12), PLAIN, 13));
    let again = |budget: &Budget, typology: &str| budget.again.contains_key(&format!("e1/{typology}"));
    assert!(again(&budget, "off_duty"), "another family shows the case again");
    assert!(!again(&budget, "tracked_person") && !again(&budget, "celebrity"), "the same does not");
}

#[test]
fn all_alerts_of_a_case_that_waited_are_shown_with_it() {
    let mut budget = new(1);
    assert!(pass(&mut budget, &alert("e0", "bulk_extract", 90.0, 12), PLAIN, 9));
    for (typology, probability) in [("celebrity", 0.04), ("off_duty", 0.3)] {
        assert!(!pass_in(&mut budget, &alert("e1", typology, 50.0, 12), &case("e1", probability, PLAIN), 10));
    }
    budget.turn(Timestamp(24 * HOUR_MS));
    budget.turn(Timestamp(48 * HOUR_MS));
    assert!(budget.shown_at("e1/celebrity").is_some() && budget.shown_at("e1/celebrity") == budget.shown_at("e1/off_duty"));
}

#[test]
fn a_group_is_one_place_with_all_its_members_also_those_who_join_later() {
    let mut budget = new(2);
    let group = |probability| CaseView { id: "g".to_owned(), probability, is_group: true, ..CaseView::default() };
    let of = |who: &str| alert(who, "vendor_cohort", 50.0, 40);
    assert!(!pass_in(&mut budget, &of("v1"), &group(0.05), 9), "by its best member");
    assert!(pass_in(&mut budget, &of("v2"), &group(0.5), 9) && budget.shown_at("v1/vendor_cohort").is_some());
    assert!(pass_in(&mut budget, &of("v3"), &group(0.01), 10));
    assert!(pass(&mut budget, &alert("e1", "bulk_extract", 50.0, 12), PLAIN, 11), "there is a second place");
    assert!(!pass(&mut budget, &alert("v1", "low_and_slow", 50.0, 12), PLAIN, 40), "what a member does alone must be louder");
    assert!(pass(&mut budget, &alert("v2", "off_duty", 50.0, 12), PLAIN, 41));
}

#[test]
fn who_was_shown_takes_a_place_only_with_what_is_louder() {
    let mut budget = new(3);
    let case = |n: u32| CaseView { id: format!("case {n} of e1"), probability: 0.5, ..CaseView::default() };
    assert!(pass_in(&mut budget, &alert("e1", "celebrity", 45.0, 12), &case(1), 9));
    assert!(!pass_in(&mut budget, &alert("e1", "tracked_person", 45.0, 12), &case(2), 30), "the same family");
    assert!(pass_in(&mut budget, &alert("e1", "bulk_extract", 77.0, 10_000), &case(3), 33));
    assert!(!pass_in(&mut budget, &alert("e1", "low_and_slow", 70.0, 9_000), &case(4), 34));
}

#[test]
fn an_alert_that_became_louder_is_shown_again_without_a_place() {
    let mut budget = new(1);
    assert!(pass(&mut budget, &alert("e1", "bulk_extract", 45.0, 12), PLAIN, 9));
    let mut louder = alert("e1", "bulk_extract", 85.0, 10_000);
    budget.pass(&mut louder, &case("e1", 0.85, PLAIN), Timestamp(11 * HOUR_MS));
    assert_eq!(louder.shown_again.as_deref(), Some("1970-01-01T11:00:00Z"));
    assert_ne!(louder.shown_at, louder.shown_again);
}

#[test]
fn a_case_goes_on_being_shown_as_long_as_an_alert_of_it_is_open() {
    let mut budget = new(1);
    assert!(pass(&mut budget, &alert("e1", "bulk_extract", 45.0, 12), PLAIN, 9));
    budget.turn(Timestamp(60 * 24 * HOUR_MS));
    assert!(pass(&mut budget, &alert("e1", "low_and_slow", 45.0, 12), PLAIN, 60 * 24 + 1));
    assert!(pass(&mut budget, &alert("e2", "bulk_extract", 45.0, 12), PLAIN, 60 * 24 + 2), "which took no place");
}

#[test]
fn no_volume_of_others_takes_the_place_of_what_is_grave() {
    let mut budget = new(3);
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
    let mut budget = new(3);
    let fill = |budget: &mut Budget, day: i64, typology: &str, standing| {
        let all = (0..9).map(|n| alert(&format!("{typology}{day}-{n}"), typology, 80.0, 10));
        all.filter(|alert| pass(budget, alert, standing, day * 24 + 9)).count()
    };
    assert_eq!((fill(&mut budget, 0, "bulk_extract", PLAIN), fill(&mut budget, 0, "canary", GRAVE)), (3, 3));
    assert_eq!(fill(&mut budget, 1, "bulk_extract", PLAIN), 1, "and one place is kept");
}

#[test]
fn claims_take_no_place_of_those_who_are_known_for_certain() {
    let mut budget = new(2);
    let claimed = Standing { claimed: true, ..PLAIN };
    let shown = (0..9).filter(|n| pass(&mut budget, &alert(&format!("c{n}"), "bulk_extract", 95.0, 10_000), claimed, 9)).count();
    assert_eq!(shown, 2, "where there is nobody else they have all places");
    assert!(pass(&mut budget, &alert("e1", "bulk_extract", 60.0, 900), PLAIN, 10));
    assert!(
        pass_in(&mut budget, &alert("c0", "celebrity", 41.0, 1), &CaseView { id: "another".to_owned(), ..case("c0", 0.41, PLAIN) }, 10),
        "what is sure about somebody is news after a claim"
    );
}

#[test]
fn many_alerts_of_one_login_or_device_are_one_place() {
    let mut budget = new(3);
    let framed = Standing { place: 7, ..PLAIN };
    let shown = (0..9).filter(|n| pass(&mut budget, &alert(&format!("c{n}"), "bulk_extract", 95.0, 10_000), framed, 9)).count();
    assert_eq!(shown, 1);
    assert!(pass(&mut budget, &alert("e1", "bulk_extract", 60.0, 900), PLAIN, 10));
    budget.turn(Timestamp(24 * HOUR_MS));
    let others = (0..9).filter(|n| budget.shown_at(&format!("c{n}/bulk_extract")).is_some()).count();
    assert_eq!(others, 2, "what is left of the day goes to its others");
}

#[test]
fn each_case_is_counted_once_when_it_is_shown_and_again_when_it_is_louder() {
    let mut budget = new(1);
    let medium = alert("e1", "bulk_extract", 45.0, 12);
    assert!(pass(&mut budget, &medium, PLAIN, 9) && pass(&mut budget, &alert("e1", "low_and_slow", 44.0, 12), PLAIN, 10));
    assert!(!pass(&mut budget, &alert("e2", "bulk_extract", 45.0, 12), PLAIN, 11), "which is open and was not shown");
    let at = |severity: Severity, n: u64| {
        let mut counts = [0; Severity::ALL.len()];
        counts[severity as usize] = n;
        counts
    };
    let (first, again) = (at(Severity::Medium, 1), [0; Severity::ALL.len()]);
    assert_eq!(budget.take_cases_shown(), CasesShown { first, again });
    assert_eq!((budget.open_cases().open, budget.open_cases().shown), (at(Severity::Medium, 2), at(Severity::Medium, 1)));
    pass(&mut budget, &alert("e1", "bulk_extract", 85.0, 10_000), PLAIN, 12);
    assert_eq!(budget.take_cases_shown(), CasesShown { first: again, again: at(Severity::Critical, 1) });
    assert_eq!(budget.open_cases().shown, at(Severity::Critical, 1), "by its gravest alert");
    budget.turn(Timestamp(24 * HOUR_MS));
    budget.turn(Timestamp(48 * HOUR_MS));
    assert_eq!(budget.take_cases_shown().first, first, "what waited");
}
