//! A sink that is away for three days: nothing is lost, nothing is told twice, and nobody else notices.

use crate::harness::{Harness, alert, closed};
use crate::receiver::{Answer, Receiver};
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{DAY_MS, HOUR_MS, Span};
use std::collections::BTreeMap;

fn webhook(name: &str, port: u16) -> String {
    format!("name = \"{name}\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\n")
}

fn away() -> Answer {
    Answer::Says(503, String::new())
}

#[test]
fn three_days_away_lose_nothing_and_repeat_nothing() {
    let (gone, there) = (Receiver::start(away()), Receiver::start(Answer::Says(200, String::new())));
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("cases.jsonl");
    let file = format!("name = \"journal\"\nkind = \"jsonl\"\ndaily = false\npath = {journal:?}\n");
    let mut harness = Harness::new(&[&webhook("gone", gone.port()), &webhook("there", there.port()), &file]);
    let begin = harness.now;
    // Ten cases: every third rises, every fourth is over before the sink is back.
    for n in 0..10_u32 {
        let (case, id) = (format!("c{n}"), format!("a{n}"));
        harness.take(&alert(&case, &id, 1, Severity::Medium));
        harness.tell_for(Span::hours(1));
        if n % 3 == 0 {
            harness.take(&alert(&case, &id, 2, Severity::High));
            harness.tell();
        }
        if n % 4 == 0 {
            harness.take(&closed(&case, &id, 3, Severity::High));
        }
        harness.tell_for(Span::hours(5));
    }
    assert_eq!(there.seen().len(), 10 + 4 + 3, "who is there hears everything at once");
    let attempts = gone.seen().len();
    assert!(attempts < 3_000, "{attempts} attempts in days");
    harness.tell_for(Span(begin + 3 * DAY_MS - harness.now - 1_000));
    assert_eq!(harness.counted("gone", "delivered"), 0);
    let before = gone.seen().len();
    gone.always(Answer::Says(200, String::new()));
    harness.tell_for(Span::hours(2));
    assert_eq!((harness.depth("gone").waiting, harness.depth("gone").dead), (0, 0), "{:?}", harness.reasons("gone"));
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for request in &gone.seen()[before..] {
        let body = request.json();
        told.entry(body["case"].as_str().expect("a case").to_owned())
            .or_default()
            .push(body["event"].as_str().expect("an event").to_owned());
    }
    assert_eq!(told.len(), 10, "every case is told");
    for (n, events) in (0..10_u32).map(|n| (n, &told[&format!("c{n}")])) {
        let last = if n % 4 == 0 { "closed" } else { "shown" };
        assert_eq!(events, &[last], "c{n}: once, as it is now");
    }
    let ids: std::collections::BTreeSet<String> =
        gone.seen()[before..].iter().map(|request| request.headers["idempotency-key"].clone()).collect();
    assert_eq!(ids.len(), 10);
    // A journal keeps every state.
    assert_eq!(std::fs::read_to_string(&journal).expect("read").lines().count(), 17);
    harness.tell_for(Span::days(1));
    assert_eq!(gone.seen().len(), before + 10, "and nothing comes again");
}

#[test]
fn what_is_tried_for_longer_is_a_dead_letter_that_a_person_sends_again() {
    let gone = Receiver::start(away());
    let mut harness = Harness::new(&[&webhook("gone", gone.port())]);
    harness.take(&alert("c1", "a1", 1, Severity::High));
    harness.take(&alert("c2", "a2", 1, Severity::High));
    harness.tell_for(Span(3 * DAY_MS + 2 * HOUR_MS));
    assert_eq!((harness.depth("gone").waiting, harness.depth("gone").dead, harness.counted("gone", "expired")), (0, 2, 2));
    assert!(harness.reasons("gone")[0].starts_with("not told within 3d: it answered 503"), "{:?}", harness.reasons("gone"));
    gone.always(Answer::Says(200, String::new()));
    // Of the second case something newer is told meanwhile.
    harness.take(&alert("c2", "a2", 2, Severity::Critical));
    harness.tell();
    let now = leakwarden::model::time::Timestamp(harness.now);
    let again = harness.runtime.block_on(leakwarden::notify::outbox::again(&harness.database, "gone", false, now)).expect("again");
    assert_eq!(again, (1, 1), "what is stale is not told");
    harness.tell_for(Span::minutes(1));
    let told: Vec<(String, String)> = gone
        .seen()
        .iter()
        .rev()
        .take(2)
        .map(|request| request.json())
        .map(|body| (body["case"].to_string(), body["event"].to_string()))
        .collect();
    assert_eq!(told, [("\"c1\"".to_owned(), "\"shown\"".to_owned()), ("\"c2\"".to_owned(), "\"rose\"".to_owned())]);
    assert_eq!(harness.depth("gone").dead, 0);
}

#[test]
fn a_lasting_refusal_holds_up_nobody_else() {
    let receiver = Receiver::start(Answer::Says(200, String::new()));
    let mut harness = Harness::new(&[&webhook("hook", receiver.port())]);
    receiver.then(Answer::Says(400, String::new()));
    harness.take(&alert("c1", "a1", 1, Severity::High));
    harness.take(&alert("c2", "a2", 1, Severity::High));
    harness.tell();
    assert_eq!((harness.depth("hook").waiting, harness.depth("hook").dead), (0, 1));
    assert_eq!((harness.counted("hook", "refused"), harness.counted("hook", "delivered")), (1, 1));
    assert_eq!(harness.reasons("hook"), ["it answered 400"]);
}

#[test]
fn a_receiver_is_left_alone_for_as_long_as_it_asks() {
    let receiver = Receiver::start(Answer::Says(200, String::new()));
    let mut harness = Harness::new(&[&webhook("hook", receiver.port())]);
    receiver.then(Answer::Pause(600));
    harness.take(&alert("c1", "a1", 1, Severity::High));
    harness.tell();
    harness.tell_for(Span::minutes(9));
    assert_eq!(receiver.seen().len(), 1);
    harness.tell_for(Span::minutes(3));
    assert_eq!((receiver.seen().len(), harness.depth("hook").waiting), (2, 0));
}
