//! Every panel of the dashboards asks a real Prometheus, which looks at a real service: each query is understood, is about metrics that
//! there are, and is answered with figures.

use super::notifications::Receiver;
use super::{ago, days_since, insider, set_up};
use crate::common::daemons::{Alertmanager, Prometheus, free_port};
use crate::common::kafka::{apart, skipped};
use crate::common::service::{Service, append};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Metrics that this service has no figure of: it reads no Kafka and is no cluster, and none of these troubles befell it.
const NOT_HERE: [&str; 12] = [
    "leakwarden_alerts_silenced_total",
    "leakwarden_cluster_lag_records",
    "leakwarden_consumer_lag_records",
    "leakwarden_evicted_total",
    "leakwarden_http_refused_total",
    "leakwarden_own_messages_refused_total",
    "leakwarden_records_ignored_total",
    "leakwarden_source_losses_total",
    "leakwarden_state_losses_total",
    "leakwarden_tasks_restoring",
    "leakwarden_tasks_running",
    "leakwarden_unmapped_login_records_total",
];

/// So many scrapes bring whatever there is: a rate needs two, and one may find the machine busy.
const SCRAPES: usize = 60;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Each dashboard's panels with what they ask for, its variables filled in.
fn asked() -> Vec<(String, String)> {
    let mut asked = Vec::new();
    for file in fs::read_dir(root().join("deploy/grafana/dashboards")).expect("dashboards") {
        let file = file.expect("a file").path();
        let board: Value = serde_json::from_str(&fs::read_to_string(&file).expect("read")).expect("JSON");
        for panel in board["panels"].as_array().expect("panels") {
            let name = format!("{}: {}", board["title"].as_str().expect("a title"), panel["title"].as_str().expect("a title"));
            let targets: Vec<&str> =
                panel["targets"].as_array().into_iter().flatten().filter_map(|target| target["expr"].as_str()).collect();
            assert_eq!(targets.is_empty(), panel["type"] == "row", "{name}: it asks for something");
            for target in targets {
                asked.push((name.clone(), target.replace("$job", ".*").replace("$source", ".*").replace("$__range", "1h")));
            }
        }
    }
    asked
}

fn metrics(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("leakwarden_")).map(str::to_owned).collect()
}

/// What everything is configured for, so that there is something of everything.
fn with_all(dir: &Path) {
    let more = "[notifications]\nunsettled = false\n[[notify]]\nname = \"journal\"\nkind = \"jsonl\"\npath = \"told.jsonl\"\n\
        [decisions]\nfile = \"decisions.jsonl\"\n[database]\nurl = \"sqlite://desk.sqlite\"\n";
    let file = dir.join("config.toml");
    let config = fs::read_to_string(&file).expect("set up");
    fs::write(file, config + more).expect("written");
    fs::write(dir.join("decisions.jsonl"), "this is no decision\n").expect("written");
}

/// What somebody says in the evening: that it was a batch, of the newest settled revision of each alert.
fn verdict(service: &Service, nth: usize, day: i64) -> Value {
    let mut newest = BTreeMap::new();
    for alert in service.alerts().iter().filter(|alert| alert["employee"] == "e1" && alert["settled"] == true) {
        newest.insert(alert["id"].to_string(), json!({ "id": alert["id"], "revision": alert["revision"] }));
    }
    let alerts: Vec<Value> = newest.into_values().collect();
    json!({
        "id": format!("{nth:032}"), "at": ago(day, 60).to_string(), "by": "chen.lei", "kind": "verdict", "outcome": "innocent",
        "reason": "batch", "alerts": alerts,
    })
}

#[test]
fn every_panel_is_answered_with_figures() {
    // Beside the tests with a broker, which wait as well.
    if apart() {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    set_up(dir);
    with_all(dir);
    let (receiver, port) = (Receiver::start(), free_port());
    let (Some(alertmanager), Some(prometheus)) = (Alertmanager::set_up(dir, receiver.port()), Prometheus::set_up(dir, port)) else {
        return skipped("no Prometheus and Alertmanager here (Debian: prometheus, prometheus-alertmanager)");
    };
    let prometheus = prometheus.knows(&alertmanager);
    let running = prometheus.start();
    let service = Service::listening(dir, port);
    let shown = |severity: &str| format!("leakwarden_cases_shown_open{{severity=\"{severity}\"}}");
    // Prometheus sees a counter grow only where it saw it before.
    let seen = |expression: &str, what: &str| {
        let deadline = Instant::now() + Duration::from_secs(300);
        while prometheus.query(expression).is_empty() {
            assert!(Instant::now() < deadline, "{what}: {expression}");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    seen("leakwarden_build_info", "Prometheus sees the service");
    append(&dir.join("core.log"), &insider());
    service.wait("a case is shown", |service| service.metric(&shown("critical")) > 0.0);
    seen("leakwarden_cases_shown_open > 0", "Prometheus sees the case");
    // A share of nothing is nothing: what it is a share of is looked at all the same.
    let asked = asked();
    assert!(asked.len() > 50, "{} queries", asked.len());
    let mut waiting: Vec<_> =
        asked.iter().filter(|(_, expression)| !metrics(expression).iter().any(|metric| NOT_HERE.contains(&metric.as_str()))).collect();
    // What is about open cases is asked while one is open.
    waiting.retain(|(_, expression)| prometheus.query(expression).is_empty());

    // Each evening somebody says what it was, of what had settled by then; what comes the next day lets it come into force, unless more has
    // settled meanwhile: then they say it again.
    let outcome =
        |service: &Service, name: &str| service.metric(&format!("leakwarden_decisions_total{{kind=\"verdict\",outcome=\"{name}\"}}"));
    let accepted = "leakwarden_records_total{outcome=\"accepted\",source=\"core\"}";
    for (nth, (day, record)) in (1..9).rev().chain([0]).zip(days_since()).enumerate() {
        let read = service.metric(accepted);
        append(&dir.join("core.log"), &[record]);
        service.wait("the day is read", |service| service.metric(accepted) > read);
        let taken = outcome(&service, "taken");
        let decided = |service: &Service| ["in_force", "stale", "over"].map(|name| outcome(service, name)).iter().sum::<f64>();
        service.wait("the verdict of the day before is decided on", |service| decided(service) >= taken);
        if outcome(&service, "in_force") > 0.0 || day == 0 {
            continue;
        }
        append(&dir.join("decisions.jsonl"), &[verdict(&service, nth, day)]);
        service.wait("the verdict is taken", |service| outcome(service, "taken") > taken);
    }
    assert!(outcome(&service, "in_force") > 0.0, "no verdict came into force: {}", service.log());
    seen("leakwarden_verdicts_total > 0", "Prometheus sees the verdict");

    let documented = fs::read_to_string(root().join("docs/operate/metrics.md")).expect("read");
    let mut wrong = Vec::new();
    for (panel, expression) in &asked {
        for metric in metrics(expression) {
            let name = metric.trim_start_matches("leakwarden_").trim_end_matches("_bucket");
            if !documented.contains(&format!("| `{name}` |")) {
                wrong.push(format!("{panel}: there is no metric {metric}"));
            }
        }
    }
    // A scrape that was too slow has no figures until the next: what has none is asked again, until so many more scrapes went well.
    let (mut went_well, mut last) = (0, String::new());
    while !waiting.is_empty() && went_well < SCRAPES {
        waiting.retain(|(_, expression)| prometheus.query(expression).is_empty());
        seen("leakwarden_build_info", "a scrape goes well");
        let scraped = prometheus
            .query("max(timestamp(leakwarden_build_info))")
            .first()
            .map_or_else(String::new, |series| series["value"][1].to_string());
        went_well += usize::from(!scraped.is_empty() && scraped != last);
        last = scraped;
        std::thread::sleep(Duration::from_millis(300));
    }
    wrong.extend(waiting.iter().map(|(panel, expression)| format!("{panel}: no figures: {expression}")));
    for (_, expression) in &asked {
        // Also what has no figures here must be understood.
        prometheus.query(expression);
    }
    for metric in NOT_HERE {
        if !asked.iter().any(|(_, expression)| expression.contains(metric)) {
            wrong.push(format!("{metric}: no panel asks for it any more"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    drop(running);
    service.stop();
}
