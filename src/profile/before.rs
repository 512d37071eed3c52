//! The closed days that a window is held against: the moments of those before it, and the sums of those within it.
//!
//! They change when a day closes, and at no access: each is derived when it is first asked for and kept until then. Detectors that ask at
//! every access (`low_and_slow` sums two measures over three windows) so do with a look-up.

use crate::profile::Profile;
use crate::profile::history::{AllMoments, History, NO_MOMENTS};
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use std::sync::OnceLock;

/// What lies before one day, by window of several days that ends with it.
#[derive(Clone, Debug, Default)]
pub struct Before([OfWindow; 3]);

#[derive(Clone, Debug, Default)]
struct OfWindow {
    moments: OnceLock<Box<AllMoments>>,
    sums: OnceLock<Box<WindowSums>>,
}

/// The days of activity of a window before the day that it ends with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WindowSums {
    /// How many there are.
    pub days: u32,
    of: [(u64, u64); Measure::COUNT],
}

impl WindowSums {
    /// No day.
    pub const NONE: WindowSums = WindowSums { days: 0, of: [(0, 0); Measure::COUNT] };

    /// The sum of a measure over them.
    pub fn sum(&self, measure: Measure) -> u64 {
        self.of[measure as usize].0
    }

    /// Its largest figure of one of them.
    pub fn largest(&self, measure: Measure) -> u64 {
        self.of[measure as usize].1
    }

    /// Adds a day, by its figures that are not zero.
    pub(super) fn add(&mut self, figures: impl Iterator<Item = (Measure, u64)>) {
        self.days += 1;
        for (measure, figure) in figures {
            let (sum, largest) = &mut self.of[measure as usize];
            (*sum, *largest) = (*sum + figure, figure.max(*largest));
        }
    }
}

fn place(window: Window) -> Option<usize> {
    match window {
        Window::H1 | Window::H24 => None,
        Window::D7 => Some(0),
        Window::D30 => Some(1),
        Window::D90 => Some(2),
    }
}

impl Before {
    /// Moments of the days before a window of several days that ends with `day`; nothing of a shorter one.
    pub fn moments(&self, history: &History, day: u32, window: Window) -> Option<&AllMoments> {
        let of = &self.0[place(window)?];
        // Of whoever is new nothing is kept: most of a million employees are hardly ever seen.
        if history.is_empty() {
            return Some(&NO_MOMENTS);
        }
        Some(of.moments.get_or_init(|| Box::new(history.all_moments(day.saturating_sub(window.days())))))
    }

    /// Sums over the days of a window that ends with `day`, without that day.
    pub fn sums(&self, profile: &Profile, day: u32, window: Window) -> &WindowSums {
        let Some(place) = place(window).filter(|_| !profile.history.is_empty() || !profile.late.is_empty()) else {
            return &WindowSums::NONE;
        };
        self.0[place].sums.get_or_init(|| Box::new(profile.sums(day.saturating_sub(1), window.days() - 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::Actor;
    use crate::profile::history::ClosedDay;
    use std::sync::Arc;

    #[test]
    fn sums_of_a_window_are_those_of_its_days_one_by_one_with_what_came_late() {
        let mut profile = Profile::new(Actor::Employee(Arc::from("E1")));
        for day in (100..200).filter(|day| day % 7 > 1) {
            let mut figures = [0; Measure::COUNT];
            (figures[Measure::Persons as usize], figures[Measure::Vips as usize]) = (day, day % 3);
            profile.history.close(ClosedDay { day, figures, held_out: day % 10 == 0 });
        }
        let mut signals = [0; Measure::COUNT];
        (signals[Measure::Persons as usize], signals[Measure::Misses as usize]) = (5, 2);
        // Of a day that is known, and of one on which there was nothing else.
        [191, 197].into_iter().for_each(|day| profile.late.add(day, &signals));
        assert_eq!((191 % 7, 197 % 7), (2, 1));
        let before = Before::default();
        for window in Window::ALL {
            let sums = before.sums(&profile, 200, window);
            for measure in Measure::ALL {
                let (days, sum) = profile.total(measure, 199, window.days() - 1);
                assert_eq!((sums.days, sums.sum(measure)), (days, sum), "{window:?} {measure:?}");
                assert_eq!(sums.largest(measure), profile.largest(measure, 199, window.days() - 1));
            }
        }
    }
}
