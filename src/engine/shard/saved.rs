//! A shard as it is saved entry by entry: what changed since the last time, and back.

use super::{Profiles, Shard};
use crate::engine::covered::Covered;
use crate::model::access::Actor;
use crate::population::flow::Flows;
use crate::population::pulse::{Beat, GroupDay};
use crate::profile::coverage::Usage;

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
        let own = postcard::to_stdvec(&(&self.usage, self.beats.sorted(), &self.flows, &self.covered)).expect("state is plain data");
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
        let (usage, beats, flows, covered): (Usage, Vec<(GroupDay, Beat)>, Flows, Covered) = postcard::from_bytes(bytes)?;
        (self.usage, self.flows, self.covered) = (usage, flows, covered);
        beats.into_iter().for_each(|(at, beat)| self.beats.add(at, beat));
        Ok(())
    }

    /// Takes back an id that settled at that second. One that came again once it was forgotten stands in two hours.
    pub fn remember(&mut self, id: u64, second: i64) {
        let known = self.ids.entry(id).or_insert(second);
        *known = second.max(*known);
    }
}
