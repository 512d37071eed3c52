//! A real Alertmanager and a real PostgreSQL, Debian's.

use crate::daemons::Alertmanager;
use crate::databases::Place;
use crate::harness::{Harness, alert, closed};
use crate::receiver::{Answer, Receiver};
use leakwarden::model::severity::Severity;
use leakwarden::notify::workers::now;
use sqlx::{Connection, Row};
use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// An Alertmanager that tells a receiver at once.
fn alertmanager(folder: &std::path::Path, receiver: u16) -> Option<Alertmanager> {
    let config = format!(
        "route:\n  receiver: desk\n  group_by: [alertname, case]\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 12h\n\
         receivers:\n  - name: desk\n    webhook_configs:\n      - url: http://127.0.0.1:{receiver}/\n        send_resolved: true\n"
    );
    Alertmanager::configured(folder, &config)
}

/// What the receiver was told: the status of each alert, with its labels.
fn told(receiver: &Receiver) -> Vec<(String, String, String)> {
    let mut told = Vec::new();
    for request in receiver.seen() {
        for alert in request.json()["alerts"].as_array().into_iter().flatten() {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            told.push((text(&alert["status"]), text(&alert["labels"]["case"]), text(&alert["labels"]["severity"])));
        }
    }
    told
}

#[track_caller]
fn wait(what: &str, receiver: &Receiver, holds: impl Fn(&[(String, String, String)]) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds(&told(receiver)) {
        assert!(Instant::now() < deadline, "{what}: {:?}", told(receiver));
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_real_alertmanager_tells_a_case_once_and_that_it_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let receiver = Receiver::start(Answer::Says(200, String::new()));
    let Some(alertmanager) = alertmanager(folder.path(), receiver.port()) else {
        // Past the capture of the test's output.
        let _ = writeln!(std::io::stderr(), "SKIPPED: there is no Alertmanager here (Debian: prometheus-alertmanager)");
        return;
    };
    let (port, running) = (alertmanager.port(), alertmanager.start());
    // The second peer is away: the other takes it.
    let mut harness =
        Harness::new(&[&format!("name = \"am\"\nkind = \"alertmanager\"\nurl = [\"http://127.0.0.1:{port}\", \"http://127.0.0.1:1\"]\n")]);
    harness.now = now().0;
    harness.take(&alert("c1", "a1", 1, Severity::High));
    harness.tell();
    wait("it is told", &receiver, |told| told.len() == 1);
    let firing = |severity: &str| ("firing".to_owned(), "c1".to_owned(), severity.to_owned());
    let resolved = |severity: &str| ("resolved".to_owned(), "c1".to_owned(), severity.to_owned());
    assert_eq!(told(&receiver), [firing("high")]);

    // Said again and again, and after a restart of the Alertmanager, it is the same alert.
    for _ in 0..3 {
        harness.now += 61_000;
        harness.tell();
    }
    drop(running);
    let running = alertmanager.start();
    harness.now += 61_000;
    harness.tell();
    std::thread::sleep(Duration::from_secs(5));
    let of = |told: &[(String, String, String)], one: &(String, String, String)| told.iter().filter(|other| *other == one).count();
    assert!(of(&told(&receiver), &firing("high")) <= 2 && of(&told(&receiver), &resolved("high")) == 0, "{:?}", told(&receiver));

    // It rises: the old label set is over, the new one fires.
    let before = receiver.seen().len();
    harness.now = now().0;
    harness.take(&alert("c1", "a1", 2, Severity::Critical));
    harness.tell();
    wait("it rose", &receiver, |told| of(told, &firing("critical")) >= 1 && of(told, &resolved("high")) >= 1);
    assert!(receiver.seen().len() <= before + 2, "{:?}", told(&receiver));

    std::thread::sleep(Duration::from_secs(2));
    harness.now = now().0;
    harness.take(&closed("c1", "a1", 3, Severity::Critical));
    harness.tell();
    wait("it is over", &receiver, |told| of(told, &resolved("critical")) >= 1);
    let after = receiver.seen().len();
    for _ in 0..3 {
        harness.now += 61_000;
        harness.tell();
    }
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(receiver.seen().len(), after, "nothing more: {:?}", told(&receiver));
    drop(running);
}

#[test]
fn a_real_postgresql_gets_every_state_once_and_shows_the_last() {
    let Some(place) = Place::postgres() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("url");
    fs::write(&file, place.address()).expect("written");
    let mut harness = Harness::new(&[&format!("name = \"pg\"\nkind = \"postgresql\"\ntable = \"told\"\nurl_file = {file:?}\n")]);
    harness.take(&alert("c1", "a1", 1, Severity::Medium));
    harness.tell();
    harness.take(&alert("c1", "a1", 2, Severity::High));
    harness.take(&alert("c2", "a2", 1, Severity::High));
    harness.take(&closed("c1", "a1", 3, Severity::High));
    harness.tell();
    assert_eq!(harness.counted("pg", "delivered"), 4, "{:?}", harness.reasons("pg"));
    let read = |sql: &'static str| {
        harness.runtime.block_on(async {
            let mut connection = sqlx::PgConnection::connect(&place.address()).await.expect("connected");
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.expect("rows");
            rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>()
        })
    };
    let all = read(
        "select case_id || ' ' || revision || ' ' || event || ' ' || severity || ' ' || typologies[1] from told order by case_id, revision",
    );
    assert_eq!(
        all,
        ["c1 1 shown medium bulk_extract", "c1 2 rose high bulk_extract", "c1 3 closed high bulk_extract", "c2 1 shown high bulk_extract"]
    );
    assert_eq!(read("select case_id || ' ' || event from told_heads order by case_id"), ["c1 closed", "c2 shown"]);
    assert_eq!(read("select link from told limit 1"), ["https://desk.example/cases/c1"]);
    // Sent again, as after a crash between commit and note, nothing changes.
    let mut notifier =
        crate::harness::configured(&format!("name = \"pg\"\nkind = \"postgresql\"\ntable = \"told\"\nurl_file = {file:?}\n"))
            .build(harness.runtime.handle().clone())
            .expect("built");
    assert_eq!(notifier.connect(now()).as_deref(), Ok("the table is there"));
}
