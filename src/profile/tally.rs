//! Sums by unit of time, as far back as a horizon; units without anything take no room.

use crate::model::steps;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// One `T` for each unit in which something happened, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tally<T> {
    units: VecDeque<(u32, T)>,
    horizon: u32,
}

impl<T: Default> Tally<T> {
    /// Nothing yet, kept for so many units.
    pub fn new(horizon: u32) -> Tally<T> {
        Tally { units: VecDeque::new(), horizon }
    }

    /// The sum of a unit, made if it is not there; `None` for a unit before the horizon.
    pub fn at(&mut self, unit: u32) -> Option<&mut T> {
        let newest = self.units.back().map_or(0, |(unit, _)| *unit);
        if unit + self.horizon <= newest {
            return None;
        }
        if unit > newest {
            while self.units.front().is_some_and(|(first, _)| first + self.horizon <= unit) {
                self.units.pop_front();
            }
        }
        let at = match self.units.binary_search_by_key(&unit, |(unit, _)| *unit) {
            Ok(at) => at,
            Err(at) => {
                // Grown by little at a time: every employee has several of these.
                if self.units.len() == self.units.capacity() {
                    self.units.reserve_exact(2 + self.units.len() / 8);
                }
                self.units.insert(at, (unit, T::default()));
                at
            }
        };
        Some(&mut self.units[at].1)
    }

    /// The sum of one unit, where something happened in it.
    pub fn get(&self, unit: u32) -> Option<&T> {
        let at = self.units.binary_search_by_key(&unit, |(unit, _)| *unit).ok()?;
        self.units.get(at).map(|(_, sum)| sum)
    }

    /// The sums from a unit on.
    pub fn since(&self, first: u32) -> impl Iterator<Item = &T> {
        self.units.iter().rev().take_while(move |(unit, _)| *unit >= first).map(|(_, sum)| counted(sum))
    }

    /// The sums of the units from one to another, both included.
    pub fn within(&self, first: u32, last: u32) -> impl Iterator<Item = &T> {
        let from = self.units.partition_point(|(unit, _)| *unit < first);
        self.units.range(from..).take_while(move |(unit, _)| *unit <= last).map(|(_, sum)| counted(sum))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Bytes on the heap, apart from what the sums hold themselves.
    pub fn heap_bytes(&self) -> usize {
        self.units.capacity() * size_of::<(u32, T)>()
    }
}

fn counted<T>(sum: &T) -> &T {
    steps::count(1);
    sum
}
