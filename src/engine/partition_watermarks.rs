//! The partitions that an engine reads, each with its clock: up to where all of them have come.

use crate::engine::partition_events::LossCounts;
use crate::engine::watermark::{Scheduled, WatermarkTracker};
use crate::model::access::{Access, PartitionId};
use crate::model::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The clocks of all partitions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PartitionWatermarks {
    clocks: BTreeMap<PartitionId, WatermarkTracker<Access>>,
    /// Partitions that hold nobody up: their input ended or rests.
    resting: BTreeSet<PartitionId>,
    /// What was amiss before a partition had a time.
    amiss: BTreeMap<PartitionId, LossCounts>,
}

impl PartitionWatermarks {
    /// Announces a partition: nothing settles beyond its watermark until it rests.
    pub fn open(&mut self, partition: PartitionId, lateness: Span) {
        self.resting.remove(&partition);
        self.clocks.entry(partition).or_insert_with(|| WatermarkTracker::new(lateness));
    }

    /// How long records may come after later ones, from now on.
    pub fn set_lateness(&mut self, lateness: Span) {
        self.clocks.values_mut().for_each(|clock| clock.set_lateness(lateness));
    }

    /// The watermark of a partition.
    pub fn watermark(&self, partition: PartitionId) -> Option<Timestamp> {
        self.clocks.get(&partition).and_then(WatermarkTracker::watermark)
    }

    /// Takes a record in its partition's order; `place` hears of every record whose place in time is now known. What is
    /// returned is given up.
    pub fn take(
        &mut self,
        access: Access,
        believed: Option<Timestamp>,
        lateness: Span,
        place: &mut impl FnMut(Scheduled<Access>),
    ) -> Option<Access> {
        let clock = self.clocks.entry(access.partition).or_insert_with(|| WatermarkTracker::new(lateness));
        clock.take(access.time, believed, access, place)
    }

    /// A partition has nothing more to say for now: its watermark follows `to` (a recorded tick), and it holds nobody up.
    pub fn rest(&mut self, partition: PartitionId, to: Option<Timestamp>, place: &mut impl FnMut(Scheduled<Access>)) {
        if let (Some(clock), Some(to)) = (self.clocks.get_mut(&partition), to) {
            clock.advance(to, place);
        }
        self.resting.insert(partition);
    }

    /// A partition's input ends. What is returned was set aside and is given up.
    pub fn close(&mut self, partition: PartitionId, place: &mut impl FnMut(Scheduled<Access>)) -> Vec<Access> {
        self.resting.insert(partition);
        self.clocks.get_mut(&partition).map_or_else(Vec::new, |clock| clock.finish(place))
    }

    /// Where something of that time that is no record settles; `None` where that time is not believed.
    pub fn place_of(&self, partition: PartitionId, time: Timestamp) -> Option<Timestamp> {
        self.clocks.get(&partition).map_or(Some(time), |clock| clock.place_of(time))
    }

    /// Notes what is amiss.
    pub fn amiss(&mut self, partition: PartitionId, more: LossCounts) {
        self.amiss.entry(partition).or_default().add(more);
    }

    /// Whether anything waits for its partition's time.
    pub fn is_amiss(&self) -> bool {
        !self.amiss.is_empty()
    }

    /// What is amiss, once the partition has a time.
    pub fn take_amiss(&mut self, partition: PartitionId) -> Option<(Timestamp, LossCounts)> {
        let at = self.watermark(partition)?;
        self.amiss.remove(&partition).map(|amount| (at, amount))
    }

    /// Every partition that was announced.
    pub fn partitions(&self) -> Vec<PartitionId> {
        self.clocks.keys().copied().collect()
    }

    /// Up to where records have settled in every partition that does not rest. `None` while one of them has no watermark.
    pub fn frontier(&self) -> Option<Timestamp> {
        let awake = self.clocks.iter().filter(|(partition, _)| !self.resting.contains(*partition));
        let frontiers: Option<Vec<Timestamp>> = awake.map(|(_, clock)| clock.frontier()).collect();
        frontiers.and_then(|all| all.into_iter().min())
    }

    /// The furthest watermark.
    pub fn last(&self) -> Option<Timestamp> {
        self.clocks.values().filter_map(WatermarkTracker::watermark).max()
    }
}
