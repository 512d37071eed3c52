//! The watermarks of all partitions that an engine reads, and the frontier: the event time up to which all of them have come.

use crate::engine::partition_events::LossCounts;
use crate::engine::watermark::{Scheduled, WatermarkTracker};
use crate::model::access::{Access, PartitionId};
use crate::model::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The watermarks of all partitions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PartitionWatermarks {
    trackers: BTreeMap<PartitionId, WatermarkTracker<Access>>,
    /// Partitions that do not hold the others up: they ended or are idle.
    idle: BTreeSet<PartitionId>,
    /// Losses of partitions that have no watermark yet.
    losses: BTreeMap<PartitionId, LossCounts>,
    /// Since when records are lost of partitions of which none has come since.
    lost_since: BTreeMap<PartitionId, Timestamp>,
    /// Dead letters that name somebody, of partitions that have no time yet.
    letters: BTreeMap<PartitionId, Vec<Access>>,
}

/// Most letters of a partition that wait for its first time.
pub const MOST_LETTERS: usize = 64;

impl PartitionWatermarks {
    /// Adds a partition: nothing settles beyond its watermark until it is idle or ends.
    pub fn add(&mut self, partition: PartitionId, lateness: Span) {
        self.idle.remove(&partition);
        self.trackers.entry(partition).or_insert_with(|| WatermarkTracker::new(lateness));
    }

    /// How long records may come after later ones, from now on.
    pub fn set_lateness(&mut self, lateness: Span) {
        self.trackers.values_mut().for_each(|tracker| tracker.set_lateness(lateness));
    }

    /// The watermark of a partition.
    pub fn watermark(&self, partition: PartitionId) -> Option<Timestamp> {
        self.trackers.get(&partition).and_then(WatermarkTracker::watermark)
    }

    /// Takes a record in its partition's order. `schedule` is called with every record whose settling time is now known.
    pub fn take(&mut self, access: Access, limit: Option<Timestamp>, lateness: Span, schedule: &mut impl FnMut(Scheduled<Access>)) {
        let partition = access.partition;
        let tracker = self.trackers.entry(partition).or_insert_with(|| WatermarkTracker::new(lateness));
        tracker.take(access.time, limit, access, schedule);
        self.note_ahead(partition);
        if let Some(waiting) = self.letters.remove(&partition) {
            self.take_letters(partition, waiting, lateness, schedule);
        }
    }

    /// Takes dead letters that name somebody. They have no time but that at which their partition is.
    pub fn take_letters(
        &mut self,
        partition: PartitionId,
        named: Vec<Access>,
        lateness: Span,
        schedule: &mut impl FnMut(Scheduled<Access>),
    ) {
        if named.is_empty() {
            return;
        }
        let tracker = self.trackers.entry(partition).or_insert_with(|| WatermarkTracker::new(lateness));
        let early: Vec<Access> = named.into_iter().filter_map(|access| tracker.take_here(access, schedule)).collect();
        if !early.is_empty() {
            let waiting = self.letters.entry(partition).or_default();
            waiting.extend(early);
            waiting.truncate(MOST_LETTERS);
        }
    }

    /// A clock says that times up to this one can be believed, also of partitions from which nothing comes.
    pub fn let_go(&mut self, limit: Timestamp, schedule: &mut impl FnMut(Scheduled<Access>)) {
        self.trackers.values_mut().filter(|tracker| tracker.holds_any()).for_each(|tracker| tracker.let_go(limit, schedule));
    }

    /// A partition is idle: it does not hold the others up, and its watermark advances to `to` (a recorded tick).
    pub fn mark_idle(&mut self, partition: PartitionId, to: Option<Timestamp>, schedule: &mut impl FnMut(Scheduled<Access>)) {
        if let (Some(tracker), Some(to)) = (self.trackers.get_mut(&partition), to) {
            tracker.advance(to, schedule);
        }
        self.idle.insert(partition);
    }

    /// A partition ends: everything of it is placed.
    pub fn end(&mut self, partition: PartitionId, schedule: &mut impl FnMut(Scheduled<Access>)) {
        self.idle.insert(partition);
        if let Some(tracker) = self.trackers.get_mut(&partition) {
            tracker.finish(schedule);
            self.note_ahead(partition);
        }
    }

    /// Records that lay beyond what could be believed are told of their source.
    fn note_ahead(&mut self, partition: PartitionId) {
        let ahead = self.trackers.get_mut(&partition).map_or(0, WatermarkTracker::take_ahead);
        if ahead > 0 {
            self.note_losses(partition, LossCounts { ahead, ..LossCounts::default() });
        }
    }

    /// When an event of that time settles; `None` where the time is implausible.
    pub fn settling_time(&self, partition: PartitionId, time: Timestamp) -> Option<Timestamp> {
        self.trackers.get(&partition).map_or(Some(time), |tracker| tracker.settling_time(time))
    }

    /// Notes losses of a partition.
    pub fn note_losses(&mut self, partition: PartitionId, more: LossCounts) {
        self.losses.entry(partition).or_default().add(more);
    }

    /// Records of a partition are lost from here on. Returns since when.
    pub fn begin_loss(&mut self, partition: PartitionId) -> Option<Timestamp> {
        let now = self.trackers.get(&partition)?.now()?;
        Some(*self.lost_since.entry(partition).or_insert(now))
    }

    /// A record of that time came: the span of records that were lost before it, if so.
    pub fn end_loss(&mut self, partition: PartitionId, time: Timestamp) -> Option<(Timestamp, Timestamp)> {
        if self.lost_since.is_empty() {
            return None;
        }
        self.lost_since.remove(&partition).map(|since| (since, time.max(since)))
    }

    /// Whether losses wait for the watermark of their partition.
    pub fn has_losses(&self) -> bool {
        !self.losses.is_empty()
    }

    /// Takes out the losses of a partition, once there is a record to date them by.
    pub fn take_losses(&mut self, partition: PartitionId) -> Option<(Timestamp, LossCounts)> {
        let at = self.trackers.get(&partition)?.now()?;
        self.losses.remove(&partition).map(|losses| (at, losses))
    }

    /// Every partition that was added.
    pub fn partitions(&self) -> Vec<PartitionId> {
        self.trackers.keys().copied().collect()
    }

    /// Up to where records have settled in every partition that is not idle. `None` while one of them has no watermark.
    pub fn frontier(&self) -> Option<Timestamp> {
        let active = self.trackers.iter().filter(|(partition, _)| !self.idle.contains(*partition));
        let frontiers: Option<Vec<Timestamp>> = active.map(|(_, tracker)| tracker.frontier()).collect();
        frontiers.and_then(|all| all.into_iter().min())
    }

    /// The furthest watermark.
    pub fn last(&self) -> Option<Timestamp> {
        self.trackers.values().filter_map(WatermarkTracker::watermark).max()
    }
}
