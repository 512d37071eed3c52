//! How many people were last touched in each unit of time: what makes a sliding window a short sum.

use crate::model::steps;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Which people are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CountScope {
    /// Everybody touched.
    Exposure,
    /// Those whom no known reason covers.
    Unexplained,
}

/// Counts by unit, newest last, as far back as the horizon. Units in which nobody was touched take no room.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Counts {
    units: VecDeque<Count>,
    horizon: u32,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Count {
    unit: u32,
    seen: u32,
    unexplained: u32,
}

impl Count {
    fn part(&mut self, part: CountScope) -> &mut u32 {
        match part {
            CountScope::Exposure => &mut self.seen,
            CountScope::Unexplained => &mut self.unexplained,
        }
    }
}

impl Counts {
    /// No counts, kept for so many units.
    pub fn new(horizon: u32) -> Counts {
        Counts { units: VecDeque::new(), horizon }
    }

    /// Moves one person from a unit (0 for none) to another.
    pub fn shift(&mut self, from: u32, to: u32, part: CountScope) {
        if let Ok(at) = self.units.binary_search_by_key(&from, |count| count.unit) {
            let slot = self.units[at].part(part);
            *slot = slot.saturating_sub(1);
        }
        self.add(to, part);
    }

    /// Counts one person more in a unit.
    pub fn add(&mut self, unit: u32, part: CountScope) {
        if unit + self.horizon <= self.newest() {
            return;
        }
        let at = match self.units.binary_search_by_key(&unit, |count| count.unit) {
            Ok(at) => at,
            Err(at) if at == self.units.len() => {
                while self.units.front().is_some_and(|first| first.unit + self.horizon <= unit) {
                    self.units.pop_front();
                }
                self.units.push_back(Count { unit, ..Count::default() });
                self.units.len() - 1
            }
            Err(at) => {
                self.units.insert(at, Count { unit, ..Count::default() });
                at
            }
        };
        *self.units[at].part(part) += 1;
    }

    /// People counted from a unit on.
    pub fn since(&self, first: u32, part: CountScope) -> u64 {
        let units = self.units.iter().rev().take_while(|count| count.unit >= first).inspect(|_| steps::count(1));
        units
            .map(|count| match part {
                CountScope::Exposure => u64::from(count.seen),
                CountScope::Unexplained => u64::from(count.unexplained),
            })
            .sum()
    }

    /// The newest unit counted; 0 for none.
    pub fn newest(&self) -> u32 {
        self.units.back().map_or(0, |last| last.unit)
    }

    /// Forgets all counts.
    pub fn clear(&mut self) {
        self.units.clear();
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.units.capacity() * size_of::<Count>()
    }
}
