//! `kafka`: alerts to a topic, keyed by alert id so that revisions of one stay in order, each acknowledged by the brokers.

use crate::kafka::settings::Cluster;
use crate::model::alert::Alert;
use crate::settings::{Brokers, Entry, SettingsTable, settings};
use crate::sink::produce::Producer;
use crate::sink::{Sink, SinkConfig, SinkError, SinkKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The topic unless another is configured.
pub const DEFAULT_TOPIC: &str = "leakwarden.alerts";

/// The row of the table.
pub const KIND: SinkKind = SinkKind {
    name: "kafka",
    doc: TopicKeys::DOC,
    keys: TopicKeys::KEYS,
    parse: |section| TopicKeys::read(section).map(|keys| Box::new(keys) as Box<dyn SinkConfig>),
};

settings! {
    /// A Kafka topic, keyed by alert id.
    pub struct TopicKeys {
        /// `host:port`, one or several.
        brokers: Brokers => RESTART;
        /// The topic.
        topic: String = DEFAULT_TOPIC.to_owned() => RESTART;
        /// Handed to librdkafka; `"${NAME}"` is taken from the environment and `"file:PATH"` from a file.
        client: BTreeMap<String, String> = BTreeMap::new() => RESTART;
    }
}

impl TopicKeys {
    /// A topic of these brokers.
    pub fn of(cluster: Cluster, topic: String) -> TopicKeys {
        TopicKeys { brokers: Brokers(cluster.brokers), topic, client: cluster.client }
    }

    fn cluster(&self) -> Cluster {
        Cluster { brokers: self.brokers.0.clone(), client: self.client.clone() }
    }
}

impl SinkConfig for TopicKeys {
    fn kind(&self) -> &'static SinkKind {
        &KIND
    }

    fn entries(&self) -> Vec<Entry> {
        SettingsTable::entries(self)
    }

    fn describe(&self) -> String {
        format!("to Kafka {} {}", self.topic, self.cluster().describe())
    }

    fn topic(&self) -> Option<(&str, &str)> {
        Some((&self.topic, &self.brokers.0))
    }

    fn check(&self) -> Result<(), String> {
        self.cluster().check().map_err(|error| error.to_string())
    }

    fn build(&self) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(Topic { producer: Producer::new(&self.cluster(), &self.topic)? }))
    }
}

struct Topic {
    producer: Producer,
}

impl Sink for Topic {
    fn name(&self) -> &str {
        KIND.name
    }

    fn idle(&mut self) {
        self.producer.idle();
    }

    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Result<(), SinkError> {
        let mut contents = Vec::with_capacity(alerts.len());
        for alert in alerts {
            let content = serde_json::to_vec(alert).map_err(|error| SinkError::permanent(format!("alert {}: {error}", alert.id)))?;
            contents.push(content);
        }
        self.producer.produce(alerts.iter().map(|alert| alert.id.as_bytes()).zip(contents.iter().map(Vec::as_slice)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::tests::{alert, built};
    use rdkafka::Message;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::mocking::MockCluster;
    use rdkafka::{ClientConfig, Offset, TopicPartitionList};
    use std::time::Duration;

    #[test]
    fn alerts_are_messages_keyed_by_their_id() {
        let mock = MockCluster::new(1).expect("a cluster");
        mock.create_topic(DEFAULT_TOPIC, 1, 1).expect("a topic");
        let mut sink = built(&format!("kind = \"kafka\"\nbrokers = {:?}\n", mock.bootstrap_servers()));
        sink.deliver(&[alert("a"), alert("b")]).expect("acknowledged");

        let consumer: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", mock.bootstrap_servers()).set("group.id", "g").create().expect("a consumer");
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition_offset(DEFAULT_TOPIC, 0, Offset::Beginning).expect("an offset");
        consumer.assign(&partitions).expect("assigned");
        for id in ["a", "b"] {
            let message = consumer.poll(Duration::from_secs(20)).expect("a message").expect("no error");
            assert_eq!(message.key(), Some(id.as_bytes()));
            let found: Alert = serde_json::from_slice(message.payload().expect("content")).expect("an alert");
            assert_eq!(found, *alert(id));
        }
    }
}
