//! Topics of our own: created where they are missing, and checked before they are used.

use crate::kafka::context::{KafkaContext, is_outage};
use crate::kafka::settings::{Cluster, SettingsError};
use crate::kafka::token;
use crate::model::time::DAY_MS;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaErrorCode::{
    self, CoordinatorLoadInProgress, CoordinatorNotAvailable, DestroyBroker, NotCoordinator, NotLeaderForPartition, UnknownPartition,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a topic must be like.
#[derive(Clone, Debug)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: i32,
    /// Whether only the newest message of a key is kept; otherwise all are, for a week.
    pub compacted: bool,
    /// Why it must have so many partitions, with what would go with those that there are.
    pub rule: fn(found: i32) -> String,
}

/// A message of a topic that is not compacted is kept for so long at the least, in milliseconds: what expires before it was read is lost.
const LEAST_RETENTION: i64 = DAY_MS;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Creates the topics that are missing, and checks all of them.
pub async fn ensure(cluster: &Cluster, specs: &[TopicSpec], replication: i32) -> Result<(), SettingsError> {
    let config = cluster.config(&[])?;
    let admin: AdminClient<DefaultClientContext> = cluster.client(&config, DefaultClientContext)?;
    let options = AdminOptions::new().operation_timeout(Some(REQUEST_TIMEOUT)).request_timeout(Some(REQUEST_TIMEOUT));
    let known = partitions(cluster, &specs.iter().map(|topic| topic.name.clone()).collect::<Vec<_>>())?;
    let missing: Vec<&TopicSpec> = specs.iter().filter(|topic| !known.contains_key(&topic.name)).collect();
    if cluster.token().is_some() {
        return check_existing(specs, &known);
    }
    let new: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|topic| {
            let new = NewTopic::new(&topic.name, topic.partitions, TopicReplication::Fixed(replication));
            if topic.compacted {
                new.set("cleanup.policy", "compact").set("min.cleanable.dirty.ratio", "0.3").set("segment.ms", "3600000")
            } else {
                new.set("cleanup.policy", "delete").set("retention.ms", "604800000").set("retention.bytes", "-1")
            }
        })
        .collect();
    if !new.is_empty() {
        let made = admin.create_topics(&new, &options).await.map_err(|error| unanswered("topics cannot be made", &error))?;
        for outcome in made {
            match outcome {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, error)) => {
                    let shape = specs.iter().find(|topic| topic.name == name).map(TopicSpec::shape).unwrap_or_default();
                    return Err(SettingsError::Client(format!("topic {name} cannot be made ({error}): make it with {shape}")));
                }
            }
        }
    }
    check_partitions(specs, &await_created(cluster, specs).await?)?;
    check_policies(&admin, specs, &options).await
}

/// With OAUTHBEARER topics are only checked: rdkafka never polls its admin client, and tokens are provided inside of a poll.
fn check_existing(specs: &[TopicSpec], known: &BTreeMap<String, i32>) -> Result<(), SettingsError> {
    check_partitions(specs, known).map_err(|error| match error {
        SettingsError::Client(why) => SettingsError::Client(format!("{why}; with client.{} topics are not made here", token::SETTING)),
        other => other,
    })?;
    tracing::warn!("the configuration of our topics cannot be read with client.{}, and is not checked", token::SETTING);
    Ok(())
}

fn check_partitions(specs: &[TopicSpec], known: &BTreeMap<String, i32>) -> Result<(), SettingsError> {
    for topic in specs {
        match known.get(&topic.name) {
            Some(found) if *found == topic.partitions => {}
            Some(found) => {
                let rule = format!("must have {} partitions to go with the others, got {found}", topic.partitions);
                return Err(SettingsError::Client(format!("topic {}: {rule}: {}", topic.name, (topic.rule)(*found))));
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

/// Waits until brokers know new topics, which takes a moment. The partitions of each topic.
async fn await_created(cluster: &Cluster, specs: &[TopicSpec]) -> Result<BTreeMap<String, i32>, SettingsError> {
    let names: Vec<String> = specs.iter().map(|topic| topic.name.clone()).collect();
    for _ in 0..40 {
        let known = partitions(cluster, &names)?;
        if known.len() == specs.len() {
            return Ok(known);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    partitions(cluster, &names)
}

/// What a topic that deletes by age or size breaks.
fn retention_rule(name: &str, setting: impl Fn(&str) -> Option<i64>) -> Option<String> {
    if let Some(ms) = setting("retention.ms").filter(|ms| (0..LEAST_RETENTION).contains(ms)) {
        let rule = format!("must be -1 or at least {LEAST_RETENTION} (a day): what expires before every process has read it is lost");
        return Some(format!("topic {name}: retention.ms {rule}, got {ms}"));
    }
    let bytes = setting("retention.bytes").filter(|bytes| *bytes >= 0)?;
    Some(format!("topic {name}: retention.bytes must be -1: what is removed before every process has read it is lost, got {bytes}"))
}

/// Checks `cleanup.policy` and retention: a topic that deletes what must be kept would lose state.
async fn check_policies(
    admin: &AdminClient<DefaultClientContext>,
    specs: &[TopicSpec],
    options: &AdminOptions,
) -> Result<(), SettingsError> {
    let asked: Vec<ResourceSpecifier<'_>> = specs.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
    // Without the right to ask we go on: the state is also checked when it is restored.
    let Ok(configs) = admin.describe_configs(&asked, options).await else {
        tracing::warn!("the configuration of our topics cannot be read, and is not checked");
        return Ok(());
    };
    for (topic, config) in specs.iter().zip(configs) {
        let Ok(config) = config else { continue };
        let policy = config.get("cleanup.policy").and_then(|entry| entry.value.clone()).unwrap_or_default();
        let fits = if topic.compacted { policy == "compact" } else { !policy.contains("compact") };
        if !fits {
            let expected = if topic.compacted { "compact" } else { "delete" };
            return Err(SettingsError::Client(format!("topic {}: cleanup.policy must be {expected}, got {policy:?}", topic.name)));
        }
        let setting = |name: &str| config.get(name).and_then(|entry| entry.value.as_deref()?.parse().ok());
        if !topic.compacted
            && let Some(broken) = retention_rule(&topic.name, setting)
        {
            return Err(SettingsError::Client(broken));
        }
    }
    Ok(())
}

/// A request failed: whether since nobody answers.
fn unanswered(what: &str, error: &KafkaError) -> SettingsError {
    let why = format!("{what}: {error}");
    let is_late = error.rdkafka_error_code() == Some(RDKafkaErrorCode::OperationTimedOut);
    if is_late || is_outage(error) { SettingsError::Unreachable(why) } else { SettingsError::Client(why) }
}

/// The number of partitions of each of these topics that exists.
pub fn partitions(cluster: &Cluster, topics: &[String]) -> Result<BTreeMap<String, i32>, SettingsError> {
    let config = cluster.config(&[("allow.auto.create.topics", "false")])?;
    let consumer = cluster.request_client(&config, KafkaContext(()))?;
    let metadata = retry_unready(|| consumer.fetch_metadata(None, REQUEST_TIMEOUT));
    let metadata = metadata.map_err(|error| unanswered("the brokers do not answer", &error))?;
    let found = metadata.topics().iter().filter(|topic| topic.error().is_none() && topics.iter().any(|name| name == topic.name()));
    Ok(found.map(|topic| (topic.name().to_owned(), topic.partitions().len() as i32)).filter(|(_, partitions)| *partitions > 0).collect())
}

/// Retries a request that failed only since the client is still finding its brokers: once it knows them it drops the bootstrap
/// connection, and requests on that fail; for a moment then it knows no partitions. So does one about a group whose coordinator moves.
pub fn retry_unready<T>(ask: impl Fn() -> KafkaResult<T>) -> KafkaResult<T> {
    for _ in 0..10 {
        match ask() {
            Err(error)
                if matches!(
                    error.rdkafka_error_code(),
                    Some(
                        DestroyBroker
                            | UnknownPartition
                            | NotLeaderForPartition
                            | NotCoordinator
                            | CoordinatorNotAvailable
                            | CoordinatorLoadInProgress
                    )
                ) =>
            {
                std::thread::sleep(Duration::from_millis(100));
            }
            answer => return answer,
        }
    }
    ask()
}

/// The first offset of a partition that has not expired, and the next one to be written.
pub fn bounds(cluster: &Cluster, topic: &str, partition: i32) -> Result<(i64, i64), SettingsError> {
    let config = cluster.config(&[])?;
    let consumer = cluster.request_client(&config, KafkaContext(()))?;
    let watermarks = retry_unready(|| consumer.fetch_watermarks(topic, partition, REQUEST_TIMEOUT));
    watermarks.map_err(|error| unanswered(&format!("topic {topic}"), &error))
}

/// Other groups than that one of which a member reads a topic now, with who they are: `group "g" (leakwarden at 10.0.0.5)`. Groups that
/// may not be seen are not told.
pub fn other_readers(cluster: &Cluster, topic: &str, group: &str) -> Result<Vec<String>, SettingsError> {
    let config = cluster.config(&[])?;
    let consumer = cluster.request_client(&config, KafkaContext(()))?;
    let list = retry_unready(|| consumer.fetch_group_list(None, REQUEST_TIMEOUT));
    let list = list.map_err(|error| SettingsError::Client(format!("the groups cannot be read: {error}")))?;
    let mut found = Vec::new();
    for other in list.groups().iter().filter(|other| other.name() != group) {
        let reads = |member: &&rdkafka::groups::GroupMemberInfo| {
            member.metadata().and_then(subscription).is_some_and(|topics| topics.contains(&topic))
        };
        found.extend(other.members().iter().find(reads).map(|member| {
            let host = member.client_host().trim_start_matches('/');
            format!("group {:?} ({} at {host})", other.name(), member.client_id())
        }));
    }
    Ok(found)
}

/// The topics of a member's subscription, as the consumer protocol writes it: version, number of topics, each with its length.
pub fn subscription(metadata: &[u8]) -> Option<Vec<&str>> {
    let (count, mut rest) = metadata.get(2..)?.split_first_chunk::<4>()?;
    let mut topics = Vec::new();
    for _ in 0..i32::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (topic, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        topics.push(std::str::from_utf8(topic).ok()?);
        rest = after;
    }
    Some(topics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_read_and_one_that_is_cut_off_is_none() {
        let bytes = b"\0\x01\0\0\0\x02\0\x01a\0\x03b.c\xff\xff\xff\xff";
        assert_eq!(subscription(bytes), Some(vec!["a", "b.c"]));
        for length in 0..14 {
            assert_eq!(subscription(&bytes[..length]), None, "{length} bytes");
        }
        assert_eq!(subscription(b"\0\0\0\0\0\0"), Some(vec![]));
    }

    #[test]
    fn a_topic_that_forgets_too_soon_breaks_a_rule_by_name() {
        let of = |ms: i64, bytes: i64| retention_rule("t", |name| Some(if name == "retention.ms" { ms } else { bytes }));
        assert_eq!(of(-1, -1), None);
        assert_eq!(of(LEAST_RETENTION, -1), None);
        assert!(of(60_000, -1).is_some_and(|rule| rule.starts_with("topic t: retention.ms must be -1 or at least 86400000")));
        assert!(of(-1, 1_000).is_some_and(|rule| rule.starts_with("topic t: retention.bytes must be -1")));
        assert_eq!(retention_rule("t", |_| None), None, "what the broker does not tell");
    }
}
