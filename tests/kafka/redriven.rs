//! Dead letters of a cluster come back after a fix, and each counts once, however often the command is run.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use crate::common::line::on;
use crate::common::program::{Ran, leakwarden};
use crate::common::world::CATALOG;
use leakwarden::model::time::Timestamp;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A log of one's own: an employee reads a thousand people.
fn record(who: &str, time: Timestamp, n: usize) -> String {
    let people: Vec<String> = (n * 1_000..(n + 1) * 1_000).map(|id| format!("{{\"c\":\"{}\"}}", id * 13)).collect();
    format!(r#"{{"ts":"{time}","who":{{"nr":"{who}"}},"table":"crm.customers","items":[{}]}}"#, people.join(","))
}

/// A configuration in which the employee stands at that pointer.
fn configure(dir: &Path, brokers: &str, employee: &str) {
    let text = format!(
        "[catalog]\nfile = \"catalog.toml\"\n[subjects]\nkey_file = \"subject.key\"\n[reload]\nwatch = false\n\
         [[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n[state]\ndir = \"state\"\ncheckpoint = \"1s\"\n\
         [dead_letters]\npath = \"dead-letters.jsonl\"\n[cluster]\ntasks = 2\nprefix = \"again.own\"\n\
         [[source]]\nname = \"core\"\nkind = \"kafka\"\nbrokers = \"{brokers}\"\ntopics = [\"again.log\"]\ngroup = \"again\"\nformat = \"core\"\n\
         [format.core]\nkind = \"json\"\ntime = \"/ts\"\ntable = \"/table\"\nsubjects = \"/items/*/c\"\nemployee = \"{employee}\"\n"
    );
    fs::write(dir.join("config.toml"), text).expect("written");
    fs::write(dir.join("catalog.toml"), CATALOG).expect("written");
    fs::write(dir.join("subject.key"), "a secret of thirty-two bytes, or more").expect("written");
}

fn redrive(dir: &Path, more: &[&str]) -> Ran {
    leakwarden(dir, &[&["redrive", "--config", "config.toml"], more].concat()).well()
}

/// The count before such a line of the report.
fn told(ran: &Ran, what: &str) -> u64 {
    let text = String::from_utf8(ran.out.clone()).expect("UTF-8");
    let line = text.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {text}"));
    line.split_whitespace().next().and_then(|count| count.parse().ok()).expect("a count")
}

/// Accesses in the newest settled revision of e1's alert.
fn settled(dir: &Path) -> Option<u64> {
    let text = fs::read_to_string(dir.join("alerts.jsonl")).unwrap_or_default();
    let alerts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut of = alerts.filter(|alert| alert["employee"] == "e1" && alert["typology"] == "bulk_extract" && alert["settled"] == true);
    of.next_back()?["observed"]["accesses"].as_u64()
}

#[test]
fn dead_letters_of_a_cluster_come_back_and_each_counts_once() {
    let Some(broker) = Broker::shared() else { return };
    let topics = broker.topics();
    topics.create("again.log", 2, &[]);
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    configure(dir, broker.brokers(), "/user/nr");
    let service = Service::start(dir, "service");
    service.ready();
    let of_e1 = (0..10).map(|n| record("e1", on(0, &format!("09:{n:02}")), n));
    topics.produce("again.log", 0, of_e1.collect::<Vec<_>>());
    let metric = |service: &Service, name: &str| service.metric(name).unwrap_or(0.0);
    let letters = || fs::read_to_string(dir.join("dead-letters.jsonl")).unwrap_or_default().lines().count();
    until("all are buried", || letters() == 10, || service.log());
    configure(dir, broker.brokers(), "/who/nr");
    assert_eq!(told(&redrive(dir, &["--dry-run"]), "recovered, and not handed over"), 10);
    service.signal("HUP");
    until("the fix is applied", || service.log().contains("the configuration was read again"), || service.log());
    assert_eq!(told(&redrive(dir, &[]), "recovered, and handed over"), 10);
    until("they are read", || metric(&service, "leakwarden_redriven_records_total") == 10.0, || service.log());
    assert_eq!(told(&redrive(dir, &[]), "already re-driven"), 10);
    // A command that broke off before it could remember, and a crash of the process in between.
    topics.delete("again.own.redriven");
    until("it is gone", || !topics.names().contains(&"again.own.redriven".to_owned()), String::new);
    assert_eq!(told(&redrive(dir, &[]), "recovered, and handed over"), 10);
    until("they are read again", || metric(&service, "leakwarden_redriven_records_total") == 20.0, || service.log());
    service.kill();
    let service = Service::start(dir, "service");
    service.ready();
    // Time goes on in both partitions, and what e1 did settles.
    for day in 1..4 {
        for partition in 0..2 {
            topics.produce("again.log", partition, [record("e2", on(day, "12:00"), 50 + partition as usize)]);
        }
    }
    until("they have settled, each of them once", || settled(dir) == Some(10), || service.log());
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(settled(dir), Some(10));
    assert!(service.stop().success());
}
