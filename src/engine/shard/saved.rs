//! A shard as it is saved entry by entry: what changed since the last save, and back.

use super::Shard;
use crate::engine::context::Context;
use crate::engine::env::Profiles;
use crate::engine::evaluation::EvaluationCoverage;
use crate::engine::evicted_actors::EvictedActors;
use crate::engine::settled_ids::Settled;
use crate::model::access::Actor;
use crate::population::group_activity::{Activity, GroupDay};
use crate::population::volume::VolumeAccumulator;
use crate::profile::justification::ReasonUsage;
use std::collections::BTreeSet;

/// What is saved of a shard.
pub struct ShardEntries {
    /// What belongs to no profile.
    pub own: Vec<u8>,
    /// Record ids, with when they settled and their content.
    pub ids: Vec<(u64, Settled)>,
    /// Profiles, with whose they are.
    pub profiles: Vec<(Actor, Vec<u8>)>,
}

impl Shard {
    /// What belongs to no profile, ids that settled from the second `from` on, and the profiles that changed since they were last saved (or
    /// all).
    pub fn entries(&mut self, profiles: &Profiles, all: bool, from: i64) -> ShardEntries {
        let own = (&self.usage, self.activity.sorted(), &self.volumes, &self.coverage, self.settled_ids.known_from());
        let mut own = postcard::to_stdvec(&own).expect("state is plain data");
        if !self.evicted().is_empty() {
            own = postcard::to_extend(self.evicted(), own).expect("state is plain data");
        }
        let mut changed = Vec::new();
        for key in &self.members {
            let mut tracked = profiles.get_mut(key).expect("every member has a profile");
            if all || tracked.dirty {
                tracked.dirty = false;
                changed.push((key.actor.clone(), postcard::to_stdvec(&tracked.keep()).expect("state is plain data")));
            }
        }
        ShardEntries { own, ids: self.settled_ids.since(from), profiles: changed }
    }

    /// Restores what belongs to no profile.
    pub fn restore_own(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        type Own = (ReasonUsage, Vec<(GroupDay, Activity)>, VolumeAccumulator, EvaluationCoverage, i64);
        let ((usage, activity, volumes, coverage, known_from), rest): (Own, &[u8]) = postcard::take_from_bytes(bytes)?;
        (self.usage, self.volumes, self.coverage) = (usage, volumes, coverage);
        self.settled_ids.set_known_from(known_from);
        activity.into_iter().for_each(|(at, of_day)| self.activity.add(at, of_day));
        self.restore_evicted(rest)
    }

    /// Restores the id of a record that settled.
    pub fn restore_id(&mut self, id: u64, settled: Settled) {
        self.settled_ids.restore(id, settled);
    }

    /// Evicts the ids that settled longest ago, where more than `most` of them settled from the second `oldest` on. How many.
    pub fn evict_ids(&mut self, oldest: i64, most: usize) -> u64 {
        self.settled_ids.evict(oldest, most)
    }

    /// Those whose profiles were evicted.
    pub fn evicted(&self) -> &EvictedActors {
        &self.coverage.evicted
    }

    /// Restores what is saved behind the rest of a shard: those whose profiles were evicted, where there are any.
    pub fn restore_evicted(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        if !bytes.is_empty() {
            self.coverage.evicted = postcard::from_bytes(bytes)?;
        }
        Ok(())
    }

    /// Forgets those whose profiles were evicted on a day, but for who they are.
    pub fn forget(&mut self, evicted: &BTreeSet<Actor>, day: u32, context: &Context) {
        let ours = self.members.iter().map(|key| &key.actor).filter(|actor| evicted.contains(actor));
        self.coverage.evicted.extend(ours, day, context);
        self.members.retain(|key| !evicted.contains(&key.actor));
    }
}
