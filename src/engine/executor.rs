//! How work on the shards is run: one after the other here; whoever has threads brings an executor of their own.

use crate::engine::shard::Shard;

/// Runs a piece of work on every shard, in any order or at once, and returns the results in the order of the shards.
pub trait Executor {
    /// Does the work.
    fn on_all<R: Send>(&self, shards: &mut [Shard], work: &(dyn Fn(&mut Shard) -> R + Sync)) -> Vec<R>;
}

/// One shard after the other.
pub struct Sequential;

impl Executor for Sequential {
    fn on_all<R: Send>(&self, shards: &mut [Shard], work: &(dyn Fn(&mut Shard) -> R + Sync)) -> Vec<R> {
        shards.iter_mut().map(work).collect()
    }
}
