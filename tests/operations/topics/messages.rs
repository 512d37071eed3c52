//! Messages as producers write them: with the header of a schema registry, without content, several records in one.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::run::Run;
use crate::common::kafka::until;

/// The header of Confluent's serializers: a zero and the id of the schema.
const HEADER: [u8; 5] = [0, 0, 0, 0, 7];

/// Somebody produces through a schema registry (https://github.com/provectus/kafka-ui/issues/643,
/// https://github.com/datazip-inc/olake/issues/1239), deletes keys (a tombstone), and ships several records in one message.
/// JSON is read behind the header; of Avro the dead letter says what it is; a tombstone is no record; each record of a message counts.
#[test]
fn come_with_the_header_of_a_registry_as_tombstones_and_several_at_once() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("as-they-come", broker.brokers());
    let records = &run.company.partitions[0][..8];
    let framed = |record: &String| [&HEADER[..], record.as_bytes()].concat();
    let array = format!("[{},{}]", records[2], records[3]).into_bytes();
    let lines = format!("{}\n{}\n", records[4], records[5]).into_bytes();
    let avro = [&HEADER[..], &[6, b'a', b'b', b'c', 2, 0x80]].concat();
    run.topics.produce(&run.topic, 0, [framed(&records[0]), framed(&records[1]), array, lines, avro]);
    run.topics.tombstone(&run.topic, 0, "key");
    run.topics.produce(&run.topic, 0, &records[6..]);
    let service = run.start();
    run.committed(&service);
    let of =
        |labels: &str| service.metric(&format!("leakwarden_records_total{{outcome=\"{labels}\",source=\"access\"}}")).unwrap_or_default();
    until("all are counted", || of("accepted") >= 8.0, || format!("{:?} {}", service.get("/metrics"), service.log()));
    assert_eq!((of("accepted"), of("ignored"), of("dead_letter")), (8.0, 1.0, 1.0), "{}", service.log());
    assert!(service.stop().success());
    let letters = std::fs::read_to_string(run.company.dir().join("dead-letters.jsonl")).expect("dead letters");
    assert!(letters.contains("Avro or Protobuf, with the header of a schema registry (schema 7)"), "{letters}");
}
