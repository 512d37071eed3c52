//! The state of a task, or of the coordinator, as records of a compacted topic. A checkpoint is there complete or not at all, whoever
//! else writes.
//!
//! * Whoever takes a task over first writes a *fence*. Its offset is the writer's epoch: brokers assign every offset once, and a
//!   later one to who came later. The writer restores the topic up to its own fence.
//! * All keys contain the epoch, so no writer can replace what another wrote. The first checkpoint of an epoch writes everything.
//! * An entry has two slots. A checkpoint writes into the one that does not hold the content of the last complete checkpoint, and the
//!   *metadata*, written once all entries are acknowledged, completes it. A checkpoint that breaks off leaves the last one intact.
//! * The complete checkpoint of the highest epoch is the state. After its first complete checkpoint an epoch removes the keys of
//!   older ones.
//! * Whoever finds a log without an identity gives it one, by a record whose key is the identity: none is ever replaced or removed,
//!   and the first counts. It distinguishes a log from one of the same topic that was deleted and created anew.
//!
//! Since a task is a function of its input, every complete checkpoint is right; that of the highest epoch is merely the furthest.

mod reader;

use crate::engine::state_entries::StateEntry;
use crate::stream::{InternalTopic, OutgoingRecord};
pub use reader::{ChangelogReader, RestoredState};
use std::collections::HashMap;

/// Bytes of an entry that go into one record.
const CHUNK: usize = 512 * 1024;

/// Kinds of keys: their first byte. The metadata record is called head in errors.
const ENTRY: u8 = 1;
const METADATA: u8 = 2;
const FENCE: u8 = 3;
const IDENTITY: u8 = 4;

/// The identity of a log: chosen at random.
pub type ChangelogId = [u8; 16];

/// A checkpoint: the epoch of its writer, and its number in that. Later ones are greater.
pub type CheckpointId = (u64, u64);

/// What identifies an entry.
pub type EntryId = Vec<u8>;

/// Writes the state of one task.
#[derive(Clone, Debug)]
pub struct Changelog {
    partition: i32,
    epoch: u64,
    /// Number of the last complete checkpoint.
    complete: u64,
    slots: HashMap<EntryId, Slots>,
    total: Total,
    /// Keys of older epochs, to be removed.
    older: Vec<Vec<u8>>,
}

/// How many entries there are, and a sum over the checkpoint that each was written by: a restored state must match it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Total {
    entries: u64,
    sum: u64,
}

impl Total {
    fn add(&mut self, id: &[u8], checkpoint: u64) {
        self.entries += 1;
        self.sum = self.sum.wrapping_add(hash(id, checkpoint));
    }

    fn remove(&mut self, id: &[u8], checkpoint: u64) {
        self.entries -= 1;
        self.sum = self.sum.wrapping_sub(hash(id, checkpoint));
    }
}

fn hash(id: &[u8], checkpoint: u64) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&checkpoint.to_be_bytes()).update(id);
    u64::from_be_bytes(hasher.finalize().as_bytes()[..8].try_into().expect("eight bytes"))
}

/// The two slots of an entry: the number of the checkpoint that each was written by, under way or complete; 0 for none.
#[derive(Clone, Copy, Debug, Default)]
struct Slots {
    checkpoints: [u64; 2],
    chunks: [u16; 2],
    removed: bool,
}

/// The records of a checkpoint. All of a field must be acknowledged before any of the next is sent.
#[derive(Debug, Default)]
pub struct Checkpoint {
    /// Number of the checkpoint.
    pub number: u64,
    /// The entries.
    pub entries: Vec<OutgoingRecord>,
    /// What completes it.
    pub metadata: Vec<OutgoingRecord>,
    /// Tombstones for what it replaces.
    pub cleanup: Vec<OutgoingRecord>,
}

impl Changelog {
    /// The record with which a writer announces itself.
    pub fn fence(partition: i32) -> OutgoingRecord {
        state_record(partition, vec![FENCE], Some(vec![1]))
    }

    /// The record that gives a log its identity.
    pub fn identity(partition: i32, id: ChangelogId) -> OutgoingRecord {
        state_record(partition, [&[IDENTITY], &id[..]].concat(), Some(vec![1]))
    }

    /// Whether a record of that key gives its log an identity.
    pub fn is_identity(key: &[u8]) -> bool {
        key.first() == Some(&IDENTITY)
    }

    /// The last complete checkpoint of this epoch.
    pub fn newest(&self) -> Option<CheckpointId> {
        (self.complete > 0).then_some((self.epoch, self.complete))
    }

    /// Whether no checkpoint of this epoch is complete yet: then everything must be written.
    pub fn is_fresh(&self) -> bool {
        self.complete == 0
    }

    /// The writer's epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The records of the next checkpoint. `entries` are those that changed since the last, or all where the changelog is fresh.
    pub fn checkpoint(&mut self, entries: Vec<StateEntry>, metadata: &[u8]) -> Checkpoint {
        let number = self.complete + 1;
        let mut checkpoint = Checkpoint { number, ..Checkpoint::default() };
        for (id, content) in entries {
            if content.is_none() && !self.slots.contains_key(&id) {
                continue;
            }
            let slots = self.slots.entry(id.clone()).or_default();
            if slots.checkpoints != [0; 2] && !slots.removed {
                self.total.remove(&id, slots.checkpoints[0].max(slots.checkpoints[1]));
            }
            // The slot of the older checkpoint is overwritten: the newer holds what the last complete checkpoint left.
            let slot = usize::from(slots.checkpoints[0] > slots.checkpoints[1]);
            slots.removed = content.is_none();
            if !slots.removed {
                self.total.add(&id, number);
            }
            let content = content.as_deref();
            let chunks: Vec<&[u8]> = content.map_or_else(Vec::new, |content| content.chunks(CHUNK).collect());
            let count = chunks.len().max(1) as u16;
            for index in 0..count {
                let chunk = chunks.get(usize::from(index)).copied().unwrap_or_default();
                let mut value = Vec::with_capacity(11 + chunk.len());
                value.extend_from_slice(&number.to_be_bytes());
                value.extend_from_slice(&count.to_be_bytes());
                value.push(u8::from(content.is_some()));
                value.extend_from_slice(chunk);
                let key = entry_key(self.epoch, slot as u8, index, &id);
                checkpoint.entries.push(state_record(self.partition, key, Some(value)));
            }
            slots.checkpoints[slot] = number;
            slots.chunks[slot] = count;
            if slots.removed {
                // First the slot with the older content, then the one that says that it was removed: never the other way round.
                for slot in [1 - slot, slot] {
                    let keys = (0..slots.chunks[slot]).map(|index| entry_key(self.epoch, slot as u8, index, &id));
                    checkpoint.cleanup.extend(keys.map(|key| state_record(self.partition, key, None)));
                }
            }
        }
        let mut value = number.to_be_bytes().to_vec();
        value.extend_from_slice(&self.total.entries.to_be_bytes());
        value.extend_from_slice(&self.total.sum.to_be_bytes());
        value.extend_from_slice(metadata);
        let mut key = vec![METADATA];
        key.extend_from_slice(&self.epoch.to_be_bytes());
        checkpoint.metadata.push(state_record(self.partition, key, Some(value)));
        checkpoint.cleanup.extend(std::mem::take(&mut self.older).into_iter().map(|key| state_record(self.partition, key, None)));
        checkpoint
    }

    /// The checkpoint of that number is complete: its metadata is acknowledged.
    pub fn complete(&mut self, number: u64) {
        self.complete = number;
        self.slots.retain(|_, slots| !slots.removed);
    }
}

fn state_record(partition: i32, key: Vec<u8>, value: Option<Vec<u8>>) -> OutgoingRecord {
    OutgoingRecord { topic: InternalTopic::State, partition, key, value }
}

fn entry_key(epoch: u64, slot: u8, chunk: u16, id: &[u8]) -> Vec<u8> {
    let mut key = vec![ENTRY];
    key.extend_from_slice(&epoch.to_be_bytes());
    key.push(slot);
    key.extend_from_slice(&chunk.to_be_bytes());
    key.extend_from_slice(id);
    key
}
