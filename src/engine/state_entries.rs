//! The state of a first stage as entries: what belongs to a shard, the ids of an hour, each profile. Only what changed since the
//! last time is given again, so saving costs what happened, not what is known.
//!
//! The state is that of a minute: everything that settles before it has been applied, and nothing else. What waits to settle
//! is not part of it: it is read again.

use crate::engine::context::SHARDS;
use crate::engine::keyed_stage::{KeyedStage, StageProgress};
use crate::engine::shard::{Entries, whole_minutes};
use crate::engine::snapshot::key_print;
use crate::engine::tracked::Kept;
use crate::engine::{Executor, RestoreError};
use crate::model::access::{Actor, PartitionId};
use crate::model::time::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What belongs to no entry of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StateHeader {
    key_print: u64,
    /// Names of the source partitions, by id.
    pub partitions: Vec<String>,
    /// How far things have come.
    pub reached: StageProgress,
}

/// An entry: what it is known by, and its content; `None` where it is no more.
pub type StateEntry = (Vec<u8>, Option<Vec<u8>>);

const SHARD: u8 = b's';
const IDS: u8 = b'i';
const PROFILE: u8 = b'p';
const NUMBERS: u8 = b'n';

/// What was given before.
#[derive(Clone, Debug, Default)]
pub struct SaveProgress {
    /// Up to where records had settled.
    settled: Timestamp,
    /// Hours whose ids were given.
    hours: BTreeSet<i64>,
    /// Whether anything was.
    any: bool,
}

impl KeyedStage {
    /// The minute of which the state is.
    pub fn minute(&self) -> Timestamp {
        whole_minutes(self.reached.settled)
    }

    /// The head as it stands.
    pub fn head(&self) -> StateHeader {
        let context = self.context();
        let partitions = context.partitions.read().map(|names| names.clone()).unwrap_or_default();
        StateHeader { key_print: key_print(context), partitions, reached: StageProgress { settled: self.minute(), ..self.reached } }
    }

    /// Entries that changed since they were last given.
    pub fn entries(&mut self, given: &mut SaveProgress, executor: &impl Executor) -> Vec<StateEntry> {
        let minute = self.minute();
        let all = !given.any || std::mem::take(&mut self.dealt);
        let oldest = (minute.0.saturating_sub(self.context().dedup.0)).div_euclid(HOUR_MS);
        let from = if all { oldest } else { given.settled.0.div_euclid(HOUR_MS).max(oldest) };
        let profiles = self.profiles().clone();
        let from = (from * 3_600).max(minute.0.saturating_sub(self.context().dedup.0).div_euclid(1_000));
        let of_shards = executor.on_all(&mut self.shards, &|shard| shard.entries(&profiles, all, from));
        let mut entries = Vec::new();
        let mut hours: BTreeMap<i64, Vec<(u8, u64, i64)>> = BTreeMap::new();
        for (at, Entries { own, ids, changed }) in of_shards.into_iter().enumerate() {
            entries.push((vec![SHARD, at as u8], Some(own)));
            for (id, second) in ids {
                hours.entry((second * 1_000).div_euclid(HOUR_MS)).or_default().push((at as u8, id, second));
            }
            entries.extend(changed.into_iter().map(|(actor, bytes)| (profile_id(&actor), Some(bytes))));
        }
        // Who was given up may have come again.
        for actor in std::mem::take(&mut self.gone) {
            if !self.profiles().contains_key(&self.context().key(&actor)) {
                entries.push((profile_id(&actor), None));
            }
        }
        for (hour, mut ids) in hours {
            ids.sort_unstable();
            given.hours.insert(hour);
            entries.push((hour_id(hour), Some(postcard::to_stdvec(&ids).expect("ids are plain data"))));
        }
        while let Some(hour) = given.hours.first().copied().filter(|hour| *hour < oldest) {
            given.hours.pop_first();
            entries.push((hour_id(hour), None));
        }
        for (partition, numbers) in self.notes.changed(all) {
            entries.push((numbers_id(partition), Some(postcard::to_stdvec(numbers).expect("numbers are plain data"))));
        }
        (given.settled, given.any) = (minute, true);
        entries
    }

    /// Takes the head and entries that were given before. The second stage's last answer is to be heard before going on.
    pub fn restore(&mut self, head: StateHeader, entries: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<(), RestoreError> {
        if head.key_print != key_print(self.context()) {
            return Err(RestoreError::OtherKey);
        }
        if let Ok(mut names) = self.context().partitions.write() {
            *names = head.partitions;
        }
        self.reached = head.reached;
        for (id, content) in entries {
            match id.split_first() {
                Some((&SHARD, [at])) if usize::from(*at) < SHARDS => self.shards[usize::from(*at)].take_entry(&content)?,
                Some((&IDS, _)) => {
                    let ids: Vec<(u8, u64, i64)> = postcard::from_bytes(&content)?;
                    for (shard, id, second) in ids {
                        let shard = self.shards.get_mut(usize::from(shard)).ok_or(RestoreError::Shards { found: usize::from(shard) })?;
                        shard.remember(id, second);
                    }
                }
                Some((&NUMBERS, partition)) => {
                    let partition = partition.first_chunk().map(|id| PartitionId(u32::from_be_bytes(*id)));
                    let partition = partition.ok_or(RestoreError::Unreadable(postcard::Error::DeserializeBadEncoding))?;
                    self.notes.restore(partition, postcard::from_bytes(&content)?);
                }
                Some((&PROFILE, _)) => {
                    let kept: Kept = postcard::from_bytes(&content)?;
                    self.adopt(kept);
                }
                Some(_) | None => return Err(RestoreError::Unreadable(postcard::Error::DeserializeBadEncoding)),
            }
        }
        Ok(())
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
