//! Another set-up for an engine that goes on: catalog, directory, reasons, tags, weights, floors. State stays; what was derived
//! from the former set-up is derived anew. Records that wait keep what was understood of them when they arrived.

use crate::engine::Engine;
use crate::engine::context::{Context, ProfileKey};
use crate::engine::keyed_stage::KeyedStage;
use crate::engine::shard::{self, Env, Memory, Shard};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

impl Engine {
    /// Goes on under another set-up of the same subject key, from the next record on.
    pub fn set_context(&mut self, context: Arc<Context>) {
        self.inputs.set_lateness(context.lateness);
        self.second.set_budget(context.alerts.budget_per_day);
        self.first.set_context(context);
    }
}

impl KeyedStage {
    /// The same of a first stage alone.
    pub fn set_context(&mut self, context: Arc<Context>) {
        // Partition ids are places in the list of names: the list goes on.
        let names = self.context.partitions.read().unwrap_or_else(PoisonError::into_inner).clone();
        *context.partitions.write().unwrap_or_else(PoisonError::into_inner) = names;
        let sources = self.context.sources.read().unwrap_or_else(PoisonError::into_inner).clone();
        context.sources.write().unwrap_or_else(PoisonError::into_inner).extend(sources);
        self.context = context;
        self.deal_out();
        let settled = shard::whole_minutes(self.reached.settled);
        let env = Env {
            context: &self.context,
            models: &self.models,
            profiles: &self.profiles,
            group_activity: &self.group_activity,
            outages: &self.outages,
        };
        self.ahead.set_context(settled, env);
    }

    /// Brings everybody, and what waits for them, to the shard where they lie now: a reason that a unit shares brings its
    /// employees together.
    pub(super) fn deal_out(&mut self) {
        let mut moves = BTreeSet::new();
        let given: Vec<_> = self.shards.iter_mut().map(Shard::give_away).collect();
        for (from, (members, waiting)) in given.into_iter().enumerate() {
            for key in members {
                let key = self.derive_anew(key);
                moves.insert((from, key.shard()));
                self.shards[key.shard()].adopt(key);
            }
            for record in waiting {
                let to = self.context.key(&record.access.actor).shard();
                moves.insert((from, to));
                self.shards[to].wait(record);
            }
        }
        moves.retain(|(from, to)| from != to);
        self.dealt |= !moves.is_empty();
        let origins: BTreeSet<usize> = moves.iter().map(|(from, _)| *from).collect();
        let memories: Vec<(usize, Memory)> = origins.into_iter().map(|from| (from, self.shards[from].memory())).collect();
        for (from, memory) in &memories {
            let places = moves.iter().filter(|(origin, _)| origin == from);
            places.for_each(|(_, to)| self.shards[*to].take_memory(memory));
        }
    }

    /// Who an employee is to the set-up, and under which key the profile lies now.
    fn derive_anew(&self, key: ProfileKey) -> ProfileKey {
        let now = self.context.key(&key.actor);
        if now == key {
            if let Some(mut tracked) = self.profiles().get_mut(&key) {
                tracked.set_context(&self.context);
            }
        } else if let Some((_, mut tracked)) = self.profiles().remove(&key) {
            tracked.set_context(&self.context);
            self.profiles().insert(now.clone(), tracked);
        }
        now
    }
}
