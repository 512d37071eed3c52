//! Commands on the database that nothing else runs: erasing what is due, whose account it is for a provider, silences by pseudonyms.

use crate::common::program::leakwarden;
use crate::company::{MORNING, alert, caller, people};
use crate::service::company;
use leakwarden::database::{Database, Location};
use leakwarden::desk::verdict::{self, Verdict};
use leakwarden::desk::{LIVE, account, ingest, work};
use leakwarden::model::decision::{VerdictOutcome, VerdictReason};
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::model::severity::Severity;
use sqlx::Row;
use std::path::Path;
use std::sync::Arc;

fn said(dir: &Path, arguments: &[&str]) -> String {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--config", "config.toml"]).collect();
    String::from_utf8(leakwarden(dir, &arguments).well().out).expect("text")
}

/// How many rows a query counts.
async fn count(database: &Database, sql: &str) -> i64 {
    let mut read = database.read().await.expect("a connection");
    sqlx::query(sql).fetch_one(&mut *read).await.expect("read").get(0)
}

/// A case of E7 that was found innocent in March, and one of E8 that is open.
async fn judged(dir: &Path) -> Database {
    let database = Database::open(&Location::sqlite(dir.join("desk.sqlite"))).await.expect("open");
    let told = [alert("a1", "E7", 1, Severity::High), alert("b1", "E8", 1, Severity::High)];
    let told: Vec<_> = told.map(|alert| AlertWithDossier { alert: Arc::new(alert), dossier: None }).into();
    ingest::take(&database, &people(), LIVE, &told, MORNING).await.expect("taken in");
    let li = caller(&database, "li.na").await;
    work::assign(&database, &people(), &li, 1, Some("li.na"), None, MORNING).await.expect("taken");
    let sent = Verdict {
        outcome: VerdictOutcome::Innocent,
        reason: VerdictReason::Batch,
        text: "asked the branch".to_owned(),
        cites: [("a1".to_owned(), 1)].into(),
    };
    verdict::give(&database, &li, 1, &sent, None, MORNING).await.expect("decided");
    database
}

#[test]
fn what_is_due_is_erased_a_subject_names_one_account_and_a_silence_names_nobody() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    company(
        dir,
        "[console]\nlisten = \"127.0.0.1:0\"\nemployees_by_pseudonym = true\n[database]\nurl = \"sqlite://desk.sqlite\"\n\
         [retention]\ninnocent = \"30d\"\n",
    );
    let add = |name: &str, employee: &str, role: &str, more: &[&str]| {
        said(dir, &[&["console", "account", "add", name, "--employee", employee, "--role", role], more].concat());
    };
    add("li.na", "E1", "investigator", &["--subject", "sub-1"]);
    add("chen.lei", "E2", "lead", &["--by-proxy"]);
    add("zhao", "E6", "auditor", &["--by-proxy"]);
    let database = runtime.block_on(judged(dir));
    let of = |subject: &str| {
        let named = async {
            let mut read = database.read().await.expect("a connection");
            account::of_subject(&mut read, subject).await.expect("read")
        };
        runtime.block_on(named)
    };
    assert_eq!(of("sub-1").as_deref(), Some("li.na"), "--subject");
    said(dir, &["console", "account", "subject", "chen.lei", "sub-2"]);
    assert_eq!(of("sub-2").as_deref(), Some("chen.lei"));
    let taken = leakwarden(dir, &["console", "account", "subject", "zhao", "sub-2", "--config", "config.toml"]);
    assert!(taken.status != 0 && of("sub-2").as_deref() == Some("chen.lei"), "a subject is of one account: {}", taken.err);
    said(dir, &["console", "account", "subject", "chen.lei"]);
    assert_eq!(of("sub-2"), None, "without one it names nobody");

    // A silence names its employee to whoever asked and whoever decides.
    let asked = ["silence", "add", "--match", "employee=E7", "--for", "3d", "--reason", "event", "--text", "stocktaking", "--as", "li.na"];
    assert!(said(dir, &asked).contains("employee=E7"));
    let listed = |who: &str| said(dir, &["silence", "list", "--as", who]);
    assert!(listed("li.na").contains("employee=E7") && listed("chen.lei").contains("employee=E7"));
    assert!(listed("zhao").contains("employee=(…)") && !listed("zhao").contains("E7"), "{}", listed("zhao"));

    // What would be erased, and then is; the open case stays.
    let cases = |sql: &str| runtime.block_on(count(&database, sql));
    let dry = said(dir, &["case", "erase", "--dry-run"]);
    assert_eq!(cases("select count(*) from case_party where name = 'E7'"), 1, "{dry}");
    let erased = said(dir, &["case", "erase"]);
    assert_eq!(cases("select count(*) from case_party where name = 'E7'"), 0, "{erased}");
    assert_eq!(cases("select count(*) from case_file where erased_at is not null"), 1);
    assert_eq!(cases("select count(*) from case_party where name = 'E8'"), 1, "whose case is open");
    assert!(dry.starts_with("would erase 1 cases (1) ") && erased.starts_with("erased 1 cases (1) "), "{dry} {erased}");
    assert!(said(dir, &["case", "erase"]).starts_with("erased 0 cases and "), "once");
}
