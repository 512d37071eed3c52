//! A topic that is deleted and made anew with fewer partitions than it had: those that are gone hold nobody up.

use crate::common::kafka::alerts::{contradictions, differences, wherever};
use crate::common::kafka::broker::Broker;
use crate::common::kafka::cluster::Cluster;
use crate::common::kafka::run::Run;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use serde_json::Value;

/// Partitions that are left of four.
const LEFT: usize = 2;

/// What was told is what a replay of all records tells.
fn tells_all(run: &Run, told: Vec<Value>, log: &str) {
    assert_eq!(contradictions(&told), []);
    assert_eq!(differences(&wherever(run.expected()), &wherever(run.settled(told))), Vec::<String>::new(), "{log}");
}

/// The second half is in a topic of fewer partitions. Who runs has seen that it is another before anything is in it: where it is filled at
/// once, what a client reads first of its middle makes the rest late.
fn make_anew(run: &Run, running: Option<&Service>) {
    run.make_anew_of(LEFT);
    if let Some(service) = running {
        let times = || service.log().matches("the topic was made anew").count();
        until("it is noticed", || times() >= LEFT, || service.log());
    }
    run.produce_half_into(LEFT, true);
}

/// The first half was read, and the second is in a topic of fewer partitions.
fn in_a_cluster(name: &str, is_running: bool) {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new(name, broker.brokers(), 2);
    cluster.run.produce_half(false);
    let before = cluster.start(0);
    cluster.run.committed(&before);
    let service = if is_running {
        make_anew(&cluster.run, Some(&before));
        before
    } else {
        assert!(before.stop().success());
        make_anew(&cluster.run, None);
        cluster.start(0)
    };
    cluster.settled(|| service.log());
    let log = service.log();
    assert!(log.contains("its topic has fewer partitions than before"), "{log}");
    tells_all(&cluster.run, cluster.run.told(), &log);
    // What a process before has done away with needs nobody to do it again.
    assert!(service.stop().success());
    let again = cluster.start(1);
    again.ready();
    cluster.settled(|| again.log());
    let log = again.log();
    assert!(again.stop().success());
    assert!(!log.contains("its topic has fewer partitions than before"), "{log}");
}

/// Somebody halved the partitions of a topic, which Kafka does for nobody: it is deleted and made anew
/// (https://issues.apache.org/jira/browse/KAFKA-4160 is the wish). All processes were stopped.
#[test]
fn while_a_cluster_was_stopped() {
    in_a_cluster("fewer-stopped", false);
}

/// The same under a running cluster: its time stood still until the state was made anew.
#[test]
fn under_a_running_cluster() {
    in_a_cluster("fewer-running", true);
}

/// The same with a service without `[cluster]`: it tells all, and goes on after a restart.
fn in_a_service(name: &str, is_running: bool) {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new(name, broker.brokers());
    run.produce_half(false);
    let before = run.start();
    run.committed(&before);
    let service = if is_running {
        make_anew(&run, Some(&before));
        before
    } else {
        assert!(before.stop().success());
        make_anew(&run, None);
        run.start()
    };
    let expected = wherever(run.expected());
    let told = || differences(&expected, &wherever(run.settled(run.told())));
    until("all is told", || told().is_empty(), || format!("{:?} {}", told(), service.log()));
    run.committed(&service);
    assert!(service.stop().success());
    tells_all(&run, run.told(), "");
    let again = run.start();
    again.ready();
    assert!(again.stop().success());
    tells_all(&run, run.told(), "");
}

#[test]
fn under_a_running_service() {
    in_a_service("fewer-alone", true);
}

#[test]
fn while_a_service_was_stopped() {
    in_a_service("fewer-alone-stopped", false);
}
