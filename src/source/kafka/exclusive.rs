//! Makes sure that one process reads all partitions. Without a `[cluster]` a process holds the state of all employees: with some of
//! the partitions it would count wrongly, and nothing would show it. It reads nothing until all partitions are assigned to it, and
//! ends with an error if they are not within some time.
//!
//! The process that comes later gives way. It does not join a group that has members, since joining would take partitions away from
//! a process at work; it waits for as long as a predecessor that died may still be a member. Where two processes join at once, each
//! gets some of the partitions and waits, one for longer than the other: the first to give up leaves all of them to the other.

use crate::kafka::is_outage;
use crate::kafka::topics::subscription;
use crate::model::topic::TopicPartition;
use crate::source::kafka::KafkaSettings;
use crate::source::kafka::consumer_state::{ConsumerState, SourceConsumer};
use crate::source::kafka::settings::SettingsError;
use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::groups::GroupMemberInfo;
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// librdkafka's default of `session.timeout.ms`.
const DEFAULT_SESSION_TIMEOUT: Duration = Duration::from_secs(45);
/// How long a broker may take to answer. Short, since a stop waits for it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(100);
/// How often brokers are asked.
const INTERVAL: Duration = Duration::from_millis(500);
/// How often it is looked whether topics still have all partitions that are ours.
const COUNTED: Duration = Duration::from_secs(30);
/// How long requests for the members may fail: one broker of many that is away must not keep us from joining.
const FAILING_LIMIT: Duration = Duration::from_secs(10);

/// The result of a look at the assignment.
pub enum AssignmentCheck {
    /// Nothing has changed.
    Unchanged,
    /// All partitions are assigned to this process now.
    Complete,
    /// They were not within the time allowed, and why.
    Refused(String),
}

/// Watches the assignment of one source.
pub struct ExclusiveAssignment {
    group: String,
    names: Vec<String>,
    patterns: Vec<Regex>,
    /// Longer than a member that died stays in the group.
    grace: Duration,
    /// `group.instance.id` is set: a predecessor is the same member, not another.
    named: bool,
    /// All partitions were assigned before.
    had_all: bool,
    partial_since: Option<Instant>,
    asked_at: Option<Instant>,
    /// When it is looked next whether partitions are gone.
    counted_next: Instant,
}

impl ExclusiveAssignment {
    /// For a source, with the settings of its client.
    pub fn new(settings: &KafkaSettings, client: &ClientConfig) -> Result<ExclusiveAssignment, SettingsError> {
        let (patterns, names): (Vec<&String>, Vec<&String>) = settings.topics.iter().partition(|topic| topic.starts_with('^'));
        let patterns: Result<Vec<Regex>, SettingsError> = patterns
            .into_iter()
            .map(|topic| Regex::new(topic).map_err(|error| SettingsError::Client(format!("topic {topic:?}: {error}"))))
            .collect();
        let session =
            client.get("session.timeout.ms").and_then(|text| text.parse().ok()).map_or(DEFAULT_SESSION_TIMEOUT, Duration::from_millis);
        Ok(ExclusiveAssignment {
            group: settings.group.clone(),
            names: names.into_iter().cloned().collect(),
            patterns: patterns?,
            grace: session + session / 2 + Duration::from_secs(5),
            named: client.get("group.instance.id").is_some(),
            had_all: false,
            partial_since: None,
            asked_at: None,
            counted_next: Instant::now() + COUNTED,
        })
    }

    /// Waits until no other member of the group reads these topics, then joins. Fails if some still do after 1.5 session timeouts.
    pub fn join(&mut self, consumer: &SourceConsumer, state: &ConsumerState) -> Result<(), String> {
        let (mut since, mut answered): (Option<Instant>, _) = (None, Instant::now());
        while !self.named && !state.stopping.load(Ordering::Acquire) {
            match self.others(consumer) {
                Ok(others) if others.is_empty() => break,
                Ok(others) => {
                    answered = Instant::now();
                    if since.is_none() {
                        let (group, others) = (&self.group, others.join(", "));
                        tracing::warn!(group, others, "kafka: others read these topics in this group; waiting for them to leave it");
                    }
                    if since.get_or_insert_with(Instant::now).elapsed() >= self.grace {
                        return Err(self.refusal("has members that read the same topics", &others));
                    }
                }
                Err(error) if is_transient(&error) && answered.elapsed() < FAILING_LIMIT => {}
                Err(error) => {
                    // Without the right to ask we join: the assignment is checked in any case.
                    tracing::debug!(%error, group = self.group, "kafka: the members of the group cannot be read");
                    break;
                }
            }
            // Callbacks run inside of a poll.
            let again = Instant::now() + INTERVAL;
            while Instant::now() < again && !state.stopping.load(Ordering::Acquire) {
                let _ = consumer.poll(POLL);
            }
        }
        let topics: Vec<&str> = self.names.iter().map(String::as_str).chain(self.patterns.iter().map(Regex::as_str)).collect();
        consumer.subscribe(&topics).map_err(|error| format!("topics {topics:?}: {error}"))
    }

    /// Checks whether all partitions are assigned to this process, unless it is known.
    pub fn check(&mut self, consumer: &SourceConsumer, state: &ConsumerState) -> AssignmentCheck {
        if state.is_complete() {
            return AssignmentCheck::Unchanged;
        }
        let now = Instant::now();
        if self.asked_at.is_some_and(|at| now.duration_since(at) < INTERVAL) {
            return AssignmentCheck::Unchanged;
        }
        let Some(ours) = state.assignment() else { return AssignmentCheck::Unchanged };
        self.asked_at = Some(now);
        let all = match self.all(consumer) {
            Ok(all) if !all.is_empty() => all,
            Ok(_) | Err(_) => {
                // It cannot be known while brokers are away.
                self.partial_since = None;
                return AssignmentCheck::Unchanged;
            }
        };
        if all.is_subset(&ours) {
            (self.partial_since, self.had_all, self.asked_at) = (None, true, None);
            return AssignmentCheck::Complete;
        }
        if self.partial_since.is_none() {
            tracing::warn!(group = self.group, ours = ours.len(), all = all.len(), "kafka: not all partitions are ours; nothing is read");
        }
        let since = *self.partial_since.get_or_insert(now);
        let first = all.first().is_some_and(|first| ours.contains(first));
        // Of several processes that wait, the one that was at work before waits longest, and else the one with the first partition.
        let patience = self.grace * (1 + u32::from(first) + 2 * u32::from(self.had_all));
        if now.duration_since(since) < patience {
            return AssignmentCheck::Unchanged;
        }
        let others = self.others(consumer).unwrap_or_default();
        AssignmentCheck::Refused(self.refusal(&format!("gave this process {} of {} partitions", ours.len(), all.len()), &others))
    }

    /// The client has found a partition missing: it is looked at once whether it is gone.
    pub fn miss(&mut self) {
        self.counted_next = self.counted_next.min(Instant::now() + INTERVAL);
    }

    /// Partitions that were assigned to us and that their topics have no more: one was deleted and made anew with fewer. The group does not
    /// take them away in any case, and they would be waited for. Those of a topic that is not there now may be back.
    pub fn gone(&mut self, consumer: &SourceConsumer, state: &ConsumerState) -> BTreeSet<TopicPartition> {
        let now = Instant::now();
        if now < self.counted_next || !state.is_complete() || !state.connected.load(Ordering::Acquire) {
            return BTreeSet::new();
        }
        self.counted_next = now + COUNTED;
        let (Some(ours), Ok(all)) = (state.assignment(), self.all(consumer)) else { return BTreeSet::new() };
        let is_there = |topic: &Arc<str>| all.iter().any(|of| of.topic == *topic);
        ours.into_iter().filter(|of| !all.contains(of) && is_there(&of.topic)).collect()
    }

    fn refusal(&self, what: &str, others: &[String]) -> String {
        let who = if others.is_empty() { String::new() } else { format!(" (members: {})", others.join(", ")) };
        format!(
            "group {:?} {what}{who}: without [cluster] one process must read all partitions of its topics, since it counts what one \
             employee does in all of them: stop the other process, or give every process a [cluster], or this one a group of its own",
            self.group
        )
    }

    /// Other members of the group that read these topics, by client id and host. Members that read other topics take no partitions
    /// away: sources of one process, and unrelated services, may share a group.
    fn others(&self, consumer: &SourceConsumer) -> KafkaResult<Vec<String>> {
        let list = consumer.fetch_group_list(Some(&self.group), REQUEST_TIMEOUT)?;
        let members = list.groups().iter().filter(|found| found.name() == self.group).flat_map(|found| found.members());
        // While a group rebalances, brokers do not report subscriptions.
        let reads = |member: &&GroupMemberInfo| {
            let read = member.metadata().and_then(subscription);
            read.is_none_or(|topics| topics.into_iter().any(|topic| self.is_ours(topic)))
        };
        let name = |member: &GroupMemberInfo| format!("{} at {}", member.client_id(), member.client_host().trim_start_matches('/'));
        Ok(members.filter(reads).map(name).collect())
    }

    fn is_ours(&self, topic: &str) -> bool {
        self.names.iter().any(|name| name == topic) || self.patterns.iter().any(|pattern| pattern.is_match(topic))
    }

    /// The partitions of all topics that exist.
    fn all(&self, consumer: &SourceConsumer) -> KafkaResult<BTreeSet<TopicPartition>> {
        let mut all = BTreeSet::new();
        let one_by_one = self.names.iter().map(|name| Some(name.as_str()));
        // Patterns are matched against the names of all topics.
        let wanted: Vec<Option<&str>> = if self.patterns.is_empty() { one_by_one.collect() } else { vec![None] };
        for only in wanted {
            let metadata = consumer.fetch_metadata(only, REQUEST_TIMEOUT)?;
            for topic in metadata.topics().iter().filter(|topic| topic.error().is_none() && self.is_ours(topic.name())) {
                let name: Arc<str> = topic.name().into();
                all.extend(topic.partitions().iter().map(|partition| TopicPartition::new(Arc::clone(&name), partition.id())));
            }
        }
        Ok(all)
    }
}

/// Whether a request is worth repeating after this error.
fn is_transient(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        CoordinatorLoadInProgress, CoordinatorNotAvailable, DestroyBroker, NotCoordinator, OperationTimedOut, RequestTimedOut,
    };
    let again = [CoordinatorLoadInProgress, CoordinatorNotAvailable, DestroyBroker, NotCoordinator, OperationTimedOut, RequestTimedOut];
    is_outage(error) || error.rdkafka_error_code().is_some_and(|code| again.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_a_member_that_died_waits_longer_than_it_is_held_for_alive() {
        let cluster = crate::kafka::settings::Cluster { brokers: "localhost:1".to_owned(), client: [].into() };
        let of = |topics: &[&str], more: &[(&str, &str)]| {
            let config = cluster.config(more).expect("settings");
            let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
            let key = crate::kafka::identity::MarkKey::new(&crate::model::keys::Keys::built_in());
            ExclusiveAssignment::new(&KafkaSettings { cluster: cluster.clone(), topics, group: "g".to_owned(), key }, &config)
        };
        assert!(of(&["a"], &[]).expect("made").grace > DEFAULT_SESSION_TIMEOUT);
        let quick = of(&["a"], &[("session.timeout.ms", "2000")]).expect("made");
        assert_eq!(quick.grace, Duration::from_secs(8));
        assert!(of(&["^("], &[]).err().expect("refused").to_string().contains("topic \"^(\""));
        let both = of(&["a", "^log\\..*"], &[]).expect("made");
        assert!(both.is_ours("a") && both.is_ours("log.x") && !both.is_ours("b"));
        let told = both.refusal("gave this process 1 of 4 partitions", &["leakwarden at 10.0.0.5".to_owned()]);
        assert!(told.starts_with("group \"g\" gave this process 1 of 4 partitions (members: leakwarden at 10.0.0.5): "), "{told}");
    }
}
