//! Topics of our own: made where they are missing, and checked before anything rests on them.

use crate::kafka::settings::{Cluster, SettingsError};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, DefaultConsumerContext};
use rdkafka::types::RDKafkaErrorCode;
use std::collections::BTreeMap;
use std::time::Duration;

/// A topic as it must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: i32,
    /// Whether only the newest message of a key is kept; otherwise all are, for a week.
    pub compacted: bool,
}

const WITHIN: Duration = Duration::from_secs(20);

/// Makes the topics that are missing, and checks all of them.
pub async fn ensure(cluster: &Cluster, wanted: &[Wanted], replication: i32) -> Result<(), SettingsError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| SettingsError::Client(format!("{what}: {error}"));
    let config = cluster.config(&[])?;
    let admin: AdminClient<DefaultClientContext> = cluster.client(&config, DefaultClientContext)?;
    let options = AdminOptions::new().operation_timeout(Some(WITHIN)).request_timeout(Some(WITHIN));
    let known = partitions(cluster, &wanted.iter().map(|topic| topic.name.clone()).collect::<Vec<_>>())?;
    let missing: Vec<&Wanted> = wanted.iter().filter(|topic| !known.contains_key(&topic.name)).collect();
    let new: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|topic| {
            let new = NewTopic::new(&topic.name, topic.partitions, TopicReplication::Fixed(replication));
            if topic.compacted {
                new.set("cleanup.policy", "compact").set("min.cleanable.dirty.ratio", "0.3").set("segment.ms", "3600000")
            } else {
                new.set("cleanup.policy", "delete").set("retention.ms", "604800000")
            }
        })
        .collect();
    if !new.is_empty() {
        let made = admin.create_topics(&new, &options).await.map_err(|error| failed("topics cannot be made", &error))?;
        for outcome in made {
            match outcome {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, error)) => {
                    let shape = wanted.iter().find(|topic| topic.name == name).map(Wanted::shape).unwrap_or_default();
                    return Err(SettingsError::Client(format!("topic {name} cannot be made ({error}): make it with {shape}")));
                }
            }
        }
    }
    let known = settled(cluster, wanted).await?;
    for topic in wanted {
        match known.get(&topic.name) {
            Some(found) if *found == topic.partitions => {}
            Some(found) => {
                let rule = format!("must have {} partitions to go with the others, got {found}", topic.partitions);
                return Err(SettingsError::Client(format!("topic {}: {rule}", topic.name)));
            }
            None => return Err(SettingsError::Client(format!("topic {} must exist with {}", topic.name, topic.shape()))),
        }
    }
    policies(&admin, wanted, &options).await
}

impl Wanted {
    fn shape(&self) -> String {
        let policy = if self.compacted { "compact" } else { "delete" };
        format!("{} partitions and cleanup.policy={policy}", self.partitions)
    }
}

/// New topics are not known everywhere at once.
async fn settled(cluster: &Cluster, wanted: &[Wanted]) -> Result<BTreeMap<String, i32>, SettingsError> {
    let names: Vec<String> = wanted.iter().map(|topic| topic.name.clone()).collect();
    for _ in 0..40 {
        let known = partitions(cluster, &names)?;
        if known.len() == wanted.len() {
            return Ok(known);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    partitions(cluster, &names)
}

/// A topic that loses what is needed must not be taken for one that keeps it.
async fn policies(admin: &AdminClient<DefaultClientContext>, wanted: &[Wanted], options: &AdminOptions) -> Result<(), SettingsError> {
    let asked: Vec<ResourceSpecifier<'_>> = wanted.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
    // Who may not ask goes on: the state is checked when it is read, too.
    let Ok(told) = admin.describe_configs(&asked, options).await else {
        tracing::warn!("the configuration of our topics cannot be read, and is not checked");
        return Ok(());
    };
    for (topic, told) in wanted.iter().zip(told) {
        let Ok(told) = told else { continue };
        let policy = told.get("cleanup.policy").and_then(|entry| entry.value.clone()).unwrap_or_default();
        let fits = if topic.compacted { policy == "compact" } else { !policy.contains("compact") };
        if !fits {
            let wanted = if topic.compacted { "compact" } else { "delete" };
            return Err(SettingsError::Client(format!("topic {}: cleanup.policy must be {wanted}, got {policy:?}", topic.name)));
        }
    }
    Ok(())
}

/// How many partitions those of these topics have that exist.
pub fn partitions(cluster: &Cluster, topics: &[String]) -> Result<BTreeMap<String, i32>, SettingsError> {
    let config = cluster.config(&[("allow.auto.create.topics", "false")])?;
    let consumer: BaseConsumer = cluster.client(&config, DefaultConsumerContext)?;
    let failed = |error: rdkafka::error::KafkaError| SettingsError::Client(format!("the brokers do not answer: {error}"));
    let metadata = consumer.fetch_metadata(None, WITHIN).map_err(failed)?;
    let found = metadata.topics().iter().filter(|topic| topic.error().is_none() && topics.iter().any(|name| name == topic.name()));
    Ok(found.map(|topic| (topic.name().to_owned(), topic.partitions().len() as i32)).filter(|(_, partitions)| *partitions > 0).collect())
}

/// The first offset of a partition that is still there, and the next one.
pub fn bounds(cluster: &Cluster, topic: &str, partition: i32) -> Result<(i64, i64), SettingsError> {
    let config = cluster.config(&[])?;
    let consumer: BaseConsumer = cluster.client(&config, DefaultConsumerContext)?;
    let watermarks = consumer.fetch_watermarks(topic, partition, WITHIN);
    watermarks.map_err(|error| SettingsError::Client(format!("topic {topic}: {error}")))
}
