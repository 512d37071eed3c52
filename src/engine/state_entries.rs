//! The state of a keyed stage as entries of a changelog: what belongs to a shard, the ids of an hour, each profile. A save holds only what
//! changed since the one before, so that it costs what happened, not what is known.
//!
//! The state is that of a minute: everything that settles before it has been applied, and nothing else. Pending records are not part of
//! it: they are read again.

use crate::engine::context::{Context, SHARDS};
use crate::engine::executor::Executor;
use crate::engine::granted::Granted;
use crate::engine::keyed_stage::{KeyedStage, StageProgress};
use crate::engine::settled_ids::Settled;
use crate::engine::settling::whole_minutes;
use crate::engine::shard::ShardEntries;
use crate::engine::tracked::{SavedProfile, Tracked};
use crate::model::access::{Actor, PartitionId};
use crate::model::time::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What belongs to no entry of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StateHeader {
    key_print: u64,
    /// Names of the source partitions, by id.
    pub partitions: Vec<String>,
    /// How far the stage has come.
    pub progress: StageProgress,
}

/// An entry: its key, and its content; `None` where it is deleted.
pub type StateEntry = (Vec<u8>, Option<Vec<u8>>);

const SHARD: u8 = b's';
const IDS: u8 = b'i';
const PROFILE: u8 = b'p';
const NUMBERS: u8 = b'n';
const SHOWN: u8 = b'u';
const DECIDED: u8 = b'c';
const GRANTED: u8 = b'g';

/// What earlier saves hold.
#[derive(Clone, Debug, Default)]
pub struct SaveProgress {
    /// Up to where records had settled.
    settled: Timestamp,
    /// Hours whose ids were saved.
    hours: BTreeSet<i64>,
    /// Whether anything was saved.
    any: bool,
    /// Whether anything is saved of what was shown before it settled.
    shown: bool,
    /// Whether any reason is saved that a decision gave.
    granted: bool,
}

/// Whether an entry is no part of the settled state, which is the same wherever and however often its records are read.
pub fn is_of_this_run(id: &[u8]) -> bool {
    id == [SHOWN] || id == [DECIDED]
}

/// RevisionCause a state cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Written by another version, or damaged.
    #[error("state cannot be read: {0}; it was written by another version or is damaged")]
    Unreadable(#[from] postcard::Error),
    /// Not as many shards as there must be.
    #[error("state has {found} shards and must have {SHARDS}")]
    Shards {
        /// How many there are.
        found: usize,
    },
    /// A different key gives different pseudonyms: subjects of the state and of new records could not be told to be the same.
    #[error("state was written with another subject key")]
    OtherKey,
}

/// Tells two subject keys apart without disclosing either.
pub(super) fn key_print(context: &Context) -> u64 {
    context.classifier.keys.print("state", "key")
}

impl KeyedStage {
    /// The minute as of which the state is saved.
    pub fn settled_minute(&self) -> Timestamp {
        whole_minutes(self.progress.settled)
    }

    /// The header as of now.
    pub fn state_header(&self) -> StateHeader {
        let context = self.context();
        let partitions = context.partitions.read().map(|names| names.clone()).unwrap_or_default();
        StateHeader {
            key_print: key_print(context),
            partitions,
            progress: StageProgress { settled: self.settled_minute(), ..self.progress },
        }
    }

    /// Entries that changed since the last save.
    pub fn changed_entries(&mut self, saved: &mut SaveProgress, executor: &impl Executor) -> Vec<StateEntry> {
        let minute = self.settled_minute();
        let all = !saved.any || std::mem::take(&mut self.redistributed);
        let oldest = (minute.0.saturating_sub(self.context().dedup.0)).div_euclid(HOUR_MS);
        let from = if all { oldest } else { saved.settled.0.div_euclid(HOUR_MS).max(oldest) };
        let profiles = self.profiles().clone();
        let from = (from * 3_600).max(minute.0.saturating_sub(self.context().dedup.0).div_euclid(1_000));
        let of_shards = executor.on_all(&mut self.shards, &|shard| shard.entries(&profiles, all, from));
        let mut entries = Vec::new();
        let mut hours: BTreeMap<i64, Vec<(u8, u64, Settled)>> = BTreeMap::new();
        for (at, ShardEntries { own, ids, profiles }) in of_shards.into_iter().enumerate() {
            entries.push((vec![SHARD, at as u8], Some(own)));
            for (id, settled) in ids {
                hours.entry((settled.second * 1_000).div_euclid(HOUR_MS)).or_default().push((at as u8, id, settled));
            }
            entries.extend(profiles.into_iter().map(|(actor, bytes)| (profile_id(&actor), Some(bytes))));
        }
        // An evicted employee may have come again.
        for actor in std::mem::take(&mut self.evicted) {
            if !self.profiles().contains_key(&self.context().key(&actor)) {
                entries.push((profile_id(&actor), None));
            }
        }
        for (hour, mut ids) in hours {
            ids.sort_unstable();
            saved.hours.insert(hour);
            entries.push((hour_id(hour), Some(postcard::to_stdvec(&ids).expect("ids are plain data"))));
        }
        while let Some(hour) = saved.hours.first().copied().filter(|hour| *hour < oldest) {
            saved.hours.pop_first();
            entries.push((hour_id(hour), None));
        }
        for (partition, numbers) in self.events.changed(all) {
            entries.push((numbers_id(partition), Some(postcard::to_stdvec(numbers).expect("numbers are plain data"))));
        }
        let shown = self.provisional.shown();
        if saved.shown || !shown.is_empty() {
            saved.shown = !shown.is_empty();
            entries.push((vec![SHOWN], saved.shown.then(|| postcard::to_stdvec(shown).expect("alerts are plain data"))));
        }
        if let Some(decided) = self.provisional.decided_to_save(all) {
            entries.push((vec![DECIDED], Some(postcard::to_stdvec(decided).expect("ids are plain data"))));
        }
        let granted = &self.shared.granted;
        if saved.granted || !granted.is_empty() {
            saved.granted = !granted.is_empty();
            let reasons = saved.granted.then(|| postcard::to_stdvec(&granted.saved()).expect("reasons are plain data"));
            entries.push((vec![GRANTED], reasons));
        }
        (saved.settled, saved.any) = (minute, true);
        entries
    }

    /// Restores the header and the entries of earlier saves. Before going on, [`KeyedStage::restore_replies`] must be called.
    pub fn restore(&mut self, header: StateHeader, entries: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<(), RestoreError> {
        if header.key_print != key_print(self.context()) {
            return Err(RestoreError::OtherKey);
        }
        if let Ok(mut names) = self.context().partitions.write() {
            *names = header.partitions;
        }
        self.progress = header.progress;
        for (id, content) in entries {
            match id.split_first() {
                Some((&SHARD, [at])) if usize::from(*at) < SHARDS => self.shards[usize::from(*at)].restore_own(&content)?,
                Some((&IDS, _)) => {
                    let ids: Vec<(u8, u64, Settled)> = postcard::from_bytes(&content)?;
                    for (shard, id, settled) in ids {
                        let shard = self.shards.get_mut(usize::from(shard)).ok_or(RestoreError::Shards { found: usize::from(shard) })?;
                        shard.restore_id(id, settled);
                    }
                }
                Some((&NUMBERS, partition)) => {
                    let partition = partition.first_chunk().map(|id| PartitionId(u32::from_be_bytes(*id)));
                    let partition = partition.ok_or(RestoreError::Unreadable(postcard::Error::DeserializeBadEncoding))?;
                    self.events.restore(partition, postcard::from_bytes(&content)?);
                }
                Some((&GRANTED, [])) => {
                    self.shared.granted = Arc::new(Granted::restore(postcard::from_bytes(&content)?, &self.shared.context));
                }
                Some((&SHOWN, [])) => self.provisional.restore(postcard::from_bytes(&content)?),
                Some((&DECIDED, [])) => self.provisional.restore_decided(postcard::from_bytes(&content)?),
                Some((&PROFILE, _)) => {
                    let saved: SavedProfile = postcard::from_bytes(&content)?;
                    self.adopt(saved);
                }
                Some(_) | None => return Err(RestoreError::Unreadable(postcard::Error::DeserializeBadEncoding)),
            }
        }
        Ok(())
    }
}

impl KeyedStage {
    /// Restores a profile into the shard that its key names now: reasons that a unit shares may have changed since it was saved.
    fn adopt(&mut self, saved: SavedProfile) {
        let shard = self.context().key(&saved.0.actor).shard();
        self.adopt_in(shard, saved);
    }

    /// Restores a profile into a shard.
    pub(super) fn adopt_in(&mut self, shard: usize, saved: SavedProfile) {
        let tracked = Tracked::restore(saved, self.context());
        let key = self.context().key(&tracked.profile.actor);
        self.shards[shard].adopt(key.clone());
        self.profiles().insert(key, Box::new(tracked));
    }
}

fn hour_id(hour: i64) -> Vec<u8> {
    let mut id = vec![IDS];
    id.extend_from_slice(&hour.to_be_bytes());
    id
}

fn numbers_id(partition: PartitionId) -> Vec<u8> {
    let mut id = vec![NUMBERS];
    id.extend_from_slice(&partition.0.to_be_bytes());
    id
}

fn profile_id(actor: &Actor) -> Vec<u8> {
    let kind = match actor {
        Actor::Employee(_) => b'e',
        Actor::Account(_) => b'a',
    };
    let mut id = vec![PROFILE, kind];
    id.extend_from_slice(actor.name().as_bytes());
    id
}
