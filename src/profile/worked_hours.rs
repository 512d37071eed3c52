//! In which hours of their last days somebody worked: what the shape of the week of their role is learnt from, once those days have closed.

use crate::model::zone::LocalTime;
use crate::profile::window::day_number;
use serde::{Deserialize, Serialize};

/// Hours of one day, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HoursOfDay {
    /// Number of the day; 0 for none.
    pub day: u32,
    /// The hours.
    pub hours: u32,
}

/// Hours of the newest day and of the one before it on which anything was done.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WorkedHours {
    newest: HoursOfDay,
    before: HoursOfDay,
}

impl WorkedHours {
    /// Notes an access of the newest day.
    pub fn note(&mut self, local: LocalTime) {
        let day = day_number(local.day);
        if day > self.newest.day {
            (self.before, self.newest) = (self.newest, HoursOfDay { day, hours: 0 });
        }
        if day == self.newest.day {
            self.newest.hours |= 1 << (local.minute / 60 % 24);
        }
    }

    /// The hours of a day, as far as they are kept.
    pub fn of(&self, day: u32) -> Option<HoursOfDay> {
        [self.before, self.newest].into_iter().find(|of| of.day == day && day != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Day;

    #[test]
    fn two_days_are_kept_each_with_its_hours() {
        let mut worked = WorkedHours::default();
        let note = |worked: &mut WorkedHours, day: i32, minute: u16| worked.note(LocalTime { day: Day(20_000 + day), minute });
        [(100, 9 * 60), (100, 23 * 60 + 59), (101, 0), (100, 12 * 60)].into_iter().for_each(|(day, minute)| note(&mut worked, day, minute));
        let number = |day: i32| day_number(Day(20_000 + day));
        assert_eq!(worked.of(number(100)).map(|of| of.hours), Some(1 << 9 | 1 << 23), "what comes late moves nothing");
        assert_eq!(worked.of(number(101)).map(|of| of.hours), Some(1));
        note(&mut worked, 103, 60);
        assert_eq!((worked.of(number(100)), worked.of(number(102)), worked.of(0)), (None, None, None));
    }
}
