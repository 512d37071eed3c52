//! Reads a range of offsets of a partition once, outside of any group.

use crate::kafka::context::KafkaContext;
use crate::kafka::settings::{Cluster, SettingsError};
use crate::kafka::topics::retry_unready;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use std::ops::Range;
use std::time::{Duration, Instant};

/// How long nothing may come before reading counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(200);

/// Gives each message of the range that is still there to `each`.
pub fn read(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    range: Range<i64>,
    each: &mut dyn FnMut(i64, &[u8]),
) -> Result<(), SettingsError> {
    let failed = |error: KafkaError| SettingsError::Client(format!("topic {topic:?}, partition {partition}: {error}"));
    let mut config = cluster.config(&[("enable.auto.commit", "false"), ("enable.partition.eof", "true")])?;
    // It only assigns and joins no group, but librdkafka wants a name.
    config.set("group.id", "leakwarden-reading");
    let consumer = cluster.request_client(&config, KafkaContext(()))?;
    let (first, next) = retry_unready(|| consumer.fetch_watermarks(topic, partition, PATIENCE)).map_err(failed)?;
    let (mut at, end) = (range.start.max(first), range.end.min(next));
    if at >= end {
        return Ok(());
    }
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, partition, Offset::Offset(at)).map_err(failed)?;
    consumer.assign(&assignment).map_err(failed)?;
    let mut last_message = Instant::now();
    while at < end {
        match consumer.poll(POLL) {
            None if last_message.elapsed() > PATIENCE => {
                return Err(failed(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut)));
            }
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
            Some(Err(error)) if last_message.elapsed() > PATIENCE => return Err(failed(error)),
            // Brokers that are away for a moment.
            Some(Err(_)) => {}
            Some(Ok(message)) => {
                last_message = Instant::now();
                at = message.offset() + 1;
                if message.offset() < end {
                    each(message.offset(), message.payload().unwrap_or_default());
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::mocking::MockCluster;
    use std::collections::BTreeMap;

    #[test]
    fn a_range_is_read_as_far_as_it_is_there() {
        let mock = MockCluster::new(1).expect("a cluster");
        mock.create_topic("t", 1, 1).expect("a topic");
        let cluster = Cluster { brokers: mock.bootstrap_servers(), client: BTreeMap::new() };
        let config = cluster.config(&[]).expect("settings");
        let producer: rdkafka::producer::BaseProducer = config.create().expect("a producer");
        for n in 0..50_u8 {
            let record = rdkafka::producer::BaseRecord::<(), _>::to("t").payload(std::slice::from_ref(&n)).partition(0);
            producer.send(record).expect("is queued");
        }
        rdkafka::producer::Producer::flush(&producer, Duration::from_secs(10)).expect("acknowledged");
        let of = |range: Range<i64>| {
            let mut found = Vec::new();
            read(&cluster, "t", 0, range, &mut |offset, bytes| found.push((offset, bytes[0]))).expect("is read");
            found
        };
        assert_eq!(of(10..13), [(10, 10), (11, 11), (12, 12)]);
        assert_eq!(of(48..90), [(48, 48), (49, 49)]);
        assert!(of(90..99).is_empty());
    }
}
