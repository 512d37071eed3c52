//! The engine's state as bytes, shard by shard, and back: a restored engine goes on exactly as the first would have.

use crate::engine::context::SHARDS;
use crate::engine::global_stage::GlobalStage;
use crate::engine::keyed_stage::{KeyedStage, StageProgress};
use crate::engine::partition_events::PartitionEvents;
use crate::engine::partition_watermarks::PartitionWatermarks;
use crate::engine::shard::Shard;
use crate::engine::tracked::{Kept, Tracked};
use crate::engine::{Context, Engine};
use crate::population::Models;
use crate::population::group_activity::GroupActivity;
use crate::population::sources::outages::SourceOutages;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state of an engine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
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
    sources: BTreeMap<String, Arc<str>>,
    inputs: PartitionWatermarks,
    notes: PartitionEvents,
    reached: StageProgress,
    models: Models,
    group_activity: GroupActivity,
    outages: SourceOutages,
    second: GlobalStage,
}

/// Tells two keys apart without telling either.
pub(super) fn key_print(context: &Context) -> u64 {
    context.classifier.keys.print("state", "key")
}

impl Engine {
    /// The state as bytes.
    pub fn image(&self) -> Snapshot {
        let plain = "state is plain data";
        let first = &self.first;
        let context = first.context();
        let head = Head {
            key_print: key_print(context),
            partitions: context.partitions.read().map(|names| names.clone()).unwrap_or_default(),
            sources: context.sources.read().map(|sources| sources.clone()).unwrap_or_default(),
            inputs: self.inputs.clone(),
            notes: first.notes.clone(),
            reached: first.reached,
            models: (*first.models).clone(),
            group_activity: (*first.group_activity).clone(),
            outages: (*first.outages).clone(),
            second: self.second.clone(),
        };
        let shards = first.shards.iter().map(|shard| {
            let mut members = shard.members().to_vec();
            members.sort_by(|a, b| a.actor.cmp(&b.actor));
            let mut bytes = postcard::to_stdvec(&(shard, members.len() as u64)).expect(plain);
            for key in &members {
                let tracked = first.profiles().get(key).expect("every member has a profile");
                bytes = postcard::to_extend(&tracked.keep(), bytes).expect(plain);
            }
            if !shard.evicted().is_empty() {
                bytes = postcard::to_extend(shard.evicted(), bytes).expect(plain);
            }
            bytes
        });
        Snapshot { head: postcard::to_stdvec(&head).expect(plain), shards: shards.collect() }
    }

    /// Goes on from a state.
    pub fn restore(context: Arc<Context>, image: &Snapshot) -> Result<Engine, RestoreError> {
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
            sources.extend(head.sources);
        }
        let mut engine = Engine::new(context);
        for (at, bytes) in image.shards.iter().enumerate() {
            let ((shard, members), mut rest): ((Shard, u64), &[u8]) = postcard::take_from_bytes(bytes)?;
            engine.first.shards[at] = shard;
            for _ in 0..members {
                let (kept, after): (Kept, &[u8]) = postcard::take_from_bytes(rest)?;
                rest = after;
                engine.first.adopt_in(at, kept);
            }
            engine.first.shards[at].take_evicted(rest)?;
        }
        // Reasons that a unit shares may have changed since it was written: everybody, and what waits, goes where the keys say now.
        engine.first.deal_out();
        engine.inputs = head.inputs;
        engine.inputs.set_lateness(engine.first.context().lateness);
        engine.first.notes = head.notes;
        engine.first.reached = head.reached;
        (engine.first.models, engine.first.group_activity) = (Arc::new(head.models), Arc::new(head.group_activity));
        engine.first.outages = Arc::new(head.outages);
        engine.second = head.second;
        engine.second.set_budget(engine.context().alerts.budget_per_day);
        Ok(engine)
    }
}

impl KeyedStage {
    /// A profile goes where its key says now: reasons that are shared by a unit may have changed since it was written.
    pub(super) fn adopt(&mut self, kept: Kept) {
        let shard = self.context().key(&kept.0.actor).shard();
        self.adopt_in(shard, kept);
    }

    /// A profile lay in that shard.
    fn adopt_in(&mut self, shard: usize, kept: Kept) {
        let tracked = Tracked::restore(kept, self.context());
        let key = self.context().key(&tracked.profile.actor);
        self.shards[shard].adopt(key.clone());
        self.profiles().insert(key, Box::new(tracked));
    }
}
