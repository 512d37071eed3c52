//! The activity of a peer group: how much of an ordinary day its members have done so far today.
//!
//! When a call centre floods, a month ends or an outage is caught up on, a whole group rises together; nobody in it is remarkable
//! for that. Each member adds today's people, at most three times their own mean, so that no one of them moves the sum by much;
//! the sum over what their means would give is the activity. It is read once an hour of event time, so that a result does not depend
//! on how records of different employees interleave, and it only ever lowers what is held against somebody.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

/// A member adds so many times their own mean at the most.
pub const MOST: f64 = 3.0;
/// With fewer active members the activity of a group says nothing.
const FEWEST: u32 = 6;
/// Days of history before a member's mean says anything.
pub const FEWEST_DAYS: f64 = 4.0;
/// Days for which sums are kept: local days of all time zones overlap.
const KEPT_DAYS: u32 = 3;

/// Which group, as a print, on which local day.
pub type GroupDay = (u64, u32);

/// What members have done, and what would be usual for them.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Activity {
    /// Sum of what they did, each up to [`MOST`] times the own mean, in thousandths.
    pub done: u64,
    /// Sum of their own means, in thousandths.
    pub usual: u64,
    /// Active members.
    pub members: u32,
}

/// What one shard has seen of the groups' days. Whole numbers, so that sums do not depend on their order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ActivityAccumulator {
    days: HashMap<GroupDay, Activity, FixedState>,
}

impl ActivityAccumulator {
    /// Adds to a group's day.
    pub fn add(&mut self, at: GroupDay, of_day: Activity) {
        let sum = self.days.entry(at).or_default();
        sum.done += of_day.done;
        sum.usual += of_day.usual;
        sum.members += of_day.members;
    }

    /// Forgets what lies before the days that may still be open.
    pub fn forget_before(&mut self, day: u32) {
        self.days.retain(|(_, of), _| *of + KEPT_DAYS > day);
    }

    /// The sums, in order.
    pub fn sorted(&self) -> Vec<(GroupDay, Activity)> {
        let mut all: Vec<(GroupDay, Activity)> = self.days.iter().map(|(at, of_day)| (*at, *of_day)).collect();
        all.sort_unstable_by_key(|(at, _)| *at);
        all
    }
}

/// The activity of every group and day, as of the last full hour.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct GroupActivity {
    days: BTreeMap<GroupDay, Activity>,
}

impl GroupActivity {
    /// Joins what the shards have seen.
    pub fn of(shards: Vec<Vec<(GroupDay, Activity)>>) -> GroupActivity {
        let mut days: BTreeMap<GroupDay, Activity> = BTreeMap::new();
        for (at, of_day) in shards.into_iter().flatten() {
            let sum = days.entry(at).or_default();
            sum.done += of_day.done;
            sum.usual += of_day.usual;
            sum.members += of_day.members;
        }
        GroupActivity { days }
    }

    /// The sums, in order.
    pub fn into_sorted(self) -> Vec<(GroupDay, Activity)> {
        self.days.into_iter().collect()
    }

    /// By how much the others of a group are above an ordinary day: 1 where they are not. `own` is what the asker added.
    pub fn of_others(&self, at: GroupDay, own: Activity) -> f64 {
        let Some(of_day) = self.days.get(&at) else { return 1.0 };
        let members = of_day.members.saturating_sub(own.members);
        let (done, usual) = (of_day.done.saturating_sub(own.done), of_day.usual.saturating_sub(own.usual));
        if members < FEWEST || usual == 0 { 1.0 } else { (done as f64 / usual as f64).clamp(1.0, MOST) }
    }
}
