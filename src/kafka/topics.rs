//! Topics of our own: made where they are missing, and checked before anything rests on them.

use crate::kafka::Quiet;
use crate::kafka::settings::{Cluster, SettingsError};
use crate::kafka::token;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::types::RDKafkaErrorCode::{self, DestroyBroker, UnknownPartition};
use std::collections::BTreeMap;
use std::time::Duration;

/// A topic as it must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: i32,
    /// Whether only the newest message of a key is kept; otherwise all are, for a week.
    pub compacted: bool,
}

const WITHIN: Duration = Duration::from_secs(20);

/// Makes the topics that are missing, and checks all of them.
pub async fn ensure(cluster: &Cluster, wanted: &[TopicSpec], replication: i32) -> Result<(), SettingsError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| SettingsError::Client(format!("{what}: {error}"));
    let config = cluster.config(&[])?;
    let admin: AdminClient<DefaultClientContext> = cluster.client(&config, DefaultClientContext)?;
    let options = AdminOptions::new().operation_timeout(Some(WITHIN)).request_timeout(Some(WITHIN));
    let known = partitions(cluster, &wanted.iter().map(|topic| topic.name.clone()).collect::<Vec<_>>())?;
    let missing: Vec<&TopicSpec> = wanted.iter().filter(|topic| !known.contains_key(&topic.name)).collect();
    if cluster.token().is_some() {
        return made_by_others(wanted, &known);
    }
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
                    let shape = wanted.iter().find(|topic| topic.name == name).map(TopicSpec::shape).unwrap_or_default();
                    return Err(SettingsError::Client(format!("topic {name} cannot be made ({error}): make it with {shape}")));
                }
            }
        }
    }
    fit(wanted, &settled(cluster, wanted).await?)?;
    policies(&admin, wanted, &options).await
}

/// rdkafka's administrating client is never polled, and a token is asked for inside of a poll: it cannot show one.
fn made_by_others(wanted: &[TopicSpec], known: &BTreeMap<String, i32>) -> Result<(), SettingsError> {
    fit(wanted, known).map_err(|error| match error {
        SettingsError::Client(why) => SettingsError::Client(format!("{why}; with client.{} topics are not made here", token::SETTING)),
        other => other,
    })?;
    tracing::warn!("the configuration of our topics cannot be read with client.{}, and is not checked", token::SETTING);
    Ok(())
}

fn fit(wanted: &[TopicSpec], known: &BTreeMap<String, i32>) -> Result<(), SettingsError> {
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
    Ok(())
}

impl TopicSpec {
    fn shape(&self) -> String {
        let policy = if self.compacted { "compact" } else { "delete" };
        format!("{} partitions and cleanup.policy={policy}", self.partitions)
    }
}

/// New topics are not known everywhere at once.
async fn settled(cluster: &Cluster, wanted: &[TopicSpec]) -> Result<BTreeMap<String, i32>, SettingsError> {
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
async fn policies(admin: &AdminClient<DefaultClientContext>, wanted: &[TopicSpec], options: &AdminOptions) -> Result<(), SettingsError> {
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
    let consumer = cluster.asking(&config, Quiet)?;
    let failed = |error: rdkafka::error::KafkaError| SettingsError::Client(format!("the brokers do not answer: {error}"));
    let metadata = again(|| consumer.fetch_metadata(None, WITHIN)).map_err(failed)?;
    let found = metadata.topics().iter().filter(|topic| topic.error().is_none() && topics.iter().any(|name| name == topic.name()));
    Ok(found.map(|topic| (topic.name().to_owned(), topic.partitions().len() as i32)).filter(|(_, partitions)| *partitions > 0).collect())
}

/// Asks again where an answer says nothing of the brokers: a client lets go of the address that it began with as soon as it knows
/// them, and what it was asking there fails; for a moment then it knows of no partition.
pub fn again<T>(ask: impl Fn() -> KafkaResult<T>) -> KafkaResult<T> {
    for _ in 0..10 {
        match ask() {
            Err(error) if matches!(error.rdkafka_error_code(), Some(DestroyBroker | UnknownPartition)) => {
                std::thread::sleep(Duration::from_millis(100));
            }
            answer => return answer,
        }
    }
    ask()
}

/// The first offset of a partition that is still there, and the next one.
pub fn bounds(cluster: &Cluster, topic: &str, partition: i32) -> Result<(i64, i64), SettingsError> {
    let config = cluster.config(&[])?;
    let consumer = cluster.asking(&config, Quiet)?;
    let watermarks = again(|| consumer.fetch_watermarks(topic, partition, WITHIN));
    watermarks.map_err(|error| SettingsError::Client(format!("topic {topic}: {error}")))
}
