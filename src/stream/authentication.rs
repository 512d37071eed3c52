//! Seals of messages: who can write to a topic of a cluster's own, and does not know the subject key, changes nothing by it.
//!
//! ```text
//! seal   writer (16 bytes), sequence (8, big-endian), MAC (16): a header of the message
//! MAC    keyed BLAKE3 over topic, partition, writer, sequence, key and value, with a key derived from the subject key and the prefix
//! ```
//!
//! A *writer* is one run of a process: the time at which it began, and chance. It numbers what it writes to each partition. A reader takes
//! of each writer only what is numbered higher than what it has taken: brokers keep the order of a writer, so anything else was
//! written a second time by somebody else. What is refused is passed over and counted, never an error.

use crate::model::stamp::WRITER;
pub use crate::model::stamp::{Refusal, Stamp, WriterId};
use crate::stream::OutgoingRecord;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the header that holds the seal.
pub const HEADER: &str = "leakwarden-seal";

const SEQUENCE: usize = 8;
const MAC: usize = 16;

/// Bytes of a seal.
pub const SEAL: usize = WRITER + SEQUENCE + MAC;

/// The seal of one message.
pub type MessageSeal = [u8; SEAL];

/// The key of all seals of a cluster.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(secret)")
    }
}

impl SealKey {
    /// From the key of the messages of a prefix.
    pub fn new(key: [u8; 32]) -> SealKey {
        SealKey(key)
    }

    /// Seals a message.
    pub fn seal(&self, topic: &str, partition: i32, stamp: Stamp, key: &[u8], value: Option<&[u8]>) -> MessageSeal {
        let mut seal = [0; SEAL];
        seal[..WRITER].copy_from_slice(&stamp.writer.0);
        seal[WRITER..WRITER + SEQUENCE].copy_from_slice(&stamp.sequence.to_be_bytes());
        let mac = self.mac(topic, partition, &seal[..WRITER + SEQUENCE], key, value);
        seal[WRITER + SEQUENCE..].copy_from_slice(&mac.as_bytes()[..MAC]);
        seal
    }

    /// What the seal of a message says, if it is one of ours.
    pub fn verify(&self, topic: &str, partition: i32, key: &[u8], value: Option<&[u8]>, seal: Option<&[u8]>) -> Result<Stamp, Refusal> {
        let seal: &MessageSeal = seal.and_then(|seal| seal.try_into().ok()).ok_or(Refusal::Unsealed)?;
        let mut full = [0; 32];
        full[..MAC].copy_from_slice(&seal[WRITER + SEQUENCE..]);
        let mut expected = *self.mac(topic, partition, &seal[..WRITER + SEQUENCE], key, value).as_bytes();
        expected[MAC..].fill(0);
        // Compared in constant time, as blake3 does.
        if blake3::Hash::from_bytes(expected) != blake3::Hash::from_bytes(full) {
            return Err(Refusal::Forged);
        }
        let writer = WriterId(seal[..WRITER].try_into().expect("a seal begins with its writer"));
        let sequence = u64::from_be_bytes(seal[WRITER..WRITER + SEQUENCE].try_into().expect("eight bytes"));
        Ok(Stamp { writer, sequence })
    }

    fn mac(&self, topic: &str, partition: i32, stamp: &[u8], key: &[u8], value: Option<&[u8]>) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&(topic.len() as u64).to_le_bytes()).update(topic.as_bytes()).update(&partition.to_le_bytes()).update(stamp);
        hasher.update(&(key.len() as u64).to_le_bytes()).update(key).update(&[u8::from(value.is_some())]);
        hasher.update(value.unwrap_or_default());
        hasher.finalize()
    }

    /// A short mark of a text that is kept beside a committed offset.
    pub fn mark(&self, of: &str, text: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(b"committed offset\0").update(&(of.len() as u64).to_le_bytes()).update(of.as_bytes()).update(text.as_bytes());
        hasher.finalize().to_hex()[..2 * MAC].to_owned()
    }
}

/// Seals what one writer writes.
#[derive(Clone, Debug)]
pub struct MessageSealer {
    key: SealKey,
    writer: WriterId,
    sequences: BTreeMap<(&'static str, i32), u64>,
}

impl MessageSealer {
    /// Begins at 1 in each partition.
    pub fn new(key: SealKey, writer: WriterId) -> MessageSealer {
        MessageSealer { key, writer, sequences: BTreeMap::new() }
    }

    /// The key.
    pub fn key(&self) -> &SealKey {
        &self.key
    }

    /// Seals the next record of its partition: records must be written in the order in which they were sealed.
    pub fn seal(&mut self, record: &OutgoingRecord) -> MessageSeal {
        self.seal_in(record.topic.name(), record.partition, &record.key, record.value.as_deref())
    }

    /// The same for a topic that is not one of a process.
    pub fn seal_in(&mut self, topic: &'static str, partition: i32, key: &[u8], value: Option<&[u8]>) -> MessageSeal {
        let sequence = self.sequences.entry((topic, partition)).or_default();
        *sequence += 1;
        self.key.seal(topic, partition, Stamp { writer: self.writer, sequence: *sequence }, key, value)
    }
}

/// How far each writer of a partition was read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SeenWriters(BTreeMap<WriterId, u64>);

/// Writers that are remembered: of more the oldest are forgotten.
const MOST_WRITERS: usize = 256;

impl SeenWriters {
    /// Whether a message is not one that was taken before.
    pub fn check(&self, stamp: Stamp) -> Result<Stamp, Refusal> {
        let is_new = self.0.get(&stamp.writer).is_none_or(|taken| stamp.sequence > *taken);
        if is_new { Ok(stamp) } else { Err(Refusal::Replayed) }
    }

    /// Takes a message that was checked.
    pub fn take(&mut self, stamp: Stamp) {
        self.0.insert(stamp.writer, stamp.sequence);
        if self.0.len() > MOST_WRITERS {
            self.0.pop_first();
        }
    }

    /// Both.
    pub fn accept(&mut self, stamp: Stamp) -> Result<Stamp, Refusal> {
        self.check(stamp)?;
        self.take(stamp);
        Ok(stamp)
    }
}

/// How many messages were refused, by topic and reason, since this was last asked for; and one of each to look at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Refused(BTreeMap<(&'static str, Refusal), (u64, i32, i64)>);

impl Refused {
    /// Notes one. What is no topic has a name as well: `offsets`, those that were committed.
    pub fn note(&mut self, topic: &'static str, partition: i32, offset: i64, why: Refusal) {
        let noted = self.0.entry((topic, why)).or_insert((0, partition, offset));
        *noted = (noted.0 + 1, partition, offset);
    }

    /// Topic, reason, how many, and the partition and offset of the last.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Refusal, u64, i32, i64)> {
        self.0.iter().map(|((topic, why), (many, partition, offset))| (*topic, *why, *many, *partition, *offset))
    }

    /// How many.
    pub fn total(&self) -> u64 {
        self.0.values().map(|(many, ..)| many).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> MessageSealer {
        MessageSealer::new(SealKey::new([7; 32]), WriterId::new(1_000, 5))
    }

    #[test]
    fn a_seal_holds_for_its_bytes_in_its_place_under_its_key_and_for_nothing_else() {
        let mut sealer = sealer();
        let seal = sealer.seal_in("access", 3, b"key", Some(b"value"));
        let key = SealKey::new([7; 32]);
        let expected = Stamp { writer: WriterId::new(1_000, 5), sequence: 1 };
        assert_eq!(key.verify("access", 3, b"key", Some(b"value"), Some(&seal)), Ok(expected));
        let forged = Err(Refusal::Forged);
        assert_eq!(key.verify("access", 2, b"key", Some(b"value"), Some(&seal)), forged);
        assert_eq!(key.verify("state", 3, b"key", Some(b"value"), Some(&seal)), forged);
        assert_eq!(key.verify("access", 3, b"ke", Some(b"yvalue"), Some(&seal)), forged);
        assert_eq!(key.verify("access", 3, b"key", None, Some(&seal)), forged);
        assert_eq!(key.verify("access", 3, b"key", Some(b""), Some(&seal)), forged);
        assert_eq!(SealKey::new([8; 32]).verify("access", 3, b"key", Some(b"value"), Some(&seal)), forged);
        assert_eq!(key.verify("access", 3, b"key", Some(b"value"), None), Err(Refusal::Unsealed));
        assert_eq!(key.verify("access", 3, b"key", Some(b"value"), Some(&seal[1..])), Err(Refusal::Unsealed));
        for at in 0..SEAL {
            let mut changed = seal;
            changed[at] ^= 1;
            assert_eq!(key.verify("access", 3, b"key", Some(b"value"), Some(&changed)), forged, "byte {at}");
        }
        let tombstone = sealer.seal_in("access", 3, b"key", None);
        assert_eq!(key.verify("access", 3, b"key", Some(b""), Some(&tombstone)), forged, "a removal is no empty value");
    }

    #[test]
    fn a_message_that_is_written_again_is_known_also_after_many_writers() {
        let mut seen = SeenWriters::default();
        let stamp = |writer, sequence| Stamp { writer: WriterId::new(writer, 0), sequence };
        assert!(seen.accept(stamp(1, 1)).is_ok() && seen.accept(stamp(1, 5)).is_ok(), "compaction leaves gaps");
        assert_eq!(seen.accept(stamp(1, 5)), Err(Refusal::Replayed));
        assert_eq!(seen.accept(stamp(1, 3)), Err(Refusal::Replayed));
        for writer in 2..=MOST_WRITERS as i64 {
            assert!(seen.accept(stamp(writer, 1)).is_ok());
        }
        assert_eq!(seen.accept(stamp(1, 2)), Err(Refusal::Replayed));
        assert!(seen.accept(stamp(1_000, 1)).is_ok() && seen.0.len() == MOST_WRITERS, "the oldest is forgotten");
    }

    #[test]
    fn a_mark_is_of_its_partition_and_text() {
        let key = SealKey::new([7; 32]);
        assert_ne!(key.mark("a/1", "w=1"), key.mark("a/2", "w=1"));
        assert_ne!(key.mark("a/1", "w=1"), key.mark("a/1", "w=2"));
    }
}
