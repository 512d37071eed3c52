//! What no process sees of its own share: how far the whole group is behind, also with partitions that nobody has, or that somebody has
//! who died and is not missed yet. A thread asks the brokers for what is committed and where partitions end.

use super::Setup;
use crate::kafka::consumer::partition_list;
use crate::kafka::context::KafkaContext;
use crate::kafka::settings::{Cluster, SettingsError};
use crate::kafka::topics::retry_unready;
use crate::model::topic::TopicPartition;
use crate::stream::InternalTopic;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often brokers are asked.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long each may take to answer.
const REQUEST: Duration = Duration::from_secs(5);

/// Messages that the group has not committed yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupLag {
    /// Of the input.
    pub input: u64,
    /// Of the tasks' own topic; each holds many records.
    pub access: u64,
}

/// A running survey. It ends with the guard.
pub struct Survey {
    lag: Arc<Mutex<Option<GroupLag>>>,
    _end: Sender<()>,
}

impl Survey {
    /// Starts its thread.
    pub fn start(setup: &Setup) -> Result<Survey, SettingsError> {
        let lag = Arc::<Mutex<Option<GroupLag>>>::default();
        let (end, ended) = bounded(0);
        let access = &setup.topics[&InternalTopic::Access];
        let tasks = (0..setup.layout.tasks).map(|task| TopicPartition::new(access.clone(), task)).collect();
        let input = Asked::new(&setup.cluster, &setup.groups[0].group, setup.layout.inputs.clone())?;
        let access = Asked::new(&setup.cluster, &setup.groups[1].group, tasks)?;
        let told = lag.clone();
        std::thread::Builder::new()
            .name("kafka-survey".to_owned())
            .spawn(move || run(&input, &access, &told, &ended))
            .map_err(|error| SettingsError::Client(format!("cannot start its thread: {error}")))?;
        Ok(Survey { lag, _end: end })
    }

    /// What was last found, if brokers answered.
    pub fn lag(&self) -> Option<GroupLag> {
        *self.lag.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(input: &Asked, access: &Asked, told: &Mutex<Option<GroupLag>>, ended: &Receiver<()>) {
    loop {
        let found = input.lag().zip(access.lag()).map(|(input, access)| GroupLag { input, access });
        *told.lock().unwrap_or_else(PoisonError::into_inner) = found;
        // Disconnected where the process ends.
        if let Err(RecvTimeoutError::Disconnected) = ended.recv_timeout(INTERVAL) {
            return;
        }
    }
}

/// Partitions of a group.
struct Asked {
    /// Of the group's name, which it does not join.
    consumer: BaseConsumer<KafkaContext<()>>,
    partitions: Vec<TopicPartition>,
}

impl Asked {
    fn new(cluster: &Cluster, group: &str, partitions: Vec<TopicPartition>) -> Result<Asked, SettingsError> {
        let mut config = cluster.config(&[("enable.auto.commit", "false"), ("allow.auto.create.topics", "false")])?;
        config.set("group.id", group);
        config.remove("group.instance.id");
        Ok(Asked { consumer: cluster.request_client(&config, KafkaContext(()))?, partitions })
    }

    fn lag(&self) -> Option<u64> {
        // librdkafka asks for a new token inside of a poll alone; nothing is assigned.
        let _ = self.consumer.poll(Duration::ZERO);
        let list = partition_list(&self.partitions.iter().map(|of| (of, None)).collect::<Vec<_>>());
        let committed = retry_unready(|| self.consumer.committed_offsets(list.clone(), REQUEST)).ok()?;
        let mut lag = 0;
        for element in committed.elements() {
            let (first, end) = retry_unready(|| self.consumer.fetch_watermarks(element.topic(), element.partition(), REQUEST)).ok()?;
            let next = if let Offset::Offset(offset) = element.offset() { offset.max(first) } else { first };
            lag += u64::try_from(end - next).unwrap_or(0);
        }
        Some(lag)
    }
}
