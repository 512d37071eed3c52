//! The log: partitions of messages, acknowledged with their offsets, compacted now and then.

use leakwarden::model::topic::ChangelogRecord;
use leakwarden::random::SplitMix64;
use leakwarden::stream::authentication::SeenWriters;
use leakwarden::stream::restore::CachedLog;
use leakwarden::stream::{InternalTopic, OutgoingRecord};
use std::collections::{BTreeMap, BTreeSet};

/// A message that is there, or was and is compacted away.
pub type Slot = Option<Content>;

/// Key, content and seal.
pub type Content = (Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);

#[derive(Default)]
pub struct Log {
    partitions: BTreeMap<(InternalTopic, i32), Vec<Slot>>,
}

impl Log {
    pub fn append(&mut self, send: OutgoingRecord, seal: Option<&[u8]>) -> i64 {
        let slots = self.partitions.entry((send.topic, send.partition)).or_default();
        slots.push(Some((send.key, send.value, seal.map(<[u8]>::to_vec))));
        slots.len() as i64 - 1
    }

    /// The first message at or after an offset.
    pub fn at(&self, topic: InternalTopic, partition: i32, offset: i64) -> Option<(i64, &Content)> {
        let slots = self.partitions.get(&(topic, partition))?;
        let from = usize::try_from(offset).expect("offsets are not negative");
        slots.iter().enumerate().skip(from).find_map(|(at, slot)| slot.as_ref().map(|slot| (at as i64, slot)))
    }

    /// Every message of a partition, and whether it stays.
    pub fn each(&mut self, topic: InternalTopic, partition: i32, mut change: impl FnMut(usize, &mut Slot)) {
        let slots = self.partitions.entry((topic, partition)).or_default();
        slots.iter_mut().enumerate().for_each(|(at, slot)| change(at, slot));
    }

    /// The newer half of a partition was never written.
    pub fn halve(&mut self, topic: InternalTopic, partition: i32) {
        let slots = self.partitions.entry((topic, partition)).or_default();
        slots.truncate(slots.len() / 2);
    }

    pub fn end(&self, topic: InternalTopic, partition: i32) -> i64 {
        self.partitions.get(&(topic, partition)).map_or(0, |slots| slots.len() as i64)
    }

    /// What a machine has cached that has read a partition up to somewhere.
    pub fn cached(&self, topic: InternalTopic, partition: i32, dice: &mut SplitMix64) -> CachedLog {
        let Some(slots) = self.partitions.get(&(topic, partition)) else { return Vec::new() };
        let end = slots.len() - dice.below(slots.len()).min(dice.below(slots.len()));
        let mut seen = SeenWriters::default();
        let mut admit = |key: &[u8], value: Option<&[u8]>, seal: Option<&[u8]>| {
            let stamp = crate::world::seal_key().verify(topic.name(), partition, key, value, seal);
            stamp.and_then(|stamp| seen.accept(stamp)).ok()
        };
        let of_slot = |(at, slot): (usize, &Slot)| {
            let (key, value, seal) = slot.as_ref()?;
            let stamp = admit(key, value.as_deref(), seal.as_deref())?;
            Some((at as i64, key.clone(), value.clone(), stamp))
        };
        let read: Vec<_> = slots[..end].iter().enumerate().filter_map(of_slot).collect();
        let mut newest: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        let mut cached: BTreeMap<i64, ChangelogRecord> = BTreeMap::new();
        for (offset, key, value, stamp) in read {
            if let Some(replaced) = newest.insert(key.clone(), offset) {
                cached.remove(&replaced);
            }
            cached.insert(offset, ChangelogRecord { offset, key, value, stamp });
        }
        let last = cached.last_key_value().map(|(offset, _)| *offset);
        cached.into_values().filter(|message| message.value.is_some() || Some(message.offset) == last).collect()
    }

    /// Removes messages that a later one of their key has replaced, and now and then removals that nothing is left to remove.
    pub fn compact(&mut self, dice: &mut SplitMix64) {
        let compacted: Vec<(InternalTopic, i32)> = self.partitions.keys().copied().filter(|(topic, _)| topic.is_compacted()).collect();
        let Some(which) = dice.pick(&compacted) else { return };
        let Some(slots) = self.partitions.get_mut(which) else { return };
        // The newest part of the log is never compacted.
        let end = slots.len().saturating_sub(1 + dice.below(20));
        let mut seen = BTreeSet::new();
        for at in (0..end).rev() {
            let Some((key, value, _)) = &slots[at] else { continue };
            let later = !seen.insert(key.clone());
            if later || (value.is_none() && dice.once_in(2)) {
                slots[at] = None;
            }
        }
    }
}
