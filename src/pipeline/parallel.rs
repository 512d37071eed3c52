//! Spreads the engine's shards over the cores. The result is that of one thread: shards need nothing of one another.

use crate::engine::Executor;
use crate::engine::shard::Shard;
use rayon::prelude::*;

/// Works on all shards at once, in the thread pool that it is called in.
pub struct Parallel;

impl Executor for Parallel {
    fn on_all<R: Send>(&self, shards: &mut [Shard], work: &(dyn Fn(&mut Shard) -> R + Sync)) -> Vec<R> {
        shards.par_iter_mut().map(work).collect()
    }
}
