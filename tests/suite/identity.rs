//! An alert is one evolving thing: its id is the same for ever, its revisions count up, it opens and closes by the settings,
//! and every key of docs/contract.md §8 is always there.

use crate::common::line::{Line, access, by_account, on};
use crate::common::play::{Play, play};
use crate::common::world::World;
use leakwarden::model::alert::{Alert, AlertState};
use leakwarden::model::severity::Severity;
use leakwarden::model::typology::Typology;
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads of ten thousand people, a thousand a minute, whose ids do not follow one another: enough to be grave.
fn extract(who: &str, day: i64, first: u64) -> Vec<Line> {
    let read = |n: i64| {
        let from = first * 10 + n as u64 * 1_000;
        access(who).at(on(day, &format!("09:{n:02}"))).reads("crm.customers", &["name"]).of((from..from + 1_000).map(|id| id * 13))
    };
    (0..10).map(read).collect()
}

fn nobody(day: i64) -> Line {
    access("e2").at(on(day, "12:00")).reads("crm.customers", &["name"]).of([1])
}

/// Plays a line at a time.
fn step_by_step(world: &World, lines: &[Line]) -> Play {
    let mut play = Play::new(&world.context());
    lines.iter().for_each(|line| play.take(std::slice::from_ref(line)));
    play.finish();
    play
}

#[test]
fn the_id_is_the_same_for_the_same_input_and_another_for_another() {
    let ids =
        |lines: &[Line]| -> Vec<String> { play(&World::bank().context(), lines).alerts().iter().map(|alert| alert.id.clone()).collect() };
    let one = ids(&extract("e1", 0, 0));
    assert_eq!(one.len(), 1);
    assert_eq!(one, ids(&extract("e1", 0, 0)));
    // More of the same, and the company of others, change nothing.
    let more: Vec<Line> = [extract("e1", 0, 0), vec![nobody(0), nobody(1)], extract("e1", 1, 5_000)].concat();
    assert_eq!(one, ids(&more));
    assert_ne!(one, ids(&extract("e9", 0, 0)));
    assert_ne!(one, ids(&extract("e1", 1, 0)));
}

#[test]
fn an_episode_closes_when_quiet_and_the_next_finding_opens_another() {
    let quiet_days = |days: i64| (1..days).map(nobody);
    let lines: Vec<Line> =
        extract("e1", 0, 0).into_iter().chain(quiet_days(9)).chain(extract("e1", 9, 5_000)).chain((10..12).map(nobody)).collect();
    let played = play(&World::bank().context(), &lines);
    let states: Vec<(AlertState, &str)> = played.alerts().iter().map(|alert| (alert.state, &alert.raised_at[..10])).collect();
    assert_eq!(states, [(AlertState::Closed, "2026-03-02"), (AlertState::Open, "2026-03-11")]);
    assert_ne!(played.alerts()[0].id, played.alerts()[1].id);
    let longer = play(&World::bank().section("alerts", "quiet = \"10d\"").context(), &lines);
    assert_eq!(longer.alert().state, AlertState::Open, "the same episode goes on");
    assert_eq!(longer.alert().last_access, on(9, "09:09").to_string());
}

#[test]
fn weak_findings_open_no_alert_below_the_configured_grade() {
    let opened = |grade: &str| {
        let world = World::bank().section("alerts", format!("open_at = \"{grade}\""));
        play(&world.context(), &extract("e1", 0, 0)).alerts().first().map(|alert| (alert.severity, alert.raised_at.clone()))
    };
    let (severity, raised_at) = opened("medium").expect("opens");
    assert!(severity >= Severity::Medium && severity < Severity::Critical, "{severity}");
    let (_, low) = opened("low").expect("opens");
    assert!(low <= raised_at, "opened at the first weak finding");
    assert_eq!(opened("critical"), None);
}

#[test]
fn revisions_count_up_from_one_and_only_grow_graver() {
    let played =
        step_by_step(&World::bank(), &[extract("e1", 0, 0), extract("e1", 1, 5_000), vec![nobody(2), nobody(9), nobody(10)]].concat());
    let mut last: BTreeMap<&str, &Alert> = BTreeMap::new();
    for revision in &played.revisions {
        let alert = &revision.alert;
        assert!(alert.settled);
        let Some(before) = last.insert(&alert.id, alert) else {
            assert_eq!((alert.revision, alert.state), (1, AlertState::Open));
            continue;
        };
        assert_eq!(alert.revision, before.revision + 1);
        assert!(alert.severity >= before.severity && alert.score >= before.score);
        assert_eq!((&alert.raised_at, &alert.first_access), (&before.raised_at, &before.first_access));
        assert!(before.reached.iter().all(|(grade, at)| alert.reached.get(grade) == Some(at)), "what was reached stays");
    }
    let alert = played.alert();
    assert!(alert.revision >= 3 && alert.state == AlertState::Closed, "{} {:?}", alert.revision, alert.state);
}

#[test]
fn how_fast_records_come_changes_no_alert() {
    let lines = [extract("e1", 0, 0), extract("e1", 1, 5_000), vec![nobody(2), nobody(9), nobody(10)]].concat();
    assert_eq!(step_by_step(&World::bank(), &lines).written(), play(&World::bank().context(), &lines).written());
}

#[test]
fn the_budget_changes_when_an_alert_is_shown_and_nothing_else() {
    let lines: Vec<Line> = ["e1", "e2", "e3", "e4"].into_iter().zip(0..).flat_map(|(who, n)| extract(who, 0, n * 10_000)).collect();
    let mut lines = lines;
    lines.sort_by_key(|line| line.to_string().split("\"time\":").nth(1).map(str::to_owned));
    let with_budget = |budget: u32| {
        let world = World::bank().section("alerts", format!("budget_per_day = {budget}"));
        let alerts: Vec<Alert> = play(&world.context(), &lines).alerts().into_iter().cloned().collect();
        let shown = alerts.iter().filter(|alert| alert.shown_at.is_some()).count();
        let hidden: Vec<Alert> = alerts.into_iter().map(|alert| Alert { shown_at: None, shown_again: None, ..alert }).collect();
        (shown, hidden)
    };
    let (all, alerts) = with_budget(100);
    assert_eq!((all, alerts.len()), (4, 4));
    assert_eq!(with_budget(2), (2, alerts.clone()));
    assert_eq!(with_budget(0), (0, alerts));
}

#[test]
fn whoever_reads_revisions_hears_of_a_case_that_waited_as_the_day_begins() {
    let mut lines: Vec<Line> = ["e1", "e2", "e3"].into_iter().zip(0..).flat_map(|(who, n)| extract(who, 0, n * 10_000)).collect();
    lines.sort_by_key(|line| line.to_string().split("\"time\":").nth(1).map(str::to_owned));
    lines.extend([1, 2, 3, 4, 9, 10].map(nobody));
    let played = step_by_step(&World::bank().section("alerts", "budget_per_day = 1"), &lines);
    let mut revisions: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    for revision in &played.revisions {
        revisions.entry(&revision.alert.id).or_default().push(&revision.alert);
    }
    // One takes the place of the first day, one that of the second with what the day's end tells of it, and the third waits.
    let waited = |of: &&Vec<&Alert>| of.iter().any(|alert| alert.shown_at.as_deref() == Some("2026-03-04T23:59:59.999Z"));
    let of_waited: Vec<&Vec<&Alert>> = revisions.values().filter(waited).collect();
    assert_eq!((revisions.len(), of_waited.len()), (3, 1));
    let [.., before, shown, closed] = of_waited[0].as_slice() else { panic!("{} revisions", of_waited[0].len()) };
    assert_eq!((shown.state, closed.state), (AlertState::Open, AlertState::Closed));
    assert_eq!(before.shown_at, None);
    // Nothing else has changed but what it is compared with by now.
    let told = Alert {
        revision: before.revision + 1,
        shown_at: shown.shown_at.clone(),
        made_by: shown.made_by.clone(),
        expected: shown.expected.clone(),
        ..(*before).clone()
    };
    assert_eq!(serde_json::to_value(shown).expect("writes"), serde_json::to_value(told).expect("writes"));
}

const KEYS: [&str; 30] = [
    "identity",
    "id",
    "revision",
    "provisional",
    "state",
    "settled",
    "typology",
    "severity",
    "score",
    "employee",
    "account",
    "unit",
    "role",
    "related",
    "raised_at",
    "reached",
    "shown_at",
    "first_access",
    "last_access",
    "window",
    "observed",
    "expected",
    "statute",
    "explanation",
    "innocent_reasons",
    "evidence",
    "case",
    "case_score",
    "made_by",
    "in_directory",
];

const SCORE: [&str; 6] = ["b", "a", "band", "band_a", "band_ordinary", "incomplete"];

fn assert_keys(value: &Value, keys: &[&str]) {
    let object = value.as_object().expect("an object");
    keys.iter().for_each(|key| assert!(object.contains_key(*key), "{key} in {value}"));
}

fn assert_contract(alert: &Alert) {
    let value = serde_json::to_value(alert).expect("writes");
    assert_keys(&value, &KEYS);
    assert_keys(&value["observed"], &["accesses", "records", "persons", "named", "counted", "unknown_accesses", "kinds"]);
    assert_keys(&value["expected"], &["own", "peers"]);
    assert_keys(&value["statute"], &["jurisdiction", "exposure", "unexplained"]);
    assert_keys(&value["statute"]["exposure"], &SCORE);
    assert_keys(&value["statute"]["unexplained"], &SCORE);
    assert_keys(&value["evidence"], &["records", "sources", "root"]);
    assert_keys(&value["made_by"], &["version", "config", "baseline", "calibration"]);
    for reason in value["innocent_reasons"].as_array().expect("a list") {
        assert_keys(reason, &["reason", "tested", "holds", "detail"]);
    }
    for source in value["evidence"]["sources"].as_array().expect("a list") {
        assert_keys(source, &["source", "first", "last"]);
    }
    assert_eq!(serde_json::from_value::<Alert>(value).expect("reads"), *alert);
}

#[test]
fn all_keys_are_always_there_and_what_does_not_apply_is_null() {
    let bare = play(&World::bank().context(), &extract("e1", 0, 0));
    assert_contract(bare.alert());
    let value = serde_json::to_value(bare.alert()).expect("writes");
    for key in ["account", "unit", "role"] {
        assert!(value[key].is_null(), "{key}");
    }
    assert!(value["expected"]["own"].is_null() && value["expected"]["peers"].is_null());
    let world = World::bank().with("employees.csv", "employee,unit,role\ne1,Hangzhou,teller\n");
    let lines: Vec<Line> = (0..5).map(|day| access("e1").at(on(day, "10:00")).reads("crm.customers", &["name"]).of([1, 2])).collect();
    let known = play(&world.context(), &[lines, extract("e1", 7, 0)].concat());
    assert_contract(known.alert());
    let value = serde_json::to_value(known.alert()).expect("writes");
    assert_eq!((&value["unit"], &value["role"]), (&"Hangzhou".into(), &"teller".into()));
    assert_keys(&value["expected"]["own"], &["median", "p99", "days"]);
    assert_keys(&value["expected"]["peers"], &["median", "p99", "members"]);
    assert_eq!(value["expected"]["own"]["days"], 5, "today is not among them");
}

#[test]
fn an_account_that_is_nobodys_is_named_as_an_account() {
    let world =
        World::bank().with("employees.csv", "employee,unit\ne1,U\n").with("accounts.csv", "account,employee,shared\nPOOL,,true\nu1,e1,\n");
    let by = |account: &str| -> Vec<Line> {
        let read = |n: u64| {
            by_account(account)
                .at(on(0, &format!("09:0{n}")))
                .reads("crm.customers", &["name"])
                .of((n * 2_000..n * 2_000 + 2_000).map(|id| id * 13))
        };
        (0..5).map(read).collect()
    };
    for (account, who) in [("POOL", (None, Some("POOL"))), ("stranger", (None, Some("stranger"))), ("u1", (Some("e1"), None))] {
        let played = play(&world.context(), &by(account));
        let alert = played.alert();
        assert_contract(alert);
        assert_eq!((alert.employee.as_deref(), alert.account.as_deref()), who);
    }
}

#[test]
fn logins_that_are_nobodys_are_told_together_where_none_took_the_most() {
    let world = World::bank().with("employees.csv", "employee,unit\ne1,U\n").with("accounts.csv", "account,employee\nu1,e1\n");
    let minute = |n: u64| on(0, &format!("{:02}:{:02}", 9 + n / 60, n % 60));
    let read = |n: u64| {
        by_account(&format!("tmp_{n}")).at(minute(n)).reads("crm.customers", &["name"]).of((n * 100..n * 100 + 100).map(|id| id * 13))
    };
    let played = play(&world.context(), &(0..100).map(read).collect::<Vec<_>>());
    let alert = played.alert();
    assert_contract(alert);
    assert_eq!((alert.employee.as_deref(), alert.account.as_deref()), (None, Some("(logins not listed)")));
    let told = "Logins that accounts.csv does not list, taken together, touched 10000 people";
    assert!(alert.explanation.starts_with(told), "{}", alert.explanation);
}

#[test]
fn somebody_whom_the_directory_does_not_list_is_accepted_and_flagged() {
    let world = World::bank().with("employees.csv", "employee,unit\ne1,U\n");
    let flagged = |who: &str| {
        let played = play(&world.context(), &extract(who, 0, 0));
        (played.alert().employee.clone(), played.alert().in_directory)
    };
    assert_eq!(flagged("e1"), (Some("e1".to_owned()), true));
    assert_eq!(flagged("e404"), (Some("e404".to_owned()), false));
}

#[test]
fn times_ranges_and_scores_hang_together() {
    let lines = extract("e1", 0, 0);
    let played = play(&World::bank().context(), &lines);
    let alert = played.alert();
    assert_eq!(alert.typology, Typology::BulkExtract);
    assert_eq!((alert.first_access.as_str(), alert.last_access.as_str()), ("2026-03-02T09:00:00Z", "2026-03-02T09:09:00Z"));
    assert!(alert.first_access <= alert.raised_at && alert.raised_at <= alert.last_access);
    assert_eq!(alert.reached.values().min(), Some(&alert.raised_at));
    assert!((0.0..=100.0).contains(&alert.score));
    assert_eq!(Severity::of_score(alert.score), alert.severity, "no explanations are configured, so nothing raises it");
    assert_eq!((alert.evidence.records, alert.evidence.sources.len()), (10, 1));
    assert_eq!((alert.evidence.sources[0].first, alert.evidence.sources[0].last), (1, 10));
    assert_eq!(alert.evidence.root.len(), 64);
    assert_eq!(alert.observed.persons.figure(), Some(10_000));
    assert_eq!(alert.observed.accesses, 10);
}

#[test]
fn evidence_depends_on_every_byte_that_it_cites() {
    let root = |lines: &[Line]| play(&World::bank().context(), lines).alert().evidence.root.clone();
    let lines = extract("e1", 0, 0);
    let mut changed = lines.clone();
    changed[3] = changed[3].clone().set("session", "other");
    assert_eq!(root(&lines), root(&lines));
    assert_ne!(root(&lines), root(&changed));
}

#[test]
fn the_configuration_hash_tells_what_influences_results_and_not_the_budget() {
    let hash = |world: World| world.context().config.clone();
    let plain = hash(World::bank());
    assert_eq!(plain, hash(World::bank()), "paths do not matter");
    assert_eq!(plain, hash(World::bank().section("alerts", "budget_per_day = 9")));
    let others = [
        World::bank().section("alerts", "open_at = \"high\""),
        World::bank().section("alerts", "quiet = \"3d\""),
        World::bank().section("time", "lateness = \"5m\""),
        World::bank().section("time", "zone = \"Asia/Shanghai\""),
        World::bank().section("detectors.canary", "floor = 2"),
        World::bank().with("employees.csv", "employee\ne1\n"),
    ];
    for world in others {
        assert_ne!(plain, hash(world));
    }
}
