//! Order, once, and one process at a time: on both databases.

use crate::databases::on_each;
use crate::harness::{BEGIN, Harness, alert, closed, configured};
use crate::receiver::{Answer, Receiver};
use leakwarden::model::alert::{Alert, AlertState};
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{Span, Timestamp};
use leakwarden::notify::outbox::Outbox;

fn webhook(port: u16, more: &str) -> String {
    format!("name = \"hook\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\n{more}")
}

fn events(receiver: &Receiver) -> Vec<String> {
    let of =
        |body: serde_json::Value| format!("{} {}", body["case"].as_str().unwrap_or_default(), body["event"].as_str().unwrap_or_default());
    receiver.seen().iter().map(|request| of(request.json())).collect()
}

#[test]
fn what_is_stored_is_told_in_order_and_once_and_what_is_undone_is_not() {
    on_each(async |place| {
        let database = place.open().await;
        let outbox = Outbox::new(&[configured(&webhook(1, ""))], true);
        let alerts = [
            alert("c1", "a1", 1, Severity::Medium),
            alert("c1", "a1", 2, Severity::High),
            alert("c1", "a1", 2, Severity::High),
            alert("c1", "a1", 1, Severity::Medium),
            closed("c1", "a1", 3, Severity::High),
        ];
        for commits in [false, true] {
            let mut write = database.write().await.expect("a place");
            for alert in &alerts {
                outbox.take(&mut write, alert, Timestamp(BEGIN)).await.expect("taken");
            }
            if commits {
                write.commit().await.expect("committed");
            }
            let due = leakwarden::notify::outbox::due(&database, "hook", Timestamp(BEGIN), 100).await.expect("read");
            let told: Vec<&str> = due.iter().map(|waiting| waiting.event.what.name()).collect();
            assert_eq!(told, if commits { vec!["shown", "rose", "closed"] } else { vec![] }, "{}", place.name);
        }
    });
}

#[test]
fn of_two_processes_one_tells_and_the_other_takes_over() {
    on_each(async |place| {
        let receiver = Receiver::start(Answer::Says(200, String::new()));
        let location = place.location.clone();
        let text = webhook(receiver.port(), "");
        // Workers have a runtime of their own, which may not be begun within this one.
        let work = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
            let database = runtime.block_on(leakwarden::database::Database::open(&location)).expect("opens");
            let mut harness = Harness::on(runtime, database, tempfile::tempdir().expect("a folder"), &[&text]);
            let second = harness.worker(&configured(&text), "two");
            harness.workers.push(second);
            for n in 0..5 {
                harness.take(&alert(&format!("c{n}"), &format!("a{n}"), 1, Severity::High));
                harness.tell();
            }
            assert_eq!(receiver.seen().len(), 5, "each once");
            // The first dies without a word: the other waits until its right has run out.
            harness.workers.remove(0);
            harness.take(&alert("c9", "a9", 1, Severity::High));
            harness.tell();
            assert_eq!(receiver.seen().len(), 5);
            harness.tell_for(Span::minutes(5));
            assert_eq!(receiver.seen().len(), 6);
            // The other leaves in an orderly way: the next need not wait.
            harness.workers[0].leave().expect("left");
            harness.workers = vec![harness.worker(&configured(&text), "three")];
            harness.take(&alert("c10", "a10", 1, Severity::High));
            harness.tell();
            assert_eq!(receiver.seen().len(), 7);
        });
        work.await.expect("no panic");
    });
}

#[test]
fn a_sink_hears_of_what_is_grave_enough_and_of_its_end() {
    let receiver = Receiver::start(Answer::Says(200, String::new()));
    let mut harness = Harness::new(&[&webhook(receiver.port(), "severity = \"high\"\nunits = [\"Hang*\"]\n")]);
    harness.take(&alert("c1", "a1", 1, Severity::Medium));
    harness.take(&Alert { unit: Some("Ningbo".to_owned()), ..alert("c2", "a2", 1, Severity::Critical) });
    harness.take(&closed("c3", "a3", 1, Severity::Critical));
    harness.tell();
    assert!(events(&receiver).is_empty());
    harness.take(&alert("c1", "a1", 2, Severity::Critical));
    harness.tell();
    // The person has moved to another unit.
    harness.take(&Alert { unit: Some("Ningbo".to_owned()), ..closed("c1", "a1", 3, Severity::Critical) });
    harness.tell();
    assert_eq!(events(&receiver), ["c1 shown", "c1 closed"]);
}

#[test]
fn what_did_not_settle_is_taken_back_and_a_case_that_joins_another_says_so() {
    let receiver = Receiver::start(Answer::Says(200, String::new()));
    let mut harness = Harness::new(&[&webhook(receiver.port(), "")]);
    let early = Alert { provisional: Some(7), revision: 0, settled: false, ..alert("c1", "a1", 0, Severity::High) };
    harness.take(&early);
    harness.tell();
    harness.take(&Alert { state: AlertState::Retracted, provisional: Some(8), ..early });
    harness.tell();
    harness.take(&alert("c2", "a2", 1, Severity::High));
    harness.tell();
    harness.take(&alert("g1", "a2", 2, Severity::High));
    harness.tell();
    assert_eq!(events(&receiver), ["c1 shown", "c1 retracted", "c2 shown", "c2 joined", "g1 shown"]);
    assert_eq!(receiver.seen()[3].json()["goes_on_in"], "g1");
}
