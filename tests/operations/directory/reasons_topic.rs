//! Business reasons that come as a Kafka topic. Needs a real Kafka.

use super::bank;
use crate::common::kafka::broker::Broker;
use crate::common::line::{Line, access, on};
use crate::common::service::{Service, append};
use std::fs;
use std::path::Path;

/// Ten thousand people whom nobody has looked at before, read by somebody at an hour.
fn extract(who: &str, hour: i64) -> Vec<Line> {
    let read = |n: i64| {
        let from = (hour * 10 + n) as u64 * 1_000;
        access(who).at(on(0, &format!("{hour:02}:{n:02}"))).reads_all("crm.customers").of((from..from + 1_000).map(|id| 1_000 + id * 13))
    };
    (0..10).map(read).collect()
}

fn ticket(who: &str) -> String {
    format!("{{\"employee\":\"{who}\",\"from\":\"2026-03-01T00:00:00Z\",\"reason\":\"ticket\",\"ref\":\"T\"}}")
}

/// A bank whose reasons come from a topic alone.
fn reads_topic(dir: &Path, topic: &str, brokers: &str) {
    bank(dir);
    fs::write(dir.join("explanations.jsonl"), "").expect("written");
    let config = fs::read_to_string(dir.join("config.toml")).expect("is there");
    let named = format!("[directory]\nexplanations_topic = \"{topic}\"\nexplanations_brokers = \"{brokers}\"\n");
    fs::write(dir.join("config.toml"), config.replace("[directory]\n", &named)).expect("written");
}

/// A ticket system writes its tickets to a topic: some before the service starts, some while it runs, one taken back, one that is none.
///
/// What the topic holds is known before the first record is judged; what comes counts from then on; a tombstone takes a ticket back; what is
/// no reason is counted and stops nothing; a restart reads all of it again.
#[test]
fn tickets_of_a_topic_explain_as_those_of_the_file_do() {
    let Some(broker) = Broker::shared() else { return };
    let (topics, topic) = (broker.topics(), format!("tickets-{}", std::process::id()));
    topics.create(&topic, 2, &[]);
    topics.produce_keyed(&topic, 0, [(Some("e1"), ticket("e1"))]);
    topics.produce_keyed(&topic, 1, [(None::<&str>, ticket("e2"))]);
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    reads_topic(dir, &topic, broker.brokers());
    let service = Service::start(dir);
    let accepted = |service: &Service| service.metric("leakwarden_records_total{outcome=\"accepted\",source=\"access\"}");
    let reasons = |service: &Service| service.metric("leakwarden_reasons");
    assert_eq!(reasons(&service), 2.0, "{}", service.log());
    append(&dir.join("access.jsonl"), &[extract("e1", 8), extract("e2", 8), extract("e3", 8)].concat());
    service.wait("e3 is alerted", |service| service.alerted("e3", "bulk_extract") && accepted(service) == 30.0);
    assert!(!service.alerted("e1", "bulk_extract") && !service.alerted("e2", "bulk_extract"), "their tickets are known");

    let more = [("e4", "{\"employee\":\"e4\"}".to_owned()), ("e5", ticket("e5")), ("e7", ticket("e7"))];
    topics.produce_keyed(&topic, 1, more.map(|(key, text)| (Some(key), text)));
    service.wait("two tickets more count", |service| reasons(service) == 4.0);
    assert_eq!(service.metric("leakwarden_topic_reasons_refused_total"), 1.0);
    assert!(service.log().contains("is no reason and counts for none"), "{}", service.log());
    topics.tombstone(&topic, 0, "e1");
    service.wait("one is taken back", |service| reasons(service) == 3.0);
    append(&dir.join("access.jsonl"), &[extract("e1", 9), extract("e4", 9), extract("e5", 9)].concat());
    service.wait("e1 and e4 are alerted", |service| {
        service.alerted("e1", "bulk_extract") && service.alerted("e4", "bulk_extract") && accepted(service) == 60.0
    });
    assert!(!service.alerted("e5", "bulk_extract") && !service.alerted("e2", "bulk_extract"));
    service.stop();

    let service = Service::start(dir);
    assert_eq!(reasons(&service), 3.0);
    append(&dir.join("access.jsonl"), &[extract("e5", 10), extract("e6", 10)].concat());
    service.wait("e6 is alerted", |service| service.alerted("e6", "bulk_extract"));
    assert!(!service.alerted("e5", "bulk_extract"));
    service.stop();
}

/// Somebody made the tickets' topic anew under a running service and filled it with more than it had held, as when its partitions or its
/// cluster are changed: <https://github.com/strimzi/strimzi-kafka-operator/issues/9269>.
///
/// The tickets that it held before count no more, and all that it holds now do.
#[test]
fn a_topic_of_tickets_that_was_made_anew_and_is_longer_is_read_from_its_beginning() {
    let Some(broker) = Broker::shared() else { return };
    let (topics, topic) = (broker.topics(), format!("tickets-anew-{}", std::process::id()));
    topics.create(&topic, 1, &[]);
    topics.produce_keyed(&topic, 0, ["e1", "e2"].map(|who| (Some(who), ticket(who))));
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    reads_topic(dir, &topic, broker.brokers());
    let service = Service::start(dir);
    let reasons = |service: &Service| service.metric("leakwarden_reasons");
    assert_eq!(reasons(&service), 2.0, "{}", service.log());
    topics.delete(&topic);
    service.wait("the topic is gone", |_| !topics.names().contains(&topic));
    topics.create(&topic, 1, &[]);
    topics.produce_keyed(&topic, 0, ["e3", "e3", "e4", "e5", "e6"].map(|who| (Some(who), ticket(who))));
    // Whoever reads on where the former one was left counts five, of both.
    let told = "was made anew: its reasons are read from its beginning";
    service.wait("the new tickets count, and no others", |service| service.log().contains(told) && reasons(service) == 4.0);
    append(&dir.join("access.jsonl"), &[extract("e1", 8), extract("e3", 8)].concat());
    service.wait("e1 is alerted", |service| service.alerted("e1", "bulk_extract"));
    assert!(!service.alerted("e3", "bulk_extract"), "its ticket is known");
    service.stop();
}

/// The brokers of the tickets' topic were away when the service started.
///
/// Nothing is judged without the tickets: it is not ready and says why, and ends at once when it is told to.
#[test]
fn without_the_tickets_nothing_is_judged() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    reads_topic(dir, "tickets", "127.0.0.1:1");
    append(&dir.join("access.jsonl"), &extract("e1", 8));
    let service = Service::start_unready(dir);
    let why = "the topic of business reasons has not been read yet";
    service.wait("it says why", |service| service.get("/readyz").is_some_and(|answer| answer.contains("503") && answer.contains(why)));
    service.wait("it logs it", |service| service.log().contains("reasons of the topic tickets cannot be read"));
    assert_eq!(service.alerts().len(), 0);
    service.stop();
}
