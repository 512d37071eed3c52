//! Looks before the last seven days, as far as they are remembered: how many each employee had at the people of each unit, and how often
//! each person was looked at by anybody. They fade with a half-life of five weeks.
//!
//! Room is bounded: past [`MOST`] entries the smallest, and of people those with the largest prints, are forgotten.

use crate::population::homes::Homes;
use crate::population::lookup::Lookup;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries of each sort that are kept.
const MOST: usize = 4_000_000;
/// What is left of a look a day later.
const FADES: f64 = 0.98;
/// What is less is forgotten.
const LEAST: f32 = 0.1;

/// The looks before the last days.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PastLooks {
    /// Days that are remembered, as far as they did not fade.
    pub days: f64,
    /// The last day that was taken.
    last: u32,
    flows: BTreeMap<(u32, u64), f32>,
    subjects: BTreeMap<u64, f32>,
    theta: u64,
    /// Meetings of each employer's agents, and how many were expected by chance.
    meetings: BTreeMap<u64, (f64, f64)>,
}

impl Default for PastLooks {
    fn default() -> PastLooks {
        PastLooks { days: 0.0, last: 0, flows: BTreeMap::new(), subjects: BTreeMap::new(), theta: u64::MAX, meetings: BTreeMap::new() }
    }
}

impl PastLooks {
    /// Takes the looks of a day, which come in ascending order of days.
    pub fn take(&mut self, day: u32, looks: &[Lookup], homes: &mut Homes<'_>) {
        let passed = if self.last == 0 { 1 } else { day.saturating_sub(self.last).max(1) };
        let fades = FADES.powi(passed.min(10_000) as i32);
        self.last = day;
        self.days = self.days * fades + f64::from(passed.min(7));
        let fade = |value: &mut f32| {
            *value *= fades as f32;
            *value >= LEAST
        };
        self.flows.retain(|_, value| fade(value));
        self.subjects.retain(|_, value| fade(value));
        for (met, expected) in self.meetings.values_mut() {
            (*met, *expected) = (*met * fades, *expected * fades);
        }
        for look in looks {
            *self.flows.entry((look.who, homes.of(look.subject))).or_default() += 1.0;
            if look.subject <= self.theta {
                *self.subjects.entry(look.subject).or_default() += 1.0;
            }
        }
        let mut least = LEAST;
        while self.flows.len() > MOST {
            least *= 2.0;
            self.flows.retain(|_, value| *value >= least);
        }
        while self.subjects.len() > MOST {
            self.theta /= 2;
            let theta = self.theta;
            self.subjects.retain(|subject, _| *subject <= theta);
        }
    }

    /// How many looks at the people of a unit an employee had in a week.
    pub fn weekly(&self, who: u32, home: u64) -> f64 {
        self.flows.get(&(who, home)).map_or(0.0, |sum| 7.0 * f64::from(*sum) / self.days.max(7.0))
    }

    /// Looks of each employee at the people of each unit, in order.
    pub fn flows(&self) -> impl Iterator<Item = (u32, u64, f64)> + '_ {
        self.flows.iter().map(|((who, home), sum)| (*who, *home, f64::from(*sum)))
    }

    /// How often somebody was looked at; `None`: it is not kept.
    pub fn seen(&self, subject: u64) -> Option<f64> {
        (subject <= self.theta).then(|| self.subjects.get(&subject).map_or(0.0, |sum| f64::from(*sum)))
    }

    /// How many people are kept.
    pub fn people(&self) -> usize {
        self.subjects.len()
    }

    /// Takes what an employer's agents had in common in a week, and what chance would have made of it.
    pub fn take_meetings(&mut self, employer: u64, met: f64, expected: f64) {
        if self.meetings.len() < MOST || self.meetings.contains_key(&employer) {
            let sum = self.meetings.entry(employer).or_default();
            (sum.0, sum.1) = (sum.0 + met, sum.1 + expected);
        }
    }

    /// How much more than by chance an employer's agents met in weeks that are past, at least 1. `weight`: what one takes for granted.
    pub fn habit(&self, employer: u64, weight: f64) -> f64 {
        self.meetings.get(&employer).map_or(1.0, |(met, expected)| ((met + weight) / (expected + weight)).max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::subjects::Subjects;

    fn look(subject: u64, who: u32) -> Lookup {
        Lookup { subject, who }
    }

    #[test]
    fn looks_fade_and_are_told_by_week_and_person() {
        let (subjects, mut past) = (Subjects::default(), PastLooks::default());
        let mut homes = Homes::new(&subjects, &[]);
        for day in 100..170 {
            past.take(day, &[look(1, 7), look(2, 7), look(2, 8)], &mut homes);
        }
        assert!((past.weekly(7, 0) - 14.0).abs() < 0.1, "{}", past.weekly(7, 0));
        assert!((past.weekly(8, 0) - 7.0).abs() < 0.1 && past.weekly(9, 0) == 0.0);
        assert!(past.seen(2) > past.seen(1) && past.seen(3) == Some(0.0));
        past.take(600, &[], &mut homes);
        assert_eq!(past.flows().count(), 0, "what is long ago is forgotten");
    }

    #[test]
    fn what_agents_always_have_in_common_is_their_habit() {
        let mut past = PastLooks::default();
        past.take_meetings(5, 60.0, 20.0);
        assert!(past.habit(5, 4.0) > 2.5 && past.habit(6, 4.0) == 1.0);
        past.take_meetings(7, 1.0, 20.0);
        assert_eq!(past.habit(7, 4.0), 1.0, "it only lowers what is held against somebody");
    }
}
