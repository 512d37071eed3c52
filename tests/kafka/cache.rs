//! The cache of the state on a machine: it spares a restart most of its reading, and nothing rests on it.

use crate::common::kafka::alerts::are_told;
use crate::common::kafka::broker::Broker;
use crate::common::kafka::run::Run;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use leakwarden::kafka::consumer::PartitionConsumer;
use leakwarden::kafka::settings::Cluster;
use leakwarden::model::keys::Keys;
use leakwarden::model::stamp::Stamp;
use leakwarden::model::topic::{ChangelogRecord, TopicPartition};
use leakwarden::store::log_cache::LogCache;
use leakwarden::store::seal::StateSealer;
use leakwarden::stream::changelog::{Changelog, ChangelogId};
use leakwarden::stream::restore::{Restoration, RestoreStats, RestoreStep};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Tasks, and so many partitions of the state with the coordinator's.
const TASKS: usize = 2;
const STATES: f64 = TASKS as f64 + 1.0;

fn cluster(name: &str, broker: &Broker) -> Run {
    let run = Run::new(name, broker.brokers());
    let mut wiring = run.wiring();
    let more = format!("[cluster]\ntasks = {TASKS}\nprefix = \"{name}.own\"\nsession = \"6s\"\n");
    (wiring.more, wiring.consumer) = (&more, [].into());
    run.company.configure(&wiring);
    run
}

/// A metric of one label's value.
fn metric(service: &Service, name: &str, label: &str) -> f64 {
    let (_, text) = service.get("/metrics").expect("metrics");
    let line = text.lines().find(|line| line.starts_with(name) && line.contains(&format!("=\"{label}\""))).expect("it is there");
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

/// Waits until it has restored everything.
fn restores(service: &Service) {
    service.ready();
    let all =
        || service.metric("leakwarden_tasks_running") == Some(TASKS as f64) && service.metric("leakwarden_tasks_restoring") == Some(0.0);
    until("all tasks run", all, || service.log());
}

fn restored(service: &Service) -> (f64, f64) {
    let of = |from| metric(service, "leakwarden_restored_messages_total", from);
    (of("cache"), of("topic"))
}

fn caches(service: &Service, outcome: &str) -> f64 {
    metric(service, "leakwarden_state_caches_total", outcome)
}

/// The files, of which there must be one for each partition.
fn files(run: &Run) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(run.company.dir().join("state/cache")).expect("a cache");
    let files: Vec<PathBuf> =
        listed.map(|entry| entry.expect("listed").path()).filter(|path| path.extension().is_some_and(|end| end == "log")).collect();
    assert_eq!(files.len(), TASKS + 1);
    files
}

/// The first half of the records, and an orderly end once they are in the cache.
fn first_half(run: &Run) {
    run.produce(0, 2);
    let service = run.start();
    restores(&service);
    run.committed(&service);
    let access = format!("{}.own.access", run.group);
    until("tasks have saved all of it", || run.topics.lag(&format!("{}.tasks", run.group), &access) == 0, || service.log());
    // What is read back of the state goes into its file, in order: one that was written to later has what was saved by then.
    let saved = SystemTime::now();
    let written = |path: &PathBuf| std::fs::metadata(path).and_then(|about| about.modified()).is_ok_and(|at| at > saved);
    let is_cached = || run.company.dir().join("state/cache").exists() && files(run).iter().all(written);
    until("the state is cached", is_cached, || service.log());
    assert!(service.stop().success());
}

/// The second half: the alerts must be those of a run without any trouble.
fn second_half(run: &Run, service: Service) {
    let expected = run.expected();
    run.produce(1, 2);
    run.committed(&service);
    until_all_settled(run, &expected, &service);
    assert!(service.stop().success());
    run.holds(&expected);
}

fn until_all_settled(run: &Run, expected: &std::collections::BTreeMap<String, serde_json::Value>, service: &Service) {
    let told = || are_told(expected, &run.settled(run.told()));
    until("all alerts are there", told, || service.log());
}

#[test]
fn a_restart_reads_only_what_its_cache_lacks() {
    let Some(broker) = Broker::shared() else { return };
    let run = cluster("cached", broker);
    first_half(&run);
    let service = run.start();
    restores(&service);
    let (cached, read) = restored(&service);
    assert_eq!((caches(&service, "used"), caches(&service, "refused"), caches(&service, "failed")), (STATES, 0.0, 0.0));
    // How many there are depends on how often the first half was saved.
    assert!(cached >= STATES && read < cached / 2.0, "{cached} messages of the cache, {read} of the topic\n{}", service.log());
    second_half(&run, service);
}

#[test]
fn a_topic_that_was_deleted_and_made_anew_is_told_from_the_one_that_is_cached() {
    let Some(broker) = Broker::shared() else { return };
    let run = cluster("anew", broker);
    first_half(&run);
    let state = "anew.own.state";
    let former = run.topics.ends(state);
    run.topics.delete(state);
    until("it is gone", || !run.topics.names().iter().any(|name| name == state), || format!("{:?}", run.topics.names()));
    // Somebody without a cache fills it, further than it was.
    for _ in 0..10 {
        let elsewhere = Service::with(run.company.dir(), "elsewhere", |command| {
            command.args(["--state", "elsewhere"]);
        })
        .tampered_with();
        restores(&elsewhere);
        std::thread::sleep(Duration::from_secs(3));
        assert!(elsewhere.stop().success());
        let ends = run.topics.ends(state);
        if former.iter().all(|(partition, end)| ends[partition] > *end) {
            break;
        }
    }
    let told = std::fs::read_to_string(run.company.dir().join("elsewhere.log")).expect("a log");
    assert!(told.contains("is not what had been saved") && told.contains("deleted"), "that the state is gone is told: {told}");
    let service = run.start().tampered_with();
    restores(&service);
    assert_eq!((restored(&service).0, caches(&service, "used"), caches(&service, "refused")), (0.0, 0.0, STATES), "{}", service.log());
    assert!(service.log().contains("it is of another log"), "{}", service.log());
    second_half(&run, service);
}

#[test]
fn a_damaged_cache_and_one_that_cannot_be_are_harmless() {
    let Some(broker) = Broker::shared() else { return };
    let run = cluster("damaged", broker);
    first_half(&run);
    for path in files(&run) {
        let mut bytes = std::fs::read(&path).expect("read");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x40;
        std::fs::write(&path, bytes).expect("written");
    }
    let service = run.start();
    restores(&service);
    assert!(caches(&service, "refused") >= STATES, "{}", service.log());
    assert!(service.stop().success());

    std::fs::remove_dir_all(run.company.dir().join("state/cache")).expect("removed");
    std::fs::write(run.company.dir().join("state/cache"), "in the way").expect("written");
    let service = run.start();
    restores(&service);
    assert_eq!((restored(&service).0, caches(&service, "failed")), (0.0, STATES), "{}", service.log());
    second_half(&run, service);
    let log = std::fs::read_to_string(run.company.dir().join("service.log")).expect("a log");
    assert_eq!(log.matches("the state cannot be cached here").count(), 1, "it is said once");
}

const NAME: ChangelogId = [5; 16];

/// Says how fast 200 MB of state are restored with and without a cache.
#[test]
#[ignore = "a measurement"]
fn how_fast_a_state_is_restored() {
    let Some(broker) = Broker::shared() else { return };
    let topics = broker.topics();
    topics.create("speed.state", 1, &[("cleanup.policy", "compact")]);
    let entries = |changed: &dyn Fn(u32) -> bool| {
        let content = |n: u32| blake3::Hasher::new().update(&n.to_be_bytes()).finalize_xof().fill_vec(8_192);
        (0..25_000_u32).filter(|n| changed(*n)).map(|n| (n.to_be_bytes().to_vec(), Some(content(n)))).collect::<Vec<_>>()
    };
    let (reading, _) = Restoration::begin(0, None, NAME, None);
    let mut changelog = reading.finish(0).0.changelog;
    let mut sends = vec![Changelog::fence(0), Changelog::identity(0, NAME)];
    let mut save = |changed: &dyn Fn(u32) -> bool| {
        let save = changelog.checkpoint(entries(changed), b"head");
        changelog.complete(save.number);
        save.entries.into_iter().chain(save.metadata)
    };
    sends.extend(save(&|_| true));
    let messages =
        |sends: Vec<leakwarden::stream::OutgoingRecord>| sends.into_iter().map(|send| (Some(send.key), send.value.expect("no removal")));
    topics.produce_keyed("speed.state", 0, messages(sends));
    let cluster = Cluster { brokers: broker.brokers().to_owned(), client: [].into() };
    let dir = tempfile::tempdir().expect("a directory");
    let mut prefix = LogCache::open(dir.path(), "state-0", sealer()).expect("opened").expect("free");
    prefix.load().expect("read");
    restore("from the topic", &cluster, None, Some(&mut prefix));
    drop(prefix);
    // One in ten has changed since.
    topics.produce_keyed("speed.state", 0, messages(save(&|n| n % 10 == 0).collect()));
    restore("from the topic again", &cluster, None, None);
    restore("from the cache and the topic", &cluster, Some(dir.path()), None);
}

trait Filled {
    fn fill_vec(self, length: usize) -> Vec<u8>;
}

impl Filled for blake3::OutputReader {
    fn fill_vec(mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes);
        bytes
    }
}

fn sealer() -> StateSealer {
    StateSealer::new(&Keys::built_in())
}

#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn restore(how: &str, cluster: &Cluster, dir: Option<&Path>, mut keep: Option<&mut LogCache>) {
    let begun = Instant::now();
    let cached = dir.map(|dir| LogCache::open(dir, "state-0", sealer()).expect("opened").expect("free").load().expect("read").records);
    let loaded = begun.elapsed();
    let end = leakwarden::kafka::topics::bounds(cluster, "speed.state", 0).expect("an end").1;
    let mut reader = PartitionConsumer::start(cluster, "speed", "none").expect("a reader");
    let partition = TopicPartition::new("speed.state", 0);
    // The last message stands for the fence.
    let (mut reading, mut turn) = Restoration::begin(end - 1, cached, NAME, None);
    let mut written = Duration::ZERO;
    'all: loop {
        if let RestoreStep::ReadFrom(offset) = turn {
            reader.assign(partition.clone(), offset);
            turn = RestoreStep::Continue;
        }
        let Some(batch) = reader.receive(Duration::from_secs(1)).expect("reading") else { continue };
        for message in &batch.records {
            let stamp = Stamp { sequence: message.offset.unsigned_abs() + 1, ..Stamp::default() };
            turn = reading.take(message.offset, &message.key, message.value.as_deref(), Ok(stamp)).expect("it can be read");
            match turn {
                RestoreStep::Continue => {}
                RestoreStep::ReadFrom(_) => break,
                RestoreStep::CacheRejected(why) => panic!("{why}"),
                RestoreStep::Complete => break 'all,
            }
            if message.offset == end - 1 {
                break 'all;
            }
        }
        if let Some(prefix) = &mut keep {
            let at = Instant::now();
            let kept = batch.records.iter().cloned();
            let kept: Vec<_> = kept
                .map(|message| {
                    let stamp = Stamp { sequence: message.offset.unsigned_abs() + 1, ..Stamp::default() };
                    ChangelogRecord { offset: message.offset, key: message.key, value: message.value, stamp }
                })
                .collect();
            prefix.append(&kept).expect("written");
            written += at.elapsed();
        }
    }
    let (RestoreStats { cached, read, bytes }, took) = (reading.stats(), begun.elapsed() - written);
    let speed = bytes as f64 / 1e6 / took.as_secs_f64();
    println!(
        "{how}: {cached} messages of the cache (loaded in {loaded:?}), {read} of the topic, {} MB in {took:?}: {speed:.0} MB/s; written in {written:?}",
        bytes / 1_000_000
    );
}
