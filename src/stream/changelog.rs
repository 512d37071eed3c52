//! The state of a task as messages of a compacted topic: written so that it is there complete or not at all, whoever else writes.
//!
//! * Whoever takes a task on first writes a *fence*. Its offset is the writer's epoch: brokers give every offset once, and a
//!   later one to who came later. The writer reads the topic up to its own fence.
//! * All keys hold the epoch, so no writer can ever replace what another wrote. The first save of an epoch writes everything.
//! * An entry has two slots. A save writes into the one that does not hold what the last complete save left, and the *head*,
//!   written once all entries are acknowledged, completes it. A save that breaks off leaves the last one whole.
//! * The complete save of the highest epoch is the state. After its first complete save an epoch removes the keys of older ones.
//! * Whoever finds a log without a name gives it one, by a message whose key is the name: none is ever replaced or removed, and
//!   the first counts. By it a log is told from one of the same topic that was removed and made anew.
//!
//! Since a task is a function of its input, every complete save is right; the highest epoch is merely the furthest.

use crate::stream::{InternalTopic, OutgoingRecord};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Bytes of an entry that go into one message.
const CHUNK: usize = 512 * 1024;

const ENTRY: u8 = 1;
const HEAD: u8 = 2;
const FENCE: u8 = 3;
const NAME: u8 = 4;

/// What a log is known by: chosen at random.
pub type ChangelogId = [u8; 16];

/// What an entry is known by.
pub type Id = Vec<u8>;

/// The content of an entry as of a save; `None` where it is no more.
pub type Entry = (Id, Option<Vec<u8>>);

/// Writes the state of one task.
#[derive(Clone, Debug)]
pub struct Changelog {
    partition: i32,
    epoch: u64,
    /// Number of the last complete save.
    complete: u64,
    slots: HashMap<Id, Slots>,
    total: Total,
    /// Keys of older epochs.
    older: Vec<Vec<u8>>,
}

/// How many entries there are, and a sum over which save each is of: by it a state is known to be whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Total {
    entries: u64,
    sum: u64,
}

impl Total {
    fn add(&mut self, id: &[u8], save: u64) {
        self.entries += 1;
        self.sum = self.sum.wrapping_add(print(id, save));
    }

    fn remove(&mut self, id: &[u8], save: u64) {
        self.entries -= 1;
        self.sum = self.sum.wrapping_sub(print(id, save));
    }
}

fn print(id: &[u8], save: u64) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&save.to_be_bytes()).update(id);
    u64::from_be_bytes(hasher.finalize().as_bytes()[..8].try_into().expect("eight bytes"))
}

/// Number of the save in each slot; 0 for none. Under way or complete.
#[derive(Clone, Copy, Debug, Default)]
struct Slots {
    saves: [u64; 2],
    chunks: [u16; 2],
    gone: bool,
}

/// The messages of a save, in the order in which they must be acknowledged.
#[derive(Debug, Default)]
pub struct Save {
    /// Number of the save.
    pub number: u64,
    /// The entries.
    pub entries: Vec<OutgoingRecord>,
    /// What completes it.
    pub head: Vec<OutgoingRecord>,
    /// What is of no use once it is complete.
    pub cleanup: Vec<OutgoingRecord>,
}

impl Changelog {
    /// The message with which a writer announces itself.
    pub fn fence(partition: i32) -> OutgoingRecord {
        OutgoingRecord { topic: InternalTopic::State, partition, key: vec![FENCE], value: Some(vec![1]) }
    }

    /// The message that names a log.
    pub fn name(partition: i32, name: ChangelogId) -> OutgoingRecord {
        OutgoingRecord { topic: InternalTopic::State, partition, key: [&[NAME], &name[..]].concat(), value: Some(vec![1]) }
    }

    /// Whether a message of that key names its log.
    pub fn names_log(key: &[u8]) -> bool {
        key.first() == Some(&NAME)
    }

    /// Whether nothing was saved under this epoch yet: then everything must be written.
    pub fn is_fresh(&self) -> bool {
        self.complete == 0
    }

    /// The writer's epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Makes a save of the entries that changed since the last; all of them where nothing was saved yet.
    pub fn save(&mut self, entries: Vec<Entry>, head: &[u8]) -> Save {
        let number = self.complete + 1;
        let mut save = Save { number, ..Save::default() };
        for (id, content) in entries {
            if content.is_none() && !self.slots.contains_key(&id) {
                continue;
            }
            let slots = self.slots.entry(id.clone()).or_default();
            if slots.saves != [0; 2] && !slots.gone {
                self.total.remove(&id, slots.saves[0].max(slots.saves[1]));
            }
            // Of two slots the older save gives way: the newer is what the last complete save left.
            let slot = usize::from(slots.saves[0] > slots.saves[1]);
            slots.gone = content.is_none();
            if !slots.gone {
                self.total.add(&id, number);
            }
            let content = content.as_deref();
            let chunks: Vec<&[u8]> = content.map_or_else(Vec::new, |content| content.chunks(CHUNK).collect());
            let count = chunks.len().max(1) as u16;
            for at in 0..count {
                let mut value = Vec::with_capacity(11 + chunks.get(usize::from(at)).map_or(0, |chunk| chunk.len()));
                value.extend_from_slice(&number.to_be_bytes());
                value.extend_from_slice(&count.to_be_bytes());
                value.push(u8::from(content.is_some()));
                value.extend_from_slice(chunks.get(usize::from(at)).copied().unwrap_or_default());
                save.entries.push(self_send(self.partition, entry_key(self.epoch, slot as u8, at, &id), Some(value)));
            }
            slots.saves[slot] = number;
            slots.chunks[slot] = count;
            if slots.gone {
                // First the slot with the older content, then the one that says that it is gone: never the other way round.
                for slot in [1 - slot, slot] {
                    let keys = (0..slots.chunks[slot]).map(|at| entry_key(self.epoch, slot as u8, at, &id));
                    save.cleanup.extend(keys.map(|key| self_send(self.partition, key, None)));
                }
            }
        }
        let mut value = number.to_be_bytes().to_vec();
        value.extend_from_slice(&self.total.entries.to_be_bytes());
        value.extend_from_slice(&self.total.sum.to_be_bytes());
        value.extend_from_slice(head);
        let mut key = vec![HEAD];
        key.extend_from_slice(&self.epoch.to_be_bytes());
        save.head.push(self_send(self.partition, key, Some(value)));
        save.cleanup.extend(std::mem::take(&mut self.older).into_iter().map(|key| self_send(self.partition, key, None)));
        save
    }

    /// The save is complete: its head is acknowledged.
    pub fn completed(&mut self, number: u64) {
        self.complete = number;
        self.slots.retain(|_, slots| !slots.gone);
    }
}

fn self_send(partition: i32, key: Vec<u8>, value: Option<Vec<u8>>) -> OutgoingRecord {
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

/// Reads the state of a task up to the reader's fence.
#[derive(Debug, Default)]
pub struct Restore {
    epochs: BTreeMap<u64, Epoch>,
    keys: BTreeSet<Vec<u8>>,
    named: bool,
    /// Messages read.
    pub messages: u64,
    /// Bytes read.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Epoch {
    head: Option<(u64, Total, Vec<u8>)>,
    entries: BTreeMap<Id, [Slot; 2]>,
}

#[derive(Debug, Default)]
struct Slot {
    save: u64,
    count: u16,
    present: bool,
    chunks: BTreeMap<u16, Vec<u8>>,
}

/// What was there.
#[derive(Debug)]
pub struct Restored {
    /// The head of the last complete save; `None` of a fresh topic.
    pub head: Option<Vec<u8>>,
    /// Its entries, in the order of their ids.
    pub entries: Vec<(Id, Vec<u8>)>,
    /// To go on with.
    pub changelog: Changelog,
}

impl Restore {
    /// Takes a message, in the order of the log, also beyond the fence until the state is whole.
    pub fn take(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), String> {
        self.messages += 1;
        self.bytes += (key.len() + value.map_or(0, <[u8]>::len)) as u64;
        let Some((kind, rest)) = key.split_first() else { return Err("a key is empty".to_owned()) };
        if *kind == FENCE {
            return Ok(());
        }
        if *kind == NAME {
            self.named = true;
            return Ok(());
        }
        let (epoch, rest) = rest.split_first_chunk::<8>().ok_or("a key is too short")?;
        let epoch = u64::from_be_bytes(*epoch);
        if value.is_some() {
            self.keys.insert(key.to_vec())
        } else {
            self.keys.remove(key)
        };
        // Older epochs than the newest with a complete save are of no use.
        if self.epochs.range(epoch + 1..).any(|(_, later)| later.head.is_some()) {
            return Ok(());
        }
        let state = self.epochs.entry(epoch).or_default();
        match *kind {
            HEAD => {
                let Some(value) = value else {
                    state.head = None;
                    return Ok(());
                };
                let (number, value) = value.split_first_chunk::<8>().ok_or("a head is too short")?;
                let (entries, value) = value.split_first_chunk::<8>().ok_or("a head is too short")?;
                let (sum, value) = value.split_first_chunk::<8>().ok_or("a head is too short")?;
                let total = Total { entries: u64::from_be_bytes(*entries), sum: u64::from_be_bytes(*sum) };
                state.head = Some((u64::from_be_bytes(*number), total, value.to_vec()));
                self.epochs = self.epochs.split_off(&epoch);
                Ok(())
            }
            ENTRY => {
                let (place, id) = rest.split_first_chunk::<3>().ok_or("a key is too short")?;
                let (slot, chunk) = (usize::from(place[0] & 1), u16::from_be_bytes([place[1], place[2]]));
                let slot = &mut state.entries.entry(id.to_vec()).or_default()[slot];
                let Some(value) = value else {
                    slot.chunks.remove(&chunk);
                    if slot.chunks.is_empty() {
                        *slot = Slot::default();
                    }
                    return Ok(());
                };
                let (head, content) = value.split_first_chunk::<11>().ok_or("an entry is too short")?;
                let save = u64::from_be_bytes(head[..8].try_into().expect("eight bytes"));
                if slot.save != save {
                    *slot = Slot { save, ..Slot::default() };
                }
                slot.count = u16::from_be_bytes([head[8], head[9]]);
                slot.present = head[10] == 1;
                slot.chunks.insert(chunk, content.to_vec());
                Ok(())
            }
            other => Err(format!("a key of an unknown kind {other}: written by a later version")),
        }
    }

    /// Whether the state is whole. It need not be so at the reader's fence: another writer may have saved, and removed what it
    /// replaced, after that; then the state is whole once its save was read as well.
    pub fn check(&self) -> Result<(), String> {
        let Some((number, total, state)) = self.newest() else { return Ok(()) };
        let mut found = Total::default();
        for (id, slots) in &state.entries {
            let Some(slot) = Slot::as_of(slots, number) else { continue };
            if slot.chunks.len() != usize::from(slot.count) {
                return Err(format!("an entry has {} of {} parts", slot.chunks.len(), slot.count));
            }
            found.add(id, slot.save);
        }
        if found == total {
            return Ok(());
        }
        let rule = "the topic must keep the newest message of every key (cleanup.policy=compact)";
        Err(format!("{} of {} entries of the newest state are there: {rule}", found.entries, total.entries))
    }

    /// Whether the log has a name.
    pub fn is_named(&self) -> bool {
        self.named
    }

    /// Whether a message of that key completes a save.
    pub fn completes(key: &[u8]) -> bool {
        key.first() == Some(&HEAD)
    }

    fn newest(&self) -> Option<(u64, Total, &Epoch)> {
        self.epochs.values().rev().find_map(|state| state.head.as_ref().map(|(number, total, _)| (*number, *total, state)))
    }

    /// The state, once everything up to the fence at `epoch` was taken and it is whole.
    pub fn finish(self, partition: i32, epoch: u64) -> Restored {
        let older = self.keys.into_iter().collect();
        let changelog = Changelog { partition, epoch, complete: 0, slots: HashMap::new(), total: Total::default(), older };
        let newest = self.epochs.into_iter().rev().find(|(_, state)| state.head.is_some());
        let Some((_, Epoch { head: Some((number, _, head)), entries })) = newest else {
            return Restored { head: None, entries: Vec::new(), changelog };
        };
        let content = |slots: [Slot; 2]| {
            let slot = slots.into_iter().filter(|slot| slot.is_of(number)).max_by_key(|slot| slot.save)?;
            slot.present.then(|| slot.chunks.into_values().flatten().collect())
        };
        let found = entries.into_iter().filter_map(|(id, slots)| content(slots).map(|content| (id, content)));
        Restored { head: Some(head), entries: found.collect(), changelog }
    }
}

impl Slot {
    /// What an entry holds as of a save, if it is there.
    fn as_of(slots: &[Slot; 2], number: u64) -> Option<&Slot> {
        slots.iter().filter(|slot| slot.is_of(number)).max_by_key(|slot| slot.save).filter(|slot| slot.present)
    }

    fn is_of(&self, number: u64) -> bool {
        self.save > 0 && self.save <= number
    }
}
