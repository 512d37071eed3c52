//! What is evicted to keep within the limits of memory. Every eviction is counted: an evicted employee starts over as somebody new, and a
//! repeat of a record whose id was evicted counts again.
//!
//! Looked at when an hour begins, so that it depends on the records alone. Where several tasks share the work, the limits are those of
//! each task: which tasks share a process must not matter.

use crate::engine::context::SHARDS;
use crate::engine::env::Shared;
use crate::engine::executor::Executor;
use crate::engine::output::Evictions;
use crate::engine::shard::Shard;
use crate::model::access::Actor;
use crate::model::time::Timestamp;
use crate::profile::window::day_number;
use std::collections::BTreeSet;

/// Where there are too many, one in so many is evicted beyond what is needed, so that the search is rare.
const SPARE: usize = 16;

/// Evicts what is beyond the limits. Gives how much, and whose profiles.
pub fn evict(shards: &mut [Shard], shared: &Shared, now: Timestamp, executor: &impl Executor) -> (Evictions, BTreeSet<Actor>) {
    let context = &shared.context;
    let oldest = now.seconds() - context.dedup.0 / 1_000;
    let most = context.limits.record_ids.div_ceil(SHARDS);
    let ids = executor.on_all(shards, &|shard: &mut Shard| shard.evict_ids(oldest, most));
    let evicted = choose_employees(shards, shared, context.limits.employees);
    let day = day_number(now.utc_day());
    shards.iter_mut().for_each(|shard| shard.forget(&evicted, day, context));
    evicted.iter().for_each(|actor| {
        shared.profiles.remove(&context.key(actor));
    });
    (Evictions { employees: evicted.len() as u64, record_ids: ids.into_iter().sum() }, evicted)
}

/// Actors that the directory does not know go first, then those that were silent longest. Nobody goes while an alert is open.
fn choose_employees(shards: &[Shard], shared: &Shared, most: usize) -> BTreeSet<Actor> {
    let known = shared.profiles.len();
    if known <= most {
        return BTreeSet::new();
    }
    let directory = &shared.context.classifier.directory;
    let mut all: Vec<(bool, u32, Actor)> = Vec::with_capacity(known);
    for key in shards.iter().flat_map(Shard::members) {
        let Some(tracked) = shared.profiles.get(key) else { continue };
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
    all.into_iter().map(|(.., actor)| actor).collect()
}
