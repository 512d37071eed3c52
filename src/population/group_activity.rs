//! The activity of a peer group: how much of an ordinary day its members have done so far today.
//!
//! When a call centre floods, a month ends or an outage is caught up on, a whole group rises together; nobody in it is remarkable
//! for that. Each member adds today's people, at most three times their own mean, so that no one of them moves the sum by much;
//! the sum over what their means would give is the activity. It is read once an hour of event time, so that a result does not depend
//! on how records of different employees interleave, and it only ever lowers what is held against somebody.
//!
//! Claimed reasons are kept in the same way: when the tool that gives out references is down, or its export is late, everybody's are
//! unknown to the register. That is the unit's day, not the conduct of one of them. And where nobody files any, most of what most of
//! them do is without a reason as never before: a lapse of the unit's, by how many members and not by how much, so that no few of them
//! make one.

use crate::classify::references::ReferenceOwner;
use crate::population::rise::Rise;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

/// With fewer active members the activity of a group says nothing.
const FEWEST: u32 = 6;
/// A member's claims of one day count up to so many: no one of them makes a day the unit's.
const MOST_CLAIMS: u32 = 20;
/// Days of history before a member's mean says anything.
pub const FEWEST_DAYS: f64 = 4.0;
/// Days for which sums are kept: local days of all time zones overlap.
const KEPT_DAYS: u32 = 3;

/// Which group, as a print, on which local day.
pub type GroupDay = (u64, u32);

/// What members have done, and what would be usual for them.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Activity {
    /// Sum of what they did, each up to [`MOST`](crate::population::rise::MOST) times the own mean, in thousandths.
    pub done: u64,
    /// Sum of their own means, in thousandths.
    pub usual: u64,
    /// Sum of what they did without a known reason, each up to [`MOST`](crate::population::rise::MOST) times the own mean, in thousandths.
    pub done_open: u64,
    /// Sum of their own means of that, in thousandths.
    pub usual_open: u64,
    /// Active members.
    pub members: u32,
    /// Those of them most of whose day is without a known reason, as their days never were.
    pub lapsed: u32,
    /// What they claimed.
    pub claims: ClaimsOfDay,
}

impl Activity {
    fn add(&mut self, more: Activity) {
        self.done += more.done;
        self.usual += more.usual;
        self.done_open += more.done_open;
        self.usual_open += more.usual_open;
        self.members += more.members;
        self.lapsed += more.lapsed;
        self.claims.add(more.claims);
    }

    /// What is more than before.
    #[must_use]
    pub fn beyond(self, before: Activity) -> Activity {
        Activity {
            done: self.done.saturating_sub(before.done),
            usual: self.usual.saturating_sub(before.usual),
            done_open: self.done_open.saturating_sub(before.done_open),
            usual_open: self.usual_open.saturating_sub(before.usual_open),
            members: self.members.saturating_sub(before.members),
            lapsed: self.lapsed.saturating_sub(before.lapsed),
            claims: self.claims.beyond(before.claims),
        }
    }
}

/// Accesses under claimed reasons.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ClaimsOfDay {
    /// Members with any.
    pub claimants: u32,
    /// All of them, up to a bound for each member.
    pub claims: u32,
    /// Those under references that are on no file.
    pub unknown: u32,
    /// Those under references of somebody else.
    pub other: u32,
}

impl ClaimsOfDay {
    /// Counts one of a member; past the bound nothing.
    pub fn note(&mut self, owner: ReferenceOwner) {
        if self.claims < MOST_CLAIMS {
            self.claimants = 1;
            self.claims += 1;
            self.unknown += u32::from(owner == ReferenceOwner::Unknown);
            self.other += u32::from(owner == ReferenceOwner::Other);
        }
    }

    fn add(&mut self, more: ClaimsOfDay) {
        self.claimants += more.claimants;
        self.claims += more.claims;
        self.unknown += more.unknown;
        self.other += more.other;
    }

    /// What is more than before.
    #[must_use]
    pub fn beyond(self, before: ClaimsOfDay) -> ClaimsOfDay {
        ClaimsOfDay {
            claimants: self.claimants.saturating_sub(before.claimants),
            claims: self.claims.saturating_sub(before.claims),
            unknown: self.unknown.saturating_sub(before.unknown),
            other: self.other.saturating_sub(before.other),
        }
    }

    /// The share of claims of one sort, where enough members claim anything.
    pub fn share(self, owner: ReferenceOwner) -> f64 {
        let of_sort = match owner {
            ReferenceOwner::Unknown => self.unknown,
            ReferenceOwner::Other => self.other,
            ReferenceOwner::Own | ReferenceOwner::Helped => 0,
        };
        if self.claimants < FEWEST { 0.0 } else { f64::from(of_sort) / f64::from(self.claims.max(1)) }
    }
}

/// What somebody has added to the sums of their groups of late; nothing, and no room for it, until there is something to add.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OwnActivity(Option<Box<Added>>);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Added {
    today: Activity,
    before: Activity,
    claims: ClaimsOfDay,
}

impl OwnActivity {
    /// What was added today.
    pub fn today(&self) -> Activity {
        self.0.as_ref().map(|added| added.today).unwrap_or_default()
    }

    /// What was added on the day before today.
    pub fn before(&self) -> Activity {
        self.0.as_ref().map(|added| added.before).unwrap_or_default()
    }

    /// What was claimed today, of which [`OwnActivity::today`] holds what the others know by now.
    pub fn claims(&self) -> ClaimsOfDay {
        self.0.as_ref().map(|added| added.claims).unwrap_or_default()
    }

    /// Counts a claim of today.
    pub fn note_claim(&mut self, owner: ReferenceOwner) {
        self.0.get_or_insert_default().claims.note(owner);
    }

    /// Today it is this by now; what it was.
    pub fn replace(&mut self, now: Activity) -> Activity {
        std::mem::replace(&mut self.0.get_or_insert_default().today, now)
    }

    /// A day begins, the next one or a later one.
    pub fn open_day(&mut self, is_next: bool) {
        let today = self.today();
        self.0 = (is_next && today != Activity::default()).then(|| Box::new(Added { before: today, ..Added::default() }));
    }

    /// What was added is no part of the sums of another group.
    pub fn leave(&mut self) {
        if let Some(added) = &mut self.0 {
            (added.today, added.before) = (Activity::default(), Activity::default());
        }
    }
}

/// What one shard has seen of the groups' days. Whole numbers, so that sums do not depend on their order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ActivityAccumulator {
    days: HashMap<GroupDay, Activity, FixedState>,
}

impl ActivityAccumulator {
    /// Adds to a group's day.
    pub fn add(&mut self, at: GroupDay, of_day: Activity) {
        self.days.entry(at).or_default().add(of_day);
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

/// The activity of every group and day, as of the last full hour. Looked up half a dozen times a record, for group and unit, today and
/// yesterday.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct GroupActivity {
    days: HashMap<GroupDay, Activity, FixedState>,
}

/// As it is saved and sent: in order.
#[derive(Serialize, Deserialize)]
struct Stored {
    days: BTreeMap<GroupDay, Activity>,
}

impl From<Stored> for GroupActivity {
    fn from(stored: Stored) -> GroupActivity {
        GroupActivity { days: stored.days.into_iter().collect() }
    }
}

impl From<GroupActivity> for Stored {
    fn from(activity: GroupActivity) -> Stored {
        Stored { days: activity.days.into_iter().collect() }
    }
}

impl GroupActivity {
    /// Joins what the shards have seen.
    pub fn of(shards: Vec<Vec<(GroupDay, Activity)>>) -> GroupActivity {
        let mut activity = GroupActivity::default();
        for (at, of_day) in shards.into_iter().flatten() {
            activity.days.entry(at).or_default().add(of_day);
        }
        activity
    }

    /// The sums, in order.
    pub fn into_sorted(self) -> Vec<(GroupDay, Activity)> {
        let mut all: Vec<(GroupDay, Activity)> = self.days.into_iter().collect();
        all.sort_unstable_by_key(|(at, _)| *at);
        all
    }

    /// What the others of a group have done so far, over what their whole days usually are; nothing where they are too few. `own` is what
    /// the asker added.
    pub fn rise_of_others(&self, at: GroupDay, own: Activity) -> Option<Rise> {
        let others = self.days.get(&at)?.beyond(own);
        let over = |done: u64, usual: u64| if usual == 0 { 1.0 } else { done as f64 / usual as f64 };
        let rise = Rise { people: over(others.done, others.usual), open: over(others.done_open, others.usual_open) };
        (others.members >= FEWEST && others.usual > 0).then_some(rise)
    }

    /// Where most of the others work without known reasons on a day as they never did: how many do, of how many. `own` is what the asker
    /// added.
    pub fn lapse_of_others(&self, at: GroupDay, own: Activity) -> Option<(u32, u32)> {
        let Activity { lapsed, members, .. } = self.days.get(&at)?.beyond(own);
        (members >= FEWEST && 2 * lapsed > members).then_some((lapsed, members))
    }

    /// Which share of what the others of a group claimed so far is of one sort. `own` is what the asker added.
    pub fn claims_of_others(&self, at: GroupDay, own: Activity, owner: ReferenceOwner) -> f64 {
        self.days.get(&at).map_or(0.0, |of_day| of_day.claims.beyond(own.claims).share(owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(of: &[ReferenceOwner]) -> Activity {
        let mut claims = ClaimsOfDay::default();
        of.iter().for_each(|owner| claims.note(*owner));
        Activity { done: 1_000, usual: 1_000, members: 1, claims, ..Activity::default() }
    }

    #[test]
    fn a_unit_lapses_where_most_of_the_others_do_and_not_by_what_few_take() {
        let of = |lapsed: u32, others: u32| {
            let mut sums = ActivityAccumulator::default();
            (0..lapsed + others).for_each(|n| sums.add((7, 100), Activity { members: 1, lapsed: u32::from(n < lapsed), ..claims(&[]) }));
            GroupActivity::of(vec![sums.sorted()])
        };
        let (mine, others) = (Activity { lapsed: 1, ..claims(&[]) }, claims(&[]));
        assert_eq!(of(7, 3).lapse_of_others((7, 100), mine), Some((6, 9)));
        assert_eq!(of(7, 3).lapse_of_others((7, 100), others), Some((7, 9)));
        assert_eq!(of(4, 6).lapse_of_others((7, 100), mine), None, "four of ten are few");
        assert_eq!(of(6, 0).lapse_of_others((7, 100), mine), None, "five others say nothing of a unit");
        assert_eq!(of(9, 0).lapse_of_others((7, 101), mine), None, "of that day nothing is known");
    }

    #[test]
    fn the_others_rise_by_what_they_do_and_not_by_what_the_asker_does() {
        let of = |done: u64, done_open: u64| Activity { done, usual: 1_000, done_open, usual_open: 500, ..claims(&[]) };
        let mut sums = ActivityAccumulator::default();
        (0..8).for_each(|_| sums.add((7, 100), of(1_500, 1_000)));
        let liar = of(3_000, 1_500);
        sums.add((7, 100), liar);
        let activity = GroupActivity::of(vec![sums.sorted()]);
        assert_eq!(activity.rise_of_others((7, 100), liar), Some(Rise { people: 1.5, open: 2.0 }));
        assert_eq!(activity.rise_of_others((7, 101), liar), None);
    }

    #[test]
    fn a_day_on_which_everybody_claims_what_is_on_no_file_is_the_units_and_one_persons_is_not() {
        use ReferenceOwner::{Own, Unknown};
        let of = |members: &[Activity]| {
            let mut sums = ActivityAccumulator::default();
            members.iter().for_each(|member| sums.add((7, 100), *member));
            GroupActivity::of(vec![sums.sorted()])
        };
        let liar = claims(&[Unknown; 500]);
        let honest = claims(&[Own; 6]);
        let alone = of(&[&[honest; 8][..], &[liar]].concat());
        assert_eq!(alone.claims_of_others((7, 100), liar, Unknown), 0.0);
        assert!(alone.claims_of_others((7, 100), honest, Unknown) < 0.4, "one of nine moves it by little");
        let one = claims(&[Own, Unknown, Unknown, Unknown]);
        assert!(of(&[one; 8]).claims_of_others((7, 100), one, Unknown) > 0.5);
        let few = of(&[claims(&[Unknown; 4]); 3]);
        assert_eq!(few.claims_of_others((7, 100), honest, Unknown), 0.0, "three say nothing of a unit");
    }
}
