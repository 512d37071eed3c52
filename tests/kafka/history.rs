//! `replay --kafka`: what stands in a topic is replayed as if it were files, and the service goes on from there.

use crate::common::kafka::alerts::differences;
use crate::common::kafka::broker::Broker;
use crate::common::kafka::run::Run;
use crate::common::program::leakwarden;
use std::time::Instant;

#[test]
fn a_topic_replays_to_the_alerts_of_its_files() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("history", broker.brokers());
    run.produce(0, 1);
    let expected = run.expected();
    let replay = |threads: &str| {
        let arguments = ["replay", "--config", "config.toml", "--kafka", &run.topic, "--threads", threads, "--alerts", "-"];
        leakwarden(run.company.dir(), &arguments).well()
    };
    let began = Instant::now();
    let one = replay("1");
    println!("{} records in {:?}", run.company.records(), began.elapsed());
    assert_eq!(differences(&expected, &run.settled(one.lines())), Vec::<String>::new());
    assert!(one.err.contains(&format!("{} records in ", run.company.records())), "{}", one.err);
    assert_eq!(replay("2").out, one.out);
    assert_eq!(run.topics.committed(&run.group, &run.topic), [].into(), "a replay is no member of the group");
}

#[test]
fn the_service_goes_on_where_a_replay_of_its_topic_ended() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("goes-on", broker.brokers());
    run.produce_half(false);
    let half = run.topics.ends(&run.topic);
    leakwarden(run.company.dir(), &["replay", "--config", "config.toml", "--kafka", &run.topic, "--state", "state"]).well();
    assert_eq!(run.state(), half);
    run.produce_half(true);
    let service = run.start();
    service.ready();
    run.committed(&service);
    let records = service.metric("leakwarden_records_total");
    assert!(service.stop().success());
    assert_eq!(records, Some((run.company.records() as i64 - half.values().sum::<i64>()) as f64), "nothing is read twice");
    // What was settled by the replay was told by the replay; what grew since is told here, as it is over all.
    let (expected, told) = (run.expected(), run.settled(run.told()));
    assert!(!told.is_empty());
    let of_told = expected.into_iter().filter(|(id, _)| told.contains_key(id)).collect();
    assert_eq!(differences(&of_told, &told), Vec::<String>::new());
}

#[test]
fn a_topic_that_nobody_configured_or_that_is_not_there_is_named() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("missing", broker.brokers());
    let other = leakwarden(run.company.dir(), &["replay", "--config", "config.toml", "--kafka", "other"]);
    assert_eq!(other.status, 2, "{}", other.err);
    assert!(other.err.contains("--kafka must be a topic of a [[source]] of kind \"kafka\", got other"), "{}", other.err);
    let mut wiring = run.wiring();
    wiring.topic = "not-there";
    run.company.configure(&wiring);
    let missing = leakwarden(run.company.dir(), &["replay", "--config", "config.toml", "--kafka", "not-there"]);
    assert_eq!(missing.status, 1, "{}", missing.err);
    assert!(missing.err.contains("topic \"not-there\" does not exist"), "{}", missing.err);
}
