//! The shape of the week of a role: at which hours of which weekdays its members work, learnt from what they did.
//!
//! Of a weekday and hour it is the share of days worked on which somebody did anything in that hour:
//!
//! `share = (worked + 20 · share of all) / (most days worked on one weekday + 20)`
//!
//! where `worked` are the members' days of that weekday with work in that hour, and the share of all is the same of everybody, without
//! those twenty. Days weigh by 0.97 for each day since. The denominator is that of the busiest weekday, so that the few who come on a
//! Sunday make no Sunday of work. An hour belongs to the role where its share is at least a twentieth; as long as everybody together has
//! fewer than 40 days of a weekday, nothing is said.

use crate::model::week_hours::WeekHours;
use crate::profile::window::day_of;
use crate::profile::worked_hours::HoursOfDay;
use serde::{Deserialize, Serialize};

const CELLS: usize = 7 * 24;
/// By how much a day weighs less than the one after it.
const DISCOUNT: f64 = 0.97;
/// Days of everybody that count beside those of a role.
const PRIOR: f64 = 20.0;
/// From this share on an hour is the role's.
const USUAL: f64 = 0.05;
/// Days of the busiest weekday from which on anything is said.
const FEWEST: f64 = 40.0;

/// Days worked, by weekday and by hour of each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WeekShape {
    days: [f64; 7],
    /// Of each weekday its hours.
    hours: Vec<f64>,
}

impl Default for WeekShape {
    fn default() -> WeekShape {
        WeekShape { days: [0.0; 7], hours: vec![0.0; CELLS] }
    }
}

impl WeekShape {
    /// Adds a day of somebody.
    pub fn add(&mut self, day: HoursOfDay) {
        let weekday = usize::from(day_of(day.day).weekday());
        self.days[weekday] += 1.0;
        for (hour, worked) in self.hours[weekday * 24..][..24].iter_mut().enumerate() {
            *worked += f64::from(day.hours >> hour & 1);
        }
    }

    /// So many days have passed: what was added weighs less.
    pub fn discount(&mut self, days: u32) {
        let factor = DISCOUNT.powi(days as i32);
        self.days.iter_mut().chain(&mut self.hours).for_each(|weight| *weight *= factor);
    }

    fn most_days(&self) -> f64 {
        self.days.iter().copied().fold(0.0, f64::max)
    }

    /// The hours of the role of which this is the shape; `None` while too little is known of everybody.
    pub fn usual(&self, everybody: &WeekShape) -> Option<WeekHours> {
        let (own, all) = (self.most_days(), everybody.most_days());
        (all >= FEWEST).then(|| {
            let mut usual = WeekHours::default();
            for (at, (worked, of_all)) in self.hours.iter().zip(&everybody.hours).enumerate() {
                if (worked + PRIOR * of_all / all) / (own + PRIOR) >= USUAL {
                    usual.add((at / 24) as u8, (at % 24) as u32);
                }
            }
            usual
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Day;
    use crate::profile::window::day_number;

    /// Four weeks of so many people who work at these hours, Monday to Friday or all days.
    fn shape(people: u32, hours: std::ops::Range<u32>, all_days: bool) -> WeekShape {
        let mut shape = WeekShape::default();
        let mask = hours.fold(0, |mask, hour| mask | 1 << hour);
        let monday = day_number(Day::parse("2026-03-02").expect("a day"));
        for day in (0..28).filter(|day| all_days || day % 7 < 5) {
            (0..people).for_each(|_| shape.add(HoursOfDay { day: monday + day, hours: mask }));
        }
        shape
    }

    #[test]
    fn a_role_has_the_hours_that_it_works_and_a_small_one_some_of_everybodys() {
        let (office, night) = (shape(30, 8..19, false), shape(10, 0..7, true));
        let mut all = shape(30, 8..19, false);
        let mut nights = shape(10, 0..7, true);
        all.days.iter_mut().zip(&nights.days).for_each(|(sum, more)| *sum += more);
        all.hours.iter_mut().zip(&nights.hours).for_each(|(sum, more)| *sum += more);
        let office = office.usual(&all).expect("is known");
        assert!(office.has(0, 8) && office.has(4, 18) && !office.has(0, 22) && !office.has(5, 10), "{office:?}");
        assert!(!office.has(2, 3), "what another role does is not theirs");
        let of_night = night.usual(&all).expect("is known");
        assert!(
            of_night.has(6, 3) && of_night.has(0, 0) && of_night.has(0, 10),
            "{of_night:?}: everybody's office hours are held against nobody"
        );
        assert!(WeekShape::default().usual(&all).expect("is known").has(1, 9), "who is new to it has everybody's");
        nights.discount(100);
        assert!(nights.usual(&nights).is_none(), "too long ago");
    }

    #[test]
    fn the_few_who_come_on_sundays_make_none_of_work() {
        let mut all = shape(30, 8..19, false);
        let sunday = day_number(Day::parse("2026-03-08").expect("a day"));
        all.add(HoursOfDay { day: sunday, hours: 1 << 10 });
        assert!(!all.usual(&all).expect("is known").has(6, 10));
        (0..40).for_each(|_| all.add(HoursOfDay { day: sunday, hours: 1 << 10 }));
        assert!(all.usual(&all).expect("is known").has(6, 10), "a third of the house does");
        assert_eq!(shape(1, 8..19, false).usual(&shape(1, 8..19, false)), None, "four Mondays say nothing");
    }
}
