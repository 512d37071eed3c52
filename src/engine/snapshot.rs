//! The engine's state as bytes, shard by shard, and back: a restored engine goes on exactly as the first would have.

use crate::engine::context::SHARDS;
use crate::engine::shard::Shard;
use crate::engine::tracked::{Kept, Tracked};
use crate::engine::watch::Watch;
use crate::engine::{Clock, Context, Engine};
use crate::model::access::{Access, PartitionId};
use crate::model::time::Timestamp;
use crate::population::pulse::Pulses;
use crate::population::stage::Stage;
use crate::population::{Models, Population};
use crate::triage::budget::Budget;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state of an engine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Image {
    /// What belongs to no shard.
    pub head: Vec<u8>,
    /// Each shard.
    pub shards: Vec<Vec<u8>>,
}

/// Why a state cannot be gone on from.
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

#[derive(Serialize, Deserialize)]
struct Head {
    key_print: u64,
    partitions: Vec<String>,
    sources: BTreeMap<PartitionId, Arc<str>>,
    clocks: BTreeMap<PartitionId, Clock<Access>>,
    resting: BTreeSet<PartitionId>,
    hours: BTreeSet<i64>,
    begun: i64,
    read: i64,
    settled: Timestamp,
    population: Population,
    stage: Stage,
    models: Models,
    pulses: Pulses,
    watch: Watch,
    budget: Budget,
}

/// Tells two keys apart without telling either.
fn key_print(context: &Context) -> u64 {
    context.classifier.keys.print("state", "key")
}

impl Engine {
    /// The state as bytes.
    pub fn image(&self) -> Image {
        let plain = "state is plain data";
        let head = Head {
            key_print: key_print(&self.context),
            partitions: self.context.partitions.read().map(|names| names.clone()).unwrap_or_default(),
            sources: self.context.sources.read().map(|sources| sources.clone()).unwrap_or_default(),
            clocks: self.clocks.clone(),
            resting: self.resting.clone(),
            hours: self.hours.clone(),
            begun: self.begun,
            read: self.read,
            settled: self.settled,
            population: self.population.clone(),
            stage: self.stage.clone(),
            models: (*self.models).clone(),
            pulses: (*self.pulses).clone(),
            watch: self.watch.clone(),
            budget: self.budget.clone(),
        };
        let shards = self.shards.iter().map(|shard| {
            let mut members = shard.members().to_vec();
            members.sort_by(|a, b| a.actor.cmp(&b.actor));
            let mut bytes = postcard::to_stdvec(&(shard, members.len() as u64)).expect(plain);
            for key in &members {
                let tracked = self.profiles.get(key).expect("every member has a profile");
                bytes = postcard::to_extend(&tracked.keep(), bytes).expect(plain);
            }
            bytes
        });
        Image { head: postcard::to_stdvec(&head).expect(plain), shards: shards.collect() }
    }

    /// Goes on from a state.
    pub fn restore(context: Arc<Context>, image: &Image) -> Result<Engine, RestoreError> {
        let head: Head = postcard::from_bytes(&image.head)?;
        if head.key_print != key_print(&context) {
            return Err(RestoreError::OtherKey);
        }
        if image.shards.len() != SHARDS {
            return Err(RestoreError::Shards { found: image.shards.len() });
        }
        // Partition ids are places in the list of names, and the state's come first.
        if let Ok(mut names) = context.partitions.write() {
            *names = head.partitions;
        }
        if let Ok(mut sources) = context.sources.write() {
            *sources = head.sources;
        }
        let mut engine = Engine::new(context);
        for (at, bytes) in image.shards.iter().enumerate() {
            let ((shard, members), mut rest): ((Shard, u64), &[u8]) = postcard::take_from_bytes(bytes)?;
            engine.shards[at] = shard;
            for _ in 0..members {
                let (kept, after): (Kept, &[u8]) = postcard::take_from_bytes(rest)?;
                rest = after;
                engine.adopt(kept);
            }
        }
        let Head { clocks, resting, hours, begun, read, settled, population, stage, models, pulses, watch, mut budget, .. } = head;
        budget.set_per_day(engine.context.alerts.budget_per_day);
        let (models, pulses) = (Arc::new(models), Arc::new(pulses));
        Ok(Engine { clocks, resting, hours, begun, read, settled, population, stage, models, pulses, watch, budget, ..engine })
    }

    /// A profile goes where its key says now: reasons that are shared by a unit may have changed since it was written.
    fn adopt(&mut self, kept: Kept) {
        let tracked = Tracked::restore(kept, &self.context);
        let key = self.context.key(&tracked.profile.actor);
        self.shards[key.shard()].adopt(key.clone());
        self.profiles.insert(key, Box::new(tracked));
    }
}
