//! Another set-up for an engine that goes on: catalog, directory, reasons, tags, weights, floors. State stays; what was derived from the
//! former set-up is derived again. Pending records keep what was understood of them when they arrived.

use crate::engine::both_stages::Engine;
use crate::engine::context::{Context, ProfileKey};
use crate::engine::granted::Granted;
use crate::engine::keyed_stage::KeyedStage;
use crate::engine::settling::whole_minutes;
use crate::engine::shard::{Shard, ShardMemory};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

impl Engine {
    /// Goes on under another set-up of the same subject key, from the next record on.
    pub fn set_context(&mut self, context: Arc<Context>) {
        self.watermarks.set_lateness(context.lateness);
        self.global.set_budget(&context.alerts);
        self.keyed.set_context(context);
    }
}

impl KeyedStage {
    /// The same of a keyed stage alone.
    pub fn set_context(&mut self, context: Arc<Context>) {
        // Partition ids are positions in the list of names: the list goes on.
        let former = &self.shared.context;
        let names = former.partitions.read().unwrap_or_else(PoisonError::into_inner).clone();
        *context.partitions.write().unwrap_or_else(PoisonError::into_inner) = names;
        let sources = former.sources.read().unwrap_or_else(PoisonError::into_inner).clone();
        context.sources.write().unwrap_or_else(PoisonError::into_inner).extend(sources);
        self.shared.context = context;
        if !self.shared.granted.is_empty() {
            let mut granted = Granted::clone(&self.shared.granted);
            granted.derive(&self.shared.context);
            self.shared.granted = Arc::new(granted);
        }
        self.redistribute();
        let settled = whole_minutes(self.progress.settled);
        self.provisional.set_context(settled, self.shared.env());
    }

    /// Brings all employees and their pending records to the shard that their key names now: a reason that a unit shares brings its
    /// employees together.
    pub(super) fn redistribute(&mut self) {
        let mut moves = BTreeSet::new();
        let given: Vec<_> = self.shards.iter_mut().map(Shard::give_away).collect();
        for (from, (members, pending)) in given.into_iter().enumerate() {
            for key in members {
                let key = self.derive_again(key);
                moves.insert((from, key.shard()));
                self.shards[key.shard()].adopt(key);
            }
            for record in pending {
                let to = self.shared.context.key(&record.access.actor).shard();
                moves.insert((from, to));
                self.shards[to].push_pending(record);
            }
        }
        moves.retain(|(from, to)| from != to);
        self.redistributed |= !moves.is_empty();
        let origins: BTreeSet<usize> = moves.iter().map(|(from, _)| *from).collect();
        let memories: Vec<(usize, ShardMemory)> = origins.into_iter().map(|from| (from, self.shards[from].memory())).collect();
        for (from, memory) in &memories {
            let targets = moves.iter().filter(|(origin, _)| origin == from);
            targets.for_each(|(_, to)| self.shards[*to].take_memory(memory));
        }
    }

    /// Derives again what the set-up says of an employee. Gives the key under which the profile lies now.
    fn derive_again(&self, key: ProfileKey) -> ProfileKey {
        let (context, profiles) = (&self.shared.context, &self.shared.profiles);
        let now = context.key(&key.actor);
        if now == key {
            if let Some(mut tracked) = profiles.get_mut(&key) {
                tracked.set_context(context);
            }
        } else if let Some((_, mut tracked)) = profiles.remove(&key) {
            tracked.set_context(context);
            profiles.insert(now.clone(), tracked);
        }
        now
    }
}
