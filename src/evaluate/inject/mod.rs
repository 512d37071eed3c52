//! Incident injection: adds synthetic insiders to a real log and measures after how many days, and how many people, they are detected.
//!
//! A first pass over the log learns how everybody works ([`work_patterns`]); [`plan`] then chooses employees and days, and
//! [`scenarios`] makes the accesses, which join the records of their employee's own partition in a second pass
//! ([`InjectedAccesses`]). Injected accesses are modelled on what the employee reads, at the hours at which the employee works, so
//! that only the pattern itself can give them away; where somebody switches the audit off, records are taken away. Both passes are in
//! memory: nothing injected reaches a state or a sink.

pub mod plan;
pub mod result;
pub mod scenarios;
pub mod schemes;
pub mod spec;
pub mod strength;
pub mod work_patterns;

use crate::model::access::{Access, PartitionId};
use crate::model::place::Place;
use crate::model::time::Timestamp;
use crate::pipeline::replay::Tap;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// One synthetic insider.
#[derive(Clone, Debug)]
pub struct Insider {
    /// The employee to whom the accesses are added.
    pub employee: Arc<str>,
    /// The added accesses, in order of time.
    pub acts: Vec<Access>,
    /// What is not in the log because of them.
    pub gaps: Vec<Gap>,
    /// The others who act together with this one.
    pub others: Vec<Arc<str>>,
}

/// Records that are not there: of a place, for a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The system or table.
    pub place: Place,
    /// From this time.
    pub from: Timestamp,
    /// Before this time.
    pub to: Timestamp,
}

impl Gap {
    /// Whether an access falls into it.
    pub fn takes(&self, access: &Access) -> bool {
        access.time > self.from && access.time < self.to && access.places.iter().any(|place| place == self.place)
    }
}

impl Insider {
    /// The times of the first and the last act.
    pub fn between(&self) -> (Timestamp, Timestamp) {
        let time = |access: Option<&Access>| access.map_or(Timestamp::default(), |access| access.time);
        (time(self.acts.first()), time(self.acts.last()))
    }

    /// People disclosed up to a time.
    pub fn people_by(&self, time: Timestamp) -> u64 {
        let acts = self.acts.iter().take_while(|act| act.time <= time);
        let mut subjects: Vec<u64> = acts.flat_map(|act| act.subjects.iter().map(|subject| subject.0)).collect();
        subjects.sort_unstable();
        subjects.dedup();
        subjects.len() as u64
    }
}

/// Accesses to inject, which wait for the records of their partitions to reach their time, and what is withheld.
#[derive(Default, Debug)]
pub struct InjectedAccesses {
    waiting: BTreeMap<PartitionId, VecDeque<Access>>,
    gaps: Vec<Gap>,
}

impl InjectedAccesses {
    /// The acts of insiders, by partition and in order of time.
    pub fn of(insiders: &[Insider]) -> InjectedAccesses {
        let mut all: Vec<&Access> = insiders.iter().flat_map(|insider| &insider.acts).collect();
        all.sort_by_key(|access| (access.time, access.hash));
        let gaps: Vec<Gap> = insiders.iter().flat_map(|insider| &insider.gaps).copied().collect();
        // What another insider did then is not in the log either.
        all.retain(|access| !gaps.iter().any(|gap| gap.takes(access)));
        let mut planted = InjectedAccesses { waiting: BTreeMap::new(), gaps };
        for access in all {
            planted.waiting.entry(access.partition).or_default().push_back(access.clone());
        }
        planted
    }
}

impl Tap for InjectedAccesses {
    fn inject(&mut self, partition: PartitionId, before: Option<Timestamp>) -> Option<Access> {
        let waiting = self.waiting.get_mut(&partition)?;
        let due = waiting.front().is_some_and(|access| before.is_none_or(|before| access.time <= before));
        if due { waiting.pop_front() } else { None }
    }

    fn withholds(&self, access: &Access) -> bool {
        self.gaps.iter().any(|gap| gap.takes(access))
    }
}
