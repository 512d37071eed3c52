//! The process ends at a commit, as by `kill -9`, before it and after it, at each of them: what was said to be done is done, nothing is
//! half done, whoever repeats it does it once, and nothing was shown that is not written down.

use crate::common::databases::Place;
use crate::common::program::{command, leakwarden};
use crate::company::{alert, caller, people};
use crate::service::company;
use leakwarden::database::Database;
use leakwarden::desk::rights::{Grant, Role};
use leakwarden::desk::{LIVE, account, ingest, view_log};
use leakwarden::failpoint::COMMIT;
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::model::severity::Severity;
use sqlx::Row;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Commits of one command at the most: that of the schema's table, of the record of the view, of the act.
const MOST: usize = 8;

/// What a database holds of cases, decisions, views and alerts.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Kept {
    case: Vec<(String, Option<String>, Option<String>, i64)>,
    entries: Vec<String>,
    decisions: Vec<String>,
    alerts: Vec<(String, i64)>,
}

async fn kept(database: &Database) -> (Kept, usize) {
    let mut read = database.read().await.expect("a connection");
    let rows = |text: &'static str| sqlx::query(text);
    let case = rows("select state, owner, verdict, version from case_file order by id").fetch_all(&mut *read).await.expect("read");
    let case = case.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    let entries = rows("select kind from entry order by id").fetch_all(&mut *read).await.expect("read");
    let entries = entries.iter().map(|row| row.get(0)).collect();
    let decisions = rows("select body from feedback order by number").fetch_all(&mut *read).await.expect("read");
    let kind = |row: &sqlx::any::AnyRow| {
        let body: serde_json::Value = serde_json::from_str(&row.get::<String, _>(0)).expect("JSON");
        body["kind"].as_str().unwrap_or_default().to_owned()
    };
    let decisions = decisions.iter().map(kind).collect();
    let alerts = rows("select id, revision from alert_revision order by id, revision").fetch_all(&mut *read).await.expect("read");
    let alerts = alerts.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(view_log::first_broken(&mut read).await.expect("followed"), None);
    let views = view_log::newest(&mut read, None, i64::MAX, 1_000).await.expect("read").len();
    (Kept { case, entries, decisions, alerts }, views)
}

/// What people do one after the other, and whether it shows a case.
fn acts(entry: i64) -> Vec<(Vec<String>, bool)> {
    let of = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    vec![
        (of("case assign 1 li.na --as chen.lei"), false),
        (of("case note 1 asked --as li.na"), false),
        (of("case show 1 --as li.na"), true),
        (of("case verdict 1 confirmed --reason no_reason_found --text asked --cite a1:1 --as li.na"), false),
        (of(&format!("case countersign 1 {entry} --as chen.lei")), false),
        (of("case import more.jsonl"), false),
    ]
}

fn configured(dir: &Path, place: &Place) {
    let database = if place.name == "SQLite" {
        format!("[database]\nurl = \"sqlite://{}\"\n", place.location.file().expect("a file").display())
    } else {
        let (url, password) = place.credentials();
        fs::write(dir.join("password"), password).expect("written");
        format!("[database]\nurl = \"{url}\"\npassword_file = \"password\"\n")
    };
    company(dir, &format!("[console]\nlisten = \"127.0.0.1:0\"\n{database}"));
    let more = [alert("a2", "E7", 1, Severity::High), alert("b1", "E8", 1, Severity::Low)];
    let lines: String = more.iter().map(|alert| serde_json::to_string(alert).expect("JSON") + "\n").collect();
    fs::write(dir.join("more.jsonl"), lines).expect("written");
}

async fn proposal(database: &Database) -> i64 {
    let mut read = database.read().await.expect("a connection");
    let row = sqlx::query("select coalesce(max(proposed_entry), 0) from case_file").fetch_one(&mut *read).await.expect("read");
    row.get(0)
}

fn on(place: &Place) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path();
    configured(dir, place);
    let database = runtime.block_on(place.open());
    runtime.block_on(async {
        for (name, employee, role) in [("li.na", "E1", Role::Investigator), ("chen.lei", "E2", Role::Lead)] {
            let grants = [Grant { role, unit: None }];
            account::add(&database, name, employee, None, &grants, crate::company::MORNING).await.expect("added");
        }
        let told = [AlertWithDossier { alert: Arc::new(alert("a1", "E7", 1, Severity::High)), dossier: None }];
        ingest::take(&database, &people(), LIVE, &told, crate::company::MORNING).await.expect("taken in");
        let _ = caller(&database, "li.na").await;
    });
    let mut crashed = 0;
    for at in 0..acts(0).len() {
        let (arguments, shows) = acts(runtime.block_on(proposal(&database))).swap_remove(at);
        let arguments = [arguments, vec!["--config".to_owned(), "config.toml".to_owned()]].concat();
        let (begun, _) = runtime.block_on(kept(&database));
        let mut done: Option<Kept> = None;
        'points: for nth in 1..=MOST {
            for (point, when) in COMMIT.iter().zip(["before", "after"]) {
                let what = format!("{}: {arguments:?} {when} commit {nth}", place.name);
                let (before, views) = runtime.block_on(kept(&database));
                let mut process = command(dir, &arguments);
                let ended = process.env("LEAKWARDEN_FAIL_AT", format!("{point}:{nth}")).output().expect("it runs");
                let (after, seen) = runtime.block_on(kept(&database));
                if ended.status.code().is_some() {
                    assert!(ended.status.success(), "{what}: {}", String::from_utf8_lossy(&ended.stderr));
                    assert!(!shows || seen > views, "{what}: it showed what nobody wrote down");
                    break 'points;
                }
                crashed += 1;
                assert!(ended.stdout.is_empty(), "{what}: it said that it was done: {}", String::from_utf8_lossy(&ended.stdout));
                if after == before {
                    continue;
                }
                // All of it, and from one commit on.
                assert!(when == "after" && before == begun, "{what}: half of it: {before:?} {after:?}");
                done = Some(after);
                break 'points;
            }
        }
        assert_eq!(done.is_some(), !shows, "{}: {arguments:?}: a commit does it", place.name);
        // Whoever heard nothing does it again: it is done once. A note may be written twice, and a proposal made anew.
        let again = leakwarden(dir, &arguments);
        let (after, _) = runtime.block_on(kept(&database));
        if shows || arguments[1] == "import" {
            assert_eq!(again.status, 0, "{}", again.err);
        }
        if !["note", "verdict"].contains(&arguments[1].as_str()) {
            assert_eq!(after, done.unwrap_or(begun), "{}: {arguments:?}, once more", place.name);
        }
    }
    assert!(crashed > 12, "{}: {crashed} crashes", place.name);
    let (end, _) = runtime.block_on(kept(&database));
    let states: Vec<_> = end.case.iter().map(|(state, _, verdict, _)| (state.as_str(), verdict.as_deref())).collect();
    assert_eq!(states, [("closed", Some("confirmed")), ("new", None), ("new", None)], "{}", place.name);
    assert_eq!(end.decisions, ["assignment", "verdict", "end"], "{}: the engine hears of it once", place.name);
}

#[test]
fn at_whatever_commit_a_process_ends_nothing_is_lost_and_nothing_half_done() {
    std::iter::once(Place::sqlite()).chain(Place::postgres()).for_each(|place| on(&place));
}
