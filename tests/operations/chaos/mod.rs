//! Everything that befalls a followed log, by chance and in any order, beside kills of the service: in the end the alerts are those of
//! one file that nobody ever touched.
//!
//! `LEAKWARDEN_FILE_TROUBLES=200 cargo test --test operations -- chaos::` has so many things happen; `LEAKWARDEN_CHAOS_SEED=7` chooses them.

mod trouble;

use crate::common::line::{Line, access};
use crate::common::program::{json_lines, leakwarden};
use crate::common::service::{Service, append};
use crate::common::world::CATALOG;
use leakwarden::model::time::{DAY_MS, MINUTE_MS, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use trouble::{Log, Trouble};

/// Things that happen where nothing else is asked for.
const TROUBLES: u64 = 24;

/// Employees who look up people.
const PEOPLE: u64 = 6;

/// Days of the log, the last of which is today.
const DAYS: i64 = 16;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// A small generator: the seed chooses all that happens.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// The log: each employee looks up some people every day; one takes a thousand on three days.
fn lines(now: i64) -> Vec<String> {
    let first = now - (DAYS - 1) * DAY_MS - 12 * 60 * MINUTE_MS;
    let mut lines: Vec<(i64, Line)> = Vec::new();
    for day in 0..DAYS {
        for look in 0..20 * PEOPLE as i64 {
            let (who, at) = (look as u64 % PEOPLE, first + day * DAY_MS + look * 4 * MINUTE_MS);
            let person = (day as u64 * 977 + look as u64 * 31) % 4_000;
            lines.push((at, access(&format!("e{who}")).reads("crm.customers", &["name", "phone"]).of([person])));
        }
        if (10..13).contains(&day) {
            let taken = |n: i64| access("e5").reads_all("loan.credit").of((day as u64 * 1_000 + n as u64 * 100..).take(100));
            lines.extend((0..10).map(|n| (first + day * DAY_MS + (300 + n) * MINUTE_MS, taken(n))));
        }
    }
    lines.sort_by_key(|(at, _)| *at);
    // Without ids: what is read twice counts twice.
    lines.into_iter().map(|(at, line)| line.at(Timestamp(at)).to_string()).collect()
}

fn set_up(dir: &Path, followed: &str) {
    let employees = (0..40).map(|n| format!("e{n},Hangzhou,teller\n")).collect::<String>();
    let config = format!(
        "[catalog]\nfile = \"catalog.toml\"\n[directory]\nemployees = \"employees.csv\"\nexplanations = \"reasons.jsonl\"\n\
        [subjects]\nkey_file = \"subject.key\"\n[reload]\nwatch = false\n[[source]]\nname = \"core\"\npath = \"log/{followed}\"\n\
        [[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n[state]\ndir = \"state\"\ncheckpoint_interval = \"1s\"\n[alerts]\nquiet = \"2d\"\n"
    );
    fs::create_dir(dir.join("log")).expect("a directory");
    for (name, text) in [
        ("config.toml", &*config),
        ("catalog.toml", CATALOG),
        ("subject.key", "a secret of thirty-two bytes, or more"),
        ("log/core.log", ""),
        ("reasons.jsonl", ""),
        ("employees.csv", &format!("employee,unit,role\n{employees}")),
    ] {
        fs::write(dir.join(name), text).expect("written");
    }
}

/// What the last settled revision of each alert says, but for when it was shown and where its records stand.
fn settled(alerts: Vec<Value>) -> BTreeMap<String, Value> {
    let mut last = BTreeMap::new();
    for mut alert in alerts {
        if alert["settled"] == true {
            let what = ["typology", "employee", "state", "severity", "score", "raised_at", "observed", "expected", "statute"];
            let told: BTreeMap<&str, Value> = what.into_iter().map(|key| (key, alert[key].take())).collect();
            last.insert(alert["id"].as_str().expect("an id").to_owned(), serde_json::to_value(told).expect("JSON"));
        }
    }
    last
}

/// Rotated by name once or twice, by copy and truncation, packed, mirrored, moved away and back, while the service runs, stops and is
/// killed, and while the personnel system delivers an empty file: nothing is lost and nothing counts twice.
#[test]
fn whatever_befalls_a_log_its_alerts_are_those_of_one_file() {
    befalls("core.log");
}

/// The same, where the pattern names the rotated files too.
#[test]
fn whatever_befalls_the_files_of_a_pattern_the_alerts_are_those_of_one_file() {
    befalls("core.log*");
}

fn befalls(followed: &str) {
    let troubles = number("LEAKWARDEN_FILE_TROUBLES").unwrap_or(TROUBLES);
    let seed = number("LEAKWARDEN_CHAOS_SEED").unwrap_or_else(|| std::process::id().into());
    println!("LEAKWARDEN_CHAOS_SEED={seed}");
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    set_up(dir, followed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    let lines = lines(now);
    fs::write(dir.join("whole.jsonl"), lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("written");
    let replayed = leakwarden(dir, &["replay", "--config", "config.toml", "--alerts", "-", "whole.jsonl"]).well();
    let expected = settled(json_lines(&replayed.out));
    assert!(expected.values().any(|alert| alert["employee"] == "e5" && alert["severity"] == "critical"), "{expected:?}");

    let mut chance = Chance(seed);
    let mut log = Log::new(dir);
    let mut service = Some(Service::start(dir));
    let mut happened: BTreeMap<&str, u64> = BTreeMap::new();
    let chunks: Vec<&[String]> = lines.chunks(lines.len() / (troubles as usize + 1) + 1).collect();
    for chunk in chunks {
        log.write(chunk);
        // Sometimes the next thing happens at once, sometimes after all was read.
        if chance.below(3) > 0 {
            std::thread::sleep(std::time::Duration::from_millis(chance.below(900)));
        }
        let trouble = Trouble::ALL[chance.below(Trouble::ALL.len() as u64) as usize];
        *happened.entry(trouble.name()).or_default() += 1;
        trouble.befall(dir, &mut log, &mut service, &mut chance);
    }
    log.return_to_its_place();
    let running = service.unwrap_or_else(|| Service::start(dir));
    let told = |service: &Service| settled(service.alerts());
    // The newest records have not settled: alerts that are still open there may grow until the log goes on.
    let ends = |alerts: BTreeMap<String, Value>| -> BTreeMap<String, Value> {
        alerts.into_iter().filter(|(_, alert)| alert["state"] == "closed").collect()
    };
    let expected_ends = ends(expected);
    running.wait("the alerts of the whole log", |service| ends(told(service)) == expected_ends);
    assert_eq!(ends(told(&running)), expected_ends, "after {happened:?}");
    let log = running.stop();
    assert!(!log.contains("lost to us"), "{log}");
    let all: u64 = happened.values().sum();
    println!("{all} things happened, nothing was lost or doubled: {happened:?}");
}

/// The log has a writer that appends where it stands.
impl Log {
    fn write(&mut self, lines: &[String]) {
        append(&self.place(), lines);
    }
}
