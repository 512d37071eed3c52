//! Employees by pseudonyms until somebody has taken their case: no page, answer, record or command names one before.

use crate::common::databases::on_each;
use crate::common::dossier::dossier_of_looks;
use crate::company::{ACCOUNTS, MORNING, alert, caller, people, staffed};
use crate::console::{Got, Running, on_sqlite};
use leakwarden::console::routes::ROUTES;
use leakwarden::console::writers::{self, Files};
use leakwarden::database::Database;
use leakwarden::desk::pseudonym::Pseudonyms;
use leakwarden::desk::{LIVE, ingest, view_log, work};
use leakwarden::http::server::Server;
use leakwarden::model::alert::{Alert, InnocentReason, SourceRange};
use leakwarden::model::dossier::{AlertWithDossier, Dossier, WhoSawWhom};
use leakwarden::model::severity::Severity;
use leakwarden::telemetry::metrics::Metrics;
use std::sync::Arc;

/// Whom the cases are about: two employees, a login, and the first of them once more, with others.
const NAMES: [&str; 4] = ["EMP-4711-LIN", "EMP-0815-WANG", "svc_batch_77", "王小明"];

async fn covered(database: &Database) -> Running {
    let plain = Running::behind_a_proxy(database.clone()).await;
    let console = plain.console.clone().naming_by(Pseudonyms::of(database).await.expect("a key"));
    let server = Server::bind("127.0.0.1:0".parse().expect("an address")).await.expect("bound");
    let address = server.address();
    tokio::spawn(server.serve_router(console.router(), Metrics::new(), std::future::pending()));
    Running { address, console }
}

/// Three cases: of one employee, of a group, of a login; and one of a source, which is nobody.
async fn filled(database: &Database) {
    let [lin, wang, login, ming] = NAMES;
    let mut one = alert("a1", lin, 1, Severity::High);
    one.innocent_reasons =
        vec![InnocentReason { reason: "batch".to_owned(), tested: true, holds: false, detail: format!("{lin} has no batch") }];
    one.evidence.sources = vec![SourceRange { source: format!("crm-{lin}.log"), first: 1, last: 9 }];
    let mut group = Alert { related: vec![lin.to_owned(), ming.to_owned()], ..alert("b1", wang, 1, Severity::Critical) };
    group.explanation = format!("{wang}, {lin} and {ming} looked at the same 40 people");
    let account = Alert { employee: None, account: Some(login.to_owned()), ..alert("c1", login, 1, Severity::Medium) };
    let source = Alert { employee: None, source: Some("crm.log".to_owned()), ..alert("d1", "crm.log", 1, Severity::Medium) };
    let group_of = || WhoSawWhom {
        employees: [lin, wang, ming].map(str::to_owned).into(),
        subjects: vec!["p-1234".to_owned()],
        looks: vec![vec![0], vec![0], vec![0]],
        days: 7,
        ..WhoSawWhom::default()
    };
    let dossier = |alert: &Alert| Dossier { group: Some(group_of()), ..dossier_of_looks(alert, MORNING, &format!("crm-{lin}.log"), &[]) };
    let told: Vec<AlertWithDossier> = [one, group, account, source]
        .into_iter()
        .map(|alert| AlertWithDossier { dossier: Some(Arc::new(dossier(&alert))), alert: Arc::new(alert) })
        .collect();
    ingest::take(database, &people(), LIVE, &told, MORNING).await.expect("taken in");
}

/// Everything of an answer, as whoever asked has it.
fn all_of(got: &Got) -> String {
    format!("{}\n{}", got.head, got.body)
}

#[test]
fn before_a_case_is_taken_no_route_names_anybody() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        filled(&database).await;
        let running = covered(&database).await;
        // Words of people name somebody as well.
        let chen = caller(&database, "chen.lei").await;
        work::note(&database, &chen, 1, &format!("ask {}, and not {}x", NAMES[0], NAMES[0]), MORNING).await.expect("noted");
        work::assign(&database, &people(), &chen, 1, Some("li.na"), None, MORNING).await.expect("given");
        work::assign(&database, &people(), &chen, 1, None, None, MORNING).await.expect("taken back: it is free again");
        let mut walked = 0;
        for route in ROUTES {
            for (user, ..) in ACCOUNTS {
                for (id, alert) in [(1, "a1"), (2, "b1"), (3, "c1")] {
                    // Giving, taking and noting do change cases: these come below.
                    if route.path.ends_with("/assignment") {
                        continue;
                    }
                    let path =
                        route.path.replace("/cases/{id}", &format!("/cases/{id}")).replace("/alerts/{id}", &format!("/alerts/{alert}"));
                    let path = path.replace("{id}", "1").replace("{name}", &format!("P{id}-00000000"));
                    let body = match (route.method.as_str(), path.starts_with("/api/")) {
                        ("GET", _) => "",
                        (_, true) => "{\"note\":\"x\",\"reason\":\"x\",\"days\":1,\"purpose\":\"x\",\"pseudonyms\":\"p-1\"}",
                        (_, false) => "note=x&reason=x&days=1&purpose=x&pseudonym=p-1",
                    };
                    let got = running.as_user(user, route.method.as_str(), &path, body).await;
                    walked += 1;
                    for name in NAMES {
                        assert!(!all_of(&got).contains(name), "{} {path} by {user} names {name}: {}", route.method, got.body);
                    }
                }
            }
        }
        assert!(walked > 1_000, "{walked}");
        // Pages in Chinese, revisions, silences that somebody asks for, and a search for the name itself: it is as if there were none.
        for path in ["/", "/cases?state=any", "/cases/2", "/alerts/b1?revision=1", "/views", "/silences", "/quality", "/coverage"] {
            let got = running.with_cookie("chen.lei", path, "__Host-leakwarden-reader=zh-CN.on").await;
            assert!(got.status == 200 && NAMES.iter().all(|name| !got.body.contains(name)), "{path}: {}", got.body);
        }
        let encoded = leakwarden::console::form::encoded;
        for name in NAMES {
            assert_eq!(running.as_user("chen.lei", "GET", &format!("/people/{}", encoded(name)), "").await.status, 404, "{name}");
            let found = running.as_user("chen.lei", "GET", &format!("/api/v1/cases?state=any&about={}", encoded(name)), "").await.body;
            let found: serde_json::Value = serde_json::from_str(&found).expect("JSON");
            assert_eq!((&found["count"], found["cases"].as_array().map(Vec::len)), (&0.into(), Some(0)), "{name}");
        }
        // The pseudonym is there in its place, and the source's own name.
        let queue = running.as_user("chen.lei", "GET", "/cases?state=any", "").await.body;
        assert!(queue.contains("<bdi>P1-") && queue.contains("<bdi>P2-") && queue.contains("<bdi>P3-"), "{queue}");
        assert!(queue.contains("<bdi>crm.log</bdi>") && !queue.contains("/people/P"), "{queue}");
        let case = running.as_user("chen.lei", "GET", "/cases/1", "").await.body;
        assert!(case.contains("until somebody takes it") && case.contains("ask <bdi>") || case.contains("ask P1-"), "{case}");
        let dossier = running.as_user("chen.lei", "GET", "/api/v1/alerts/b1/dossier", "").await.body;
        let dossier: serde_json::Value = serde_json::from_str(&dossier).expect("JSON");
        let members = dossier["dossier"]["group"]["employees"].as_array().expect("members");
        assert!(members.len() == 3 && members.iter().all(|name| name.as_str().is_some_and(|name| name.starts_with("P2-"))), "{members:?}");
        // What was shown is what was written down, in the database and for the detectors.
        let mut read = database.read().await.expect("a connection");
        let views = view_log::newest(&mut read, None, i64::MAX, 1_000_000).await.expect("read");
        drop(read);
        assert!(views.iter().any(|view| view.page == "case" && view.persons.iter().any(|name| name.starts_with("P2-"))), "{views:?}");
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files { decisions: None, views: Some(folder.path().join("views.jsonl")) };
        writers::step(&running.console, &files).await.expect("written");
        let text = std::fs::read_to_string(folder.path().join("views.jsonl")).expect("there");
        for name in NAMES {
            // Searches of that name are what was typed.
            let named = views.iter().any(|view| view.persons.iter().any(|person| person.contains(name)) || view.object.contains(name));
            assert!(!named && !text.contains(name), "{name}");
        }
    });
}

#[test]
fn whoever_takes_a_case_is_shown_its_names_and_that_is_a_view() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        filled(&database).await;
        let running = covered(&database).await;
        let [lin, wang, _, ming] = NAMES;
        let get = async |path: &str| running.as_user("li.na", "GET", path, "").await.body;
        let before = get("/api/v1/cases/2").await;
        assert!(before.contains("P2-") && !before.contains(wang), "{}: {before}", place.name);
        assert_eq!(running.as_user("li.na", "POST", "/cases/2/assignment", "owner=li.na").await.status, 303);
        let case = get("/cases/2").await;
        assert!([lin, wang, ming].iter().all(|name| case.contains(name)) && !case.contains("P2-"), "{case}");
        assert!(get("/alerts/b1").await.contains("looked at the same 40 people"), "the engine's paragraph as well");
        let api: serde_json::Value = serde_json::from_str(&get("/api/v1/cases/2").await).expect("JSON");
        assert_eq!(api["parties"].as_array().map(Vec::len), Some(3));
        // Case 1 is about one of them too, and nobody has taken it: their page does not tell of it.
        let person = get(&format!("/people/{lin}")).await;
        assert!(person.contains("/cases/2") && !person.contains("/cases/1"), "{person}");
        let mut read = database.read().await.expect("a connection");
        let views = view_log::newest(&mut read, Some("li.na"), i64::MAX, 100).await.expect("read");
        drop(read);
        let named = views.iter().filter(|view| view.page == "case" && view.persons.iter().any(|name| name == wang)).count();
        assert_eq!(named, 2, "the page and the answer of the API: {views:?}");
        // Given back, it is covered again.
        assert_eq!(running.as_user("li.na", "POST", "/cases/2/assignment", "owner=").await.status, 303);
        let after = get("/cases/2").await;
        assert!(after.contains("P2-") && !after.contains(wang), "{after}");
    });
}
