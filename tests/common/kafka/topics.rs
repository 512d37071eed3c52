//! Topics of a broker: made, filled, read to their end, and how far groups have read them.

use crate::common::kafka::PATIENCE;
use leakwarden::kafka::is_outage;
use leakwarden::kafka::topics::retry_unready;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// One request to a broker.
const REQUEST: Duration = Duration::from_secs(20);

/// A message as it stands in a topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its content; `None` is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// When it was produced, in epoch milliseconds.
    pub timestamp_ms: Option<i64>,
}

impl Stored {
    /// The key as text.
    pub fn key(&self) -> &str {
        std::str::from_utf8(self.key.as_deref().expect("a key")).expect("UTF-8")
    }

    /// The content as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.payload.as_deref().expect("content")).expect("JSON")
    }
}

/// The topics of a broker.
#[derive(Clone)]
pub struct Topics {
    config: ClientConfig,
    /// Made when it is needed, and kept: a producer's first acknowledgement takes half a second.
    producer: Arc<OnceLock<BaseProducer>>,
}

impl Topics {
    /// Of the broker at that address.
    pub fn of(brokers: &str) -> Topics {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("client.id", "tests");
        Topics { config, producer: Arc::default() }
    }

    /// The same with a producer of its own.
    pub fn fresh(&self) -> Topics {
        Topics { config: self.config.clone(), producer: Arc::default() }
    }

    /// Makes a topic of so many partitions, with settings such as `("cleanup.policy", "compact")`.
    pub fn create(&self, topic: &str, partitions: i32, settings: &[(&str, &str)]) {
        let admin: AdminClient<DefaultClientContext> = self.config.create().expect("an admin client");
        let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        for (name, value) in settings {
            new = new.set(name, value);
        }
        let options = AdminOptions::new().operation_timeout(Some(REQUEST));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let made = runtime.block_on(admin.create_topics([&new], &options)).expect("the broker answers");
        for outcome in made {
            outcome.unwrap_or_else(|(name, error)| panic!("topic {name}: {error}"));
        }
    }

    /// Removes a topic.
    pub fn delete(&self, topic: &str) {
        let admin: AdminClient<DefaultClientContext> = self.config.create().expect("an admin client");
        let options = AdminOptions::new().operation_timeout(Some(REQUEST));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let deleted = runtime.block_on(admin.delete_topics(&[topic], &options)).expect("the broker answers");
        for outcome in deleted {
            outcome.unwrap_or_else(|(name, error)| panic!("topic {name}: {error}"));
        }
    }

    /// Removes what stands before an offset of each partition.
    pub fn delete_records(&self, topic: &str, before: impl IntoIterator<Item = (i32, i64)>) {
        let admin: AdminClient<DefaultClientContext> = self.config.create().expect("an admin client");
        let mut list = TopicPartitionList::new();
        for (partition, offset) in before {
            list.add_partition_offset(topic, partition, Offset::Offset(offset)).expect("an offset");
        }
        let options = AdminOptions::new().operation_timeout(Some(REQUEST));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(admin.delete_records(&list, &options)).expect("the broker answers");
    }

    /// Names of all topics but Kafka's own.
    pub fn names(&self) -> Vec<String> {
        let consumer = self.consumer("names");
        let metadata = consumer.fetch_metadata(None, REQUEST).expect("metadata");
        let mut names: Vec<String> = metadata.topics().iter().map(|topic| topic.name().to_owned()).collect();
        leave(consumer);
        names.retain(|name| !name.starts_with("__"));
        names.sort();
        names
    }

    /// Puts messages of no key into a partition, in order, and waits for all acknowledgements.
    pub fn produce<T: AsRef<[u8]>>(&self, topic: &str, partition: i32, messages: impl IntoIterator<Item = T>) {
        self.produce_keyed(topic, partition, messages.into_iter().map(|message| (None::<Vec<u8>>, message)));
    }

    /// Puts a message of a key and no content into a partition.
    pub fn tombstone(&self, topic: &str, partition: i32, key: &str) {
        let producer = self.producer.get_or_init(|| self.config.clone().set("enable.idempotence", "true").create().expect("a producer"));
        producer.send(BaseRecord::<str, [u8]>::to(topic).partition(partition).key(key)).map_err(|(error, _)| error).expect("is queued");
        producer.flush(PATIENCE).expect("produced");
    }

    /// Puts messages into a partition, in order, and waits for all acknowledgements.
    pub fn produce_keyed<K: AsRef<[u8]>, T: AsRef<[u8]>>(
        &self,
        topic: &str,
        partition: i32,
        messages: impl IntoIterator<Item = (Option<K>, T)>,
    ) {
        let producer = self.producer.get_or_init(|| self.config.clone().set("enable.idempotence", "true").create().expect("a producer"));
        for (key, message) in messages {
            let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition).payload(message.as_ref());
            if let Some(key) = &key {
                record = record.key(key.as_ref());
            }
            let deadline = Instant::now() + PATIENCE;
            while let Err((error, back)) = producer.send(record) {
                let code = error.rdkafka_error_code();
                // It goes on believing for minutes that a topic is gone which was made anew.
                let is_stale = matches!(code, Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownPartition));
                assert!((is_stale || code == Some(RDKafkaErrorCode::QueueFull)) && Instant::now() < deadline, "{error}");
                if is_stale {
                    let _ = producer.client().fetch_metadata(Some(topic), REQUEST);
                }
                producer.poll(Duration::from_millis(50));
                record = back;
            }
        }
        producer.flush(PATIENCE).expect("produced");
    }

    /// Everything in a topic, partition by partition, each in order.
    pub fn read(&self, topic: &str) -> Vec<Stored> {
        let consumer = self.consumer("reader");
        let ends = self.ends(topic);
        let mut list = TopicPartitionList::new();
        for partition in ends.keys() {
            list.add_partition_offset(topic, *partition, Offset::Beginning).expect("an offset");
        }
        consumer.assign(&list).expect("assigned");
        let mut open = ends.len();
        let mut found = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        // Ends are told by the broker: compacted partitions need not have a message at their last offset.
        while open > 0 {
            assert!(Instant::now() < deadline, "{topic} is not read within {PATIENCE:?}");
            match consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => found.push(Stored {
                    partition: message.partition(),
                    offset: message.offset(),
                    key: message.key().map(<[u8]>::to_vec),
                    payload: message.payload().map(<[u8]>::to_vec),
                    timestamp_ms: message.timestamp().to_millis(),
                }),
                Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
                // On a busy machine a connection may fail and come about a moment later.
                Some(Err(error)) if is_outage(&error) => {}
                Some(Err(error)) => panic!("{topic}: {error}"),
                None => {}
            }
        }
        leave(consumer);
        found.sort_by_key(|message| (message.partition, message.offset));
        found
    }

    /// The next offset of each partition.
    pub fn ends(&self, topic: &str) -> BTreeMap<i32, i64> {
        let consumer = self.consumer("ends");
        let metadata = retry_unready(|| consumer.fetch_metadata(Some(topic), REQUEST)).expect("metadata");
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        let ends = partitions.map(|partition| {
            let (_, end) = retry_unready(|| consumer.fetch_watermarks(topic, partition.id(), REQUEST)).expect("offsets");
            (partition.id(), end)
        });
        let ends = ends.collect();
        leave(consumer);
        ends
    }

    /// What a group has committed of a topic, where it has.
    pub fn committed(&self, group: &str, topic: &str) -> BTreeMap<i32, i64> {
        let consumer = self.consumer(group);
        let mut list = TopicPartitionList::new();
        for partition in self.ends(topic).keys() {
            list.add_partition(topic, *partition);
        }
        let committed = retry_unready(|| consumer.committed_offsets(list.clone(), REQUEST)).expect("committed offsets");
        leave(consumer);
        let offsets = committed.elements();
        offsets
            .iter()
            .filter_map(|at| if let Offset::Offset(offset) = at.offset() { Some((at.partition(), offset)) } else { None })
            .collect()
    }

    /// Messages that a group has not committed yet.
    pub fn lag(&self, group: &str, topic: &str) -> i64 {
        let committed = self.committed(group, topic);
        self.ends(topic).iter().map(|(partition, end)| end - committed.get(partition).copied().unwrap_or(0)).sum()
    }

    /// Who is a member of a group, by client and host.
    pub fn members(&self, group: &str) -> Vec<String> {
        let consumer = self.consumer("members");
        let list = retry_unready(|| consumer.fetch_group_list(Some(group), REQUEST)).expect("groups");
        let of_group = list.groups().iter().filter(|found| found.name() == group);
        let names = of_group.flat_map(|found| found.members()).map(|member| format!("{} at {}", member.client_id(), member.client_host()));
        let names = names.collect();
        leave(consumer);
        names
    }

    /// Begins something, and says how long after it no group of these had a member any more.
    pub fn emptied_after(&self, groups: &[&str], begin: impl FnOnce()) -> Duration {
        let consumer = self.consumer("members");
        let is_empty = |group: &&str| {
            let list = retry_unready(|| consumer.fetch_group_list(Some(group), REQUEST)).expect("groups");
            list.groups().iter().filter(|found| found.name() == *group).all(|found| found.members().is_empty())
        };
        // The first answer takes longest.
        assert!(groups.iter().any(|group| !is_empty(group)), "somebody is a member of one of {groups:?}");
        let begun = Instant::now();
        begin();
        while !groups.iter().all(is_empty) {
            assert!(begun.elapsed() < PATIENCE, "{groups:?} still have members");
            std::thread::sleep(Duration::from_millis(10));
        }
        let elapsed = begun.elapsed();
        leave(consumer);
        elapsed
    }

    /// A client of that group, which joins it only if it subscribes.
    fn consumer(&self, group: &str) -> BaseConsumer {
        let mut config = self.config.clone();
        config.set("group.id", group).set("enable.auto.commit", "false").set("enable.partition.eof", "true");
        config.create().expect("a consumer")
    }
}

/// Lets a client go. Dropping one can hang for ever (rust-rdkafka 509): after a while it is left behind.
fn leave(consumer: BaseConsumer) {
    let (done, dropped) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        drop(consumer);
        drop(done);
    });
    // Disconnected when it is dropped.
    let _ = dropped.recv_timeout(Duration::from_secs(5));
}
