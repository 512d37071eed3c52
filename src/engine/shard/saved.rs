//! A shard as it is saved entry by entry: what changed since the last time, and back.

use super::{Profiles, Shard};
use crate::engine::context::Context;
use crate::engine::evaluation::EvaluationCoverage;
use crate::engine::limits::EvictedActors;
use crate::model::access::Actor;
use crate::population::group_activity::{Activity, GroupDay};
use crate::population::volume::VolumeAccumulator;
use crate::profile::justification::ReasonUsage;
use std::collections::BTreeSet;

/// What is saved of a shard.
pub struct Entries {
    /// What belongs to no profile.
    pub own: Vec<u8>,
    /// Record ids, with the second at which they settled.
    pub ids: Vec<(u64, i64)>,
    /// Profiles, by whose they are.
    pub changed: Vec<(Actor, Vec<u8>)>,
}

impl Shard {
    /// What belongs to no profile, ids that settled from that second on, and the profiles that changed since they were last given (or all).
    pub fn entries(&mut self, profiles: &Profiles, all: bool, from: i64) -> Entries {
        let plain = "state is plain data";
        let mut own =
            postcard::to_stdvec(&(&self.usage, self.activity.sorted(), &self.flows, &self.covered, self.known_from)).expect(plain);
        if !self.evicted().is_empty() {
            own = postcard::to_extend(self.evicted(), own).expect(plain);
        }
        let ids = self.ids.iter().filter(|(_, second)| **second >= from).map(|(id, second)| (*id, *second)).collect();
        let mut changed = Vec::new();
        for key in &self.members {
            let mut tracked = profiles.get_mut(key).expect("every member has a profile");
            if all || tracked.dirty {
                tracked.dirty = false;
                changed.push((key.actor.clone(), postcard::to_stdvec(&tracked.keep()).expect("state is plain data")));
            }
        }
        Entries { own, ids, changed }
    }

    /// Takes back what belongs to no profile.
    pub fn take_entry(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        type Own = (ReasonUsage, Vec<(GroupDay, Activity)>, VolumeAccumulator, EvaluationCoverage, i64);
        let ((usage, activity, flows, covered, known_from), rest): (Own, &[u8]) = postcard::take_from_bytes(bytes)?;
        (self.usage, self.flows, self.covered, self.known_from) = (usage, flows, covered, known_from);
        activity.into_iter().for_each(|(at, of_day)| self.activity.add(at, of_day));
        self.take_evicted(rest)
    }

    /// Gives up the ids that settled longest ago, where there are more than so many from that second on.
    pub fn limit_ids(&mut self, oldest: i64, most: usize) -> u64 {
        let oldest = oldest.max(self.known_from);
        if self.ids.len() <= most {
            return 0;
        }
        let mut seconds: Vec<i64> = self.ids.values().copied().filter(|second| *second >= oldest).collect();
        let Some(over) = seconds.len().checked_sub(most).filter(|over| *over > 0) else { return 0 };
        let known = seconds.len();
        let (_, last, _) = seconds.select_nth_unstable(over - 1);
        self.known_from = *last + 1;
        self.ids.retain(|_, second| *second >= self.known_from);
        (known - self.ids.len()) as u64
    }

    /// Forgets those whose profiles were given up on a day, but for who they are.
    pub fn forget(&mut self, gone: &BTreeSet<Actor>, day: u32, context: &Context) {
        let ours = self.members.iter().map(|key| &key.actor).filter(|actor| gone.contains(actor));
        self.covered.evicted.extend(ours, day, context);
        self.members.retain(|key| !gone.contains(&key.actor));
    }

    /// Those whose profiles were given up.
    pub fn evicted(&self) -> &EvictedActors {
        &self.covered.evicted
    }

    /// Takes back what stands behind the rest of a saved shard: those whose profiles were given up, where there are any.
    pub fn take_evicted(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        if !bytes.is_empty() {
            self.covered.evicted = postcard::from_bytes(bytes)?;
        }
        Ok(())
    }

    /// Takes back an id that settled at that second. One that came again once it was forgotten stands in two hours.
    pub fn remember(&mut self, id: u64, second: i64) {
        let known = self.ids.entry(id).or_insert(second);
        *known = second.max(*known);
    }
}
