//! The sliding windows of event time, and how an instant is numbered in them.
//!
//! 1 h and 24 h slide by five minutes; 7, 30 and 90 days slide by the employee's local day and include today.

use crate::model::time::Day;
use crate::model::zone::LocalTime;
use crate::profile::seen::{Since, UNITS_PER_DAY};
use serde::{Deserialize, Serialize};

/// A window that ends now.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the definition")]
pub enum Window {
    H1,
    H24,
    D7,
    D30,
    D90,
}

impl Window {
    /// Every window, shortest first.
    pub const ALL: [Window; 5] = [Window::H1, Window::H24, Window::D7, Window::D30, Window::D90];

    /// The name used in alerts.
    pub fn name(self) -> &'static str {
        match self {
            Window::H1 => "1h",
            Window::H24 => "24h",
            Window::D7 => "7d",
            Window::D30 => "30d",
            Window::D90 => "90d",
        }
    }

    /// Local days that the window covers, for windows of days; one for the shorter.
    pub fn days(self) -> u32 {
        match self {
            Window::H1 | Window::H24 => 1,
            Window::D7 => 7,
            Window::D30 => 30,
            Window::D90 => 90,
        }
    }

    /// What lies in the window that ends there.
    pub fn since(self, end: impl Into<WindowEnd>) -> Since {
        let WindowEnd { unit, past } = end.into();
        if past {
            let day = unit / UNITS_PER_DAY;
            return Since::Days((day + 1).saturating_sub(self.days()), day);
        }
        match self {
            Window::H1 => Since::Unit((unit + 1).saturating_sub(12)),
            Window::H24 => Since::Unit((unit + 1).saturating_sub(UNITS_PER_DAY)),
            Window::D7 | Window::D30 | Window::D90 => Since::Day((unit / UNITS_PER_DAY + 1).saturating_sub(self.days())),
        }
    }
}

/// Where windows end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowEnd {
    /// The five minutes.
    pub unit: u32,
    /// Whether it lies so far back that only whole days are known: windows end with the day, and hold nothing of later ones.
    pub past: bool,
}

impl From<u32> for WindowEnd {
    fn from(unit: u32) -> WindowEnd {
        WindowEnd { unit, past: false }
    }
}

/// 1999-12-30: local days are numbered from here, so that the first valid one, also west of Greenwich, is day 1 or later.
const DAY_ZERO: i32 = 10_955;

/// The number of a local day.
pub fn day_number(day: Day) -> u32 {
    (day.0 - DAY_ZERO).max(1) as u32
}

/// The local day of that number.
pub fn day_of(number: u32) -> Day {
    Day(number as i32 + DAY_ZERO)
}

/// The number of the five minutes in which a local time lies.
pub fn unit_number(local: LocalTime) -> u32 {
    day_number(local.day) * UNITS_PER_DAY + u32::from(local.minute) / 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_numbered_from_one() {
        let first = Day::parse("1999-12-31").expect("is a date");
        assert_eq!(day_number(first), 1);
        assert_eq!(day_of(1), first);
    }

    #[test]
    fn windows_reach_back_by_units_or_days() {
        let unit = 5 * UNITS_PER_DAY + 3;
        assert_eq!(Window::H1.since(unit), Since::Unit(unit - 11));
        assert_eq!(Window::D7.since(9 * UNITS_PER_DAY), Since::Day(3));
        let past = WindowEnd { unit: 9 * UNITS_PER_DAY + 5, past: true };
        assert_eq!((Window::H1.since(past), Window::D7.since(past)), (Since::Days(9, 9), Since::Days(3, 9)));
    }
}
