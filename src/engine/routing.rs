//! Which of the tasks that share employees out get a record: that of its employee, those of whoever else has a share in it, and, where it may
//! take something of a reason that the employee's unit shares, all others as well.
//!
//! A reason with `max_persons` that a unit shares covers the first so many people in settled order, whoever of the unit looks at them. So
//! every task counts for itself how far it is used up, from the same records in the same order, and none waits for another.

use crate::engine::context::Context;
use crate::model::access::{Access, Actor};
use crate::profile::justification::draws_on_unit;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

impl Context {
    /// The task of an actor, of so many. It depends on the actor's name and the secret alone, whatever else is configured.
    pub fn task(&self, actor: &Actor, tasks: u32) -> u32 {
        let hash = FixedState::with_seed(self.seed).hash_one(actor);
        ((hash >> 8) % u64::from(tasks.max(1))) as u32
    }

    /// The task that gets the events of a partition beside its records.
    pub fn task_of_source(&self, name: &str, tasks: u32) -> u32 {
        let hash = FixedState::with_seed(self.seed).hash_one(name);
        ((hash >> 8) % u64::from(tasks.max(1))) as u32
    }

    /// What a record is to the tasks, of so many.
    pub fn route(&self, record: Access, tasks: u32) -> Vec<(u32, Access)> {
        let own = self.task(&record.actor, tasks);
        let mut all: Vec<(u32, Access)> = self.shares(&record).map(|share| (self.task(&share.actor, tasks), share)).collect();
        if tasks > 1 && self.draws_on_unit(&record) {
            let drawing = record.drawing();
            all.extend((0..tasks).filter(|task| *task != own).map(|task| (task, drawing.clone())));
        }
        all.insert(0, (own, record));
        all
    }

    /// Whether an access may take something of a limited reason that its employee's unit shares.
    fn draws_on_unit(&self, access: &Access) -> bool {
        let units = self.explanations.shared_units();
        let directory = &self.classifier.directory;
        let is_shared = |unit: &str| units.contains(unit);
        let name = access.actor.name();
        if units.is_empty() || !directory.spells(name).iter().filter_map(|spell| spell.unit.as_deref()).any(is_shared) {
            return false;
        }
        draws_on_unit(&self.explanations, self.who(&access.actor, directory.employee_at(name, access.time)), access)
    }
}
