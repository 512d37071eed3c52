//! Against librdkafka's mock cluster, which keeps groups, offsets and messages but is no broker: see what it cannot do before
//! resting a guarantee on it.

use super::*;
use crate::model::keys::Keys;
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::time::Instant;

const TOPIC: &str = "db.access";
const PATIENCE: Duration = Duration::from_secs(40);

struct Broker {
    mock: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
}

impl Broker {
    fn start(partitions: i32) -> Broker {
        let mock = MockCluster::new(1).expect("a cluster");
        mock.create_topic(TOPIC, partitions, 1).expect("a topic");
        let producer = ClientConfig::new().set("bootstrap.servers", mock.bootstrap_servers()).create().expect("a producer");
        Broker { mock, producer }
    }

    /// Messages of these numbers into a partition.
    fn produce(&self, partition: i32, numbers: std::ops::Range<u32>, padding: usize) {
        for number in numbers {
            let payload = format!("{number}:{}", "x".repeat(padding));
            let record = BaseRecord::to(TOPIC).partition(partition).key("k").payload(&payload);
            self.producer.send(record).map_err(|(error, _)| error).expect("queued");
        }
        self.producer.flush(Duration::from_secs(20)).expect("produced");
    }

    fn settings(&self, group: &str) -> KafkaSettings {
        // The mock lets nobody join a group before the session of a member that left has run out.
        let client = [("session.timeout.ms".to_owned(), "6000".to_owned())].into();
        let cluster = Cluster { brokers: self.mock.bootstrap_servers(), client };
        KafkaSettings { cluster, topics: vec![TOPIC.to_owned()], group: group.to_owned(), key: MarkKey::new(&Keys::built_in()) }
    }
}

fn position(partition: i32, offset: i64) -> (TopicPartition, i64) {
    (TopicPartition::new(TOPIC, partition), offset)
}

/// Events up to the one that satisfies.
fn until(source: &KafkaSource, mut satisfied: impl FnMut(&KafkaEvent) -> bool) -> Vec<KafkaEvent> {
    let deadline = Instant::now() + PATIENCE;
    let mut events = Vec::new();
    loop {
        let event = source.events().recv_deadline(deadline).unwrap_or_else(|_| panic!("in time; until then {events:?}"));
        let last = satisfied(&event);
        events.push(event);
        if last {
            return events;
        }
    }
}

/// (partition, offset) of messages, up to a number of them.
fn offsets(source: &KafkaSource, count: usize) -> Vec<(i32, i64)> {
    let mut found = Vec::new();
    until(source, |event| {
        if let KafkaEvent::Batch(messages) = event {
            found.extend(messages.iter().map(|message| (message.partition, message.offset)));
        }
        found.len() >= count
    });
    found
}

#[test]
fn messages_come_in_order_and_the_state_position_wins_over_the_committed_one() {
    let broker = Broker::start(2);
    broker.produce(0, 0..50, 0);
    broker.produce(1, 0..10, 0);
    let source = KafkaSource::start(&broker.settings("g"), Positions::new(), BTreeMap::new()).expect("started");
    let mut found = offsets(&source, 60);
    assert!(source.is_connected());
    found.sort_unstable();
    let expected: Vec<(i32, i64)> = (0..50).map(|o| (0, o)).chain((0..10).map(|o| (1, o))).collect();
    assert_eq!(found, expected);
    source.commit([position(0, 50), position(1, 10)].into());
    std::thread::sleep(Duration::from_millis(500));
    assert!(source.stop(Duration::from_secs(10)), "stopped by the deadline");

    broker.produce(1, 10..12, 0);
    let source = KafkaSource::start(&broker.settings("g"), [position(0, 47)].into(), BTreeMap::new()).expect("started");
    let events = until(&source, |event| matches!(event, KafkaEvent::Assigned(_)));
    let Some(KafkaEvent::Assigned(mut assigned)) = events.into_iter().last() else { panic!("assigned") };
    assigned.sort();
    assert_eq!(assigned, [(TopicPartition::new(TOPIC, 0), Some(47)), (TopicPartition::new(TOPIC, 1), None)]);
    let mut found = offsets(&source, 5);
    found.sort_unstable();
    assert_eq!(found, [(0, 47), (0, 48), (0, 49), (1, 10), (1, 11)], "partition 1 continues where the group had committed");
    assert!(source.stop(Duration::from_secs(10)));
}

#[test]
fn a_full_channel_pauses_and_everything_comes_once_it_is_taken() {
    let broker = Broker::start(1);
    broker.produce(0, 0..40, 50_000);
    let source = KafkaSource::start_with(&broker.settings("g"), Positions::new(), BTreeMap::new(), 1).expect("started");
    until(&source, |event| matches!(event, KafkaEvent::Assigned(_)));
    let deadline = Instant::now() + PATIENCE;
    while !source.state.is_paused() {
        assert!(Instant::now() < deadline, "it pauses in time");
        std::thread::sleep(Duration::from_millis(50));
    }
    let expected: Vec<(i32, i64)> = (0..40).map(|offset| (0, offset)).collect();
    assert_eq!(offsets(&source, 40), expected, "nothing lost, nothing twice, in order");
    let deadline = Instant::now() + PATIENCE;
    while source.state.is_paused() || source.lag().get(&TopicPartition::new(TOPIC, 0)) != Some(&0) {
        assert!(Instant::now() < deadline, "it resumes and catches up: {:?}", source.lag());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(source.stop(Duration::from_secs(10)));
}

#[test]
fn a_topic_made_anew_is_noticed_and_a_full_channel_does_not_hold_up_the_stop() {
    let broker = Broker::start(1);
    broker.produce(0, 0..10, 50_000);
    let source = KafkaSource::start_with(&broker.settings("g"), [position(0, 1_000)].into(), BTreeMap::new(), 1).expect("started");
    let events = until(&source, |event| matches!(event, KafkaEvent::Rewound { .. }));
    let rewound = KafkaEvent::Rewound { partition: TopicPartition::new(TOPIC, 0), expected: 1_000, to: None };
    assert_eq!(events.last(), Some(&rewound));
    broker.produce(0, 10..40, 50_000);
    std::thread::sleep(Duration::from_secs(2));
    let began = Instant::now();
    assert!(source.stop(Duration::from_secs(10)));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn a_broker_that_cannot_be_reached_does_not_hold_up_the_stop() {
    let cluster = Cluster { brokers: "127.0.0.1:1".to_owned(), client: BTreeMap::new() };
    let key = MarkKey::new(&Keys::built_in());
    let settings = KafkaSettings { cluster, topics: vec![TOPIC.to_owned()], group: "g".to_owned(), key };
    let source = KafkaSource::start(&settings, Positions::new(), BTreeMap::new()).expect("started");
    std::thread::sleep(Duration::from_millis(500));
    assert!(!source.is_connected());
    let began = Instant::now();
    source.stop(Duration::from_secs(3));
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_commit_that_brokers_refuse_is_counted() {
    let broker = Broker::start(1);
    broker.produce(0, 0..5, 0);
    let source = KafkaSource::start(&broker.settings("g"), Positions::new(), BTreeMap::new()).expect("started");
    offsets(&source, 5);
    // One that the client does not try again.
    broker.mock.request_errors(RDKafkaApiKey::OffsetCommit, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED]);
    source.commit([position(0, 5)].into());
    let deadline = Instant::now() + PATIENCE;
    let mut failed = 0;
    while failed == 0 {
        assert!(Instant::now() < deadline, "it is counted in time");
        std::thread::sleep(Duration::from_millis(50));
        failed += source.take_failed_commits();
    }
    assert_eq!(failed, 1);
    assert!(source.stop(Duration::from_secs(10)));
}

#[test]
fn bounds_are_known_before_reading() {
    let broker = Broker::start(2);
    broker.produce(1, 0..7, 0);
    let cluster = broker.settings("g").cluster;
    let found = bounds(&cluster, &[TOPIC.to_owned()], Duration::from_secs(10)).expect("bounds");
    assert_eq!(found, [(TopicPartition::new(TOPIC, 0), (0, 0)), (TopicPartition::new(TOPIC, 1), (0, 7))].into());
    assert!(bounds(&cluster, &["other".to_owned()], Duration::from_secs(10)).is_err());
}
