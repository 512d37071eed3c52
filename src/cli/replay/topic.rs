//! `replay --kafka`: which source a topic belongs to, and its offsets.

use crate::cli::Failure;
use leakwarden::config::schema::{Config, Kafka, Source, SourceKind};
use leakwarden::decode::FormatChoice;
use leakwarden::kafka::identity::MarkKey;
use leakwarden::model::keys::Keys;
use leakwarden::pipeline::replay::Topic;
use leakwarden::pipeline::state::Positions;
use leakwarden::source::kafka::bounded::{BoundedTopics, Rewound};

/// A topic from its beginning to the end that it had when it was looked up.
pub struct TopicHistory {
    topic: String,
    partitions: BoundedTopics,
}

impl TopicHistory {
    /// Looks up where the topic begins and ends, with the brokers and settings of the source that reads it.
    pub fn of(config: &Config, topic: &str) -> Result<TopicHistory, Failure> {
        let (_, kafka) = source(config, topic)?;
        let partitions = BoundedTopics::of(&kafka.cluster(), &kafka.group, &[topic.to_owned()]).map_err(anyhow::Error::from)?;
        Ok(TopicHistory { topic: topic.to_owned(), partitions })
    }
}

/// Opens every partition of the topics.
pub fn open(
    histories: &[TopicHistory],
    config: &Config,
    format: Option<&FormatChoice>,
    positions: &Positions,
    keys: &Keys,
) -> Result<Vec<Topic>, Failure> {
    let key = MarkKey::new(keys);
    let mut topics = Vec::new();
    for history in histories {
        let (source, _) = source(config, &history.topic)?;
        let own = || config.choice(&source.format).unwrap_or_else(|| config.automatic());
        for partition in history.partitions.open(&positions.kafka(), &positions.kafka_marks(), &key).map_err(anyhow::Error::from)? {
            if let Some(Rewound { expected, to }) = partition.rewound() {
                let of = partition.of();
                match to {
                    None => eprintln!("warning: {of} was made anew since it was read up to offset {expected}: it is read from its start"),
                    Some(to) => {
                        eprintln!("warning: {of} was read up to offset {expected} and has lost its end: it is read on from offset {to}")
                    }
                }
            }
            topics.push(Topic { partition, source: source.name.clone(), format: format.cloned().unwrap_or_else(own) });
        }
    }
    Ok(topics)
}

/// The source that reads a topic.
fn source<'a>(config: &'a Config, topic: &str) -> Result<(&'a Source, &'a Kafka), Failure> {
    let found = config.sources.iter().find_map(|source| match &source.kind {
        SourceKind::Kafka(kafka) if kafka.topics.iter().any(|named| reads(named, topic)) => Some((source, kafka)),
        SourceKind::Kafka(_) | SourceKind::Files(_) => None,
    });
    found.ok_or_else(|| Failure::argument("--kafka", "must be a topic of a [[source]] of kind \"kafka\"", topic))
}

/// Whether the name in a configuration means that topic: `^…` is a regular expression, as for the service.
fn reads(named: &str, topic: &str) -> bool {
    named == topic || named.starts_with('^') && regex::Regex::new(named).is_ok_and(|pattern| pattern.is_match(topic))
}
