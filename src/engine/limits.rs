//! Bounds of what is remembered, and what is given up for them. It is told and never silent: who is given up starts over as somebody
//! new, and an id that is given up is not known when it comes again.
//!
//! Looked at when an hour begins, so that it depends on the records alone. Where several tasks share the work, the bounds are those of
//! each task: who shares a process with whom must not matter.

use crate::engine::Executor;
use crate::engine::context::{Context, SHARDS};
use crate::engine::keyed_stage::KeyedStage;
use crate::engine::output::Evictions;
use crate::engine::shard::Shard;
use crate::model::access::Actor;
use crate::model::time::Timestamp;
use crate::profile::window::day_number;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Whose profiles were given up, by the print of their name, with the day on which: until their baseline is whole again, their days say
/// so. Bounded itself: the longest ago are forgotten first.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EvictedActors(BTreeMap<u64, u32>);

/// How many one shard remembers.
const MOST_EVICTED: usize = 16_384;

impl EvictedActors {
    /// Adds those who were given up on a day.
    pub fn extend<'a>(&mut self, actors: impl Iterator<Item = &'a Actor>, day: u32, context: &Context) {
        self.0.extend(actors.map(|actor| (print(actor, context), day)));
        if let Some(over) = self.0.len().checked_sub(MOST_EVICTED).filter(|over| *over > 0) {
            let mut oldest: Vec<(u32, u64)> = self.0.iter().map(|(print, day)| (*day, *print)).collect();
            oldest.sort_unstable();
            for (_, print) in &oldest[..over] {
                self.0.remove(print);
            }
        }
    }

    /// Whether somebody is among them.
    pub fn contains(&self, actor: &Actor, context: &Context) -> bool {
        !self.0.is_empty() && self.0.contains_key(&print(actor, context))
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets those who were given up before a day.
    pub fn forget_before(&mut self, day: u32) {
        self.0.retain(|_, of| *of >= day);
    }

    /// Joins those of another shard.
    pub fn join(&mut self, other: &EvictedActors) {
        self.0.extend(&other.0);
    }
}

fn print(actor: &Actor, context: &Context) -> u64 {
    let domain = match actor {
        Actor::Employee(_) => "evicted employee",
        Actor::Account(_) => "evicted account",
    };
    context.classifier.keys.print(domain, actor.name())
}

/// Where there are too many, so many more are given up than need be: one in sixteen, so that the search is rare.
const SPARE: usize = 16;

impl KeyedStage {
    /// Gives up what is beyond the limits as an hour begins.
    pub(super) fn keep_within_limits(&mut self, now: Timestamp, executor: &impl Executor) -> Evictions {
        let limits = self.context.limits;
        let oldest = now.seconds() - self.context.dedup.0 / 1_000;
        let most = limits.record_ids.div_ceil(SHARDS);
        let ids = executor.on_all(&mut self.shards, &|shard: &mut Shard| shard.limit_ids(oldest, most));
        Evictions { employees: self.limit_employees(limits.employees, now), record_ids: ids.into_iter().sum() }
    }

    /// Those whom the directory does not know go first, then those who were silent longest. Nobody goes while an alert is open.
    fn limit_employees(&mut self, most: usize, now: Timestamp) -> u64 {
        let known = self.profiles.len();
        if known <= most {
            return 0;
        }
        let directory = &self.context.classifier.directory;
        let mut all: Vec<(bool, u32, Actor)> = Vec::with_capacity(known);
        for key in self.shards.iter().flat_map(Shard::members) {
            let Some(tracked) = self.profiles.get(key) else { continue };
            if tracked.episodes.is_empty() {
                let is_known = directory.employee(key.actor.name()).is_some();
                all.push((is_known, tracked.profile.today(), key.actor.clone()));
            }
        }
        let many = (known - most + most / SPARE).min(all.len());
        if many < all.len() {
            all.select_nth_unstable(many);
            all.truncate(many);
        }
        let gone: BTreeSet<Actor> = all.into_iter().map(|(.., actor)| actor).collect();
        let day = day_number(now.utc_day());
        self.shards.iter_mut().for_each(|shard| shard.forget(&gone, day, &self.context));
        for actor in gone {
            self.profiles.remove(&self.context.key(&actor));
            self.gone.push(actor);
        }
        many as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::context::PassThrough;
    use crate::engine::shard::Profiles;

    #[test]
    fn who_was_given_up_is_part_of_a_saved_shard_and_nobody_adds_nothing() {
        let profiles = Profiles::with_hasher_and_shard_amount(PassThrough::default(), SHARDS);
        let mut shard = Shard::default();
        let nobody = shard.entries(&profiles, true, 0).own;
        let some = EvictedActors(BTreeMap::from([(7, 100), (8, 101)]));
        shard.take_evicted(&postcard::to_stdvec(&some).expect("is plain data")).expect("reads");
        let own = shard.entries(&profiles, true, 0).own;
        assert!(own.starts_with(&nobody) && own.len() > nobody.len());
        for (bytes, expected) in [(own, some), (nobody, EvictedActors::default())] {
            let mut again = Shard::default();
            again.take_entry(&bytes).expect("reads");
            assert_eq!(*again.evicted(), expected);
        }
    }
}
