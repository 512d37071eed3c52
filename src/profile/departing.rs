//! People whom somebody looked at for the first time ever while about to leave, day by day. Kept from notice on only: who stays
//! costs nothing.

use serde::{Deserialize, Serialize};

/// Days that are kept: those of the longest window.
const DAYS: usize = 90;

/// The first looks of one employee who is about to leave.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Departing {
    /// Day and people, ascending.
    days: Vec<(u32, u32)>,
}

impl Departing {
    /// Adds people who were never looked at before, and are nobody's of the employee's own territory.
    pub fn add(&mut self, day: u32, people: u64) {
        let people = u32::try_from(people).unwrap_or(u32::MAX);
        match self.days.binary_search_by_key(&day, |(known, _)| *known) {
            Ok(at) => self.days[at].1 = self.days[at].1.saturating_add(people),
            Err(_) if people == 0 => {}
            Err(at) => self.days.insert(at, (day, people)),
        }
        if self.days.len() > DAYS {
            self.days.remove(0);
        }
    }

    /// People of the days from one on to another.
    pub fn people(&self, first: u32, last: u32) -> u64 {
        let within = self.days.iter().filter(|(day, _)| (first..=last).contains(day));
        within.fold(0u64, |sum, (_, people)| sum.saturating_add(u64::from(*people)))
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.days.capacity() * size_of::<(u32, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_add_up_in_their_order_and_are_bounded() {
        let mut departing = Departing::default();
        (100..300).for_each(|day| departing.add(day, 2));
        departing.add(250, 3);
        departing.add(249, 0);
        assert_eq!((departing.people(250, 250), departing.people(298, 999), departing.people(1, 209)), (5, 4, 0));
        assert!(departing.days.len() <= DAYS);
    }
}
