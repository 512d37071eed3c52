//! A broker of our own: `tests/kafka/broker` as a guard.

use crate::common::kafka::flaky::Flaky;
use crate::common::kafka::topics::Topics;
use crate::common::kafka::{apart, skipped};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The exit status by which the script says that there is nothing to run a broker with.
const IMPOSSIBLE: i32 = 3;

/// A running broker. It ends with the guard, and in any case with the process.
pub struct Broker {
    dir: PathBuf,
    told: BTreeMap<String, String>,
}

impl Broker {
    /// The broker of all tests of a process that do it no harm: give topics and groups names of your own.
    pub fn shared() -> Option<&'static Broker> {
        static SHARED: OnceLock<Option<Broker>> = OnceLock::new();
        if apart() {
            return None;
        }
        SHARED.get_or_init(|| Broker::begin("")).as_ref().or_else(|| {
            skipped("no broker can be started here");
            None
        })
    }

    /// A broker for one test, to kill and to start again. None where only somebody else's is given.
    pub fn start() -> Option<Broker> {
        Broker::own("")
    }

    /// A broker for one test with listeners for SASL and TLS.
    pub fn secure() -> Option<Broker> {
        Broker::own("secure")
    }

    /// A broker for one test with the settings that it comes with: others compact in a hurry.
    pub fn usual() -> Option<Broker> {
        Broker::own("usual")
    }

    /// A broker for one test, to kill and to start again, to which a second way leads that is anything but reliable.
    pub fn flaky() -> Option<(Broker, Flaky)> {
        let broker = Broker::own("flaky")?;
        let flaky = Flaky::between(broker.told("FLAKY"), broker.told("LEADS_TO"));
        Some((broker, flaky))
    }

    fn own(mode: &str) -> Option<Broker> {
        if apart() {
            return None;
        }
        if std::env::var_os("LEAKWARDEN_TEST_BROKERS").is_some() {
            skipped("somebody else's broker can neither be killed nor made secure");
            return None;
        }
        let broker = Broker::begin(mode);
        if broker.is_none() {
            skipped("no broker can be started here");
        }
        broker
    }

    fn begin(mode: &str) -> Option<Broker> {
        // The script makes it, and removes it in the end, also after a test process that was killed.
        let dir = tempfile::Builder::new().prefix("leakwarden-broker-").tempdir().expect("a directory").keep();
        let output = script("start", &dir, mode);
        if output.status.code() == Some(IMPOSSIBLE) {
            // Whether an empty directory stays is nothing to a test.
            let _ = std::fs::remove_dir_all(&dir);
            return None;
        }
        let told = String::from_utf8(well(output).stdout).expect("UTF-8");
        let told = told.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some(Broker { dir, told })
    }

    /// Its address without any security.
    pub fn brokers(&self) -> &str {
        self.told("BROKERS")
    }

    /// What the script told of it: `SASL_SSL`, `PASSWORD`, `SECRETS` and so on.
    pub fn told(&self, name: &str) -> &str {
        self.told.get(name).unwrap_or_else(|| panic!("the broker script tells {name}"))
    }

    /// Its topics.
    pub fn topics(&self) -> Topics {
        Topics::of(self.brokers())
    }

    /// An orderly end.
    pub fn stop(&self) {
        well(script("stop", &self.dir, ""));
    }

    /// `kill -9`.
    pub fn kill(&self) {
        well(script("kill", &self.dir, ""));
    }

    /// Starts it again on the same data and ports.
    pub fn restart(&self) {
        well(script("restart", &self.dir, ""));
    }

    /// What it wrote into its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("kafka.log")).unwrap_or_default()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It ends with the process anyway.
        let _ = script("down", &self.dir, "");
    }
}

fn script(command: &str, dir: &Path, mode: &str) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/broker");
    let mut script = Command::new(path);
    script.arg(command).arg(dir).env("LEAKWARDEN_BROKER_OWNER", std::process::id().to_string());
    if !mode.is_empty() {
        script.arg(mode);
    }
    script.output().expect("the broker script runs")
}

#[track_caller]
fn well(output: Output) -> Output {
    assert!(output.status.success(), "tests/kafka/broker: {}", String::from_utf8_lossy(&output.stderr));
    output
}
