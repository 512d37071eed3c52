//! A Kafka broker inside of this process, and today's records streamed through it at the pace of their reader.
//!
//! The broker is librdkafka's mock cluster. It keeps 5 MiB a partition and drops what is older without a word, so the
//! stream never runs further ahead of the consumer than that leaves room for.

use leakwarden::simulate::SimRecord;
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The broker.
pub struct Broker {
    cluster: MockCluster<'static, DefaultProducerContext>,
    topic: &'static str,
}

/// How far the consumer is, and whether the stream is to end.
#[derive(Clone, Default)]
pub struct Pace(Arc<Position>);

#[derive(Default)]
struct Position {
    consumed: AtomicU64,
    stopped: AtomicBool,
}

impl Pace {
    /// The consumer has read so many records.
    pub fn consumed(&self, records: u64) {
        self.0.consumed.store(records, Ordering::Relaxed);
    }

    /// Ends the stream.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }
}

const PARTITIONS: i32 = 3;

/// Records that may be on their way: about 2 MB.
const AHEAD: u64 = 5_000;

impl Broker {
    /// Starts a broker with one topic.
    pub fn start(topic: &'static str) -> anyhow::Result<Broker> {
        let cluster = MockCluster::new(1)?;
        cluster.create_topic(topic, PARTITIONS, 1)?;
        Ok(Broker { cluster, topic })
    }

    /// `host:port` to connect to.
    pub fn address(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// Streams a day in the given time, with event time as the messages' time.
    pub fn stream(&self, day: Vec<SimRecord>, keys: Vec<String>, lasting: Duration, pace: Pace) -> JoinHandle<()> {
        let to = Stream { address: self.address(), topic: self.topic };
        std::thread::spawn(move || {
            if let Err(error) = to.send(&day, &keys, lasting, &pace) {
                eprintln!("the embedded broker takes no more: {error}");
            }
        })
    }
}

struct Stream {
    address: String,
    topic: &'static str,
}

impl Stream {
    fn send(&self, day: &[SimRecord], keys: &[String], lasting: Duration, pace: &Pace) -> anyhow::Result<()> {
        let (Some(first), Some(last)) = (day.first(), day.last()) else { return Ok(()) };
        let producer: ThreadedProducer<DefaultProducerContext> =
            ClientConfig::new().set("bootstrap.servers", &self.address).set("linger.ms", "20").create()?;
        let begun = Instant::now();
        let span = (last.time_ms - first.time_ms).max(1) as f64;
        for (sent, record) in day.iter().enumerate() {
            let due = lasting.mul_f64((record.time_ms - first.time_ms) as f64 / span);
            while begun.elapsed() < due || sent as u64 > pace.0.consumed.load(Ordering::Relaxed) + AHEAD {
                if pace.0.stopped.load(Ordering::Relaxed) {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            let key = keys.get(record.employee as usize).map_or("", String::as_str);
            let message = BaseRecord::to(self.topic).key(key).payload(&record.line).timestamp(record.time_ms);
            producer.send(message).map_err(|(error, _)| error)?;
        }
        Ok(producer.flush(Duration::from_secs(5))?)
    }
}
