//! A bank whose service follows one file, with what somebody takes from it.

use crate::common::line::{Line, access, on};
use crate::common::service::Service;
use crate::common::world::CATALOG;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Writes everything that the service loads.
pub fn write(dir: &Path) {
    let directory = "[directory]\nemployees = \"employees.csv\"\nexplanations = \"explanations.jsonl\"\n";
    let source = "[[source]]\nname = \"access\"\npath = \"access.jsonl\"\nformat = \"canonical\"\n";
    let sink = "[[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n";
    fs::write(
        dir.join("config.toml"),
        format!("[catalog]\nfile = \"catalog.toml\"\n[subjects]\nkey_file = \"subject.key\"\n{directory}{source}{sink}"),
    )
    .expect("written");
    fs::write(dir.join("subject.key"), "a secret of thirty-two bytes, or more").expect("written");
    fs::write(dir.join("catalog.toml"), CATALOG).expect("written");
    let people: String = (1..=6).map(|n| format!("e{n},U,teller\n")).collect();
    fs::write(dir.join("employees.csv"), format!("employee,unit,role\n{people}")).expect("written");
    fs::write(dir.join("explanations.jsonl"), "").expect("written");
    fs::write(dir.join("access.jsonl"), "").expect("written");
}

/// Reads of ten thousand people whose ids do not follow one another: enough to be grave.
pub fn extract(who: &str, day: i64, hour: i64) -> Vec<Line> {
    let read = |n: i64| {
        let from = (day * 24 + hour) as u64 * 10_000 + n as u64 * 1_000;
        let line = access(who).at(on(day, &format!("{hour:02}:{n:02}"))).id(format!("{who}-{day}-{hour}-{n}"));
        line.reads_all("crm.customers").of((from..from + 1_000).map(|id| id * 13))
    };
    (0..10).map(read).collect()
}

/// Somebody else looks at one person: time goes on.
pub fn look(day: i64, time: &str) -> Line {
    access("e6").at(on(day, time)).id(format!("look-{day}-{time}")).reads("crm.customers", &["name"]).of([1])
}

/// The values of a gauge by severity, where it is there.
pub fn by_severity(service: &Service, gauge: &str) -> BTreeMap<String, f64> {
    let text = service.get("/metrics").expect("answers");
    let of = |line: &str| {
        let (severity, value) = line.strip_prefix(&format!("leakwarden_{gauge}{{severity=\""))?.split_once("\"} ")?;
        Some((severity.to_owned(), value.parse().expect("a number")))
    };
    text.lines().filter_map(of).collect()
}

/// What Prometheus knows of open alerts.
pub fn standing(service: &Service) -> [BTreeMap<String, f64>; 2] {
    ["alerts_open", "alerts_shown_open"].map(|gauge| by_severity(service, gauge))
}

/// How many are told over all severities.
pub fn sum(gauge: &BTreeMap<String, f64>) -> f64 {
    gauge.values().sum()
}

/// What tells a revision from all others.
pub fn key(alert: &Value) -> (String, bool, u64) {
    let settled = alert["settled"] == true;
    let number = if settled { &alert["revision"] } else { &alert["provisional"] };
    assert_eq!(alert["provisional"].is_null(), settled, "{alert}");
    (alert["id"].as_str().expect("an id").to_owned(), settled, number.as_u64().expect("a number"))
}
