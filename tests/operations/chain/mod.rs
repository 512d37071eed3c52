//! The whole chain: from an insider's record to a notification by a real Prometheus and Alertmanager, through a restart of each.

mod dashboards;
mod each_case;
pub(crate) mod notifications;

use crate::common::daemons::{Alertmanager, Prometheus, free_port};
use crate::common::kafka::{apart, skipped};
use crate::common::line::access;
use crate::common::service::{Service, append};
use crate::common::world::CATALOG;
use leakwarden::model::time::{DAY_MS, MINUTE_MS, Timestamp};
use notifications::Receiver;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The rule by which somebody is called.
const RULE: &str = "LeakwardenCriticalAlertsOpen";

/// Longer than the rule waits, and than Prometheus waits until it says again what still fires.
const ROUND: Duration = Duration::from_secs(75);

pub(crate) fn ago(days: i64, minutes: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    Timestamp(now - days * DAY_MS + minutes * MINUTE_MS)
}

/// Somebody takes the credit reports of ten thousand, nine days ago; an hour later it has settled, since a colleague looked at somebody.
pub(crate) fn insider() -> Vec<String> {
    let thousand = |n: u64| access("e1").at(ago(9, n as i64)).reads_all("loan.credit").of(n * 1_000..(n + 1) * 1_000).to_string();
    (0..10).map(thousand).chain([access("e2").at(ago(9, 60)).reads("crm.customers", &["name"]).of([1]).to_string()]).collect()
}

/// The days since, on which a colleague looks at somebody.
pub(crate) fn days_since() -> Vec<String> {
    (1..9).rev().chain([0]).map(|days| access("e2").at(ago(days, -30)).reads("crm.customers", &["name"]).of([1]).to_string()).collect()
}

pub(crate) fn set_up(dir: &Path) {
    let config = "[catalog]\nfile = \"catalog.toml\"\n[directory]\nexplanations = \"reasons.jsonl\"\n[subjects]\nkey_file = \"subject.key\"\n\
        [[source]]\nname = \"core\"\npath = \"core.log\"\n[[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n[state]\ndir = \"state\"\n";
    for (name, text) in [
        ("config.toml", config),
        ("catalog.toml", CATALOG),
        ("subject.key", "a secret of thirty-two bytes, or more"),
        ("core.log", ""),
        ("reasons.jsonl", ""),
    ] {
        fs::write(dir.join(name), text).expect("written");
    }
}

/// Every process is restarted while a critical alert is open: somebody is told once that it is, and once that it is over.
///
/// A service whose open alerts were zero after a restart told everybody "resolved", and the next finding everybody anew.
#[test]
fn one_insider_is_one_notification_whatever_is_restarted() {
    // Minutes of waiting: beside the tests with a broker, which wait as well.
    if apart() {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    set_up(dir);
    let (receiver, port) = (Receiver::start(), free_port());
    let (Some(alertmanager), Some(prometheus)) = (Alertmanager::set_up(dir, receiver.port()), Prometheus::set_up(dir, port)) else {
        return skipped("no Prometheus and Alertmanager here (Debian: prometheus, prometheus-alertmanager)");
    };
    let prometheus = prometheus.knows(&alertmanager);
    let service = Service::listening(dir, port);
    let mut alerting = alertmanager.start();
    let mut rules = prometheus.start();

    append(&dir.join("core.log"), &insider());
    service.wait("it is shown", |service| service.metric("leakwarden_alerts_shown_open{severity=\"critical\"}") > 0.0);
    receiver.wait("somebody is told", |told| told.firing(RULE) == 1);

    service.stop();
    std::thread::sleep(Duration::from_secs(5));
    let service = Service::listening(dir, port);
    // What is resolved is told at once.
    std::thread::sleep(Duration::from_secs(20));
    assert_eq!(receiver.told(RULE), (1, 0), "after a restart of the service: {receiver:?}");

    service.crash();
    let service = Service::listening(dir, port);
    drop(rules);
    rules = prometheus.start();
    std::thread::sleep(ROUND);
    assert_eq!(receiver.told(RULE), (1, 0), "after a crash of the service and a restart of Prometheus: {receiver:?}");

    drop(alerting);
    alerting = alertmanager.start();
    std::thread::sleep(ROUND);
    assert_eq!(receiver.told(RULE), (1, 0), "after a restart of Alertmanager: {receiver:?}");

    append(&dir.join("core.log"), &days_since());
    service.wait("the alert has closed", |service| {
        service.alerts().iter().any(|alert| alert["employee"] == "e1" && alert["state"] == "closed")
    });
    receiver.wait("it is told that it is over", |told| told.told(RULE).1 == 1);
    std::thread::sleep(Duration::from_secs(10));
    assert_eq!(receiver.told(RULE), (1, 1), "{receiver:?}");
    drop((rules, alerting));
    service.stop();
}
