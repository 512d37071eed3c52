//! Several insiders one after the other: each is told by itself, once, with its link and whom to call, and once that it is over.
//!
//! One rule over a number was one alert: the second to the seventh critical case told nobody for twelve hours.

use super::notifications::Receiver;
use super::{ago, days_since, set_up};
use crate::common::daemons::{Alertmanager, free_port};
use crate::common::kafka::{apart, skipped};
use crate::common::line::access;
use crate::common::service::{Service, append};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Insiders, and those who were told of nobody.
const INSIDERS: [&str; 6] = ["e11", "e12", "e13", "e14", "e15", "e16"];

/// The insider of this number takes the credit reports of ten thousand others, nine days ago, and two hours later it has settled.
fn insider(number: usize) -> Vec<String> {
    let begun = 120 * number as i64;
    let thousand = |n: u64| {
        let from = (number as u64 * 100 + n) * 1_000;
        access(INSIDERS[number]).at(ago(9, begun + n as i64)).reads_all("loan.credit").of(from..from + 1_000).to_string()
    };
    let colleague = access("e2").at(ago(9, begun + 100)).reads("crm.customers", &["name"]).of([1]).to_string();
    (0..10).map(thousand).chain([colleague]).collect()
}

/// People are told by Alertmanager, and by nothing else.
fn told_by(dir: &Path, alertmanager: &Alertmanager) {
    let more = format!(
        "[alerts]\nbudget_per_day = 10\n[notifications]\nunsettled = false\nlink = \"https://desk.bank.example/cases/{{case}}\"\n\
         [contacts]\ndefault = \"data protection\"\n[[notify]]\nname = \"oncall\"\nkind = \"alertmanager\"\nurl = [\"http://127.0.0.1:{}\"]\nseverity = \"critical\"\n",
        alertmanager.port()
    );
    let file = dir.join("config.toml");
    let config = fs::read_to_string(&file).expect("set up");
    fs::write(file, config + &more).expect("written");
}

/// How often each case was told: that it is open, and that it is over.
fn counted(receiver: &Receiver) -> BTreeMap<String, (usize, usize)> {
    let mut counted = BTreeMap::<String, (usize, usize)>::new();
    for (case, open, _) in receiver.cases() {
        let of = counted.entry(case).or_default();
        if open { of.0 += 1 } else { of.1 += 1 }
    }
    counted
}

#[test]
fn each_of_several_criticals_pages_once_and_is_over_once() {
    // Minutes of waiting: beside the tests with a broker, which wait as well.
    if apart() {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    set_up(dir);
    let (receiver, port) = (Receiver::start(), free_port());
    let Some(alertmanager) = Alertmanager::set_up(dir, receiver.port()) else {
        return skipped("no Alertmanager here (Debian: prometheus-alertmanager)");
    };
    told_by(dir, &alertmanager);
    let mut alerting = alertmanager.start();
    let mut service = Service::listening(dir, port);
    for number in 0..INSIDERS.len() {
        append(&dir.join("core.log"), &insider(number));
        receiver.wait("the next one is told", |told| counted(told).len() == number + 1);
        match number {
            1 => {
                service.stop();
                service = Service::listening(dir, port);
            }
            2 => {
                service.crash();
                service = Service::listening(dir, port);
            }
            3 => {
                drop(alerting);
                alerting = alertmanager.start();
            }
            _ => {}
        }
    }
    // What holds is said again every minute: nobody hears of it.
    std::thread::sleep(Duration::from_secs(70));
    assert!(counted(&receiver).values().all(|told| *told == (1, 0)), "each once: {receiver:?}");
    for (case, _, told) in receiver.cases() {
        let (labels, says) = (&told["commonLabels"], &told["commonAnnotations"]);
        assert_eq!((&labels["severity"], labels.as_object().map_or(0, serde_json::Map::len)), (&"critical".into(), 3), "{labels}");
        assert_eq!(says["link"], format!("https://desk.bank.example/cases/{case}"));
        assert_eq!(says["call"], "data protection");
        assert!(says["next"].as_str().is_some_and(|next| next.contains("give a verdict")), "{says}");
        let text = told.to_string();
        assert!(INSIDERS.iter().all(|insider| !text.contains(&format!("\"{insider}\""))), "nobody is named: {text}");
    }

    append(&dir.join("core.log"), &days_since());
    receiver.wait("all of them are over", |told| counted(told).values().all(|told| told.1 == 1));
    std::thread::sleep(Duration::from_secs(10));
    assert_eq!(counted(&receiver).values().copied().collect::<Vec<_>>(), [(1, 1); 6], "{receiver:?}");
    drop(alerting);
    service.stop();
}
