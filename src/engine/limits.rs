//! Bounds of what is remembered, and what is given up for them. It is told and never silent: who is given up starts over as somebody
//! new, and an id that is given up is not known when it comes again.
//!
//! Looked at when an hour begins, so that it depends on the records alone. Where several tasks share the work, the bounds are those of
//! each task: who shares a process with whom must not matter.

use crate::engine::Executor;
use crate::engine::context::SHARDS;
use crate::engine::keyed_stage::KeyedStage;
use crate::engine::output::Evictions;
use crate::engine::shard::Shard;
use crate::model::access::Actor;
use crate::model::time::Timestamp;
use std::collections::BTreeSet;

/// Where there are too many, so many more are given up than need be: one in sixteen, so that the search is rare.
const SPARE: usize = 16;

impl KeyedStage {
    /// Gives up what is beyond the limits as an hour begins.
    pub(super) fn keep_within_limits(&mut self, now: Timestamp, executor: &impl Executor) -> Evictions {
        let limits = self.context.limits;
        let oldest = now.seconds() - self.context.dedup.0 / 1_000;
        let most = limits.record_ids.div_ceil(SHARDS);
        let ids = executor.on_all(&mut self.shards, &|shard: &mut Shard| shard.limit_ids(oldest, most));
        Evictions { employees: self.limit_employees(limits.employees), record_ids: ids.into_iter().sum() }
    }

    /// Those whom the directory does not know go first, then those who were silent longest. Nobody goes while an alert is open.
    fn limit_employees(&mut self, most: usize) -> u64 {
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
        self.shards.iter_mut().for_each(|shard| shard.forget(&gone));
        for actor in gone {
            self.profiles.remove(&self.context.key(&actor));
            self.gone.push(actor);
        }
        many as u64
    }
}
