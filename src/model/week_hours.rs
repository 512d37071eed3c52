//! Hours of the week: which of them somebody, or a role, works in.

use serde::{Deserialize, Serialize};

/// Hours of weekdays as bits, Monday first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct WeekHours([u32; 7]);

impl WeekHours {
    /// Adds an hour of a weekday, 0 for Monday.
    pub fn add(&mut self, weekday: u8, hour: u32) {
        if let Some(hours) = self.0.get_mut(usize::from(weekday)) {
            *hours |= 1 << (hour % 24);
        }
    }

    /// Whether an hour of a weekday is among them.
    pub fn has(&self, weekday: u8, hour: u32) -> bool {
        self.0.get(usize::from(weekday)).is_some_and(|hours| hours >> (hour % 24) & 1 == 1)
    }

    /// Whether an hour of any day from Monday to Friday is among them: a day off that is made up for is worked as those are.
    pub fn has_on_workdays(&self, hour: u32) -> bool {
        (0..5).any(|weekday| self.has(weekday, hour))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_of_its_weekday_alone() {
        let mut hours = WeekHours::default();
        hours.add(5, 23);
        assert!(hours.has(5, 23) && !hours.has(6, 23) && !hours.has(5, 22) && !hours.has_on_workdays(23));
        hours.add(0, 9);
        assert!(hours.has_on_workdays(9) && !hours.has(9, 9), "there is no such day");
    }
}
