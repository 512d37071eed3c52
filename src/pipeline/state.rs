//! What a run leaves on disk: the engine's state together with how far each source had been read when it was made.

use crate::classify::derivation::MadeTables;
use crate::engine::Snapshot;
use crate::kafka::identity::{Marks, RecordMark};
use crate::model::keys::Keys;
use crate::model::topic::TopicPartition;
use crate::pipeline::redrive::spool::LetterId;
use crate::source::kafka::{self, KafkaMessage};
use crate::source::read_files::ReadFiles;
use crate::store::seal::StateSealer;
use crate::store::witness::{StateLoss, Witness};
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How far each source has been applied. Positions and state are written at once, so a restart applies nothing twice.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Positions {
    /// What was read of files, followed or replayed.
    pub files: Vec<ReadFiles>,
    /// Kafka: next offset by topic and partition.
    pub offsets: BTreeMap<(String, i32), i64>,
    /// Tables that the statements of each partition made of known ones, by its name.
    pub made: BTreeMap<String, MadeTables>,
    /// The columns of the header below which each partition goes on, by its name.
    #[serde(skip)]
    pub columns: BTreeMap<String, Vec<String>>,
    /// Dead letters that have been re-driven: each counts once.
    #[serde(skip)]
    pub redriven: BTreeSet<LetterId>,
    /// Records of Kafka partitions that were read, to tell by whether a partition still is what it was.
    #[serde(skip)]
    pub marks: BTreeMap<(String, i32), Marks>,
}

/// A directory that holds the state of a run.
pub struct StateDir {
    store: Store,
    witness: Witness,
    witness_failed: bool,
}

/// Why a state is of no use.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Written by another version.
    #[error("state cannot be read: {0}; it was written by another version")]
    Unreadable(#[from] postcard::Error),
}

impl StateDir {
    /// Opens the directory, and makes it if it is not there. The witness is beside it unless it is elsewhere.
    pub fn open(dir: &Path, witness: Option<&Path>, keys: &Keys) -> Result<StateDir, StateError> {
        let sealer = StateSealer::new(keys);
        let witness = Witness::of(dir, witness, sealer.clone());
        Ok(StateDir { store: Store::open(dir, sealer)?, witness, witness_failed: false })
    }

    /// How the state is not what had been saved, if so.
    pub fn loss(&self) -> Result<Option<StateLoss>, StateError> {
        Ok(self.witness.judge(self.store.saves()?))
    }

    /// What is there.
    pub fn load(&self) -> Result<Option<(Snapshot, Positions)>, StateError> {
        let Some(snapshot) = self.store.load()? else { return Ok(None) };
        let ((head, mut positions), rest): ((Vec<u8>, Positions), &[u8]) = postcard::take_from_bytes(&snapshot.meta)?;
        if !rest.is_empty() {
            let (redriven, rest) = postcard::take_from_bytes(rest)?;
            positions.redriven = redriven;
            let (columns, rest) = if rest.is_empty() { Default::default() } else { postcard::take_from_bytes(rest)? };
            positions.columns = columns;
            if !rest.is_empty() {
                positions.marks = postcard::from_bytes(rest)?;
            }
        }
        let mut shards = snapshot.entries;
        shards.sort_by_key(|(at, _)| *at);
        Ok(Some((Snapshot { head, shards: shards.into_iter().map(|(_, bytes)| bytes).collect() }, positions)))
    }

    /// Replaces what is there, in one durable transaction.
    pub fn save(&mut self, image: Snapshot, positions: &Positions) -> Result<(), StateError> {
        let mut meta = postcard::to_stdvec(&(&image.head, positions))?;
        // Behind the rest, and only where there are any: states without them are those of versions that knew none.
        let Positions { redriven, columns, marks, .. } = positions;
        if !redriven.is_empty() || !columns.is_empty() || !marks.is_empty() {
            meta = postcard::to_extend(redriven, meta)?;
        }
        if !columns.is_empty() || !marks.is_empty() {
            meta = postcard::to_extend(columns, meta)?;
        }
        if !marks.is_empty() {
            meta = postcard::to_extend(marks, meta)?;
        }
        let shards = image.shards.into_iter().enumerate().map(|(at, bytes)| (at as u32, bytes));
        self.store.replace(&meta, shards)?;
        let noted = self.witness.note(self.store.saves()?);
        if let Err(error) = noted
            && !std::mem::replace(&mut self.witness_failed, true)
        {
            let path = self.witness.path().display();
            tracing::warn!(%error, "{path}: the witness of the state cannot be written; name another place in [state] witness");
        }
        Ok(())
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        self.store.size()
    }
}

impl Positions {
    /// Takes over which tables the statements of partitions have made so far.
    pub fn know(&mut self, made: impl Iterator<Item = (String, MadeTables)>) {
        for (partition, made) in made {
            if made.is_empty() {
                self.made.remove(&partition);
            } else {
                self.made.insert(partition, made);
            }
        }
    }

    /// Takes over below which header each partition goes on.
    pub fn know_columns(&mut self, columns: impl Iterator<Item = (String, Vec<String>)>) {
        self.columns.extend(columns);
    }

    /// A message was applied.
    pub fn read(&mut self, message: &KafkaMessage) {
        let of = (message.topic.to_string(), message.partition);
        self.marks.entry(of.clone()).or_default().note(RecordMark { offset: message.offset, hash: message.hash });
        self.offsets.insert(of, message.offset + 1);
    }

    /// A partition is read from its start, since it was made anew, or behind what is left of it.
    pub fn rewind(&mut self, partition: &TopicPartition, to: Option<i64>) {
        let of = (partition.topic.to_string(), partition.partition);
        match to {
            Some(to) => self.marks.entry(of.clone()).or_default().cut(to),
            None => drop(self.marks.remove(&of)),
        }
        self.offsets.insert(of, to.unwrap_or(0));
    }

    /// Marks as the Kafka source takes them.
    pub fn kafka_marks(&self) -> BTreeMap<TopicPartition, Marks> {
        self.marks.iter().map(|((topic, partition), marks)| (TopicPartition::new(topic.as_str(), *partition), marks.clone())).collect()
    }

    /// Offsets as the Kafka source takes them.
    pub fn kafka(&self) -> kafka::Positions {
        self.offsets.iter().map(|((topic, partition), offset)| (TopicPartition::new(topic.as_str(), *partition), *offset)).collect()
    }
}
