//! What looks on while a replay hands accesses to the engine, and may add accesses or take some away: how evaluation takes part in a
//! replay.

use crate::engine::context::Context;
use crate::model::access::{Access, PartitionId};
use crate::model::time::Timestamp;

/// Observes the accesses of a replay, and may inject others or withhold some. Each method does nothing by default.
pub trait Tap: Send {
    /// An access is about to be handed to the engine. The accesses of one partition come in its order.
    fn observe(&mut self, _access: &Access, _context: &Context) {}

    /// The next access to inject into a partition: one no later than `before`, or, without it, any, as the partition has ended.
    fn inject(&mut self, _partition: PartitionId, _before: Option<Timestamp>) -> Option<Access> {
        None
    }

    /// Whether the engine is not to be given an access: as if the log had not had it.
    fn withholds(&self, _access: &Access) -> bool {
        false
    }
}

/// A tap that does nothing.
pub struct NoTap;

impl Tap for NoTap {}

impl<T: Tap> Tap for Option<T> {
    fn observe(&mut self, access: &Access, context: &Context) {
        if let Some(tap) = self {
            tap.observe(access, context);
        }
    }

    fn inject(&mut self, partition: PartitionId, before: Option<Timestamp>) -> Option<Access> {
        self.as_mut()?.inject(partition, before)
    }

    fn withholds(&self, access: &Access) -> bool {
        self.as_ref().is_some_and(|tap| tap.withholds(access))
    }
}

impl<A: Tap, B: Tap> Tap for (A, B) {
    fn observe(&mut self, access: &Access, context: &Context) {
        self.0.observe(access, context);
        self.1.observe(access, context);
    }

    fn inject(&mut self, partition: PartitionId, before: Option<Timestamp>) -> Option<Access> {
        self.0.inject(partition, before).or_else(|| self.1.inject(partition, before))
    }

    fn withholds(&self, access: &Access) -> bool {
        self.0.withholds(access) || self.1.withholds(access)
    }
}
