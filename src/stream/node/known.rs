//! What the records of `leakwarden.ticks` say of input partitions: ticks, and what each is known by.

use crate::model::stamp::WriterId;
use crate::model::time::Timestamp;
use crate::model::topic::TopicPartition;
use crate::stream::node::{InputState, Node, Sender, StatePart};
use crate::stream::outbox::OutboxItem;
use crate::stream::wire::{InputNote, KnownInput, encode};
use crate::stream::{InternalTopic, OutgoingRecord};
use std::collections::BTreeSet;

/// Processes whose configuration is remembered.
const MOST_PROCESSES: usize = 256;

impl Node {
    pub(super) fn take_note(&mut self, note: InputNote, writer: WriterId) {
        match note {
            InputNote::Tick(tick) => {
                if let Some(InputState::Running(input)) = self.inputs.get_mut(&tick.of()) {
                    input.recorded(tick.clone());
                }
                self.ticks.push(tick);
            }
            InputNote::Known(known) => {
                self.known.insert(TopicPartition::new(known.topic.as_str(), known.partition), known);
            }
            InputNote::Configured { config, at } => {
                self.configurations.insert(writer, (config, at));
                if self.configurations.len() > MOST_PROCESSES {
                    // The one that began first.
                    self.configurations.pop_first();
                }
            }
        }
    }

    /// Whether the records of `leakwarden.ticks` were read up to an offset.
    pub fn has_read_ticks(&self, end: i64) -> bool {
        self.ticks_next >= end
    }

    /// The configurations of processes as they told them, and when.
    pub fn configurations(&self) -> impl Iterator<Item = (&str, Timestamp)> {
        self.configurations.values().map(|(config, at)| (config.as_str(), *at))
    }

    /// Tells the others the hash of this process's configuration.
    pub fn make_configured(&mut self, config: String, at: Timestamp) {
        let value = Some(encode(&InputNote::Configured { config, at }));
        let record = OutgoingRecord { topic: InternalTopic::Ticks, partition: 0, key: Vec::new(), value };
        self.put_out(Sender::Node, 0, OutboxItem::Record(record));
    }

    /// What an input partition is known by.
    pub fn known_input(&self, name: &TopicPartition) -> Option<&KnownInput> {
        self.known.get(name)
    }

    /// Has all processes know an input partition by these records.
    pub fn make_known(&mut self, known: KnownInput) {
        let key = format!("{}/{}", known.topic, known.partition).into_bytes();
        let value = Some(encode(&InputNote::Known(known)));
        self.put_out(Sender::Node, 0, OutboxItem::Record(OutgoingRecord { topic: InternalTopic::Ticks, partition: 0, key, value }));
    }

    /// Input partitions that their topics no longer have, since these were made anew with fewer: no task here waits for them any more.
    /// Gives those that are new.
    pub fn retire_inputs(&mut self, is_gone: impl Fn(&TopicPartition) -> bool) -> BTreeSet<TopicPartition> {
        let mut gone = BTreeSet::new();
        for part in self.parts.values_mut() {
            if let StatePart::Task(task) = part {
                gone.extend(task.retire_inputs(&is_gone));
            }
        }
        gone
    }

    /// An input partition goes on at a later offset: what comes before it was taken in another generation, or is no record.
    pub fn pass_input(&mut self, name: &TopicPartition, next: i64) {
        if let Some(partition) = self.consumed(name) {
            partition.pass(next);
        }
    }

    /// How often an input partition that runs here was made anew before.
    pub fn generation(&self, name: &TopicPartition) -> Option<u32> {
        match self.inputs.get(name) {
            Some(InputState::Running(input)) => Some(input.generation()),
            Some(InputState::AwaitsTicks(from, _)) => Some(from.generation),
            None => None,
        }
    }
}
