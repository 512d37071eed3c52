//! Files as they are rotated, mirrored, mounted late and finished.

mod first_then_live;
mod lost;
mod mirrored;
mod named_twice;
mod out_of_reach;
mod rotated;

use crate::common::line::{FIRST_DAY, access, on};
use crate::common::program::{Ran, leakwarden};
use crate::common::service::Service;
use crate::common::world::CATALOG;
use leakwarden::model::time::{MINUTE_MS, Timestamp};
use std::fs;
use std::path::PathBuf;

/// A company with one source of files, and a log of its own making: record `n` is written in the n-th minute.
struct Company {
    dir: tempfile::TempDir,
}

impl Company {
    /// With a source of that path or glob.
    fn new(path: &str) -> Company {
        let company = Company { dir: tempfile::tempdir().expect("a directory") };
        let config = format!(
            "[catalog]\nfile = \"catalog.toml\"\n[subjects]\nkey_file = \"subject.key\"\n[reload]\nwatch = false\n\
             [[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n[state]\ndir = \"state\"\ncheckpoint_interval = \"1s\"\n\
             [[source]]\nname = \"core\"\nformat = \"canonical\"\npath = \"{path}\"\n"
        );
        company.write("config.toml", config);
        company.write("catalog.toml", CATALOG);
        company.write("subject.key", "a secret of thirty-two bytes, or more");
        company
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn append(&self, name: &str, text: &str) {
        use std::io::Write;
        let mut file = fs::OpenOptions::new().append(true).create(true).open(self.path(name)).expect("opens");
        file.write_all(text.as_bytes()).expect("written");
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("renamed");
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("removed");
    }

    /// Packs a file and takes the plain one away, as `gzip` does.
    fn gzip(&self, name: &str) {
        let packed = std::process::Command::new("gzip").arg(self.path(name)).status().expect("gzip runs");
        assert!(packed.success());
    }

    fn start(&self) -> Service {
        Service::start(self.dir.path())
    }

    fn start_unready(&self) -> Service {
        Service::start_unready(self.dir.path())
    }

    fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Ran {
        leakwarden(self.dir.path(), arguments)
    }
}

/// Records `from..to` of the log. They have no ids: what is read twice counts twice.
fn records(from: u64, to: u64) -> String {
    let record = |n: u64| {
        let at = Timestamp(FIRST_DAY + 8 * 60 * MINUTE_MS + n as i64 * MINUTE_MS);
        format!("{}\n", access(&format!("e{}", n % 7)).at(at).reads("crm.customers", &["name"]).of([n]).rows(1))
    };
    (from..to).map(record).collect()
}

/// How many records have been read, whatever became of them.
fn read(service: &Service) -> f64 {
    let of = |outcome: &str| service.metric(&format!("leakwarden_records_total{{outcome=\"{outcome}\",source=\"core\"}}"));
    ["accepted", "late", "duplicate", "dead_letter", "ignored"].map(of).iter().sum()
}

/// How many came in good time.
fn accepted(service: &Service) -> f64 {
    service.metric("leakwarden_records_total{outcome=\"accepted\",source=\"core\"}")
}

/// So many records have been read since the service started, and no more come while it looks around a few times.
#[track_caller]
fn has_read(service: &Service, records: u64) {
    service.wait(&format!("{records} records are read"), |service| read(service) >= records as f64);
    lets_time_pass(service);
    assert_eq!((read(service), accepted(service)), (records as f64, records as f64), "log:\n{}", service.log());
}

/// The service goes on for a while: how far its source is behind the clock is measured in every step.
#[track_caller]
fn lets_time_pass(service: &Service) {
    let behind = || service.metric("leakwarden_watermark_delay_seconds{source=\"core\"}");
    // It falls where records come.
    let least = std::cell::Cell::new(behind());
    service.wait("it goes on", |_| {
        let now = behind();
        least.set(least.get().min(now));
        now > least.get() + 1.0
    });
}

/// How many employees' days a reason stands against, by day from `from` until `to`; `None` while the last is not settled.
fn amiss(service: &Service, reason: &str, from: i64, to: i64) -> Option<Vec<u64>> {
    let day = |day: i64| on(day, "00:00").to_string()[..10].to_owned();
    let answer = service.ask(&format!("/coverage/summary?from={}&to={}", day(from), day(to - 1)), "host: localhost\r\n")?;
    let summary: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1)?).expect("JSON");
    let days = summary["days"].as_array().expect("days").clone();
    let of = |wanted: String| days.iter().find(|row| row["day"] == wanted);
    of(day(to - 1))?;
    Some((from..to).map(|n| of(day(n)).and_then(|row| row["reasons"][reason].as_u64()).unwrap_or(0)).collect())
}

/// What the service says of its readiness.
fn readiness(service: &Service) -> String {
    service.get("/readyz").unwrap_or_default()
}
