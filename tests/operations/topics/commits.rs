//! Commits that brokers refuse, or cannot take any more: they are told and counted, and nothing is lost, since the state has the offsets.

use crate::common::kafka::alerts::{contradictions, differences};
use crate::common::kafka::broker::Broker;
use crate::common::kafka::cluster::Cluster;
use crate::common::kafka::run::Run;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use serde_json::Value;
use std::time::{Duration, Instant};

const COUNTED: &str = "leakwarden_commits_failed_total";
const TOLD: &str = "offsets are not committed; the state has them";

/// Somebody deleted a topic under a running service, which goes on committing what it has read of it:
/// https://github.com/logstash-plugins/logstash-input-kafka/issues/321. Each commit that is refused is logged and counted.
#[test]
fn of_a_topic_that_is_gone() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("refused", broker.brokers());
    run.produce_half(false);
    let service = run.start();
    run.committed(&service);
    assert_eq!(service.metric(COUNTED), Some(0.0), "{}", service.log());
    run.topics.delete(&run.topic);
    until("it is counted", || service.metric(COUNTED).is_some_and(|failed| failed > 0.0), || service.log());
    assert!(service.log().contains(TOLD), "{}", service.log());
    assert!(service.stop().success());
}

/// The same in a cluster, whose members commit what they have routed.
#[test]
fn of_a_topic_that_is_gone_in_a_cluster() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("refused-cluster", broker.brokers(), 2);
    cluster.run.produce_half(false);
    let service = cluster.start(0);
    cluster.run.committed(&service);
    assert_eq!(service.metric(COUNTED), Some(0.0), "{}", service.log());
    cluster.run.topics.delete(&cluster.run.topic);
    until("it is counted", || service.metric(COUNTED).is_some_and(|failed| failed > 0.0), || service.log());
    assert!(service.log().contains(TOLD), "{}", service.log());
    assert!(service.stop().success());
}

/// Somebody shut the brokers down before the service, as when a whole rack is powered off:
/// https://github.com/confluentinc/librdkafka/issues/3740. Alerts cannot be delivered either, so that the state is not saved,
/// and that is told. The process ends all the same, long before anybody would kill it.
#[test]
fn where_brokers_go_first() {
    let Some(broker) = Broker::start() else { return };
    let run = Run::new("racked", broker.brokers());
    let (service, stopped) = stopped_after_its_broker(&run, &broker);
    assert!(service.log().contains("the state is not saved"), "{}", service.log());
    assert!(stopped < Duration::from_secs(20), "{stopped:?}: {}", service.log());
    goes_on(&run, &broker);
    run.holds(&run.expected());
}

/// The same where alerts go into a file: the state is saved, and it is told that what was committed last may not be.
#[test]
fn where_the_brokers_of_the_source_go_first() {
    let Some(broker) = Broker::start() else { return };
    let run = Run::new("racked-file", broker.brokers());
    let config = run.company.dir().join("config.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let (before, rest) = text.split_once("[[sink]]").expect("a sink");
    let (_, after) = rest.split_once("[http]").expect("what comes behind");
    std::fs::write(&config, format!("{before}[[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n[http]{after}")).expect("written");
    let (service, stopped) = stopped_after_its_broker(&run, &broker);
    // Whether the client gives a commit up or does not end in time: it is one or the other.
    assert!([TOLD, "no broker has answered in time"].iter().any(|told| service.log().contains(told)), "{}", service.log());
    assert!(stopped < Duration::from_secs(10), "{stopped:?}: {}", service.log());
    let read = |positions: std::collections::BTreeMap<i32, i64>| positions.values().sum::<i64>();
    assert_eq!(read(run.state()) as f64, records(&run), "the state has all");
    goes_on(&run, &broker);
    let told = std::fs::read_to_string(run.company.dir().join("alerts.jsonl")).expect("alerts");
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(contradictions(&told), []);
    assert_eq!(differences(&run.expected(), &run.settled(told)), Vec::<String>::new());
}

/// All has been read when the broker dies and the service is told to stop. How long the stop took.
fn stopped_after_its_broker(run: &Run, broker: &Broker) -> (Service, Duration) {
    run.produce_half(false);
    let mut service = run.start();
    run.committed(&service);
    run.produce_half(true);
    until("all of it is read", || service.metric("leakwarden_records_total") == Some(records(run)), || service.log());
    broker.kill();
    let begun = Instant::now();
    service.signal("TERM");
    service.ended();
    let stopped = begun.elapsed();
    println!("stopped after {stopped:?}");
    (service, stopped)
}

fn goes_on(run: &Run, broker: &Broker) {
    broker.restart();
    let service = run.start();
    run.committed(&service);
    assert!(service.stop().success());
    run.commits_lie_in_the_state();
}

fn records(run: &Run) -> f64 {
    run.company.partitions.iter().map(Vec::len).sum::<usize>() as f64
}
