//! A topic that is deleted and made anew under its name begins again at offset 0. Its messages are others, wherever the old ones had
//! been read to.

use crate::common::kafka::alerts::{contradictions, differences, wherever};
use crate::common::kafka::broker::Broker;
use crate::common::kafka::cluster::Cluster;
use crate::common::kafka::company::time;
use crate::common::kafka::run::Run;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use crate::common::program::leakwarden;
use leakwarden::model::time::DAY_MS;

const TOLD: &str = "the topic was made anew";

/// The topic is made anew, and that part of the records (of `of`) is produced into it.
fn make_anew(run: &Run, parts: std::ops::Range<usize>, of: usize) -> usize {
    run.make_anew();
    parts.clone().for_each(|part| run.produce(part, of));
    let of_parts = |records: &Vec<String>| records.len() * parts.end / of - records.len() * parts.start / of;
    run.company.partitions.iter().map(of_parts).sum()
}

/// So many records have been read since it started, and all are committed.
fn reads(run: &Run, service: &Service, records: usize) {
    let read = || service.metric("leakwarden_records_total").unwrap_or_default();
    until("everything is read", || read() >= records as f64 && run.topics.lag(&run.group, &run.topic) == 0, || service.log());
    assert_eq!(read(), records as f64, "each record is read once: {}", service.log());
}

fn while_it_was_stopped(name: &str, before: usize, of: usize) {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new(name, broker.brokers());
    (0..before).for_each(|part| run.produce(part, of));
    let service = run.start();
    run.committed(&service);
    assert!(service.stop().success());
    let records = make_anew(&run, before..of, of);
    let service = run.start();
    reads(&run, &service, records);
    assert!(service.log().contains(TOLD), "{}", service.log());
    assert!(service.stop().success());
    // Nothing is told of it at the next start.
    let again = Service::start(run.company.dir(), "again");
    again.ready();
    assert!(again.stop().success());
    assert!(!std::fs::read_to_string(run.company.dir().join("again.log")).expect("a log").contains(TOLD));
}

/// Somebody deleted the topic and made it anew with more partitions' worth of history than had been read, while the service was stopped:
/// https://github.com/strimzi/strimzi-kafka-operator/issues/9269. It is read from its start, not from where the old one was left.
#[test]
fn longer_while_the_service_was_stopped() {
    while_it_was_stopped("anew-longer", 1, 4);
}

/// The same with fewer messages than had been read: https://github.com/pinterest/secor/issues/288.
#[test]
fn shorter_while_the_service_was_stopped() {
    while_it_was_stopped("anew-shorter", 3, 4);
}

fn while_it_runs(name: &str, before: usize, of: usize) {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new(name, broker.brokers());
    (0..before).for_each(|part| run.produce(part, of));
    let service = run.start();
    run.committed(&service);
    let old = service.metric("leakwarden_records_total").expect("records") as usize;
    let records = make_anew(&run, before..of, of);
    reads(&run, &service, old + records);
    until("it is told", || service.log().contains(TOLD), || service.log());
    assert!(service.stop().success());
    run.commits_lie_in_the_state();
}

/// Somebody made the topic anew under a running service, and a producer filled it at once beyond where the old one had been read:
/// the client goes on in its middle. What comes before that is read as well, and nothing twice.
#[test]
fn longer_while_it_runs() {
    while_it_runs("anew-running-longer", 1, 4);
}

/// The same with fewer messages: the client begins at the beginning, and it is told.
#[test]
fn shorter_while_it_runs() {
    while_it_runs("anew-running-shorter", 3, 4);
}

/// Somebody removed old records by hand (`kafka-delete-records.sh`), or retention did: the topic is the same, and what had expired before
/// it was read is lost, not made anew.
#[test]
fn a_topic_whose_beginning_expired_is_the_same() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("expired", broker.brokers());
    run.produce(0, 4);
    let service = run.start();
    run.committed(&service);
    assert!(service.stop().success());
    run.produce(1, 4);
    // All that was read, and some that was not.
    let ends = run.topics.ends(&run.topic);
    run.topics.delete_records(&run.topic, ends.iter().map(|(partition, end)| (*partition, end - 5)));
    let service = run.start();
    reads(&run, &service, 5 * ends.len());
    let log = service.log();
    assert!(log.contains("they expired before they were read") && !log.contains(TOLD), "{log}");
    assert!(service.stop().success());
}

/// Somebody replays the topic every night into a state (`replay --kafka --state`), and it was made anew in between: the next replay reads
/// it from its start, and says so.
#[test]
fn between_two_replays() {
    let Some(broker) = Broker::shared() else { return };
    for (name, before) in [("anew-replayed-longer", 1), ("anew-replayed-shorter", 3)] {
        let run = Run::new(name, broker.brokers());
        (0..before).for_each(|part| run.produce(part, 4));
        let arguments = ["replay", "--config", "config.toml", "--kafka", &run.topic, "--state", "nightly", "--alerts", "alerts.jsonl"];
        let first = leakwarden(run.company.dir(), &arguments).well();
        assert!(!first.err.contains("made anew"), "{}", first.err);
        let records = make_anew(&run, before..4, 4);
        let second = leakwarden(run.company.dir(), &arguments).well();
        assert!(second.err.contains("was made anew since it was read"), "{}", second.err);
        assert!(second.err.contains(&format!("{records} records in ")), "{records}: {}", second.err);
        let third = leakwarden(run.company.dir(), &arguments).well();
        assert!(!third.err.contains("made anew"), "{}", third.err);
    }
}

/// All processes together have told what a replay of all records tells: each of them counts once.
fn tells_all(cluster: &Cluster, service: &Service) {
    cluster.settled(|| service.log());
    assert!(service.log().contains(TOLD), "{}", service.log());
    let told = cluster.run.told();
    assert_eq!(contradictions(&told), []);
    let expected = wherever(cluster.run.expected());
    assert_eq!(differences(&expected, &wherever(cluster.run.settled(told))), Vec::<String>::new(), "{}", service.log());
}

fn in_a_cluster_that_was_stopped(name: &str, before: usize, of: usize) {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new(name, broker.brokers(), 2);
    (0..before).for_each(|part| cluster.run.produce(part, of));
    let service = cluster.start(0);
    until("it is read", || cluster.run.topics.lag(&cluster.run.group, &cluster.run.topic) == 0, || service.log());
    assert!(service.stop().success());
    make_anew(&cluster.run, before..of, of);
    let service = cluster.start(0);
    tells_all(&cluster, &service);
    assert!(service.stop().success());
}

/// Somebody made the topic of a cluster anew while all its processes were stopped. Brokers forget what the group had committed of it;
/// the processes know it all the same.
#[test]
fn longer_while_a_cluster_was_stopped() {
    in_a_cluster_that_was_stopped("anew-cluster-longer", 1, 4);
}

/// The same with fewer messages than had been read.
#[test]
fn shorter_while_a_cluster_was_stopped() {
    in_a_cluster_that_was_stopped("anew-cluster-shorter", 3, 4);
}

fn under_a_running_cluster(name: &str, before: usize, of: usize) {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new(name, broker.brokers(), 2);
    (0..before).for_each(|part| cluster.run.produce(part, of));
    let service = cluster.start(0);
    until("it is read", || cluster.run.topics.lag(&cluster.run.group, &cluster.run.topic) == 0, || service.log());
    make_anew(&cluster.run, before..of, of);
    let partitions = cluster.run.company.partitions.len();
    let is_told = || service.log().matches(TOLD).count() == partitions;
    let lag = || cluster.run.topics.lag(&cluster.run.group, &cluster.run.topic);
    until("all of it is read", || is_told() && lag() == 0, || service.log());
    // What comes after has all of that settle, however late it was.
    let last = cluster.run.company.partitions.iter().flatten().map(|record| time(record)).max().expect("records");
    for partition in 0..partitions {
        let later = format!(r#"{{"time":{},"id":"later-{partition}","account":"svc_settlement","operation":"login"}}"#, last + DAY_MS);
        cluster.run.topics.produce(&cluster.run.topic, partition as i32, [later]);
    }
    let counted =
        |outcome: &str| service.metric(&format!("leakwarden_records_total{{outcome=\"{outcome}\",source=\"access\"}}")).unwrap_or_default();
    let settled = || (counted("accepted") + counted("late")) as usize;
    until(
        "all is settled",
        || settled() >= cluster.run.company.records(),
        || format!("{} of {}: {}", settled(), cluster.run.company.records(), service.log()),
    );
    assert_eq!((settled(), counted("duplicate")), (cluster.run.company.records(), 0.0), "each record counts once: {}", service.log());
    assert_eq!(contradictions(&cluster.run.told()), []);
    assert!(service.stop().success());
}

/// Somebody made the topic of a running cluster anew, and it was filled at once beyond where the old one had been read.
#[test]
fn longer_under_a_running_cluster() {
    under_a_running_cluster("anew-under-longer", 1, 4);
}

/// The same with fewer messages: the cluster stood still without a word.
#[test]
fn shorter_under_a_running_cluster() {
    under_a_running_cluster("anew-under-shorter", 3, 4);
}
