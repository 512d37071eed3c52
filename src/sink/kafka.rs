//! `kafka`: alerts to a topic, keyed by alert id so that revisions of one stay in order, each acknowledged by the brokers.

use crate::model::alert::Alert;
use crate::sink::produce::Producer;
use crate::sink::{Sink, SinkError, SinkKind, SinkSettings};
use std::sync::Arc;

/// Where alerts go unless told otherwise.
pub const DEFAULT_TOPIC: &str = "leakwarden.alerts";

/// The row of the table.
pub const KIND: SinkKind = SinkKind { name: "kafka", build: |settings| Ok(Box::new(Topic::new(settings)?)) };

struct Topic {
    name: String,
    producer: Producer,
}

impl Topic {
    fn new(settings: &SinkSettings) -> Result<Topic, SinkError> {
        let cluster = settings.cluster.as_ref().ok_or_else(|| SinkError::permanent("sink of kind kafka: brokers must be given"))?;
        let topic = settings.topic.as_deref().unwrap_or(DEFAULT_TOPIC);
        Ok(Topic { name: settings.name.clone(), producer: Producer::new(cluster, topic)? })
    }
}

impl Sink for Topic {
    fn name(&self) -> &str {
        &self.name
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
    use crate::kafka::settings::Cluster;
    use crate::sink::tests::alert;
    use rdkafka::Message;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::mocking::MockCluster;
    use rdkafka::{ClientConfig, Offset, TopicPartitionList};
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[test]
    fn alerts_are_messages_keyed_by_their_id() {
        let mock = MockCluster::new(1).expect("a cluster");
        mock.create_topic(DEFAULT_TOPIC, 1, 1).expect("a topic");
        let cluster = Cluster { brokers: mock.bootstrap_servers(), client: BTreeMap::new() };
        let settings = SinkSettings { name: "out".to_owned(), cluster: Some(cluster), ..SinkSettings::default() };
        let mut sink = (KIND.build)(&settings).expect("built");
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
