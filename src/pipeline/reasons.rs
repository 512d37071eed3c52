//! Business reasons as a Kafka topic (docs/contract.md §5): read from its beginning at each start and followed, and laid over those of the
//! file.
//!
//! A message holds one reason, or several, one a line. One with a key takes the place of the one before it with that key, and a tombstone
//! takes it back; without keys each message adds. What is no reason is told and passed over: whoever writes the topic stops nobody.

use crate::classify::explanations::Explanations;
use crate::config::schema::{Config, Kafka};
use crate::engine::context::Context;
use crate::kafka::consumer::{ConsumerRecord, PartitionConsumer};
use crate::kafka::identity::{Continuity, MarkKey, Marks, RecordMark};
use crate::kafka::lookup::{LogReader, WITHIN};
use crate::kafka::topics::{bounds, partitions};
use crate::model::keys::Keys;
use crate::model::problem::Problem;
use crate::model::topic::TopicPartition;
use crate::telemetry::metrics::{Metrics, table};
use crate::telemetry::untrusted;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Reasons that are read from a topic as long as this is kept.
pub struct TopicReasons {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    held: Mutex<BTreeMap<ReasonId, String>>,
    /// Grows with each change.
    version: AtomicU64,
    /// Whether what the topic held at the start has been read.
    is_complete: AtomicBool,
}

/// What tells a message from others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum ReasonId {
    Keyed(Vec<u8>),
    At(TopicPartition, i64),
}

/// How long one look for messages takes.
const WAIT: Duration = Duration::from_millis(200);

/// How often brokers are asked again that did not answer, and how often it is told.
const RETRY: Duration = Duration::from_secs(1);
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// How often it is looked whether the topic is still the same one, with the same partitions.
const LOOK: Duration = Duration::from_secs(30);

/// After such a silence nothing more comes of what the topic held: offsets at its end may hold no message.
const SILENCE: Duration = Duration::from_secs(5);

/// Bytes of reasons that are held; beyond them messages are refused.
const MOST_BYTES: usize = 1024 * 1024 * 1024;

/// Messages that are no reasons, of those that are logged one by one.
const MOST_LOGGED: u64 = 20;

impl TopicReasons {
    /// Starts to read the topic of a configuration; `None` where it names none.
    pub fn start(config: &Config, keys: &Keys, metrics: &Metrics) -> std::io::Result<Option<TopicReasons>> {
        let Some(kafka) = config.explanations_topic() else { return Ok(None) };
        let shared = Arc::new(Shared::default());
        let reader = Reader {
            kafka,
            keys: keys.clone(),
            shared: Arc::downgrade(&shared),
            metrics: metrics.clone(),
            next: BTreeMap::new(),
            marks: BTreeMap::new(),
            lookup: None,
            anew: None,
            bytes: 0,
            refused: 0,
            told: None,
        };
        std::thread::Builder::new().name("reasons".to_owned()).spawn(move || reader.run())?;
        Ok(Some(TopicReasons { shared }))
    }

    /// Whether what the topic held at the start has been read.
    pub fn is_complete(&self) -> bool {
        self.shared.is_complete.load(Ordering::Acquire)
    }

    /// Another one after each change.
    pub fn version(&self) -> u64 {
        self.shared.version.load(Ordering::Acquire)
    }

    /// A set-up whose reasons are those of the file and those of the topic.
    pub fn over(&self, context: &Context) -> Context {
        let lines: Vec<String> = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let classifier = &context.classifier;
        let explanations =
            context.explanations.with(lines.iter().flat_map(|text| text.lines()), &classifier.keys, classifier.catalog.spaces());
        Context { explanations: Arc::new(explanations), ..context.with_own_partitions() }
    }
}

struct Reader {
    kafka: Kafka,
    keys: Keys,
    shared: Weak<Shared>,
    metrics: Metrics,
    /// The next offset of each partition.
    next: BTreeMap<TopicPartition, i64>,
    /// Some messages of each that were read: they tell it from one that was made anew and is longer.
    marks: BTreeMap<TopicPartition, Marks>,
    /// Looks at them; made with the first look.
    lookup: Option<LogReader>,
    /// Reasons of a topic that was made anew, until all that it holds is read: meanwhile those of the former one count.
    anew: Option<BTreeMap<ReasonId, String>>,
    bytes: usize,
    refused: u64,
    told: Option<Instant>,
}

impl Reader {
    fn run(mut self) {
        while self.shared.strong_count() > 0 {
            if let Err(why) = self.follow() {
                self.tell(&why);
                std::thread::sleep(RETRY);
            }
        }
    }

    /// Says what is wrong, once in a while.
    fn tell(&mut self, why: &str) {
        if self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            self.told = Some(Instant::now());
            tracing::warn!(why, "reasons of the topic {} cannot be read", self.topic());
        }
    }

    fn topic(&self) -> String {
        self.kafka.topics.first().cloned().unwrap_or_default()
    }

    /// Reads until nobody wants to know any more, or something fails.
    fn follow(&mut self) -> Result<(), String> {
        let cluster = self.kafka.cluster();
        let mut ends = self.ends()?;
        // What was read before something failed may be of a topic that is gone by now.
        if !self.next.is_empty() && !self.is_as_before(&ends)? {
            ends = self.ends()?;
        }
        let mut consumer = PartitionConsumer::in_background(&cluster, "leakwarden.explanations", "").map_err(|error| error.to_string())?;
        for partition in ends.keys() {
            consumer.assign(partition.clone(), *self.next.entry(partition.clone()).or_insert(0));
        }
        let (mut looked, mut came) = (Instant::now(), Instant::now());
        loop {
            let batch = consumer.receive(WAIT).map_err(|error| error.to_string())?;
            let Some(shared) = self.shared.upgrade() else { return Ok(()) };
            if let Some(batch) = batch {
                came = Instant::now();
                self.take(&shared, &batch.partition, batch.records);
            }
            let is_read = ends.iter().all(|(partition, end)| self.next.get(partition).is_some_and(|next| next >= end));
            let is_awaited = self.anew.is_some() || !self.is_complete(&shared);
            if is_awaited && (is_read || (came.elapsed() >= SILENCE && self.ends().is_ok())) {
                self.told = None;
                if let Some(anew) = self.anew.take() {
                    *shared.held.lock().unwrap_or_else(PoisonError::into_inner) = anew;
                    shared.version.fetch_add(1, Ordering::Release);
                }
                shared.is_complete.store(true, Ordering::Release);
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                drop(shared);
                if !self.is_as_before(&ends)? {
                    return Ok(());
                }
            }
        }
    }

    fn is_complete(&self, shared: &Shared) -> bool {
        shared.is_complete.load(Ordering::Acquire)
    }

    /// The partitions of the topic, each with its end.
    fn ends(&self) -> Result<BTreeMap<TopicPartition, i64>, String> {
        let (cluster, topic) = (self.kafka.cluster(), self.topic());
        let known = partitions(&cluster, std::slice::from_ref(&topic)).map_err(|error| error.to_string())?;
        let count = known.get(&topic).ok_or_else(|| format!("topic {topic} does not exist"))?;
        let end = |partition: i32| {
            let (_, end) = bounds(&cluster, &topic, partition).map_err(|error| error.to_string())?;
            Ok((TopicPartition::new(topic.as_str(), partition), end))
        };
        (0..*count).map(end).collect()
    }

    /// Whether the topic has the same partitions and is what was read of it; of one that was made anew, or has lost its end, all is read
    /// again.
    fn is_as_before(&mut self, known: &BTreeMap<TopicPartition, i64>) -> Result<bool, String> {
        let ends = self.ends()?;
        let is_shorter = |(partition, end): (&TopicPartition, &i64)| self.next.get(partition).is_some_and(|next| next > end);
        if ends.iter().any(is_shorter) || self.is_another()? {
            tracing::warn!("the topic {} was made anew: its reasons are read from its beginning", self.topic());
            self.next.clear();
            self.marks.clear();
            self.bytes = 0;
            self.anew = Some(BTreeMap::new());
            return Ok(false);
        }
        Ok(ends.keys().eq(known.keys()))
    }

    /// Whether messages stand elsewhere than where they were read. What was compacted away or has expired says nothing.
    fn is_another(&mut self) -> Result<bool, String> {
        if self.lookup.is_none() {
            let made = LogReader::new(&self.kafka.cluster(), "leakwarden.explanations", MarkKey::new(&self.keys));
            self.lookup = Some(made.map_err(|error| error.to_string())?);
        }
        let marks = self.marks.iter().map(|(of, marks)| (of.clone(), marks.newest_first())).collect();
        let Some(lookup) = &self.lookup else { return Ok(false) };
        let found = lookup.continuity(&marks, WITHIN);
        Ok(found.values().any(|found| matches!(found, Continuity::MadeAnew | Continuity::LostEnd(_))))
    }

    fn take(&mut self, shared: &Shared, partition: &TopicPartition, records: Vec<ConsumerRecord>) {
        let (mut in_force, mut anew) = (shared.held.lock().unwrap_or_else(PoisonError::into_inner), self.anew.take());
        let held = anew.as_mut().unwrap_or(&mut in_force);
        let key_of_marks = MarkKey::new(&self.keys);
        for ConsumerRecord { offset, timestamp_ms, key, value, .. } in records {
            self.next.insert(partition.clone(), offset + 1);
            let hash = key_of_marks.hash(timestamp_ms, &key, value.as_deref());
            self.marks.entry(partition.clone()).or_default().note(RecordMark { offset, hash });
            let id = if key.is_empty() { ReasonId::At(partition.clone(), offset) } else { ReasonId::Keyed(key) };
            let former = held.remove(&id);
            self.bytes -= former.as_ref().map_or(0, String::len);
            let Some(value) = value else { continue };
            match self.read(&value) {
                Ok(text) => {
                    self.bytes += text.len();
                    held.insert(id, text);
                }
                Err(problem) => {
                    // What it was to take the place of stays.
                    if let Some(former) = former {
                        self.bytes += former.len();
                        held.insert(id, former);
                    }
                    self.refuse(partition, offset, &problem);
                }
            }
        }
        self.anew = anew;
        shared.version.fetch_add(1, Ordering::Release);
    }

    /// The reasons of a message, each read as it would be from a file.
    fn read(&self, value: &[u8]) -> Result<String, Problem> {
        // Confluent's wire format: a zero, four bytes of a schema's id, then the JSON.
        let value = value.strip_prefix(&[0]).and_then(|rest| rest.get(4..)).unwrap_or(value);
        let text = std::str::from_utf8(value).map_err(|_| Problem::plain("", "must be UTF-8"))?;
        if self.bytes + text.len() > MOST_BYTES {
            return Err(Problem::plain("", format!("is beyond what is held of the topic, {MOST_BYTES} bytes")));
        }
        let mut scratch = Explanations::none();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            scratch.add(line, &self.keys, &[])?;
        }
        Ok(text.to_owned())
    }

    fn refuse(&mut self, partition: &TopicPartition, offset: i64, problem: &Problem) {
        self.refused += 1;
        self.metrics.add(table::TOPIC_REASONS_REFUSED, [], 1);
        if self.refused <= MOST_LOGGED {
            // The text may name people: only what is wrong with it is told.
            let rule = untrusted::harmless(&format!("{}{}", problem.place, problem.rule));
            tracing::warn!(%partition, offset, "a message of the topic is no reason and counts for none{rule}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> (Reader, Arc<Shared>) {
        let shared = Arc::new(Shared::default());
        let kafka = Kafka { brokers: String::new(), topics: vec!["reasons".to_owned()], group: String::new(), client: BTreeMap::new() };
        let (next, weak) = (BTreeMap::new(), Arc::downgrade(&shared));
        let metrics = Metrics::new();
        let (keys, marks) = (Keys::built_in(), BTreeMap::new());
        let reader = Reader { kafka, keys, shared: weak, metrics, next, marks, lookup: None, anew: None, bytes: 0, refused: 0, told: None };
        (reader, shared)
    }

    fn record(offset: i64, key: &str, value: Option<&str>) -> ConsumerRecord {
        let value = value.map(|value| value.as_bytes().to_vec());
        ConsumerRecord { offset, timestamp_ms: None, key: key.as_bytes().to_vec(), value, header: None }
    }

    const A: &str = r#"{"employee":"a","from":"2026-03-02T00:00:00Z","reason":"ticket"}"#;
    const B: &str = r#"{"employee":"b","from":"2026-03-02T00:00:00Z","reason":"ticket"}"#;
    const UNIT: &str = r#"{"unit":"u","from":"2026-03-02T00:00:00Z","reason":"campaign","max_persons":5}"#;

    fn held(shared: &Shared) -> Vec<String> {
        shared.held.lock().expect("no panic").values().cloned().collect()
    }

    #[test]
    fn a_key_replaces_a_tombstone_takes_back_and_what_is_no_reason_changes_nothing() {
        let (mut reader, shared) = reader();
        let partition = TopicPartition::new("reasons", 0);
        reader.take(&shared, &partition, vec![record(0, "k", Some(A)), record(1, "", Some(B)), record(2, "", Some(B))]);
        assert_eq!(held(&shared), [A, B, B]);
        let wire = format!("\0\0\0\0\u{7}{B}\n{UNIT}");
        reader.take(&shared, &partition, vec![record(3, "k", Some(&wire)), record(4, "", Some("{}")), record(5, "k", Some("nonsense"))]);
        assert_eq!(held(&shared), [format!("{B}\n{UNIT}"), B.to_owned(), B.to_owned()]);
        assert_eq!((reader.refused, reader.next[&partition]), (2, 6));
        reader.take(&shared, &partition, vec![record(6, "k", None)]);
        assert_eq!(held(&shared), [B, B]);
        assert_eq!(reader.bytes, 2 * B.len());
    }

    #[test]
    fn reasons_of_a_topic_made_anew_do_not_count_before_all_of_it_is_read() {
        let (mut reader, shared) = reader();
        let partition = TopicPartition::new("reasons", 0);
        reader.take(&shared, &partition, vec![record(0, "k", Some(A))]);
        reader.anew = Some(BTreeMap::new());
        reader.take(&shared, &partition, vec![record(0, "", Some(B)), record(1, "", Some(UNIT))]);
        assert_eq!(held(&shared), [A]);
        assert_eq!(reader.anew.map(|anew| anew.into_values().collect::<Vec<_>>()), Some(vec![B.to_owned(), UNIT.to_owned()]));
    }
}
