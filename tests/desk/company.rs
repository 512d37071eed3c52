//! A small company for the tests: alerts, people, accounts.

use leakwarden::database::Database;
use leakwarden::desk::people::People;
use leakwarden::desk::rights::{Caller, Grant, Role};
use leakwarden::desk::{LIVE, account, ingest};
use leakwarden::model::alert::*;
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::model::identity::Identity;
use leakwarden::model::persons::Persons;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{MINUTE_MS, Timestamp};
use leakwarden::model::typology::Typology;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A morning in March.
pub const MORNING: Timestamp = Timestamp(1_772_440_445_000);

/// So many minutes later.
pub fn later(minutes: i64) -> Timestamp {
    Timestamp(MORNING.0 + minutes * MINUTE_MS)
}

/// A settled revision of an alert about an employee.
pub fn alert(id: &str, employee: &str, revision: u32, severity: Severity) -> Alert {
    let at = MORNING.to_string();
    let nothing = || StatuteScore {
        band: "below".to_owned(),
        band_a: "below".to_owned(),
        band_ordinary: "below".to_owned(),
        ..StatuteScore::default()
    };
    Alert {
        id: id.to_owned(),
        revision,
        provisional: None,
        state: AlertState::Open,
        settled: true,
        typology: Typology::BulkExtract,
        severity,
        score: 20.0 + 20.0 * severity as i64 as f64,
        case: format!("case-{employee}"),
        case_score: 30.0 + 10.0 * severity as i64 as f64,
        employee: Some(employee.to_owned()),
        account: None,
        identity: Some(Identity::Authenticated),
        source: None,
        unit: Some("north".to_owned()),
        role: Some("teller".to_owned()),
        in_directory: true,
        related: vec![],
        raised_at: at.clone(),
        reached: BTreeMap::from([(severity, at.clone())]),
        shown_at: Some(at.clone()),
        shown_again: None,
        closed_by: None,
        first_access: at.clone(),
        last_access: later(i64::from(revision)).to_string(),
        window: "24h".to_owned(),
        observed: Observed { accesses: 40, records: 40, persons: Persons::Exact(40), named: Persons::Exact(40), ..Observed::default() },
        expected: Expected::default(),
        statute: Statute { jurisdiction: "cn-2017".to_owned(), exposure: nothing(), unexplained: nothing() },
        explanation: format!("{employee} looked at 40 people; usually 2"),
        innocent_reasons: vec![],
        evidence: Evidence { records: 40, sources: vec![], root: "ab".repeat(16), inferred: Vec::new() },
        made_by: MadeBy { version: "0".to_owned(), config: "c".to_owned(), baseline: "b".to_owned(), calibration: String::new() },
    }
}

/// Li Na investigates, Chen Lei and Wang leads, E90 is above Li Na; Zhao audits, Qian is the data protection officer, Sun operates.
pub fn people() -> People {
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    People::new(
        [pair("E1", "E90"), pair("E2", "E91"), pair("E3", "E1")],
        [pair("E1", "audit"), pair("E2", "audit"), pair("E7", "north"), pair("E8", "south")],
    )
}

/// The accounts, by name: employee and roles.
pub const ACCOUNTS: &[(&str, &str, Role, Option<&str>)] = &[
    ("li.na", "E1", Role::Investigator, None),
    ("chen.lei", "E2", Role::Lead, None),
    ("wang.lead", "E3", Role::Lead, None),
    ("north.lead", "E4", Role::Lead, Some("north")),
    ("south.lead", "E5", Role::Lead, Some("south")),
    ("zhao", "E6", Role::Auditor, None),
    ("qian", "E10", Role::Dpo, None),
    ("sun", "E11", Role::Operator, None),
];

/// The password of every account of [`staffed`].
pub const PASSWORD: &str = "correct horse battery";

/// Adds the accounts, which a proxy signs in.
pub async fn staffed(database: &Database) {
    for (name, employee, role, unit) in ACCOUNTS {
        let grants = [Grant { role: *role, unit: unit.map(str::to_owned) }];
        account::add(database, name, employee, None, &grants, MORNING).await.expect("added");
    }
}

/// Who acts by an account.
pub async fn caller(database: &Database, name: &str) -> Caller {
    let mut read = database.read().await.expect("a connection");
    account::caller(&mut read, &people(), name).await.expect("read").expect("an account")
}

/// Takes revisions in.
pub async fn take(database: &Database, alerts: &[Alert]) -> Vec<ingest::Taken> {
    let told: Vec<AlertWithDossier> =
        alerts.iter().map(|alert| AlertWithDossier { alert: Arc::new(alert.clone()), dossier: None }).collect();
    ingest::take(database, &people(), LIVE, &told, MORNING).await.expect("taken in")
}
