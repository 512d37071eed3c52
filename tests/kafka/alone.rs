//! A service without `[cluster]` counts nobody by a part of the partitions: it waits for all of them, and ends where others keep some.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::run::Run;
use crate::common::kafka::service::Service;
use crate::common::kafka::until;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A second service of the same configuration, with files of its own.
fn second(run: &Run) -> Service {
    let dir = run.company.dir().join("second");
    run.company.configure_below(&dir, &run.wiring());
    Service::start(&dir, "service")
}

fn status(service: &Service) -> Option<u16> {
    service.get("/readyz").map(|(status, _)| status)
}

/// It ends with the rule, and was never ready.
fn refused(service: &mut Service, run: &Run, while_it_runs: impl Fn()) {
    let begun = std::time::Instant::now();
    while service.is_running() {
        assert_ne!(status(service), Some(200), "{}", service.log());
        assert!(begun.elapsed() < Duration::from_secs(60), "it ends: {}", service.log());
        while_it_runs();
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(service.ended().code(), Some(1));
    println!("refused after {:?}", begun.elapsed());
    let log = service.log();
    let rule = "without [cluster] one process must read all partitions of its topics";
    assert!(log.contains(rule) && log.contains(&format!("source access: group {:?}", run.group)), "{log}");
}

#[test]
fn who_comes_later_gives_way_and_whoever_was_there_does_not_notice() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("later", broker.brokers());
    run.produce_half(false);
    let first = run.start();
    first.ready();
    let mut later = second(&run);
    refused(&mut later, &run, || assert_eq!(status(&first), Some(200), "{}", first.log()));
    assert!(!first.log().contains("not all partitions"), "{}", first.log());
    run.produce_half(true);
    run.committed(&first);
    assert!(first.stop().success());
    run.holds(&run.expected());
}

#[test]
fn of_two_that_start_at_once_one_stays_and_counts_everything() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("at-once", broker.brokers());
    run.produce(0, 1);
    let mut both = vec![run.start(), second(&run)];
    until("one of them ends", || both.iter_mut().any(|service| !service.is_running()), String::new);
    both.retain_mut(Service::is_running);
    let [stays] = both.as_slice() else { panic!("one stays") };
    run.committed(stays);
    stays.ready();
    assert!(both.remove(0).stop().success());
    run.holds(&run.expected());
}

/// Somebody else in the group, who takes partitions and reads nothing, while something is done.
fn beside_a_stranger<T>(run: &Run, broker: &Broker, done: impl FnOnce() -> T) -> T {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.brokers()).set("group.id", &run.group).set("client.id", "stranger");
    config.set("partition.assignment.strategy", "cooperative-sticky").set("enable.auto.commit", "false");
    config.set("session.timeout.ms", "2000").set("heartbeat.interval.ms", "500").set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    consumer.subscribe(&[&run.topic]).expect("subscribed");
    let (over, has_some) = (AtomicBool::new(false), AtomicBool::new(false));
    // Also where a test fails meanwhile.
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                let _ = consumer.poll(Duration::from_millis(100));
                has_some.store(consumer.assignment().is_ok_and(|ours| ours.count() > 0), Ordering::Release);
            }
            consumer.unsubscribe();
            while consumer.assignment().is_ok_and(|ours| ours.count() > 0) {
                let _ = consumer.poll(Duration::from_millis(100));
            }
        });
        let _over = Over(&over);
        until("the stranger has partitions", || has_some.load(Ordering::Acquire), String::new);
        done()
    })
}

#[test]
fn while_a_stranger_has_a_part_nothing_is_read_and_afterwards_nothing_is_missing_or_counted_twice() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("stranger", broker.brokers());
    run.produce_half(false);
    let service = run.start();
    service.ready();
    // Wherever the last checkpoint was: what was read and is not saved yet is not read again.
    let records = || service.metric("leakwarden_records_total").unwrap_or(0.0);
    let half = run.topics.ends(&run.topic).values().sum::<i64>() as f64;
    until("what has come is read", || records() == half, || service.log());
    beside_a_stranger(&run, broker, || {
        until("it is not ready", || status(&service) == Some(503), || service.log());
        run.produce_half(true);
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(records(), half, "nothing is read meanwhile");
    });
    run.committed(&service);
    service.ready();
    let records = service.metric("leakwarden_records_total");
    assert_eq!(records, Some(run.company.records() as f64), "each record is read once");
    assert!(service.stop().success());
    run.holds(&run.expected());
}

#[test]
fn a_part_that_does_not_become_all_ends_the_process_with_the_rule() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("part", broker.brokers());
    run.produce(0, 1);
    let mut wiring = run.wiring();
    // Under a name that stays it may be its own predecessor that is in the group: it joins at once.
    wiring.consumer.insert("group.instance.id".to_owned(), "one".to_owned());
    run.company.configure(&wiring);
    beside_a_stranger(&run, broker, || {
        let mut service = run.start();
        refused(&mut service, &run, || {});
        let log = service.log();
        assert!(log.contains("of 4 partitions") && log.contains("stranger at"), "{log}");
    });
    assert_eq!(run.topics.committed(&run.group, &run.topic), [].into(), "nothing is counted");
    assert_eq!(run.told(), Vec::<serde_json::Value>::new());
    let service = run.start();
    run.committed(&service);
    assert!(service.stop().success());
    run.holds(&run.expected());
}
