//! Several processes over one company: where they write, what they say together, and what may befall them.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::run::Run;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use crate::common::world::load_from;
use leakwarden::engine::Sequential;
use leakwarden::stream::centre::Centre;
use leakwarden::stream::changelog::Restore;
use leakwarden::stream::task::Task;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The group's session: who is silent for longer is taken for dead.
const SESSION: Duration = Duration::from_secs(3);

/// How files of the company begin or end in its configuration.
const SHARED: &[&str] = &["catalog.toml", "explanations.jsonl", "subject.key", ".csv\""];

/// A company whose log several processes read.
pub struct Cluster {
    /// The company and its topics.
    pub run: Run,
    name: String,
    tasks: i32,
    /// How often processes save their state, as their configuration says it.
    checkpoint: &'static str,
}

impl Cluster {
    /// Of so many tasks; all topics begin with the name.
    pub fn new(name: &str, brokers: &str, tasks: i32) -> Cluster {
        Cluster { run: Run::new(name, brokers), name: format!("{name}.own"), tasks, checkpoint: "1s" }
    }

    /// One that saves its state as often as it does where nothing else is configured: others hurry.
    pub fn unhurried(self) -> Cluster {
        Cluster { checkpoint: "10s", ..self }
    }

    /// The same log, read by another group that tells one another elsewhere.
    pub fn under(&self, name: &str) -> Cluster {
        Cluster { run: self.run.as_group(name), name: format!("{name}.own"), tasks: self.tasks, checkpoint: self.checkpoint }
    }

    /// The topics in which processes tell one another.
    pub fn topics(&self) -> Vec<String> {
        ["access", "state", "summaries", "baselines", "ticks"].iter().map(|topic| format!("{}.{topic}", self.name)).collect()
    }

    fn dir(&self, number: usize) -> PathBuf {
        let dir = self.run.company.dir().join(format!("process-{number}"));
        std::fs::create_dir_all(&dir).expect("made");
        dir
    }

    fn configure(&self, number: usize, instance: Option<&str>) -> PathBuf {
        let mut more = format!("[cluster]\ntasks = {}\nprefix = {:?}\nsession = \"{}s\"\n", self.tasks, self.name, SESSION.as_secs());
        if let Some(instance) = instance {
            let _ = writeln!(more, "instance = {instance:?}");
        }
        let mut wiring = self.run.wiring();
        (wiring.more, wiring.consumer) = (&more, BTreeMap::new());
        self.run.company.configure(&wiring);
        // Files of the company are one directory above, what the process writes is its own.
        let dir = self.dir(number);
        let text = std::fs::read_to_string(self.run.company.dir().join("config.toml")).expect("read");
        let lines = text.lines().map(|line| match line.split_once(" = \"") {
            Some(("checkpoint", _)) => format!("checkpoint = {:?}", self.checkpoint),
            Some((key, file)) if SHARED.iter().any(|shared| file.starts_with(shared) || file.ends_with(shared)) => {
                format!("{key} = \"../{file}")
            }
            _ => line.to_owned(),
        });
        std::fs::write(dir.join("config.toml"), lines.collect::<Vec<_>>().join("\n") + "\n").expect("written");
        dir
    }

    /// Starts a process.
    pub fn start(&self, number: usize) -> Service {
        Service::start(&self.configure(number, None), "service")
    }

    /// Starts a process with a name that stays over restarts.
    pub fn start_named(&self, number: usize, instance: &str) -> Service {
        Service::start(&self.configure(number, Some(instance)), "service")
    }

    /// Starts a process that ends itself at a point, or lives in another time.
    pub fn start_with(&self, number: usize, environment: &[(&str, String)]) -> Service {
        Service::with(&self.configure(number, None), "service", |command| {
            command.envs(environment.iter().map(|(name, value)| (*name, value)));
        })
    }

    /// Waits until every record has been read and everything that can settle has been told and saved.
    pub fn settled(&self, log: impl Fn() -> String) {
        until("everything is read", || self.run.topics.lag(&self.run.group, &self.run.topic) == 0, &log);
        let mut last = (self.told().len(), self.state());
        let mut same = 0;
        until(
            "everything is settled and saved",
            || {
                std::thread::sleep(Duration::from_millis(1_500));
                let now = (self.told().len(), self.state());
                same = if now == last && now.1.len() == self.tasks as usize + 1 { same + 1 } else { 0 };
                last = now;
                same >= 2
            },
            &log,
        );
    }

    /// Every settled revision, as bytes; two that contradict each other end the test.
    pub fn told(&self) -> BTreeMap<(String, u64), String> {
        let mut told: BTreeMap<(String, u64), String> = BTreeMap::new();
        for message in self.run.topics.read(&self.run.alerts) {
            let alert = message.json();
            if alert["settled"] != true || alert["state"] == "retracted" {
                continue;
            }
            let text = String::from_utf8_lossy(message.payload.as_deref().unwrap_or_default())
                .replace(&format!("\"{}/", self.run.topic), "\"access/");
            let key = (message.key().to_owned(), alert["revision"].as_u64().expect("a revision"));
            if let Some(known) = told.insert(key.clone(), text.clone()) {
                assert_eq!(known, text, "{key:?} is told in two ways");
            }
        }
        told
    }

    /// Hashes of the saved state of each task and of the centre, by what Kafka holds; those that are not saved yet are missing.
    pub fn state(&self) -> BTreeMap<i32, String> {
        let mut partitions: BTreeMap<i32, Restore> = BTreeMap::new();
        for message in self.run.topics.read(&format!("{}.state", self.name)) {
            let value = message.payload.as_deref();
            partitions.entry(message.partition).or_default().take(message.key.as_deref().unwrap_or_default(), value).expect("is readable");
        }
        let context = load_from(&self.run.company.dir().join("process-0/config.toml"));
        let lanes: Vec<(String, i32)> = (0..self.run.company.partitions.len()).map(|at| (self.run.topic.clone(), at as i32)).collect();
        let mut states = BTreeMap::new();
        for (partition, restore) in partitions {
            if restore.check().is_err() {
                continue;
            }
            let restored = restore.finish(partition, i64::MAX.unsigned_abs());
            if restored.head.is_none() {
                continue;
            }
            let digest = if partition == self.tasks {
                let centre = Centre::new(self.tasks, context.alerts.budget_per_day, restored).expect("is restored");
                format!("{:?}", centre.digest())
            } else {
                let task = Task::new(partition, Arc::new(context.with_own_partitions()), &lanes, restored).expect("is restored");
                format!("{:?}", task.digest(&Sequential))
            };
            states.insert(partition, digest);
        }
        states
    }
}

/// What befalls the processes of a cluster, one thing after the other.
pub struct Happening<'a> {
    cluster: &'a Cluster,
    processes: Vec<Option<Service>>,
    chance: u64,
    count: BTreeMap<&'static str, usize>,
}

/// Processes at most.
const MOST: usize = 4;

/// Where Debian keeps what tells a process another time.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

impl<'a> Happening<'a> {
    /// Begins with two processes. `LEAKWARDEN_CHAOS_SEED` chooses what happens; its times are those of the machine.
    pub fn new(cluster: &'a Cluster) -> Happening<'a> {
        let seed = std::env::var("LEAKWARDEN_CHAOS_SEED").ok().and_then(|text| text.parse().ok());
        let chance = seed.unwrap_or_else(|| std::process::id().into());
        println!("LEAKWARDEN_CHAOS_SEED={chance}");
        let processes = (0..MOST).map(|number| (number < 2).then(|| cluster.start(number))).collect();
        Happening { cluster, processes, chance, count: BTreeMap::new() }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % n
    }

    fn note(&mut self, what: &'static str) {
        *self.count.entry(what).or_default() += 1;
    }

    /// Something happens. Says how many processes were killed.
    pub fn next(&mut self, broker: &Broker, points: &[&str]) -> usize {
        let pause = 200 + self.below(1_800);
        std::thread::sleep(Duration::from_millis(pause));
        // Those that ended themselves at a point count as killed.
        let mut killed = 0;
        for slot in &mut self.processes {
            if slot.as_mut().is_some_and(|process| !process.is_running()) {
                let log = slot.take().expect("it is there").log();
                assert!(!log.contains("panicked"), "{log}");
                killed += 1;
            }
        }
        (0..killed).for_each(|_| self.note("ended at a point"));
        let running: Vec<usize> = (0..MOST).filter(|number| self.processes[*number].is_some()).collect();
        if running.is_empty() {
            self.start();
            return killed;
        }
        let which = running[self.below(running.len() as u64) as usize];
        match self.below(100) {
            0..40 => {
                if let Some(process) = self.processes[which].take() {
                    process.kill();
                }
                self.note("killed");
                killed += 1;
                if self.below(3) > 0 {
                    self.start();
                }
            }
            40..55 => {
                let point = points[self.below(points.len() as u64) as usize];
                let passes = if point == "message taken" || point.starts_with("message") || point == "record taken" { 2_000 } else { 4 };
                let at = 1 + self.below(passes);
                self.start_with(&[("LEAKWARDEN_FAIL_AT", format!("{point}:{at}"))]);
            }
            55..68 => self.start(),
            68..78 => {
                if running.len() > 1
                    && let Some(process) = self.processes[which].take()
                {
                    assert!(process.stop().success(), "an orderly end");
                    self.note("stopped in order");
                }
            }
            78..88 => {
                if let Some(process) = &self.processes[which] {
                    process.freeze();
                    std::thread::sleep(SESSION + Duration::from_millis(1_500));
                    process.thaw();
                }
                self.note("stopped past the session");
            }
            88..95 => {
                let times = ["+1h", "-1h", "+10y", "-10y"];
                let time = times[self.below(4) as usize];
                if Path::new(FAKETIME).exists() {
                    let library = ("LD_PRELOAD", FAKETIME.to_owned());
                    self.start_with(&[library, ("FAKETIME", time.to_owned()), ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned())]);
                    self.note("another time of day");
                } else {
                    assert!(std::env::var_os("LEAKWARDEN_REQUIRE_KAFKA").is_none(), "libfaketime is required here");
                    crate::common::kafka::skipped("libfaketime is not there: no process lives in another time");
                }
            }
            _ => {
                broker.kill();
                std::thread::sleep(Duration::from_millis(500));
                broker.restart();
                self.note("broker killed");
            }
        }
        killed
    }

    fn start(&mut self) {
        self.start_with(&[]);
        self.note("started");
    }

    fn start_with(&mut self, environment: &[(&str, String)]) {
        let free: Vec<usize> = (0..MOST).filter(|number| self.processes[*number].is_none()).collect();
        if free.is_empty() {
            return;
        }
        let number = free[self.below(free.len() as u64) as usize];
        self.processes[number] = Some(self.cluster.start_with(number, environment));
    }

    /// What happened, in words.
    pub fn summary(&self) -> String {
        self.count.iter().map(|(what, count)| format!("{what}: {count}")).collect::<Vec<_>>().join(", ")
    }

    /// Nothing more happens: whoever is not to end goes on, at least one.
    pub fn peace(mut self) -> Vec<Service> {
        for slot in &mut self.processes {
            // One that is still to end at a point, or lives in another time, makes place for one that does neither.
            if let Some(process) = slot.take() {
                process.kill();
            }
        }
        (0..2).map(|number| self.cluster.start(number)).collect()
    }
}
