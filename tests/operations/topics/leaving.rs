//! A service that is stopped leaves its group at once, so that the next start reads at once, whatever the session timeout is.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::cluster::Cluster;
use crate::common::kafka::run::Run;
use crate::common::kafka::until;
use std::time::{Duration, Instant};

/// How long a stop and a start may take where nobody has to wait for a session: that of librdkafka is 45 seconds.
const AT_ONCE: Duration = Duration::from_secs(20);

/// Somebody restarted the service (`systemctl restart`): https://github.com/ClickHouse/ClickHouse/issues/104305. The group has no
/// member once the process has ended, everything is committed, and the next start is ready long before the session would run out.
#[test]
fn a_restart_need_not_wait_for_the_session_of_who_left() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("leaves", broker.brokers());
    let mut wiring = run.wiring();
    // The session timeout that comes with the client, as an operator has it.
    wiring.consumer.clear();
    run.company.configure(&wiring);
    run.produce_half(false);
    let service = run.start();
    run.committed(&service);
    run.produce_half(true);
    let begun = Instant::now();
    assert!(service.stop().success());
    assert_eq!(run.topics.members(&run.group), Vec::<String>::new(), "it has left its group");
    println!("stopped after {:?}", begun.elapsed());
    let service = run.start();
    run.committed(&service);
    service.ready();
    println!("stopped and ready again after {:?}", begun.elapsed());
    assert!(begun.elapsed() < AT_ONCE, "{:?}: {}", begun.elapsed(), service.log());
    assert!(!service.log().contains("waiting for them to leave"), "{}", service.log());
    assert!(service.stop().success());
    run.commits_lie_in_the_state();
    run.holds(&run.expected());
}

/// Somebody rolled a cluster from machine to machine. Who is stopped has left both groups when it has ended: the others need not
/// wait for its session.
#[test]
fn a_process_of_a_cluster_has_left_both_groups_when_it_has_ended() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("rolled", broker.brokers(), 2);
    cluster.run.produce_half(false);
    let first = cluster.start(0);
    first.ready();
    until("it is a member of both groups", || cluster.run.topics.members(&tasks(&cluster)).len() == 1, || first.log());
    let begun = Instant::now();
    assert!(first.stop().success());
    println!("stopped after {:?}", begun.elapsed());
    for group in [cluster.run.group.clone(), tasks(&cluster)] {
        assert_eq!(cluster.run.topics.members(&group), Vec::<String>::new(), "it has left {group}");
    }
}

fn tasks(cluster: &Cluster) -> String {
    format!("{}.tasks", cluster.run.group)
}
