//! Several processes over one company: where they write, what they say together, and what may befall them.

use crate::common::kafka::run::Run;
use crate::common::kafka::service::Service;
use crate::common::kafka::until_done;
use crate::common::world::load_from;
use leakwarden::engine::Sequential;
use leakwarden::model::time::{MINUTE_MS, Timestamp};
use leakwarden::model::topic::TopicPartition;
use leakwarden::stream::changelog::ChangelogReader;
use leakwarden::stream::coordinator::Coordinator;
use leakwarden::stream::task::Task;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The group's session: who is silent for longer is taken for dead.
pub const SESSION: Duration = Duration::from_secs(3);

/// A company whose log several processes read.
pub struct Cluster {
    /// The company and its topics.
    pub run: Run,
    name: String,
    tasks: i32,
    /// How often processes save their state, as their configuration says it.
    checkpoint: &'static str,
    /// After how long without a sign of life one is taken for dead.
    session: Duration,
    /// Where a second sink finds its broker.
    pager: Option<String>,
}

/// What a second sink may take: it gives up soon, so that its trouble comes to the one retry of all sinks.
const PAGER: &str = "[sink.client]\n\"delivery.timeout.ms\" = \"3000\"\n\"request.timeout.ms\" = \"2000\"\n\
                     \"socket.timeout.ms\" = \"2000\"\n";

impl Cluster {
    /// Of so many tasks; all topics begin with the name.
    pub fn new(name: &str, brokers: &str, tasks: i32) -> Cluster {
        Cluster { run: Run::new(name, brokers), name: format!("{name}.own"), tasks, checkpoint: "1s", session: SESSION, pager: None }
    }

    /// One in which nobody is taken for dead, however little of the machine it gets.
    pub fn patient(self) -> Cluster {
        Cluster { session: Duration::from_secs(600), ..self }
    }

    /// One that saves its state as often as it does where nothing else is configured: others hurry.
    pub fn unhurried(self) -> Cluster {
        Cluster { checkpoint: "10s", ..self }
    }

    /// With a second sink that finds its broker there.
    pub fn with_pager(mut self, brokers: &str) -> Cluster {
        self.run.topics.create(&self.pager_topic(), 2, &[]);
        self.pager = Some(brokers.to_owned());
        self
    }

    fn pager_topic(&self) -> String {
        format!("{}.pager", self.run.topic)
    }

    /// The same log, read by another group that tells one another elsewhere.
    pub fn under(&self, name: &str) -> Cluster {
        self.of(self.run.as_group(name), format!("{name}.own"))
    }

    /// Another cluster that reads the same log as another group, and was given the prefix of this one by mistake.
    pub fn beside(&self, group: &str) -> Cluster {
        self.of(self.run.as_group(group), self.name.clone())
    }

    fn of(&self, run: Run, name: String) -> Cluster {
        Cluster { run, name, tasks: self.tasks, checkpoint: self.checkpoint, session: self.session, pager: None }
    }

    /// The same with so many tasks.
    pub fn with_tasks(self, tasks: i32) -> Cluster {
        Cluster { tasks, ..self }
    }

    /// Starts a process whose configuration has something else than the others'.
    pub fn start_otherwise(&self, number: usize, from: &str, to: &str) -> Service {
        let dir = self.configure(number, None);
        let text = std::fs::read_to_string(dir.join("config.toml")).expect("read");
        assert!(text.contains(from), "{from} is configured: {text}");
        std::fs::write(dir.join("config.toml"), text.replace(from, to)).expect("written");
        Service::start(&dir, "service")
    }

    /// The topics in which processes tell one another.
    pub fn topics(&self) -> Vec<String> {
        ["access", "state", "summaries", "baselines", "ticks"].iter().map(|topic| format!("{}.{topic}", self.name)).collect()
    }

    /// Where a process has its files.
    pub fn dir(&self, number: usize) -> PathBuf {
        let dir = self.run.company.dir().join(format!("process-{number}"));
        std::fs::create_dir_all(&dir).expect("made");
        dir
    }

    fn configure(&self, number: usize, instance: Option<&str>) -> PathBuf {
        let mut more = format!(
            "[cluster]\ntasks = {}\ntopic_prefix = {:?}\nsession_timeout = \"{}s\"\n",
            self.tasks,
            self.name,
            self.session.as_secs()
        );
        if let Some(instance) = instance {
            let _ = writeln!(more, "instance = {instance:?}");
        }
        if let Some(brokers) = &self.pager {
            let topic = self.pager_topic();
            let _ = write!(more, "[[sink]]\nkind = \"kafka\"\nbrokers = {brokers:?}\ntopic = {topic:?}\n{PAGER}");
        }
        let mut wiring = self.run.wiring();
        (wiring.more, wiring.consumer) = (&more, BTreeMap::new());
        let dir = self.dir(number);
        self.run.company.configure_below(&dir, &wiring);
        let text = std::fs::read_to_string(dir.join("config.toml")).expect("read");
        let checkpoint = format!("checkpoint_interval = {:?}", self.checkpoint);
        std::fs::write(dir.join("config.toml"), text.replace("checkpoint_interval = \"1s\"", &checkpoint)).expect("written");
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

    /// Starts a process on a disk on which no file may grow beyond so many blocks. It has a log of its own.
    pub fn start_on_full_disk(&self, number: usize, blocks: u64) -> Service {
        Service::on_full_disk(&self.configure(number, None), "full", blocks)
    }

    /// Waits until every record has been read, and everything that can settle has settled, is told and saved: the state of each task is of
    /// the last minute that the records let settle, and that of the coordinator has taken all that tasks have reported. Both are saved when
    /// everything before is acknowledged. All of the company must have been produced.
    pub fn settled(&self, log: impl Fn() -> String) {
        let lag = || Some(self.run.topics.lag(&self.run.group, &self.run.topic)).filter(|lag| *lag != 0);
        until_done("everything is read", || lag().map(|lag| format!("{lag} records behind")), &log);
        let lateness = load_from(&self.run.company.dir().join("process-0/config.toml")).lateness;
        let last = (Timestamp(self.run.company.last_of_all()) - lateness).0;
        let last = Timestamp(last - last.rem_euclid(MINUTE_MS));
        let stands = || {
            let (tasks, coordinator) = self.saved();
            let reported = self.run.topics.ends(&format!("{}.summaries", self.name))[&0];
            let taken = coordinator.as_ref().map(Coordinator::next);
            let settled: Vec<Timestamp> = tasks.values().map(|task| task.stage().settled_minute()).collect();
            let is_done = settled.len() == self.tasks as usize && settled.iter().all(|of| *of >= last) && taken == Some(reported);
            (!is_done).then(|| format!("{settled:?} of {last}, reports taken up to {taken:?} of {reported}"))
        };
        until_done("everything is settled and saved", stands, &log);
    }

    /// Every settled revision, as bytes; two that contradict each other end the test.
    pub fn told(&self) -> BTreeMap<(String, u64), String> {
        self.told_in(&self.run.alerts)
    }

    /// The same of the second sink.
    pub fn paged(&self) -> BTreeMap<(String, u64), String> {
        self.told_in(&self.pager_topic())
    }

    fn told_in(&self, topic: &str) -> BTreeMap<(String, u64), String> {
        let mut told: BTreeMap<(String, u64), String> = BTreeMap::new();
        for message in self.run.topics.read(topic) {
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

    /// Hashes of the saved state of each task and of the coordinator, by what Kafka holds; those that are not saved yet are missing.
    pub fn state(&self) -> BTreeMap<i32, String> {
        let (tasks, coordinator) = self.saved();
        let mut states: BTreeMap<i32, String> =
            tasks.into_iter().map(|(task, of)| (task, format!("{:?}", of.digest(&Sequential)))).collect();
        states.extend(coordinator.map(|coordinator| (self.tasks, format!("{:?}", coordinator.digest()))));
        states
    }

    /// The tasks and the coordinator as they are saved in Kafka; those that are not saved yet are missing.
    fn saved(&self) -> (BTreeMap<i32, Task>, Option<Coordinator>) {
        let mut partitions: BTreeMap<i32, ChangelogReader> = BTreeMap::new();
        for message in self.run.topics.read(&format!("{}.state", self.name)) {
            let value = message.payload.as_deref();
            partitions.entry(message.partition).or_default().take(message.key.as_deref().unwrap_or_default(), value).expect("is readable");
        }
        let context = load_from(&self.run.company.dir().join("process-0/config.toml"));
        let inputs: Vec<TopicPartition> =
            (0..self.run.company.partitions.len()).map(|at| TopicPartition::new(self.run.topic.as_str(), at as i32)).collect();
        let (mut tasks, mut coordinator) = (BTreeMap::new(), None);
        for (partition, restore) in partitions {
            if restore.check().is_err() {
                continue;
            }
            let restored = restore.finish(partition, i64::MAX.unsigned_abs());
            if restored.metadata.is_none() {
                continue;
            }
            if partition == self.tasks {
                coordinator = Some(Coordinator::new(self.tasks, &context.alerts, restored).expect("is restored"));
            } else {
                let task = Task::new(partition, Arc::new(context.with_own_partitions()), &inputs, restored).expect("is restored");
                tasks.insert(partition, task);
            }
        }
        (tasks, coordinator)
    }
}
