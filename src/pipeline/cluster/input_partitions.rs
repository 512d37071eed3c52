//! The input partitions that are this process's: their decoders, and when each was last heard.

use crate::config::schema::{Config, SourceKind};
use crate::decode::{FormatChoice, Raw};
use crate::engine::context::Context;
use crate::engine::partition_events::LossCounts;
use crate::http::health::Health;
use crate::kafka::consumer::ConsumerRecord;
use crate::model::access::{Access, PartitionId, Position};
use crate::model::time::{Span, Timestamp};
use crate::model::topic::TopicPartition;
use crate::pipeline::partition_decoder::{Batch, PartitionDecoder};
use crate::sink::dead_letters::DeadLetter;
use crate::sink::payload::Sealer;
use crate::stream::input_partition::DecodedInput;
use crate::telemetry::metrics::{Metrics, Outcome, SourceMetrics};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// All input partitions of this process.
pub struct InputPartitions {
    context: Arc<Context>,
    sources: Vec<Source>,
    heard: BTreeMap<TopicPartition, Heard>,
    letters: Vec<DeadLetter>,
    sealer: Option<Arc<Sealer>>,
    skew: Span,
    /// Whether alerts are shown before they settle.
    pub provisional: bool,
}

struct Source {
    name: String,
    /// Its place among the sorted names.
    index: u16,
    topics: Vec<String>,
    format: FormatChoice,
    /// All that tells how its records are decoded.
    decoding: String,
    metrics: SourceMetrics,
}

struct Heard {
    feed: PartitionDecoder,
    source: usize,
    last: Instant,
    next: i64,
    fresh: bool,
    /// Occasions on which records were lost that are not told yet.
    lost: u64,
    /// When it was last asked why offsets are missing.
    asked: Option<Instant>,
}

/// Brokers are not asked more often why offsets are missing.
const ASKED_AGAIN: Duration = Duration::from_secs(60);
/// Messages that are decoded by one core at a time.
const SLICE: usize = 256;

impl InputPartitions {
    /// Of a configuration's Kafka sources.
    pub fn new(config: &Config, context: Arc<Context>, metrics: &Metrics, sealer: Option<Arc<Sealer>>) -> InputPartitions {
        let mut names: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
        names.sort_unstable();
        let of_kafka = config.sources.iter().filter_map(|source| match &source.kind {
            SourceKind::Kafka(kafka) => Some((source, kafka)),
            SourceKind::Files(_) => None,
        });
        let sources = of_kafka.map(|(source, kafka)| Source {
            name: source.name.clone(),
            index: names.binary_search(&source.name.as_str()).unwrap_or(0) as u16,
            topics: kafka.topics.clone(),
            format: config.choice(&source.format).unwrap_or_else(|| config.automatic()),
            decoding: config.decoding_of(source),
            metrics: metrics.source(&source.name),
        });
        InputPartitions {
            context,
            sources: sources.collect(),
            heard: BTreeMap::new(),
            letters: Vec::new(),
            sealer,
            skew: config.skew,
            provisional: config.provisional,
        }
    }

    /// Goes on under another set-up; a source of another format gets other decoders.
    pub fn set_context(&mut self, config: &Config, context: Arc<Context>) {
        self.context = context;
        (self.skew, self.provisional) = (config.skew, config.provisional);
        let mut changed = Vec::new();
        for (at, source) in self.sources.iter_mut().enumerate() {
            let Some(wanted) = config.sources.iter().find(|wanted| wanted.name == source.name) else { continue };
            let decoding = config.decoding_of(wanted);
            if decoding != source.decoding {
                source.format = config.choice(&wanted.format).unwrap_or_else(|| config.automatic());
                source.decoding = decoding;
                changed.push(at);
            }
        }
        let inputs: Vec<(TopicPartition, i64)> = self
            .heard
            .iter()
            .filter(|(_, heard)| changed.contains(&heard.source))
            .map(|(input, heard)| (input.clone(), heard.next))
            .collect();
        for (input, next) in inputs {
            self.open(&input, next);
        }
    }

    /// A partition is read from that offset on.
    pub fn open(&mut self, input: &TopicPartition, from: i64) {
        let Some(at) = self.sources.iter().position(|source| source.topics.iter().any(|topic| **topic == *input.topic)) else { return };
        let source = &self.sources[at];
        let name = input.to_string();
        let mut feed = PartitionDecoder::new(source.name.clone(), source.index, PartitionId::default(), name, source.format.clone());
        feed.seal_with(self.sealer.clone());
        self.heard.insert(input.clone(), Heard { feed, source: at, last: Instant::now(), next: from, fresh: false, lost: 0, asked: None });
    }

    /// A partition is no longer ours.
    pub fn close(&mut self, input: &TopicPartition) {
        self.heard.remove(input);
    }

    /// The offset that was to come, where a later one came and it is worth asking why: transactions and compaction leave out offsets too.
    pub fn is_missed(&mut self, input: &TopicPartition, came: i64, now: Instant) -> Option<i64> {
        let heard = self.heard.get_mut(input)?;
        let is_due = heard.asked.is_none_or(|asked| now.duration_since(asked) >= ASKED_AGAIN);
        let is_missed = heard.next > 0 && came > heard.next && is_due;
        is_missed.then(|| {
            heard.asked = Some(now);
            heard.next
        })
    }

    /// Records of a partition are lost to us from here on.
    pub fn lost(&mut self, input: &TopicPartition) {
        if let Some(heard) = self.heard.get_mut(input) {
            heard.lost += 1;
        }
    }

    /// Decodes messages of a partition, in order.
    pub fn take(&mut self, input: &TopicPartition, messages: &[ConsumerRecord]) -> Vec<(i64, DecodedInput)> {
        let Some(heard) = self.heard.get_mut(input) else { return Vec::new() };
        let mut lost = std::mem::take(&mut heard.lost);
        heard.last = Instant::now();
        heard.fresh = true;
        if !messages.is_empty() {
            heard.feed.recognise(messages.iter().take(100).map(|message| message.value.as_deref().unwrap_or_default()));
        }
        heard.next = messages.last().map_or(heard.next, |last| last.offset + 1);
        let context = self.context.clone();
        let classifier = &*context.classifier;
        let stateless = heard.feed.format().is_some_and(|codec| codec.format.stateless);
        let batches: Vec<Batch> = if stateless {
            let feed = &heard.feed;
            messages
                .par_chunks(SLICE)
                .flat_map_iter(|slice| feed.decode_messages_stateless(slice.iter().map(|message| as_raw(message, classifier)), classifier))
                .collect()
        } else {
            let feed = &mut heard.feed;
            let one = |message: &ConsumerRecord| {
                let mut batch = Batch::default();
                feed.decode_message(as_raw(message, classifier), classifier, &mut batch);
                batch
            };
            messages.iter().map(one).collect()
        };
        let metrics = &self.sources[heard.source].metrics;
        let mut taken = Vec::with_capacity(messages.len());
        for (message, batch) in messages.iter().zip(batches) {
            metrics.records(Outcome::DeadLetter, batch.dead_letters.len() as u64);
            metrics.records(Outcome::Ignored, batch.ignored);
            let content = content(batch, std::mem::take(&mut lost), super::believed(message.timestamp_ms, self.skew), &mut self.letters);
            taken.push((message.offset, content));
        }
        taken
    }

    /// What decoders held back of partitions that have been silent for long enough.
    pub fn held(&mut self, now: Instant, of: impl Fn(Duration) -> bool) -> Vec<(TopicPartition, DecodedInput)> {
        let classifier = self.context.classifier.clone();
        let mut held = Vec::new();
        for (input, heard) in self.heard.iter_mut().filter(|(_, heard)| heard.fresh && of(now.duration_since(heard.last))) {
            heard.fresh = false;
            let batch = heard.feed.flush(&classifier, crate::pipeline::partition_decoder::TimeRange::default());
            if !batch.is_empty() {
                held.push((input.clone(), content(batch, 0, None, &mut self.letters)));
            }
        }
        held
    }

    /// Records of a time that nothing confirmed.
    pub fn give_up(&mut self, input: &TopicPartition, accesses: Vec<Access>) {
        self.letters.extend(accesses.iter().map(|access| DeadLetter::unconfirmed(input.to_string(), access)));
    }

    /// Dead letters to be kept.
    pub fn letters(&mut self) -> Vec<DeadLetter> {
        for letter in &self.letters {
            tracing::warn!(partition = %letter.partition, position = letter.position.0, reason = %letter.reason, "record cannot be decoded");
        }
        std::mem::take(&mut self.letters)
    }

    /// Whether nothing was heard of a partition for so long.
    pub fn is_silent(&self, input: &TopicPartition, now: Instant, idle: Duration) -> bool {
        self.heard.get(input).is_some_and(|heard| now.duration_since(heard.last) >= idle)
    }

    /// A partition is held by ourselves: it is not silent.
    pub fn heard(&mut self, input: &TopicPartition, now: Instant) {
        if let Some(heard) = self.heard.get_mut(input) {
            heard.last = now;
        }
    }

    /// This process was stopped: nobody was silent.
    pub fn awake(&mut self, now: Instant) {
        self.heard.values_mut().for_each(|heard| heard.last = now);
    }

    /// Metrics of the source with that index.
    pub fn metrics_of(&self, index: usize) -> Option<&SourceMetrics> {
        self.sources.iter().find(|source| usize::from(source.index) == index).map(|source| &source.metrics)
    }

    /// Measures how far each source is behind.
    pub fn measure(
        &self,
        watermarks: &BTreeMap<TopicPartition, Timestamp>,
        lag: &BTreeMap<TopicPartition, u64>,
        now_ms: i64,
        health: &Health,
        joined: bool,
    ) {
        for (at, source) in self.sources.iter().enumerate() {
            let of_source = watermarks.iter().filter(|(input, _)| source.topics.iter().any(|topic| **topic == *input.topic));
            if let Some(least) = of_source.map(|(_, watermark)| watermark.0).min() {
                source.metrics.set_watermark_delay(Duration::from_millis((now_ms - least).max(0).unsigned_abs()));
            }
            let lags =
                lag.iter().filter(|(input, _)| source.topics.iter().any(|topic| **topic == *input.topic) && self.heard.contains_key(input));
            source.metrics.set_lag(lags.map(|(_, lag)| lag).sum());
            health.set_connected(at, joined);
        }
    }
}

/// What a record holds; what of it is dead goes to the letters.
fn content(batch: Batch, lost: u64, believed: Option<Timestamp>, letters: &mut Vec<DeadLetter>) -> DecodedInput {
    let amiss = LossCounts { dead_letters: batch.dead_letters.len() as u64, losses: lost };
    letters.extend(batch.dead_letters);
    DecodedInput { accesses: batch.accesses, numbers: batch.sequence_numbers, amiss, believed }
}

fn as_raw<'a>(message: &'a ConsumerRecord, classifier: &crate::classify::classifier::Classifier) -> Raw<'a> {
    let bytes = message.value.as_deref().unwrap_or_default();
    Raw::new(bytes, Position(message.offset.unsigned_abs()), classifier.keys.record(bytes))
}
