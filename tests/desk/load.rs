//! How long pages take with 100,000 alerts in 1,000 cases and 20 readers at once, and how large they are. It takes some minutes:
//!
//! `cargo test --release --test desk -- --ignored load:: --nocapture` (`LEAKWARDEN_LOAD_P95_MS=200` demands that time of every page.)

use crate::common::databases::on_each;
use crate::company::{MORNING, alert, people, staffed};
use crate::console::Running;
use leakwarden::desk::{LIVE, ingest};
use leakwarden::model::alert::Alert;
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{HOUR_MS, Timestamp};
use leakwarden::model::typology::Typology;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CASES: usize = 1_000;
const ALERTS_OF_A_CASE: usize = 100;
const READERS: usize = 20;
const ROUNDS: usize = 6;
/// Bytes of a page at the most.
const LARGEST: usize = 150_000;

/// What readers ask for: every list by several filters, and cases and alerts.
const PAGES: &[&str] = &[
    "/",
    "/cases?state=any",
    "/cases?severity=high",
    "/cases?state=new&shown=no",
    "/cases?about=E1500",
    "/cases/17",
    "/cases/900",
    "/alerts/a-17-3",
    "/people/E1500",
    "/quality",
    "/coverage",
    "/silences",
    "/views",
    "/api/v1/cases?limit=200",
    "/api/v1/cases/17",
    "/api/v1/quality",
    "/api/v1/silences",
];

#[test]
#[ignore = "a measurement of some minutes"]
fn pages_are_quick_and_small_with_a_hundred_thousand_alerts() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let began = Instant::now();
        for case in 0..CASES {
            let told: Vec<AlertWithDossier> = (0..ALERTS_OF_A_CASE)
                .map(|nth| {
                    let severity = Severity::ALL[(case + nth / 30) % Severity::ALL.len()];
                    let at = Timestamp(MORNING.0 - (case * 7 + nth) as i64 * HOUR_MS / 8).to_string();
                    let typology = Typology::ALL[case % Typology::ALL.len()];
                    let alert = Alert {
                        typology,
                        raised_at: at.clone(),
                        shown_at: (case % 3 == 0).then_some(at),
                        case_score: 20.0 + (case % 80) as f64,
                        ..alert(&format!("a-{case}-{nth}"), &format!("E{}", 1_000 + case), 1, severity)
                    };
                    AlertWithDossier { alert: Arc::new(alert), dossier: None }
                })
                .collect();
            ingest::take(&database, &people(), LIVE, &told, MORNING).await.expect("taken in");
        }
        println!("{}: {} alerts in {} cases taken in within {:?}", place.name, CASES * ALERTS_OF_A_CASE, CASES, began.elapsed());
        let running = Arc::new(Running::behind_a_proxy(database.clone()).await);
        let readers = (0..READERS).map(|reader| {
            let running = Arc::clone(&running);
            tokio::spawn(async move {
                let mut took: Vec<(&'static str, Duration, usize)> = Vec::new();
                for round in 0..ROUNDS {
                    for at in 0..PAGES.len() {
                        let page = PAGES[(at + reader * 5 + round) % PAGES.len()];
                        let began = Instant::now();
                        let got = running.as_user(if reader % 2 == 0 { "chen.lei" } else { "zhao" }, "GET", page, "").await;
                        assert!([200, 404].contains(&got.status), "{page}: {} {}", got.status, got.body);
                        took.push((page, began.elapsed(), got.body.len()));
                    }
                }
                took
            })
        });
        let mut of: BTreeMap<&str, (Vec<Duration>, usize)> = BTreeMap::new();
        for reader in readers.collect::<Vec<_>>() {
            for (page, time, bytes) in reader.await.expect("no panic") {
                let one = of.entry(page).or_default();
                one.0.push(time);
                one.1 = one.1.max(bytes);
            }
        }
        let most = std::env::var("LEAKWARDEN_LOAD_P95_MS").ok().and_then(|text| text.parse().ok()).map(Duration::from_millis);
        let mut broken = Vec::new();
        for (page, (mut times, bytes)) in of {
            times.sort_unstable();
            let (middle, late) = (times[times.len() / 2], times[times.len() * 95 / 100]);
            println!("{}: {page}: median {middle:?}, p95 {late:?}, {bytes} bytes", place.name);
            if bytes > LARGEST || most.is_some_and(|most| late > most) {
                broken.push(format!("{page}: p95 {late:?}, {bytes} bytes"));
            }
        }
        assert_eq!(broken, Vec::<String>::new(), "{}", place.name);
    });
}
