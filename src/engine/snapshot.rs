//! The engine's state as bytes, shard by shard, and back: a restored engine goes on exactly as the saved one would have.

use crate::engine::both_stages::Engine;
use crate::engine::context::{Context, SHARDS};
use crate::engine::global_stage::GlobalStage;
use crate::engine::granted::{Granted, GrantedReason};
use crate::engine::keyed_stage::StageProgress;
use crate::engine::partition_events::PartitionEvents;
use crate::engine::partition_watermarks::PartitionWatermarks;
use crate::engine::shard::Shard;
use crate::engine::state_entries::{RestoreError, key_print};
use crate::engine::tracked::SavedProfile;
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

#[derive(Serialize, Deserialize)]
struct Header {
    key_print: u64,
    partitions: Vec<String>,
    sources: BTreeMap<String, Arc<str>>,
    watermarks: PartitionWatermarks,
    events: PartitionEvents,
    progress: StageProgress,
    models: Models,
    group_activity: GroupActivity,
    outages: SourceOutages,
    granted: Vec<GrantedReason>,
    global: GlobalStage,
}

impl Engine {
    /// The state as bytes.
    pub fn snapshot(&self) -> Snapshot {
        let plain = "state is plain data";
        let keyed = &self.keyed;
        let shared = &keyed.shared;
        let context = &shared.context;
        let header = Header {
            key_print: key_print(context),
            partitions: context.partitions.read().map(|names| names.clone()).unwrap_or_default(),
            sources: context.sources.read().map(|sources| sources.clone()).unwrap_or_default(),
            watermarks: self.watermarks.clone(),
            events: keyed.events.clone(),
            progress: keyed.progress,
            models: (*shared.models).clone(),
            group_activity: (*shared.group_activity).clone(),
            outages: (*shared.outages).clone(),
            granted: shared.granted.saved(),
            global: self.global.clone(),
        };
        let shards = keyed.shards.iter().map(|shard| {
            let mut members = shard.members().to_vec();
            members.sort_by(|a, b| a.actor.cmp(&b.actor));
            let mut bytes = postcard::to_stdvec(&(shard, members.len() as u64)).expect(plain);
            for key in &members {
                let tracked = shared.profiles.get(key).expect("every member has a profile");
                bytes = postcard::to_extend(&tracked.keep(), bytes).expect(plain);
            }
            if !shard.evicted().is_empty() {
                bytes = postcard::to_extend(shard.evicted(), bytes).expect(plain);
            }
            bytes
        });
        let mut head = postcard::to_stdvec(&header).expect(plain);
        // Behind the rest, and only where there are any: states without them are those of versions that knew none.
        let shown = keyed.provisional.shown();
        if !shown.is_empty() {
            head = postcard::to_extend(shown, head).expect(plain);
        }
        Snapshot { head, shards: shards.collect() }
    }

    /// An engine that goes on from a state.
    pub fn restore(context: Arc<Context>, snapshot: &Snapshot) -> Result<Engine, RestoreError> {
        let (header, shown): (Header, &[u8]) = postcard::take_from_bytes(&snapshot.head)?;
        if header.key_print != key_print(&context) {
            return Err(RestoreError::OtherKey);
        }
        if snapshot.shards.len() != SHARDS {
            return Err(RestoreError::Shards { found: snapshot.shards.len() });
        }
        // Partition ids are positions in the list of names, and those of the state come first.
        if let Ok(mut names) = context.partitions.write() {
            *names = header.partitions;
        }
        if let Ok(mut sources) = context.sources.write() {
            sources.extend(header.sources);
        }
        let mut engine = Engine::new(context);
        for (at, bytes) in snapshot.shards.iter().enumerate() {
            let ((shard, members), mut rest): ((Shard, u64), &[u8]) = postcard::take_from_bytes(bytes)?;
            engine.keyed.shards[at] = shard;
            for _ in 0..members {
                let (saved, after): (SavedProfile, &[u8]) = postcard::take_from_bytes(rest)?;
                rest = after;
                engine.keyed.adopt_in(at, saved);
            }
            engine.keyed.shards[at].restore_evicted(rest)?;
        }
        // Reasons that a unit shares may have changed since it was saved.
        engine.keyed.redistribute();
        engine.watermarks = header.watermarks;
        engine.watermarks.set_lateness(engine.keyed.context().lateness);
        engine.keyed.events = header.events;
        engine.keyed.progress = header.progress;
        let shared = &mut engine.keyed.shared;
        shared.models = Arc::new(header.models);
        shared.group_activity = Arc::new(header.group_activity);
        shared.outages = Arc::new(header.outages);
        shared.granted = Arc::new(Granted::restore(header.granted, &shared.context));
        engine.global = header.global;
        let alerts = engine.context().alerts;
        engine.global.set_budget(&alerts);
        engine.global.restore_open_alerts(engine.keyed.open_alerts());
        if !shown.is_empty() {
            engine.keyed.provisional.restore(postcard::from_bytes(shown)?);
        }
        Ok(engine)
    }
}
