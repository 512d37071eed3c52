//! The power test: plants synthetic insiders into somebody's own log and tells after how many days, and after how many people, they
//! are caught.
//!
//! A first pass over the log learns how everybody works ([`habits`]); [`plan`] then chooses who, when and whom they look at, and
//! [`shapes`] makes the accesses, which join the records of their employee's own partition in a second pass ([`Planted`]). What is
//! planted is modelled on what the employee reads, at the hours at which the employee works, so that nothing but the pattern itself
//! gives it away. Both passes are in memory: nothing planted reaches a state or a sink.

pub mod habits;
pub mod plan;
pub mod shapes;
pub mod spec;
pub mod verdict;

use crate::model::access::{Access, PartitionId};
use crate::model::time::Timestamp;
use crate::pipeline::replay::Tap;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// One synthetic insider.
#[derive(Clone, Debug)]
pub struct Insider {
    /// The employee who is made one.
    pub employee: Arc<str>,
    /// What they do beside their work, in order of time.
    pub acts: Vec<Access>,
}

impl Insider {
    /// When it begins and ends.
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

/// Accesses that wait to join the records of their partitions.
#[derive(Default, Debug)]
pub struct Planted(BTreeMap<PartitionId, VecDeque<Access>>);

impl Planted {
    /// What insiders do, by partition and in order of time.
    pub fn of(insiders: &[Insider]) -> Planted {
        let mut all: Vec<&Access> = insiders.iter().flat_map(|insider| &insider.acts).collect();
        all.sort_by_key(|access| (access.time, access.hash));
        let mut planted = Planted::default();
        for access in all {
            planted.0.entry(access.partition).or_default().push_back(access.clone());
        }
        planted
    }
}

impl Tap for Planted {
    fn inject(&mut self, partition: PartitionId, before: Option<Timestamp>) -> Option<Access> {
        let waiting = self.0.get_mut(&partition)?;
        let due = waiting.front().is_some_and(|access| before.is_none_or(|before| access.time <= before));
        if due { waiting.pop_front() } else { None }
    }
}
