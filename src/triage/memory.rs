//! The findings that an episode remembers: the best of each day, and the best of windows of seven days and longer that share no day.
//!
//! A finding over one day is new evidence on another day. Sums over longer windows hold the days before already, so the same window a day
//! later says nothing new; one that begins after the other has ended does. So a sale that goes on for weeks adds up, week by week.

use crate::profile::window::Window;
use crate::triage::score;
use serde::{Deserialize, Serialize};

/// Days whose findings add up.
const DAYS: u32 = 14;

/// Days for which windows of several days are remembered.
const LONG: u32 = 56;

/// What was found, in bits.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct FindingMemory {
    /// By day.
    days: Vec<(u32, f64)>,
    /// By the last day and the length of a window; no two share a day.
    windows: Vec<(u32, u32, f64)>,
}

impl FindingMemory {
    /// Takes in a finding of a window that ends with a day, and forgets what is old by then.
    pub fn take(&mut self, window: Window, day: u32, bits: f64) {
        self.days.retain(|(of, _)| of + DAYS > day);
        self.windows.retain(|(last, _, _)| last + LONG > day);
        let length = window.days();
        if length == 1 {
            match self.days.iter_mut().find(|(of, _)| *of == day) {
                Some((_, best)) => *best = best.max(bits),
                None => self.days.push((day, bits)),
            }
            return;
        }
        let overlaps = |(last, of, _): &(u32, u32, f64)| *last + length > day && day + of > *last;
        let held: Vec<f64> = self.windows.iter().filter(|window| overlaps(window)).map(|(_, _, bits)| *bits).collect();
        if held.is_empty() || bits > score::evidence(&held) {
            self.windows.retain(|window| !overlaps(window));
            self.windows.push((day, length, bits));
        }
    }

    /// What all of it says together, in bits.
    pub fn evidence(&self) -> f64 {
        let days = self.days.iter().map(|(_, bits)| *bits);
        score::evidence(&days.chain(self.windows.iter().map(|(_, _, bits)| *bits)).collect::<Vec<_>>())
    }

    /// On how many days, or in how many windows, something was found.
    pub fn len(&self) -> usize {
        self.days.len() + self.windows.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(findings: &[(Window, u32, f64)]) -> FindingMemory {
        let mut memory = FindingMemory::default();
        findings.iter().for_each(|(window, day, bits)| memory.take(*window, *day, *bits));
        memory
    }

    #[test]
    fn weeks_add_up_and_the_same_week_again_does_not() {
        let once = of(&[(Window::D7, 100, 20.0)]).evidence();
        let same = of(&[(Window::D7, 100, 20.0), (Window::D7, 101, 20.0), (Window::D7, 106, 20.0)]).evidence();
        let next = of(&[(Window::D7, 100, 20.0), (Window::D7, 107, 20.0)]).evidence();
        assert!(once == same && next > once, "{once} {same} {next}");
        let four = of(&[(Window::D7, 100, 20.0), (Window::D7, 107, 20.0), (Window::D7, 114, 20.0), (Window::D7, 121, 20.0)]).evidence();
        assert!(four > next);
    }

    #[test]
    fn a_month_stands_for_its_weeks_only_where_it_says_more() {
        let weeks: Vec<_> = (0..4).map(|n| (Window::D7, 100 + 7 * n, 20.0)).collect();
        let weak = of(&[weeks.clone(), vec![(Window::D30, 122, 21.0)]].concat());
        assert_eq!(weak, of(&weeks));
        let strong = of(&[weeks.clone(), vec![(Window::D30, 122, 60.0)]].concat());
        assert_eq!(strong.len(), 1);
        assert!(strong.evidence() > weak.evidence());
    }

    #[test]
    fn more_is_never_less_and_what_is_old_is_forgotten() {
        let mut memory = FindingMemory::default();
        let mut before = 0.0;
        for day in 100..150 {
            memory.take(Window::D7, day, f64::from(day % 11) + 12.0);
            memory.take(Window::H24, day, 10.0);
            assert!(memory.evidence() + 20.0 >= before, "{day}");
            before = memory.evidence();
            assert!(memory.len() < 24, "{}", memory.len());
        }
        memory.take(Window::H24, 300, 8.0);
        assert_eq!(memory.len(), 1);
    }
}
