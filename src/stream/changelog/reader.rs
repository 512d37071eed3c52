//! Reads a changelog: keeps what belongs to the newest complete checkpoint, and checks that it is whole.

use crate::stream::changelog::{Changelog, CheckpointId, ENTRY, EntryId, FENCE, IDENTITY, METADATA, Total};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Keys that are remembered to be removed, at most: others than ours can be as many as somebody likes.
const MOST_KEYS: usize = 4_000_000;

/// Whether a key of metadata or of an entry has the form that we give it.
fn is_our_form(kind: u8, rest: &[u8]) -> bool {
    match kind {
        METADATA => rest.len() == 8,
        // Behind the epoch the slot, of which there are two, and the number of the chunk.
        ENTRY => rest.len() > 8 + 3 && rest[8] < 2,
        _ => false,
    }
}

/// Reads the state of a task up to the reader's fence.
#[derive(Debug, Default)]
pub struct ChangelogReader {
    epochs: BTreeMap<u64, Epoch>,
    keys: BTreeSet<Vec<u8>>,
    has_identity: bool,
    /// Records read.
    pub records: u64,
    /// Bytes read.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Epoch {
    /// Number of the newest complete checkpoint, what it must hold, and its metadata.
    metadata: Option<(u64, Total, Vec<u8>)>,
    entries: BTreeMap<EntryId, [Slot; 2]>,
}

#[derive(Debug, Default)]
struct Slot {
    /// Number of the checkpoint that it was written by; 0 for none.
    checkpoint: u64,
    /// How many chunks it must have.
    count: u16,
    /// Whether the entry exists as of that checkpoint.
    present: bool,
    chunks: BTreeMap<u16, Vec<u8>>,
}

/// A state that was read.
#[derive(Debug)]
pub struct RestoredState {
    /// The metadata of the last complete checkpoint; `None` of a fresh topic.
    pub metadata: Option<Vec<u8>>,
    /// Its entries, in the order of their ids.
    pub entries: Vec<(EntryId, Vec<u8>)>,
    /// The checkpoint that it is of: epoch and number.
    pub newest: Option<CheckpointId>,
    /// Entries of it that are not there.
    pub missing: u64,
    /// To write further checkpoints with.
    pub changelog: Changelog,
}

impl ChangelogReader {
    /// Takes a record, in the order of the log, also beyond the fence until the state is whole.
    pub fn take(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), String> {
        self.records += 1;
        self.bytes += (key.len() + value.map_or(0, <[u8]>::len)) as u64;
        let Some((kind, rest)) = key.split_first() else { return Err("a key is empty".to_owned()) };
        if *kind == FENCE {
            return Ok(());
        }
        if *kind == IDENTITY {
            self.has_identity = true;
            return Ok(());
        }
        // We remove what others wrote under keys that are none of ours, and mean nothing else by it.
        if value.is_none() && !is_our_form(*kind, rest) {
            self.keys.remove(key);
            return Ok(());
        }
        let (epoch, rest) = rest.split_first_chunk::<8>().ok_or("a key is too short")?;
        let epoch = u64::from_be_bytes(*epoch);
        if value.is_some() {
            self.keys.insert(key.to_vec())
        } else {
            self.keys.remove(key)
        };
        // Epochs older than the newest with a complete checkpoint are not needed.
        if self.epochs.range(epoch + 1..).any(|(_, later)| later.metadata.is_some()) {
            return Ok(());
        }
        match *kind {
            METADATA if rest.is_empty() => self.take_metadata(epoch, value),
            ENTRY => self.epochs.entry(epoch).or_default().take_entry(rest, value),
            other => Err(format!("a key of an unknown kind {other}: written by a later version")),
        }
    }

    /// Passes over a record that is not one of ours. Its key is removed with those of older epochs, so that it is not read for ever.
    pub fn pass_over(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.records += 1;
        let is_ours = matches!(key.first(), None | Some(&(FENCE | IDENTITY)));
        if value.is_some() && !is_ours && self.keys.len() < MOST_KEYS {
            self.keys.insert(key.to_vec());
        }
    }

    fn take_metadata(&mut self, epoch: u64, value: Option<&[u8]>) -> Result<(), String> {
        let state = self.epochs.entry(epoch).or_default();
        let Some(value) = value else {
            state.metadata = None;
            return Ok(());
        };
        let (number, value) = value.split_first_chunk::<8>().ok_or("a head is too short")?;
        let (entries, value) = value.split_first_chunk::<8>().ok_or("a head is too short")?;
        let (sum, value) = value.split_first_chunk::<8>().ok_or("a head is too short")?;
        let total = Total { entries: u64::from_be_bytes(*entries), sum: u64::from_be_bytes(*sum) };
        state.metadata = Some((u64::from_be_bytes(*number), total, value.to_vec()));
        self.epochs = self.epochs.split_off(&epoch);
        Ok(())
    }

    /// Whether the state is whole. It need not be so at the reader's fence: another writer may have completed a checkpoint after that,
    /// and removed what it replaced; then the state is whole once that checkpoint was read as well.
    pub fn check(&self) -> Result<(), String> {
        let Some((number, total, state)) = self.newest() else { return Ok(()) };
        let mut found = Total::default();
        for (id, slots) in &state.entries {
            let Some(slot) = Slot::as_of(slots, number) else { continue };
            if slot.chunks.len() != usize::from(slot.count) {
                return Err(format!("an entry has {} of {} parts", slot.chunks.len(), slot.count));
            }
            found.add(id, slot.checkpoint);
        }
        if found == total {
            return Ok(());
        }
        let rule = "the topic must keep the newest message of every key (cleanup.policy=compact)";
        Err(format!("{} of {} entries of the newest state are there: {rule}", found.entries, total.entries))
    }

    /// Whether the log has an identity.
    pub fn has_identity(&self) -> bool {
        self.has_identity
    }

    /// Whether a record of that key completes a checkpoint.
    pub fn completes(key: &[u8]) -> bool {
        key.first() == Some(&METADATA)
    }

    /// The newest complete checkpoint that was read.
    pub fn newest_checkpoint(&self) -> Option<CheckpointId> {
        self.epochs.iter().rev().find_map(|(epoch, state)| state.metadata.as_ref().map(|(number, ..)| (*epoch, *number)))
    }

    fn newest(&self) -> Option<(u64, Total, &Epoch)> {
        self.epochs.values().rev().find_map(|state| state.metadata.as_ref().map(|(number, total, _)| (*number, *total, state)))
    }

    /// The state, once everything up to the fence at `epoch` was taken and it is whole.
    pub fn finish(self, partition: i32, epoch: u64) -> RestoredState {
        let is_older = |key: &Vec<u8>| {
            let of = key.get(1..9).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
            !matches!(key.first(), Some(&(ENTRY | METADATA))) || of.is_none_or(|of| of < epoch)
        };
        let older = self.keys.into_iter().filter(is_older).collect();
        let changelog = Changelog { partition, epoch, complete: 0, slots: HashMap::new(), total: Total::default(), older };
        let newest = self.epochs.into_iter().rev().find(|(_, state)| state.metadata.is_some());
        let Some((of, Epoch { metadata: Some((number, total, metadata)), entries })) = newest else {
            return RestoredState { metadata: None, entries: Vec::new(), newest: None, missing: 0, changelog };
        };
        // Of a whole state every newest slot is complete; where it is not whole, what is older is better than nothing.
        let content = |slots: [Slot; 2]| {
            let whole = slots.into_iter().filter(|slot| slot.is_of(number) && slot.chunks.len() == usize::from(slot.count));
            let slot = whole.max_by_key(|slot| slot.checkpoint)?;
            slot.present.then(|| slot.chunks.into_values().flatten().collect())
        };
        let found: Vec<_> = entries.into_iter().filter_map(|(id, slots)| content(slots).map(|content| (id, content))).collect();
        let missing = total.entries.saturating_sub(found.len() as u64);
        RestoredState { metadata: Some(metadata), entries: found, newest: Some((of, number)), missing, changelog }
    }
}

impl Epoch {
    /// `rest`: the key behind kind and epoch.
    fn take_entry(&mut self, rest: &[u8], value: Option<&[u8]>) -> Result<(), String> {
        let (place, id) = rest.split_first_chunk::<3>().ok_or("a key is too short")?;
        let (slot, chunk) = (usize::from(place[0] & 1), u16::from_be_bytes([place[1], place[2]]));
        let slot = &mut self.entries.entry(id.to_vec()).or_default()[slot];
        let Some(value) = value else {
            slot.chunks.remove(&chunk);
            if slot.chunks.is_empty() {
                *slot = Slot::default();
            }
            return Ok(());
        };
        let (header, content) = value.split_first_chunk::<11>().ok_or("an entry is too short")?;
        let checkpoint = u64::from_be_bytes(header[..8].try_into().expect("eight bytes"));
        if slot.checkpoint != checkpoint {
            *slot = Slot { checkpoint, ..Slot::default() };
        }
        slot.count = u16::from_be_bytes([header[8], header[9]]);
        slot.present = header[10] == 1;
        slot.chunks.insert(chunk, content.to_vec());
        Ok(())
    }
}

impl Slot {
    /// The slot that holds an entry as of a checkpoint, if the entry exists there.
    fn as_of(slots: &[Slot; 2], number: u64) -> Option<&Slot> {
        slots.iter().filter(|slot| slot.is_of(number)).max_by_key(|slot| slot.checkpoint).filter(|slot| slot.present)
    }

    fn is_of(&self, number: u64) -> bool {
        self.checkpoint > 0 && self.checkpoint <= number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::OutgoingRecord;

    /// What is read of a first checkpoint of one entry and records behind it.
    fn read(behind: &[(Vec<u8>, Option<Vec<u8>>)]) -> RestoredState {
        let mut changelog = ChangelogReader::default().finish(0, 7);
        let checkpoint = changelog.changelog.checkpoint(vec![(vec![9], Some(vec![1]))], b"head");
        let mut reader = ChangelogReader::default();
        let ours = checkpoint.entries.into_iter().chain(checkpoint.metadata).map(|OutgoingRecord { key, value, .. }| (key, value));
        for (key, value) in ours.chain(behind.iter().cloned()) {
            reader.take(&key, value.as_deref()).expect("is taken");
        }
        reader.finish(0, 9)
    }

    #[test]
    fn removing_what_others_wrote_removes_nothing_of_ours() {
        let epoch = 7_u64.to_be_bytes();
        let alike = [
            b"x".to_vec(),
            [&[METADATA], &epoch[..], b"x"].concat(),
            [&[METADATA], &epoch[..4]].concat(),
            [&[ENTRY], &epoch[..], &[2, 0, 0, 9]].concat(),
            [&[ENTRY], &epoch[..], &[0, 0, 0]].concat(),
        ];
        let removed: Vec<_> = alike.into_iter().map(|key| (key, None)).collect();
        let found = read(&removed);
        assert_eq!((found.metadata.as_deref(), found.missing), (Some(&b"head"[..]), 0));
        assert_eq!(found.entries, [(vec![9], vec![1])]);
        let own = [(vec![METADATA].into_iter().chain(epoch).collect(), None)];
        assert_eq!(read(&own).metadata, None, "ours is removed by its own key");
    }
}
