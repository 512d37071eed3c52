//! Decisions of people, through the real engine: what each changes, that it changes nothing else, and that the same records with the same
//! decisions give the same alerts wherever a process stopped and whenever a decision came.

use crate::common::case::Case;
use crate::common::play::Play;
use crate::common::world::World;
use leakwarden::model::alert::{Alert, AlertState, ClosedBy};
use leakwarden::model::decision::Decision;
use leakwarden::model::decision::outcome::{DecisionNote, DecisionOutcome};
use leakwarden::model::decision::parse::{Line, line};
use leakwarden::model::time::Timestamp;
use leakwarden::model::typology::Typology;
use serde_json::{Value, json};

/// Ann reads many customers on three days within a week, and on the last of them other people's stays as well.
const EXPORTS: &str = r#"
story = "Ann exports customers on three days, and then stays."
expect = ["bulk_extract"]
[company]
days = 32
[[act]]
days = [21, 21]
at = "09:10"
times = 24
every = "5m"
reads = ["crm.customers(name, phone)"]
from = 50000
people = 250
[[act]]
days = [24, 24]
at = "09:10"
times = 24
every = "5m"
reads = ["crm.customers(name, phone)"]
from = 250000
people = 250
[[act]]
days = [25, 25]
at = "09:10"
times = 24
every = "5m"
reads = ["hotel.stays(room)"]
from = 450000
people = 250
"#;

/// Somewhat more than usual, which is no critical matter.
const MORE: &str = r#"
story = "Bob1 reads more customers than anybody on one day, and very many on a later one."
expect = ["bulk_extract"]
[company]
days = 32
[[act]]
who = ["bob1"]
days = [21, 21]
at = "09:10"
times = 12
every = "5m"
reads = ["crm.customers(name, phone)"]
from = 50000
people = 20
[[act]]
who = ["bob1"]
days = [24, 24]
at = "09:10"
times = 24
every = "5m"
reads = ["crm.customers(name, phone)"]
from = 250000
people = 25
"#;

fn company(text: &str) -> (World, Vec<String>) {
    let case: Case = toml::from_str(text).expect("a case");
    (case.world(), case.lines())
}

fn decision(id: &str, at: &str, kind: &str, rest: Value) -> Decision {
    let mut value = json!({"id": id, "at": at, "by": "zh.wei", "kind": kind});
    value.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
    match line(&value.to_string()) {
        Ok(Line::Decision(decision)) => decision,
        other => panic!("{value}: {other:?}"),
    }
}

fn verdict(id: &str, at: &str, outcome: &str, reason: &str, alerts: &[(&str, u32)], explanation: Option<Value>) -> Decision {
    let alerts: Vec<Value> = alerts.iter().map(|(id, revision)| json!({"id": id, "revision": revision})).collect();
    decision(id, at, "verdict", json!({"outcome": outcome, "reason": reason, "alerts": alerts, "explanation": explanation}))
}

/// Plays all with decisions that are known from the start.
fn played(world: &World, lines: &[String], decisions: &[Decision]) -> Play {
    let mut play = Play::new(&world.context());
    for decision in decisions {
        play.engine.take_decision(decision.clone(), None);
    }
    // Piece by piece, as a replay does.
    lines.chunks(400).for_each(|lines| play.take(lines));
    play.finish();
    play
}

fn notes(play: &mut Play) -> Vec<(String, DecisionOutcome)> {
    play.engine.take_decision_notes().into_iter().map(|DecisionNote { id, outcome, .. }| (id, outcome)).collect()
}

fn of<'p>(play: &'p Play, who: &str, typology: Typology) -> Vec<&'p Alert> {
    play.alerts().into_iter().filter(|alert| alert.about() == who && alert.typology == typology).collect()
}

/// The newest settled revision of an alert that came about before a time.
fn revision_before(play: &Play, id: &str, at: &str) -> u32 {
    let at = Timestamp::parse(at).expect("a time");
    let before = play.revisions.iter().filter(|revision| revision.alert.id == id && revision.at < at);
    before.map(|revision| revision.alert.revision).max().expect("it was told")
}

/// What others than ann are told of.
fn of_others(play: &Play) -> Vec<String> {
    let others = play.alerts().into_iter().filter(|alert| alert.about() != "ann");
    others.map(|alert| serde_json::to_string(alert).expect("writes")).collect()
}

const NEXT_DAY: &str = "2026-03-24T10:00:00Z";

#[test]
fn a_verdict_closes_the_alert_and_the_next_finding_opens_a_new_one_and_nothing_else_changes() {
    let (world, lines) = company(EXPORTS);
    let before = played(&world, &lines, &[]);
    let [alert] = of(&before, "ann", Typology::BulkExtract)[..] else { panic!("one alert of a week: {:?}", before.typologies()) };
    let seen = revision_before(&before, &alert.id, NEXT_DAY);
    let decided = [verdict("V-1", NEXT_DAY, "confirmed", "no_reason_found", &[(&alert.id, seen)], None)];
    let mut after = played(&world, &lines, &decided);
    assert_eq!(notes(&mut after), [("V-1".to_owned(), DecisionOutcome::Taken), ("V-1".to_owned(), DecisionOutcome::InForce)]);
    let alerts = of(&after, "ann", Typology::BulkExtract);
    let [first, second] = alerts[..] else { panic!("two alerts: {:?}", after.typologies()) };
    assert_eq!((&first.id, first.state, first.closed_by), (&alert.id, AlertState::Closed, Some(ClosedBy::Verdict)));
    assert!(first.last_access.as_str() < "2026-03-25" && second.raised_at.as_str() >= "2026-03-26", "{first:?} {second:?}");
    assert!(second.case != first.case && second.shown_at.is_some(), "what comes after a verdict is news");
    // The log ends eight days later, a week of which is quiet: as the one alert of all three days is without a verdict.
    assert_eq!((second.state, second.closed_by), (AlertState::Closed, Some(ClosedBy::Quiet)));
    assert_eq!((alert.state, alert.closed_by), (second.state, second.closed_by));
    assert_eq!(of_others(&after), of_others(&before));
    // Until then everything was the same.
    let until = |play: &Play| {
        let at = Timestamp::parse(NEXT_DAY).expect("a time");
        let told = play.revisions.iter().filter(|revision| revision.at < at);
        told.map(|revision| serde_json::to_string(&revision.alert).expect("writes")).collect::<Vec<_>>()
    };
    assert_eq!(until(&after), until(&before));
}

#[test]
fn a_verdict_that_has_not_seen_the_newest_revision_changes_nothing() {
    let (world, lines) = company(EXPORTS);
    let before = played(&world, &lines, &[]);
    let id = of(&before, "ann", Typology::BulkExtract)[0].id.clone();
    let seen = revision_before(&before, &id, NEXT_DAY);
    assert!(seen > 1, "there are several");
    for (decided, outcome) in [
        (verdict("V", NEXT_DAY, "innocent", "detector_wrong", &[(&id, seen - 1)], None), DecisionOutcome::Stale),
        (verdict("V", NEXT_DAY, "innocent", "detector_wrong", &[("000000000000000000000000", 1)], None), DecisionOutcome::Unknown),
        (decision("V", NEXT_DAY, "end", json!({"of": "nothing"})), DecisionOutcome::Unknown),
        (
            decision("V", NEXT_DAY, "assignment", json!({"reviewer": "ann", "case": "none", "to": "2026-03-30T00:00:00Z"})),
            DecisionOutcome::Unknown,
        ),
    ] {
        let mut after = played(&world, &lines, &[decided]);
        assert_eq!(notes(&mut after)[1].1, outcome);
        assert!(after.written() == before.written(), "{outcome:?}");
    }
}

#[test]
fn an_innocent_verdict_explains_the_cause_and_never_the_person() {
    let (world, lines) = company(EXPORTS);
    let before = played(&world, &lines, &[]);
    let alert = of(&before, "ann", Typology::BulkExtract)[0];
    let seen = revision_before(&before, &alert.id, NEXT_DAY);
    let explained = |objects: &str, max_persons: u64| {
        let explanation =
            json!({"employee": "ann", "objects": objects, "to": "2026-04-20T00:00:00Z", "reason": "campaign", "max_persons": max_persons});
        let decided = verdict("V-1", NEXT_DAY, "innocent", "campaign", &[(&alert.id, seen)], Some(explanation));
        played(&world, &lines, &[decided])
    };
    let days = |play: &Play| -> Vec<String> {
        of(play, "ann", Typology::BulkExtract).into_iter().map(|alert| alert.raised_at[..10].to_owned()).collect()
    };
    assert_eq!(days(&explained("crm.customers", 8_000)), ["2026-03-23", "2026-03-27"], "the stays are another cause");
    assert_eq!(days(&explained("crm.customers", 300)), ["2026-03-23", "2026-03-26"], "it covers so many people");
    assert_eq!(days(&explained("loan.*", 8_000)), ["2026-03-23", "2026-03-26"]);
    // An end takes it back.
    let explanation =
        json!({"unit": "U", "objects": "crm.customers", "to": "2026-04-20T00:00:00Z", "reason": "campaign", "max_persons": 8_000});
    let given = decision("E-1", NEXT_DAY, "explanation", explanation);
    let judged = verdict("V-1", NEXT_DAY, "unclear", "nobody_to_ask", &[(&alert.id, seen)], None);
    let ended = decision("N-1", "2026-03-25T12:00:00Z", "end", json!({"of": "E-1"}));
    assert_eq!(days(&played(&world, &lines, &[given.clone(), judged.clone()])), ["2026-03-23", "2026-03-27"]);
    assert_eq!(days(&played(&world, &lines, &[given, judged, ended])), ["2026-03-23", "2026-03-26"]);
}

#[test]
fn a_silence_hides_from_the_queue_ends_by_itself_and_changes_no_alert() {
    let (world, lines) = company(MORE);
    let before = played(&world, &lines, &[]);
    let shown = |play: &Play| -> Vec<(String, bool)> {
        play.alerts().into_iter().map(|alert| (alert.id.clone(), alert.shown_at.is_some())).collect()
    };
    let named = of(&before, "bob1", Typology::BulkExtract);
    assert!(named.iter().all(|alert| alert.shown_at.is_some()) && !named.is_empty(), "{:?}", before.typologies());
    let silence = |field: &str, glob: &str, to: &str| {
        decision("S-1", "2026-03-20T10:00:00Z", "silence", json!({"match": {field: glob}, "to": to, "reason": "event"}))
    };
    let mut hidden = played(&world, &lines, &[silence("employee", "bob1", "2026-04-10T00:00:00Z")]);
    let first = &named[0].id;
    // From the revision on by which the case is graver than when it was first silenced, whichever of its alerts that is.
    let case = &named[0].case;
    let of_case: Vec<&Alert> = hidden.revisions.iter().map(|revision| &revision.alert).filter(|alert| alert.case == *case).collect();
    let told: Vec<_> = of_case.iter().map(|alert| (alert.typology, alert.severity, alert.shown_at.is_some())).collect();
    let mut gravest = of_case[0].severity;
    for alert in &of_case {
        gravest = gravest.max(alert.severity);
        assert_eq!(alert.shown_at.is_some(), gravest > of_case[0].severity, "{told:?}");
    }
    assert!(gravest > of_case[0].severity && of_case.iter().any(|alert| alert.id == *first && alert.shown_at.is_some()), "{told:?}");
    let counts = hidden.engine.take_silence_counts();
    assert!(counts.silenced > 0 && counts.graver > 0, "{counts:?}");
    let bare = |play: &Play| {
        let alerts = play.alerts().into_iter().map(|alert| Alert { shown_at: None, shown_again: None, ..alert.clone() });
        alerts.map(|alert| serde_json::to_string(&alert).expect("writes")).collect::<Vec<_>>()
    };
    assert_eq!(bare(&hidden), bare(&before));
    let elsewhere = played(&world, &lines, &[silence("unit", "S*", "2026-04-10T00:00:00Z")]);
    assert_eq!(shown(&elsewhere), shown(&before));
    let over = played(&world, &lines, &[silence("employee", "bob1", "2026-03-21T00:00:00Z")]);
    assert_eq!(shown(&over), shown(&before), "it has run out");
}

#[test]
fn the_same_decisions_give_the_same_alerts_wherever_a_process_stopped() {
    let (world, lines) = company(EXPORTS);
    let before = played(&world, &lines, &[]);
    let alert = of(&before, "ann", Typology::BulkExtract)[0];
    let seen = revision_before(&before, &alert.id, NEXT_DAY);
    let explanation =
        json!({"employee": "ann", "objects": "crm.customers", "to": "2026-04-20T00:00:00Z", "reason": "campaign", "max_persons": 3_000});
    let decided = [
        verdict("V-1", NEXT_DAY, "innocent", "campaign", &[(&alert.id, seen)], Some(explanation)),
        decision(
            "S-1",
            "2026-03-24T11:30:00Z",
            "silence",
            json!({"match": {"unit": "U"}, "to": "2026-04-10T00:00:00Z", "reason": "known"}),
        ),
        decision("N-1", "2026-03-27T09:30:00Z", "end", json!({"of": "S-1"})),
    ];
    let whole = played(&world, &lines, &decided);
    assert!(whole.written() != before.written());
    for step in [97, 1_500] {
        let mut stopped = Play::new(&world.context());
        for piece in lines.chunks(step) {
            // Whoever begins again reads the file again.
            for decision in &decided {
                let _ = stopped.engine.take_decision(decision.clone(), None);
            }
            stopped.take(piece);
            stopped.restart(&world.context());
        }
        stopped.finish();
        assert!(stopped.written() == whole.written(), "restarted every {step} lines");
    }
}

#[test]
fn what_came_late_is_in_force_from_the_hour_that_is_written_down_and_a_replay_agrees() {
    let (world, lines) = company(EXPORTS);
    let before = played(&world, &lines, &[]);
    let alert = of(&before, "ann", Typology::BulkExtract)[0];
    let seen = revision_before(&before, &alert.id, NEXT_DAY);
    let late = verdict("V-1", NEXT_DAY, "unclear", "records_missing", &[(&alert.id, seen)], None);
    let at = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["time"].as_str().expect("a time").to_owned();
    // It comes when the records of half a day after it have settled.
    let came = lines.iter().position(|line| at(line).as_str() > "2026-03-24T15:40:00").expect("there are some");
    let mut live = Play::new(&world.context());
    live.take(&lines[..came]);
    let from = live.engine.late_decision(&late, None).expect("its hour has passed");
    assert_eq!(from.to_string(), "2026-03-24T16:00:00Z");
    assert_eq!(live.engine.take_decision(late.clone(), Some(from)), DecisionOutcome::Taken);
    assert_eq!(live.engine.late_decision(&late, None), None, "it is known");
    assert_eq!(live.engine.take_decision(late.clone(), None), DecisionOutcome::Repeated);
    live.take(&lines[came..]);
    live.finish();
    let mut replayed = Play::new(&world.context());
    replayed.engine.take_decision(late.clone(), Some(from));
    replayed.take(&lines);
    replayed.finish();
    assert!(replayed.written() == live.written());
    assert_eq!(of(&live, "ann", Typology::BulkExtract)[0].closed_by, Some(ClosedBy::Verdict));
}

#[test]
fn what_is_decided_after_the_last_record_is_in_force_at_the_end() {
    let (world, lines) = company(EXPORTS);
    let before = played(&world, &lines, &[]);
    let open: Vec<(&str, u32)> = before
        .alerts()
        .into_iter()
        .filter(|alert| alert.state == AlertState::Open)
        .map(|alert| (alert.id.as_str(), alert.revision))
        .collect();
    assert!(!open.is_empty());
    let decided = verdict("V-1", "2026-06-01T00:00:00Z", "confirmed", "no_reason_found", &open, None);
    let after = played(&world, &lines, &[decided]);
    for (id, _) in open {
        let alert = after.alerts().into_iter().find(|alert| alert.id == id).expect("it is there");
        assert_eq!(alert.closed_by, Some(ClosedBy::Verdict));
    }
}
