//! The input partitions that the group has given to this process: their messages decoded on all cores, and offsets that are missing.

use crate::classify::classifier::Classifier;
use crate::decode::Raw;
use crate::engine::partition_events::LossCounts;
use crate::kafka::consumer::ConsumerRecord;
use crate::kafka::read_records::ReadRecords;
use crate::model::access::{PartitionId, Position};
use crate::model::time::Timestamp;
use crate::model::topic::TopicPartition;
use crate::pipeline::partition_decoder::Batch;
use crate::pipeline::service::TimeLimit;
use crate::pipeline::service::followed::{Followed, FollowedPartitions};
use crate::sink::dead_letters::DeadLetter;
use crate::stream::input_partition::DecodedInput;
use rayon::prelude::*;
use std::time::{Duration, Instant};

/// How far an input partition was read here.
#[derive(Default)]
pub struct Reading {
    /// What was read of it.
    pub read: ReadRecords,
    /// How often records were lost since the last ones came.
    lost: u64,
    /// When brokers were last asked why offsets are missing.
    asked: Option<Instant>,
}

/// Brokers are not asked more often why offsets are missing.
const ASKED_AGAIN: Duration = Duration::from_secs(60);
/// Messages that are decoded by one core at a time.
const SLICE: usize = 256;

impl FollowedPartitions<TopicPartition, Reading> {
    /// Follows an input partition.
    pub fn follow_input(&mut self, input: &TopicPartition, reading: Reading) {
        let is_of = |topics: &[String]| topics.iter().any(|topic| **topic == *input.topic);
        let Some(source) = self.sources().iter().position(|source| is_of(&source.topics)) else { return };
        self.follow(input.clone(), source, PartitionId::default(), input.to_string(), reading);
    }
}

impl Reading {
    /// Goes on with what was read before.
    pub fn of(read: ReadRecords) -> Reading {
        Reading { read, ..Reading::default() }
    }

    /// The offset that was to come, where a later one came and it is worth asking why: transactions and compaction leave out offsets too.
    pub fn is_missed(&mut self, came: i64, now: Instant) -> Option<i64> {
        let is_due = self.asked.is_none_or(|asked| now.duration_since(asked) >= ASKED_AGAIN);
        let missed = self.read.next.filter(|next| *next > 0 && came > *next && is_due)?;
        self.asked = Some(now);
        Some(missed)
    }

    /// Records before the next one expired before they were read.
    pub fn lose(&mut self) {
        self.lost += 1;
    }

    /// How often records were lost since this was last asked for.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }
}

/// Decodes messages of a partition, into a batch each. When a message arrived is what its broker says.
pub fn decode(followed: &mut Followed<Reading>, messages: &[ConsumerRecord], classifier: &Classifier, now: Timestamp) -> Vec<Batch> {
    let Some(last) = messages.last() else { return Vec::new() };
    followed.touch(Instant::now(), last.timestamp_ms.map_or(now, Timestamp));
    let decoder = &mut followed.decoder;
    decoder.recognise(messages.iter().take(100).map(|message| message.value.as_deref().unwrap_or_default()));
    if decoder.format().is_some_and(|codec| codec.format.stateless) {
        let decoder = &*decoder;
        let of_slice = |slice: &[ConsumerRecord]| {
            decoder.decode_messages_stateless(slice.iter().map(|message| as_raw(message, classifier)), classifier)
        };
        let mut batches: Vec<Batch> = messages.par_chunks(SLICE).flat_map_iter(of_slice).collect();
        followed.decoder.messages_in_order(&mut batches, classifier, |at| as_raw(&messages[at], classifier));
        return batches;
    }
    let one = |message: &ConsumerRecord| {
        let mut batch = Batch::default();
        decoder.decode_message(as_raw(message, classifier), classifier, &mut batch);
        batch
    };
    messages.iter().map(one).collect()
}

/// What a batch holds for the engine, and its dead letters.
pub fn as_input(mut batch: Batch, losses: u64, limit: Option<TimeLimit>) -> (DecodedInput, Vec<DeadLetter>) {
    let letters = batch.named().collect();
    let Batch { accesses, dead_letters, sequence_numbers: numbers, .. } = batch;
    let losses = LossCounts { dead_letters: dead_letters.len() as u64, losses, ahead: 0 };
    let (believed, is_ahead) = (limit.map(|limit| limit.latest), limit.is_some_and(|limit| limit.is_ahead));
    (DecodedInput { accesses, letters, numbers, losses, believed, is_ahead }, dead_letters)
}

fn as_raw<'a>(message: &'a ConsumerRecord, classifier: &Classifier) -> Raw<'a> {
    let bytes = message.value.as_deref().unwrap_or_default();
    Raw::new(bytes, Position(message.offset.unsigned_abs()), classifier.keys.record(bytes))
}
