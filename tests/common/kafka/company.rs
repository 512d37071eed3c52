//! A simulated company whose log goes to Kafka, and the same records as files beside it.

use crate::common::program::leakwarden;
use leakwarden::model::time::{DAY_MS, HOUR_MS};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use tempfile::TempDir;

/// The name of the source in every configuration here: records settle by it.
pub const SOURCE: &str = "access";

/// A secret; what matters is that all runs have the same.
pub const KEY: &str = "bGVha3dhcmRlbi1sZWFrd2FyZGVuLWxlYWt3YXJkZW4=";

/// So many records have a statement and no list of subjects.
const STATEMENTS: i64 = 400;

/// Days after which something comes once more, of nobody.
const TAIL: [i64; 3] = [6, 12, 18];

/// How files of the company begin or end in its configuration.
const SHARED: &[&str] = &["catalog.toml", "explanations.jsonl", "subject.key", ".csv\""];

/// A company, its records by partition, and a directory with its files.
pub struct Company {
    dir: TempDir,
    /// Canonical records, each partition in the order of time.
    pub partitions: Vec<Vec<String>>,
    /// When anybody worked last, in epoch milliseconds: what comes later is there so that everything before settles.
    pub worked_until: i64,
}

/// Where a service reads and writes.
#[derive(Clone)]
pub struct Wiring<'a> {
    /// Of source and sink.
    pub brokers: &'a str,
    /// Input.
    pub topic: &'a str,
    /// Alerts.
    pub alerts: &'a str,
    /// Consumer group.
    pub group: &'a str,
    /// Settings of the client, of source and sink.
    pub client: BTreeMap<String, String>,
    /// Settings of the source's client alone.
    pub consumer: BTreeMap<String, String>,
    /// TOML that comes last.
    pub more: &'a str,
}

impl<'a> Wiring<'a> {
    /// From a topic into another. A member that dies is missed within seconds.
    pub fn new(brokers: &'a str, topic: &'a str, alerts: &'a str, group: &'a str) -> Wiring<'a> {
        let consumer = [("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "1000")];
        let consumer = consumer.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Wiring { brokers, topic, alerts, group, client: BTreeMap::new(), consumer, more: "" }
    }
}

impl Company {
    /// The log of a company, spread over partitions by account: what one person does may stand in several of them.
    pub fn simulate(employees: u32, days: u32, seed: u32, partitions: usize) -> Company {
        let dir = tempfile::tempdir().expect("a directory");
        let (employees, days, seed) = (employees.to_string(), days.to_string(), seed.to_string());
        leakwarden(dir.path(), &["simulate", "--out", ".", "--employees", &employees, "--days", &days, "--seed", &seed]).well();
        std::fs::write(dir.path().join("subject.key"), KEY).expect("written");
        let text = std::fs::read_to_string(dir.path().join("access.jsonl")).expect("a log");
        let mut spread = vec![Vec::new(); partitions];
        let mut last = 0;
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).expect("JSON");
            last = last.max(time(line));
            let account = record["account"].as_str().or(record["employee"].as_str()).expect("somebody");
            let at = account.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte))) % partitions;
            spread[at].push(line.to_owned());
        }
        // People who are named in statements alone, one by one.
        for number in 0..STATEMENTS {
            let (time, subject) = (last + HOUR_MS + number * 2_000, named_in_statement(number));
            let statement = format!("SELECT name, phone FROM crm.customers WHERE id = '{subject}'");
            let (account, system) = ("hz0006", "crm");
            spread[0].push(
                json!({"time": time, "id": format!("s{number}"), "account": account, "system": system, "statement": statement}).to_string(),
            );
        }
        // Days later, so that everything before has settled where a service goes on waiting for more, and every alert is closed: what groups
        // did is told anew each day for a week. No step is longer than what a log may leap.
        for (at, records) in spread.iter_mut().enumerate() {
            for days in TAIL {
                let time = last + days * DAY_MS;
                records.push(format!(r#"{{"time":{time},"id":"end-{at}-{days}","account":"svc_settlement","operation":"login"}}"#));
            }
        }
        Company { dir, partitions: spread, worked_until: last + HOUR_MS + (STATEMENTS - 1) * 2_000 }
    }

    /// Its directory: where services and commands run.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Records of all partitions.
    pub fn records(&self) -> usize {
        self.partitions.iter().map(Vec::len).sum()
    }

    /// The event time up to which all partitions go, in epoch milliseconds.
    pub fn last_of_all(&self) -> i64 {
        self.partitions.iter().map(|records| time(records.last().expect("records"))).min().expect("partitions")
    }

    /// The event time from which on a partition may be silent, since nobody works any more on what it has, in epoch milliseconds.
    pub fn silent_from(&self) -> i64 {
        let worked = |records: &Vec<String>| time(&records[records.len() - 1 - TAIL.len()]);
        self.partitions.iter().map(worked).min().expect("partitions")
    }

    /// The event time by which half of the records have happened, in epoch milliseconds.
    pub fn middle(&self) -> i64 {
        let mut times: Vec<i64> = self.partitions.iter().flatten().map(|record| time(record)).collect();
        times.sort_unstable();
        times[times.len() / 2]
    }

    /// A program signs in every hour, of which each partition has a record: none is then far behind the others for long.
    pub fn beat(&mut self) {
        let first = self.partitions.iter().map(|records| time(&records[0])).min().expect("partitions");
        let beats: Vec<i64> = (1..).map(|hour| first + hour * HOUR_MS).take_while(|beat| *beat <= self.worked_until).collect();
        for (at, records) in self.partitions.iter_mut().enumerate() {
            let beats = beats
                .iter()
                .map(|beat| format!(r#"{{"time":{beat},"id":"beat-{at}-{beat}","account":"svc_settlement","operation":"login"}}"#));
            records.extend(beats);
            records.sort_by_key(|record| time(record));
        }
    }

    /// Cuts all partitions into so many pieces, each at the same times: a piece holds all that happened until then.
    pub fn cut_by_time(&self, pieces: usize) -> Vec<Vec<Range<usize>>> {
        let times: Vec<Vec<i64>> = self.partitions.iter().map(|records| records.iter().map(|record| time(record)).collect()).collect();
        let mut all: Vec<i64> = times.iter().flatten().copied().collect();
        all.sort_unstable();
        let until = |piece: usize| all.get(all.len() * piece / pieces).copied().unwrap_or(i64::MAX);
        let of_piece = |piece: usize| {
            let (from, to) = (until(piece), until(piece + 1));
            times.iter().map(|times| times.partition_point(|time| *time < from)..times.partition_point(|time| *time < to)).collect()
        };
        (0..pieces).map(of_piece).collect()
    }

    /// Cuts each partition into so many pieces of as many records.
    pub fn cut_by_count(&self, pieces: usize) -> Vec<Vec<Range<usize>>> {
        let of_piece = |piece: usize| {
            self.partitions.iter().map(|records| records.len() * piece / pieces..records.len() * (piece + 1) / pieces).collect()
        };
        (0..pieces).map(of_piece).collect()
    }

    /// Writes `config.toml` of a service.
    pub fn configure(&self, wiring: &Wiring) {
        std::fs::write(self.dir().join("config.toml"), self.live(wiring)).expect("written");
    }

    /// The same for a service in a directory below: files of the company are one above, what it writes is its own.
    pub fn configure_below(&self, dir: &Path, wiring: &Wiring) {
        let text = self.live(wiring);
        let lines = text.lines().map(|line| match line.split_once(" = \"") {
            Some((key, file)) if SHARED.iter().any(|shared| file.starts_with(shared) || file.ends_with(shared)) => {
                format!("{key} = \"../{file}")
            }
            _ => line.to_owned(),
        });
        std::fs::create_dir_all(dir).expect("made");
        std::fs::write(dir.join("config.toml"), lines.collect::<Vec<_>>().join("\n") + "\n").expect("written");
    }

    fn live(&self, wiring: &Wiring) -> String {
        let Wiring { brokers, topic, alerts, group, client, consumer, more } = wiring;
        let settings = |section: &str, more: &BTreeMap<String, String>| {
            let mut text = format!("[{section}]\n");
            for (name, value) in client.iter().chain(more) {
                let _ = writeln!(text, "\"{name}\" = {value:?}");
            }
            text
        };
        format!(
            "{}[[source]]\nname = \"{SOURCE}\"\nkind = \"kafka\"\nbrokers = \"{brokers}\"\ntopics = [\"{topic}\"]\ngroup = \"{group}\"\n\
             format = \"canonical\"\n{}[[sink]]\nkind = \"kafka\"\nbrokers = \"{brokers}\"\ntopic = \"{alerts}\"\n{}\
             [http]\ntoken_file = \"subject.key\"\n[state]\ndir = \"state\"\ncheckpoint_interval = \"1s\"\n[dead_letters]\npath = \"dead-letters.jsonl\"\n{more}",
            head("[time]\nzone = \"Asia/Shanghai\"\nidle_timeout = \"2h\"\n"),
            settings("source.client", consumer),
            settings("sink.client", &BTreeMap::new()),
        )
    }

    /// The alerts of a replay of the same records as files, one a partition.
    pub fn replay(&self) -> Vec<Value> {
        let mut arguments = vec!["replay".to_owned(), "--config".to_owned(), "replay.toml".to_owned()];
        arguments.extend(["--alerts", "-", "--coverage", "coverage.jsonl"].map(str::to_owned));
        for (at, records) in self.partitions.iter().enumerate() {
            let name = file(at);
            std::fs::write(self.dir().join(&name), records.join("\n") + "\n").expect("written");
            arguments.push(name);
        }
        let source = format!("[[source]]\nname = \"{SOURCE}\"\nkind = \"file\"\npath = \"records-*.jsonl\"\nformat = \"canonical\"\n");
        let config = format!("{}{source}", head("[time]\nzone = \"Asia/Shanghai\"\n"));
        std::fs::write(self.dir().join("replay.toml"), config).expect("written");
        leakwarden(self.dir(), &arguments).well().lines()
    }

    /// How far every employee-day could be evaluated, as the last replay says.
    pub fn coverage(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.dir().join("coverage.jsonl")).expect("a replay has written it");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Texts that name a subject: none may appear in what we write.
    pub fn subjects(&self) -> BTreeSet<String> {
        let mut subjects: BTreeSet<String> = (0..STATEMENTS).map(named_in_statement).collect();
        for line in self.partitions.iter().flatten() {
            let record: Value = serde_json::from_str(line).expect("JSON");
            subjects.extend(record["subjects"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        }
        subjects
    }
}

fn named_in_statement(number: i64) -> String {
    format!("RAW-{number:05}")
}

/// The event time of a record, in epoch milliseconds.
pub fn time(record: &str) -> i64 {
    let record: Value = serde_json::from_str(record).expect("JSON");
    let text = record["time"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    text.map_or_else(|| record["time"].as_i64().expect("a time"), jiff::Timestamp::as_millisecond)
}

/// The file of a partition.
pub fn file(partition: usize) -> String {
    format!("records-{partition}.jsonl")
}

fn head(time: &str) -> String {
    let names = ["employees.csv", "accounts.csv", "absences.csv", "calendar.csv", "subjects.csv", "explanations.jsonl"];
    let directory: String = names.iter().map(|name| format!("{} = \"{name}\"\n", name.split('.').next().unwrap_or_default())).collect();
    format!("[catalog]\nfile = \"catalog.toml\"\n[directory]\n{directory}{time}[subjects]\nkey_file = \"subject.key\"\n")
}
