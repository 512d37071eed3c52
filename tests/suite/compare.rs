//! Two runs over the same log: what is new, lost, or changed.

use crate::common::line::{Line, access, on};
use crate::common::play::{Play, play};
use crate::common::program::leakwarden;
use crate::common::world::World;
use leakwarden::evaluate::compare::{AlertSummary, compare};
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::model::typology::Typology;

/// Reads of five thousand people by one, of fifteen hundred by another; no id follows another.
fn lines() -> Vec<Line> {
    let read = |who: &str, n: i64, people: u64| {
        let from = n as u64 * people;
        access(who).at(on(0, &format!("09:{n:02}"))).reads("crm.customers", &["name"]).of((from..from + people).map(|id| id * 7))
    };
    (0..10).flat_map(|n| [read("e1", n, 500), read("e2", n, 150)]).collect()
}

fn run(world: &World) -> Play {
    play(&world.context(), &lines())
}

fn with_floor(floor: u32) -> World {
    World::bank().section("detectors.bulk_extract", format!("floor = {floor}"))
}

#[test]
fn the_same_configuration_changes_nothing_and_neither_does_the_budget() {
    let before = run(&World::bank());
    assert!(before.ledger.len() >= 2, "{:?}", before.typologies());
    for world in [World::bank(), World::bank().section("alerts", "budget_per_day = 50")] {
        let comparison = compare(&before.ledger, &run(&world).ledger);
        assert_eq!(comparison.same, before.ledger.len());
        assert!(comparison.new.is_empty() && comparison.lost.is_empty() && comparison.changed.is_empty());
    }
}

#[test]
fn an_alert_that_another_floor_loses_is_lost_and_the_other_way_round_new() {
    let of = |briefs: &[AlertSummary]| {
        briefs.iter().filter(|summary| summary.typology == Typology::BulkExtract).map(|b| b.who.clone()).collect::<Vec<_>>()
    };
    let (low, high) = (run(&with_floor(100)), run(&with_floor(3_000)));
    let lost = compare(&low.ledger, &high.ledger);
    assert_eq!(of(&lost.lost), ["e2"]);
    assert_eq!(of(&lost.new), Vec::<String>::new());
    assert_eq!(of(&compare(&high.ledger, &low.ledger).new), ["e2"]);
}

#[test]
fn an_alert_with_another_first_finding_is_the_same_one_changed() {
    // A higher floor is reached later, by another record: the id differs.
    let (low, high) = (run(&with_floor(100)), run(&with_floor(3_000)));
    let comparison = compare(&low.ledger, &high.ledger);
    let (was, is) =
        comparison.changed.iter().find(|(was, _)| was.who == "e1" && was.typology == Typology::BulkExtract).expect("e1 changed");
    assert_ne!(was.id, is.id);
    assert!(was.raised_at < is.raised_at && is.typology == Typology::BulkExtract);
}

#[test]
fn nothing_against_something_is_all_new() {
    let something = run(&World::bank());
    let comparison = compare(&LatestAlerts::default(), &something.ledger);
    assert_eq!((comparison.new.len(), comparison.same, comparison.lost.len()), (something.ledger.len(), 0, 0));
}

#[test]
fn the_program_tells_it_and_writes_it() {
    let dir = tempfile::tempdir().expect("a directory");
    World::bank().write(dir.path());
    let other = std::fs::read_to_string(dir.path().join("config.toml")).expect("is there") + "[detectors.bulk_extract]\nenabled = false\n";
    std::fs::write(dir.path().join("other.toml"), other).expect("written");
    let log: Vec<String> = lines().iter().map(ToString::to_string).collect();
    std::fs::write(dir.path().join("log"), log.join("\n")).expect("written");
    let arguments = ["replay", "--config", "config.toml", "--compare", "other.toml", "--score", "difference.json", "log"];
    let ran = leakwarden(dir.path(), &arguments).well();
    assert!(ran.err.contains("with other.toml: ") && ran.err.contains("  lost     2026-03-02"), "{}", ran.err);
    let written = std::fs::read(dir.path().join("difference.json")).expect("was written");
    let difference: serde_json::Value = serde_json::from_slice(&written).expect("is JSON");
    assert_eq!(difference["lost"][0]["typology"], "bulk_extract");
    assert_eq!(leakwarden(dir.path(), &arguments).well().err.lines().last(), ran.err.lines().last(), "the same again");
    let refused = leakwarden(dir.path(), &["replay", "--compare", "other.toml", "-"]);
    assert_eq!(refused.status, 2, "{}", refused.err);
}
