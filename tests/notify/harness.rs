//! A database, an outbox and workers whose time the test gives.

use leakwarden::database::{Database, Location};
use leakwarden::model::alert::{
    Alert, AlertState, Evidence, Expected, InnocentReason, MadeBy, Observed, SourceRange, Statute, StatuteScore,
};
use leakwarden::model::identity::Identity;
use leakwarden::model::persons::Persons;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{Span, Timestamp};
use leakwarden::model::typology::Typology;
use leakwarden::notify::outbox::{self, Depth, Outbox};
use leakwarden::notify::worker::{Next, State, Worker};
use leakwarden::notify::{Notify, Teller, read};
use leakwarden::settings::{Findings, Section};
use leakwarden::telemetry::metrics::Metrics;
use std::collections::BTreeMap;
use std::path::Path;
use tokio::runtime::Runtime;

/// When everything begins.
pub const BEGIN: i64 = 1_772_442_845_000;

/// The sink that a text configures.
pub fn configured(text: &str) -> Notify {
    let mut findings = Findings::default();
    let table = toml::from_str(text).expect("is TOML");
    let notify = read(Section::new(table, "c.toml: notify[0]", Path::new(""), &mut findings));
    assert!(findings.problems.is_empty(), "{:?}", findings.problems);
    notify.expect("valid")
}

pub struct Harness {
    pub runtime: Runtime,
    pub database: Database,
    pub outbox: Outbox,
    pub workers: Vec<Worker>,
    pub metrics: Metrics,
    pub now: i64,
    /// Of the database, where it is a file.
    _folder: tempfile::TempDir,
}

impl Harness {
    /// On an SQLite of its own, with these sinks.
    pub fn new(texts: &[&str]) -> Harness {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let database = runtime.block_on(Database::open(&Location::sqlite(folder.path().join("desk.sqlite")))).expect("opens");
        Harness::on(runtime, database, folder, texts)
    }

    /// On a database.
    pub fn on(runtime: Runtime, database: Database, folder: tempfile::TempDir, texts: &[&str]) -> Harness {
        let notify: Vec<Notify> = texts.iter().map(|text| configured(text)).collect();
        let outbox = Outbox::new(&notify, true);
        let metrics = Metrics::new();
        let mut harness = Harness { runtime, database, outbox, workers: Vec::new(), metrics, now: BEGIN, _folder: folder };
        harness.workers = notify.iter().map(|notify| harness.worker(notify, "one")).collect();
        harness
    }

    /// Another worker of a sink, as another process has.
    pub fn worker(&self, notify: &Notify, holder: &str) -> Worker {
        let name = notify.keys.name.clone();
        self.metrics.notify_sink(&name);
        Worker {
            name,
            names: notify.keys.employee,
            pace: notify.own.pace(),
            notifier: notify.build(self.runtime.handle().clone()).expect("built"),
            teller: Teller { link: Some("https://desk.example/cases/{case}".to_owned()), ..Teller::default() },
            timeout: notify.timeout(),
            retry_for: Span::days(3),
            database: self.database.clone(),
            runtime: self.runtime.handle().clone(),
            metrics: self.metrics.clone(),
            holder: holder.to_owned(),
            state: State::default(),
        }
    }

    /// A revision is stored.
    pub fn take(&mut self, alert: &Alert) {
        self.now += 1;
        let (database, outbox, now) = (self.database.clone(), self.outbox.clone(), Timestamp(self.now));
        self.runtime.block_on(async move {
            let mut write = database.write().await.expect("a place");
            outbox.take(&mut write, alert, now).await.expect("taken");
            write.commit().await.expect("committed");
        });
    }

    /// Every worker works until it has nothing to do now.
    pub fn tell(&mut self) {
        for worker in &mut self.workers {
            for _ in 0..2_000 {
                if worker.step(Timestamp(self.now)).expect("a step") != Next::Again {
                    break;
                }
            }
        }
    }

    /// Time goes on, and every worker works whenever it has something to do.
    pub fn tell_for(&mut self, span: Span) {
        let until = self.now + span.0;
        let mut steps = 0;
        while self.now < until {
            let mut next = until;
            for worker in &mut self.workers {
                loop {
                    steps += 1;
                    assert!(steps < 200_000, "it spins");
                    match worker.step(Timestamp(self.now)).expect("a step") {
                        Next::Again => {}
                        Next::At(at) => {
                            next = next.min(at.0.max(self.now + 1));
                            break;
                        }
                    }
                }
            }
            // Where nothing waits a worker looks again every second: here it is known that nothing new comes.
            self.now = if next - self.now <= 1_000 { (self.now + 20_000).min(until) } else { next.min(until) };
        }
    }

    pub fn depth(&self, sink: &str) -> Depth {
        self.runtime.block_on(outbox::depth(&self.database, sink)).expect("measured")
    }

    pub fn reasons(&self, sink: &str) -> Vec<String> {
        let letters = self.runtime.block_on(outbox::dead_letters(&self.database, sink, 100)).expect("read");
        letters.into_iter().map(|(_, reason)| reason).collect()
    }

    pub fn counted(&self, sink: &str, outcome: &str) -> u64 {
        let series = format!("leakwarden_notifications_total{{outcome=\"{outcome}\",sink=\"{sink}\"}} ");
        let text = self.metrics.render();
        let line = text.lines().find(|line| line.starts_with(&series)).unwrap_or_else(|| panic!("{series} is not in\n{text}"));
        line[series.len()..].parse().expect("a number")
    }
}

/// A shown revision of an alert of a case.
pub fn alert(case: &str, id: &str, revision: u32, severity: Severity) -> Alert {
    let time = "2026-03-02T09:14:05Z".to_owned();
    let nothing = Statute { jurisdiction: "cn-2017".to_owned(), exposure: StatuteScore::default(), unexplained: StatuteScore::default() };
    Alert {
        id: id.to_owned(),
        revision,
        provisional: None,
        state: AlertState::Open,
        closed_by: None,
        settled: true,
        typology: Typology::BulkExtract,
        severity,
        score: 71.4,
        case: case.to_owned(),
        case_score: 40.0,
        employee: Some("E0042-named".to_owned()),
        account: None,
        identity: Some(Identity::Authenticated),
        source: None,
        unit: Some("Hangzhou-unit".to_owned()),
        role: Some("teller-role".to_owned()),
        in_directory: true,
        related: vec!["E0777-related".to_owned()],
        raised_at: time.clone(),
        reached: BTreeMap::from([(severity, time.clone())]),
        shown_at: Some(time.clone()),
        shown_again: None,
        first_access: time.clone(),
        last_access: time,
        window: "24h".to_owned(),
        observed: Observed { accesses: 812, records: 8_123, persons: Persons::Exact(7_990), ..Observed::default() },
        expected: Expected::default(),
        statute: nothing,
        explanation: "free-text of 13900000000".to_owned(),
        innocent_reasons: vec![InnocentReason {
            reason: "campaign".to_owned(),
            tested: true,
            holds: false,
            detail: "13900000000-detail".to_owned(),
        }],
        evidence: Evidence {
            records: 812,
            sources: vec![SourceRange { source: "core.log-source".to_owned(), first: 1, last: 2 }],
            root: "root-hash".to_owned(),
            inferred: vec!["crm.customers-table".to_owned()],
        },
        made_by: MadeBy { version: "0".to_owned(), config: String::new(), baseline: String::new(), calibration: String::new() },
    }
}

/// The revision that closes it.
pub fn closed(case: &str, id: &str, revision: u32, severity: Severity) -> Alert {
    Alert { state: AlertState::Closed, ..alert(case, id, revision, severity) }
}
