//! What must be there before a process can join: topics that fit, and the partitions of the input.

use crate::config::cluster::Cluster as Settings;
use crate::config::schema::{Config, SourceKind};
use crate::kafka::group::GroupSettings;
use crate::kafka::settings::{Cluster, SettingsError};
use crate::kafka::topics::{TopicSpec, ensure, other_readers, partitions};
use crate::model::topic::TopicPartition;
use crate::stream::InternalTopic;
use crate::stream::node::Layout;
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often brokers are asked again that did not answer, and how often that is told.
const ASKED_AGAIN: Duration = Duration::from_secs(1);
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// What all processes agree on, and how brokers are reached.
pub struct Setup {
    pub(super) cluster: Cluster,
    pub(super) layout: Layout,
    /// What the names of the topics begin with.
    pub(super) prefix: String,
    pub(super) topics: BTreeMap<InternalTopic, Arc<str>>,
    /// How to join the group of the input's partitions, and that of the tasks.
    pub(super) groups: [GroupSettings; 2],
}

impl Setup {
    /// Makes and checks the topics, and learns the partitions of the input. While no broker answers it asks again, and says so once a minute:
    /// whoever runs the process may end it meanwhile.
    ///
    /// # Errors
    /// What does not fit, by its name and rule, and what brokers refuse.
    pub async fn prepare(config: &Config, settings: &Settings) -> anyhow::Result<Setup> {
        let mut told: Option<Instant> = None;
        loop {
            let why = match Setup::prepare_once(config, settings).await {
                Err(error) if matches!(error.downcast_ref(), Some(SettingsError::Unreachable(_))) => error,
                done => return done,
            };
            if told.is_none_or(|told| told.elapsed() >= TOLD_AGAIN) {
                told = Some(Instant::now());
                tracing::warn!(%why, "no broker can be reached; it is tried again");
            }
            tokio::time::sleep(ASKED_AGAIN).await;
        }
    }

    async fn prepare_once(config: &Config, settings: &Settings) -> anyhow::Result<Setup> {
        let sources = config.sources.iter().filter_map(|source| match &source.kind {
            SourceKind::Kafka(kafka) => Some(kafka),
            SourceKind::Files(_) => None,
        });
        let sources: Vec<_> = sources.collect();
        let first = sources.first().context("a cluster needs a [[source]] of kind kafka")?;
        let cluster = first.cluster();
        let wanted: Vec<TopicSpec> = InternalTopic::ALL
            .into_iter()
            .map(|topic| TopicSpec {
                name: name(settings, topic),
                partitions: match topic {
                    InternalTopic::Access => settings.tasks,
                    // That of the coordinator comes after those of the tasks.
                    InternalTopic::State => settings.tasks + 1,
                    InternalTopic::Summaries | InternalTopic::Baselines | InternalTopic::Ticks => 1,
                },
                compacted: topic.is_compacted(),
                rule: match topic {
                    InternalTopic::Access => |found| format!("tasks is fixed once there is state; cluster.tasks = {found} goes with it"),
                    InternalTopic::State => {
                        |found| format!("tasks is fixed once there is state; cluster.tasks = {} goes with it", found - 1)
                    }
                    InternalTopic::Summaries | InternalTopic::Baselines | InternalTopic::Ticks => |_| "all of it is in one".to_owned(),
                },
            })
            .collect();
        ensure(&cluster, &wanted, settings.replication_factor).await?;
        make_alerts_topic(config, settings, &cluster).await?;
        let tasks_group = format!("{}.tasks", first.group);
        let access = name(settings, InternalTopic::Access);
        match other_readers(&cluster, &access, &tasks_group) {
            Ok(others) => anyhow::ensure!(
                others.is_empty(),
                "cluster.topic_prefix = {:?} must be of one cluster alone: {access} is read by {}; give each [cluster] a topic_prefix of its own",
                settings.topic_prefix,
                others.join(", ")
            ),
            Err(error) => tracing::warn!(%error, "whether another cluster has the same topic_prefix is not checked"),
        }
        let inputs: Vec<String> = sources.iter().flat_map(|kafka| kafka.topics.iter().cloned()).collect();
        let known = partitions(&cluster, &inputs)?;
        for topic in &inputs {
            anyhow::ensure!(known.contains_key(topic), "topic {topic} must exist: its partitions are shared out among the processes");
        }
        let input_partitions =
            known.iter().flat_map(|(topic, partitions)| (0..*partitions).map(|partition| TopicPartition::new(topic.as_str(), partition)));
        let layout = Layout { tasks: settings.tasks, inputs: input_partitions.collect() };
        let topics: BTreeMap<InternalTopic, Arc<str>> =
            InternalTopic::ALL.into_iter().map(|topic| (topic, Arc::from(name(settings, topic)))).collect();
        let instance = settings.instance_id.as_deref().map(named).transpose()?;
        let group_settings = |group: String, topics: Vec<String>| GroupSettings {
            group,
            instance: instance.clone(),
            topics,
            session_timeout: Duration::from_millis(settings.session_timeout.0.unsigned_abs()),
        };
        // A group of its own for each: an assignor evens out the sum, and one process could get all tasks.
        let groups = [group_settings(first.group.clone(), inputs), group_settings(tasks_group, vec![access])];
        Ok(Setup { cluster, layout, prefix: settings.topic_prefix.clone(), topics, groups })
    }
}

/// Makes the topic of alerts where one of our own is written to and it is missing. One that is there may be as it likes.
async fn make_alerts_topic(config: &Config, settings: &Settings, cluster: &Cluster) -> anyhow::Result<()> {
    let name = settings.alerts_topic();
    let is_written = config.sinks.iter().filter_map(|sink| sink.topic()).any(|to| to == (&*name, &*cluster.brokers));
    if !is_written || partitions(cluster, std::slice::from_ref(&name))?.contains_key(&name) {
        return Ok(());
    }
    // Of one partition: alerts come in the order of event time.
    let spec = TopicSpec { name, partitions: 1, compacted: false, rule: |_| "alerts come in the order of event time".to_owned() };
    Ok(ensure(cluster, &[spec], settings.replication_factor).await?)
}

/// The name of this process, which may be given by the environment: one file of settings serves all processes.
fn named(instance: &str) -> anyhow::Result<String> {
    match instance.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => {
            std::env::var(name).with_context(|| format!("cluster.instance_id = {instance:?}: the environment has no such variable"))
        }
        None => Ok(instance.to_owned()),
    }
}

fn name(settings: &Settings, topic: InternalTopic) -> String {
    format!("{}.{}", settings.topic_prefix, topic.name())
}
