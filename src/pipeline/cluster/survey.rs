//! What no process sees of its own share: how far the whole group is behind, also with partitions that nobody has, or that somebody has
//! who died and is not missed yet; and which partitions the input topics have by now. A thread asks the brokers for what is committed and
//! where partitions end.

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
use std::collections::BTreeMap;
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
    told: Arc<Mutex<Told>>,
    _end: Sender<()>,
}

#[derive(Default)]
struct Told {
    lag: Option<GroupLag>,
    /// Partitions of each input topic that brokers have named the last time, and those that they have named twice.
    counts: [PartitionCounts; 2],
}

/// How many partitions topics have; those that do not exist are missing.
pub type PartitionCounts = BTreeMap<String, i32>;

impl Survey {
    /// Starts its thread.
    pub fn start(setup: &Setup) -> Result<Survey, SettingsError> {
        let told = Arc::<Mutex<Told>>::default();
        let (end, ended) = bounded(0);
        let access = &setup.topics[&InternalTopic::Access];
        let tasks = (0..setup.layout.tasks).map(|task| TopicPartition::new(access.clone(), task)).collect();
        let input = Asked::new(&setup.cluster, &setup.groups[0].group, setup.layout.inputs.clone())?;
        let access = Asked::new(&setup.cluster, &setup.groups[1].group, tasks)?;
        let (shared, topics) = (told.clone(), setup.groups[0].topics.clone());
        std::thread::Builder::new()
            .name("kafka-survey".to_owned())
            .spawn(move || run(&input, &access, &topics, &shared, &ended))
            .map_err(|error| SettingsError::Client(format!("cannot start its thread: {error}")))?;
        Ok(Survey { told, _end: end })
    }

    /// What was last found, if brokers answered.
    pub fn lag(&self) -> Option<GroupLag> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).lag
    }

    /// How many partitions the input topics have, as brokers have said it twice: while a topic is made anew their answers differ.
    pub fn partitions(&self) -> PartitionCounts {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).counts[1].clone()
    }
}

fn run(input: &Asked, access: &Asked, topics: &[String], told: &Mutex<Told>, ended: &Receiver<()>) {
    loop {
        let counts = input.counts(topics);
        let lag = input.lag(&counts).zip(access.lag(&BTreeMap::new())).map(|(input, access)| GroupLag { input, access });
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.lag = lag;
        let twice = counts.iter().filter(|(topic, count)| told.counts[0].get(*topic) == Some(*count));
        told.counts = [counts.clone(), twice.map(|(topic, count)| (topic.clone(), *count)).collect()];
        drop(told);
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

    fn counts(&self, topics: &[String]) -> PartitionCounts {
        let count = |topic: &String| {
            let metadata = retry_unready(|| self.consumer.fetch_metadata(Some(topic), REQUEST)).ok()?;
            let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none())?;
            Some((topic.clone(), found.partitions().len() as i32)).filter(|(_, count)| *count > 0)
        };
        topics.iter().filter_map(count).collect()
    }

    /// The lag over all partitions but those that their topics no longer have.
    fn lag(&self, counts: &PartitionCounts) -> Option<u64> {
        // librdkafka asks for a new token inside of a poll alone; nothing is assigned.
        let _ = self.consumer.poll(Duration::ZERO);
        let is_there = |of: &&TopicPartition| counts.get(&*of.topic).is_none_or(|count| of.partition < *count);
        let list = partition_list(&self.partitions.iter().filter(is_there).map(|of| (of, None)).collect::<Vec<_>>());
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
