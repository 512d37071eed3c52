//! Watches whether the partitions that are read are still the ones that were read: every few seconds a record is looked at that was
//! there, and at once where offsets go back or leave some out. A topic that was made anew is read from its start, and what of the new
//! one had been read before that was noticed does not come again.

use crate::kafka::identity::{Continuity, RecordMark};
use crate::kafka::lookup::{AFTER_TROUBLE, INTERVAL, LOOK, LogReader, Rewind, WITHIN};
use crate::model::topic::TopicPartition;
use crate::source::kafka::KafkaEvent;
use crate::source::kafka::consumer_state::{ConsumerState, SourceConsumer};
use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::message::{BorrowedMessage, Message as _};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Brokers are not asked more often why offsets are left out.
const ASKED_AGAIN: Duration = Duration::from_secs(60);
/// How long a client may take to go to another offset.
const SEEK: Duration = Duration::from_secs(5);

/// The watch over the partitions of one source.
pub struct ContinuityWatch {
    reader: LogReader,
    due: Instant,
    /// When brokers were last asked why offsets of a partition are left out.
    asked: BTreeMap<TopicPartition, Instant>,
}

impl ContinuityWatch {
    /// With a client that looks at records.
    pub fn new(reader: LogReader) -> ContinuityWatch {
        ContinuityWatch { reader, due: Instant::now() + INTERVAL, asked: BTreeMap::new() }
    }

    /// What a message is known by.
    pub fn mark(&self, message: &BorrowedMessage<'_>) -> RecordMark {
        let hash = self.reader.key().hash(message.timestamp().to_millis(), message.key().unwrap_or_default(), message.payload());
        RecordMark { offset: message.offset(), hash }
    }

    /// Looks whether partitions that are about to be read, and are paused until then, are what they were.
    pub fn check_before(&self, consumer: &SourceConsumer, state: &ConsumerState) -> Vec<KafkaEvent> {
        let mut events = Vec::new();
        for (of, continuity) in self.reader.continuity(&state.marks(), LOOK) {
            let to = match continuity {
                Continuity::Same | Continuity::Unknown => continue,
                Continuity::MadeAnew => None,
                Continuity::LostEnd(to) => Some(to),
            };
            events.extend(go_back(consumer, state, &of, Rewind { to, skip: None }));
        }
        events
    }

    /// Looks whether all partitions are what they were, if it is time.
    pub fn check(&mut self, consumer: &SourceConsumer, state: &ConsumerState) -> Vec<KafkaEvent> {
        let begun = Instant::now();
        if begun < self.due || !state.connected.load(Ordering::Acquire) {
            self.reader.keep_up();
            return Vec::new();
        }
        let mut events = Vec::new();
        for (of, was) in state.look_again(&self.reader) {
            let rewind = state.with_read(&of, |read| self.reader.rewind_of_changed(&of, read, was, LOOK));
            events.extend(rewind.and_then(|rewind| go_back(consumer, state, &of, rewind)));
        }
        self.due = Instant::now() + if begun.elapsed() >= WITHIN { AFTER_TROUBLE } else { INTERVAL };
        events
    }

    /// Offsets of a partition went back. `None`: it goes on where it should.
    pub fn went_back(&self, consumer: &SourceConsumer, state: &ConsumerState, of: &TopicPartition, next: i64) -> Option<KafkaEvent> {
        match self.reader.rewind_of_went_back(of, &state.read(of), LOOK) {
            Some(rewind) => go_back(consumer, state, of, rewind),
            None => {
                seek(consumer, of, Offset::Offset(next));
                None
            }
        }
    }

    /// Offsets are left out: an event if the messages have expired. Transactions and compaction leave out offsets too.
    pub fn gap(&mut self, of: &TopicPartition, expected: i64, found: i64) -> Option<KafkaEvent> {
        let now = Instant::now();
        if self.asked.get(of).is_some_and(|asked| now.duration_since(*asked) < ASKED_AGAIN) {
            return None;
        }
        self.asked.insert(of.clone(), now);
        // Where nobody answers it is told: nothing is complete unless that is known.
        let expired = self.reader.bounds(of).is_none_or(|(first, _)| first > expected);
        expired.then(|| KafkaEvent::Jumped { partition: of.clone(), expected, found })
    }
}

fn go_back(consumer: &SourceConsumer, state: &ConsumerState, of: &TopicPartition, rewind: Rewind) -> Option<KafkaEvent> {
    let Rewind { to, skip } = rewind;
    // Where it fails it is noticed again.
    if !seek(consumer, of, to.map_or(Offset::Beginning, Offset::Offset)) {
        return None;
    }
    let expected = state.read(of).next.unwrap_or(0);
    state.rewind(of, to, skip);
    Some(KafkaEvent::Rewound { partition: of.clone(), expected, to })
}

fn seek(consumer: &SourceConsumer, of: &TopicPartition, to: Offset) -> bool {
    match consumer.seek(&of.topic, of.partition, to, SEEK) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(partition = %of, %error, "kafka: cannot go to another offset; trying again");
            false
        }
    }
}
