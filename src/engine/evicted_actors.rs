//! Whose profiles were evicted: until their baseline is whole again, their days are evaluated in part.

use crate::engine::context::Context;
use crate::model::access::Actor;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many one shard remembers; past that those evicted longest ago are forgotten.
const MOST_EVICTED: usize = 16_384;

/// Evicted actors by the print of their name, with the number of the day of their eviction.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EvictedActors(BTreeMap<u64, u32>);

impl EvictedActors {
    /// Adds those that were evicted on a day.
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

    /// Whether an actor is among them.
    pub fn contains(&self, actor: &Actor, context: &Context) -> bool {
        !self.0.is_empty() && self.0.contains_key(&print(actor, context))
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets those that were evicted before a day.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::context::{PassThrough, SHARDS};
    use crate::engine::env::Profiles;
    use crate::engine::shard::Shard;

    #[test]
    fn who_was_given_up_is_part_of_a_saved_shard_and_nobody_adds_nothing() {
        let profiles = Profiles::with_hasher_and_shard_amount(PassThrough::default(), SHARDS);
        let mut shard = Shard::default();
        let nobody = shard.entries(&profiles, true, 0).own;
        let some = EvictedActors(BTreeMap::from([(7, 100), (8, 101)]));
        shard.restore_evicted(&postcard::to_stdvec(&some).expect("is plain data")).expect("reads");
        let own = shard.entries(&profiles, true, 0).own;
        assert!(own.starts_with(&nobody) && own.len() > nobody.len());
        for (bytes, expected) in [(own, some), (nobody, EvictedActors::default())] {
            let mut again = Shard::default();
            again.restore_own(&bytes).expect("reads");
            assert_eq!(*again.evicted(), expected);
        }
    }
}
