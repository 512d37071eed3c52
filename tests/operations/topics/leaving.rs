//! A service that is stopped leaves its group at once, so that the next start reads at once, whatever the session timeout is.

use crate::common::early_stop::hears;
use crate::common::kafka::broker::Broker;
use crate::common::kafka::cluster::Cluster;
use crate::common::kafka::run::Run;
use crate::common::kafka::service::Service;
use crate::common::kafka::topics::Topics;
use crate::common::kafka::until;
use std::time::{Duration, Instant};

/// How long a stop and a start may take where nobody has to wait for a session: that of librdkafka is 45 seconds.
const AT_ONCE: Duration = Duration::from_secs(20);
/// How long after it was told to stop a service may be a member of its groups, at one of two stops on a machine that does much else. It
/// is a fraction of a second on one that does not.
const SOON: Duration = Duration::from_secs(2);

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
    let mut service = run.start();
    run.committed(&service);
    run.produce_half(true);
    let begun = Instant::now();
    let left = run.topics.emptied_after(&[&run.group], || service.signal("TERM"));
    assert!(service.ended().success());
    println!("left after {left:?}, stopped after {:?}", begun.elapsed());
    let mut service = run.start();
    run.committed(&service);
    service.ready();
    println!("stopped and ready again after {:?}", begun.elapsed());
    assert!(begun.elapsed() < AT_ONCE, "{:?}: {}", begun.elapsed(), service.log());
    assert!(!service.log().contains("waiting for them to leave"), "{}", service.log());
    let left_again = run.topics.emptied_after(&[&run.group], || service.signal("TERM"));
    assert!(service.ended().success());
    assert!(left.min(left_again) < SOON, "{left:?} and {left_again:?}: {}", service.log());
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
    let stops = |at_rest: bool| {
        let mut first = cluster.start(0);
        first.ready();
        until("it is a member of both groups", || cluster.run.topics.members(&tasks(&cluster)).len() == 1, || first.log());
        if at_rest {
            cluster.run.committed(&first);
        }
        let begun = Instant::now();
        let left = cluster.run.topics.emptied_after(&[&cluster.run.group, &tasks(&cluster)], || first.signal("TERM"));
        assert!(first.ended().success());
        println!("left after {left:?}, stopped after {:?}", begun.elapsed());
        (left, first.log())
    };
    let ((left, _), (left_again, log)) = (stops(false), stops(true));
    assert!(left.min(left_again) < SOON, "{left:?} and {left_again:?}: {log}");
}

/// The middle of five stops of a process at rest, each from SIGTERM: to when its groups had no member any more, and to its end.
fn median_of_stops(what: &str, groups: &[&str], topics: &Topics, start: impl Fn() -> Service) -> (Duration, Duration) {
    let stop = |_| {
        let service = start();
        service.ready();
        until("it is a member of its groups", || groups.iter().all(|group| topics.members(group).len() == 1), || service.log());
        std::thread::sleep(Duration::from_secs(2));
        let ends = |mut service: Service, begun: Instant| {
            assert!(service.ended().success());
            begun.elapsed()
        };
        let mut ended = None;
        let left = topics.emptied_after(groups, || {
            let begun = Instant::now();
            service.signal("TERM");
            ended = Some(std::thread::spawn(move || ends(service, begun)));
        });
        (left, ended.expect("it was begun").join().expect("it ended"))
    };
    let (mut left, mut ended): (Vec<Duration>, Vec<Duration>) = (0..5).map(stop).unzip();
    left.sort();
    ended.sort();
    println!("{what}: left after {left:?}, ended after {ended:?}");
    (left[2], ended[2])
}

/// How long a stop takes, of one process and of one of a cluster.
#[test]
#[ignore = "figures"]
fn stops_take_less_than_a_second() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("stops", broker.brokers());
    run.produce_half(false);
    let alone = median_of_stops("one process", &[&run.group], &run.topics, || run.start());
    let cluster = Cluster::new("stops-cluster", broker.brokers(), 2);
    cluster.run.produce_half(false);
    let groups = [&*cluster.run.group, &tasks(&cluster)];
    let shared = median_of_stops("of a cluster", &groups, &cluster.run.topics, || cluster.start(0));
    println!("medians, left and ended: one process {alone:?}, of a cluster {shared:?}");
    assert!([alone.0, alone.1, shared.0, shared.1].iter().all(|of| *of < Duration::from_secs(1)));
}

fn tasks(cluster: &Cluster) -> String {
    format!("{}.tasks", cluster.run.group)
}

/// After so many milliseconds it is told to stop: before it has said anything, while it joins, and when it has just begun to read.
const HASTY: [u64; 14] = [0, 20, 40, 60, 80, 100, 150, 200, 300, 400, 500, 800, 1_500, 3_000];

/// Starts something, and stops it at each of those moments.
fn hastily(start: impl Fn() -> Service) {
    for moment in HASTY {
        let mut service = start();
        std::thread::sleep(Duration::from_millis(moment));
        let hears = hears(service.id());
        let begun = Instant::now();
        service.signal("TERM");
        let status = service.ended();
        println!("told after {moment} ms: {status} after {:?}", begun.elapsed());
        assert!(status.success() || !hears, "after {moment} ms: {status}\n{}", service.log());
    }
}

/// Somebody called a rollout back while the service was starting (<https://github.com/maxmind/geoipupdate/pull/135>: a status that is not
/// 0 notifies somebody). It ends in good order at whatever moment, and nothing is lost by it.
#[test]
fn a_start_that_is_called_back_ends_in_good_order() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("hasty", broker.brokers());
    run.produce_half(false);
    hastily(|| run.start());
    run.produce_half(true);
    let service = run.start();
    run.committed(&service);
    assert!(service.stop().success());
    run.commits_lie_in_the_state();
    run.holds(&run.expected());
}

/// The same in a cluster.
#[test]
fn a_process_of_a_cluster_that_is_called_back_ends_in_good_order() {
    let Some(broker) = Broker::shared() else { return };
    let cluster = Cluster::new("hasty-cluster", broker.brokers(), 2);
    cluster.run.produce_half(false);
    let stays = cluster.start(0);
    stays.ready();
    hastily(|| cluster.start(1));
    cluster.run.produce_half(true);
    cluster.settled(|| stays.log());
    assert!(stays.stop().success());
    cluster.run.holds(&cluster.run.expected());
}
