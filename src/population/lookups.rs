//! Lookups that the global stage keeps from day to day: who looked at whom, one by one and without a known reason, on the last seven closed
//! days. Subjects are prints, employees numbers.
//!
//! Room is bounded: past [`MOST`] looks, only subjects with the smallest prints are kept, all looks at them and none at others. Every
//! kept subject is judged exactly, and those that are not kept are not judged.

use crate::model::access::Actor;
use crate::population::homes::Homes;
use crate::population::lookup::Lookup;
use crate::population::past_looks::PastLooks;
use crate::population::summary::Summary;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Closed days that are compared.
pub const DAYS: u32 = 7;
/// Looks that are kept.
const MOST: usize = 16_000_000;

/// The looks of the last days.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecentLookups {
    days: VecDeque<(u32, Vec<Lookup>)>,
    actors: Vec<Actor>,
    numbers: BTreeMap<Actor, u32>,
    theta: u64,
    /// What lies before them.
    past: PastLooks,
    /// The week that was learnt from last.
    week: Option<u32>,
}

impl Default for RecentLookups {
    fn default() -> RecentLookups {
        RecentLookups {
            days: VecDeque::new(),
            actors: Vec::new(),
            numbers: BTreeMap::new(),
            theta: u64::MAX,
            past: PastLooks::default(),
            week: None,
        }
    }
}

impl RecentLookups {
    /// Takes what the summaries bring, and forgets what is older than the days compared.
    pub fn take(&mut self, last: u32, members: &[Summary], homes: &mut Homes<'_>) {
        let mut days: BTreeMap<u32, Vec<Lookup>> = BTreeMap::new();
        for member in members {
            for people in member.touched.iter().filter(|people| !people.subjects.is_empty() && people.day + DAYS > last) {
                let who = self.number(&member.actor);
                let kept = people.subjects.iter().take_while(|subject| **subject <= self.theta);
                days.entry(people.day).or_default().extend(kept.map(|subject| Lookup { subject: *subject, who }));
            }
        }
        for (day, looks) in days {
            match self.days.iter_mut().find(|(known, _)| *known == day) {
                Some((_, known)) => known.extend(looks),
                None => self.days.push_back((day, looks)),
            }
        }
        let mut over: Vec<(u32, Vec<Lookup>)> = Vec::new();
        self.days.retain_mut(|(day, looks)| {
            let kept = *day + DAYS > last;
            if !kept {
                over.push((*day, std::mem::take(looks)));
            }
            kept
        });
        over.sort_unstable_by_key(|(day, _)| *day);
        for (day, mut looks) in over {
            looks.sort_unstable();
            looks.dedup();
            self.past.take(day, &looks, homes);
        }
        while self.days.iter().map(|(_, looks)| looks.len()).sum::<usize>() > MOST {
            self.theta /= 2;
            let theta = self.theta;
            self.days.iter_mut().for_each(|(_, looks)| looks.retain(|look| look.subject <= theta));
        }
    }

    fn number(&mut self, actor: &Actor) -> u32 {
        if let Some(number) = self.numbers.get(actor) {
            return *number;
        }
        let number = self.actors.len() as u32;
        self.actors.push(actor.clone());
        self.numbers.insert(actor.clone(), number);
        number
    }

    /// Everybody who looked at somebody, by number.
    pub fn actors(&self) -> &[Actor] {
        &self.actors
    }

    /// The number of an employee who looked at somebody.
    pub fn number_of(&self, actor: &Actor) -> Option<u32> {
        self.numbers.get(actor).copied()
    }

    /// What lies before the days compared.
    pub fn past(&self) -> &PastLooks {
        &self.past
    }

    /// Learns once a week what the agents of one employer had in common, and what would have been by chance. That days close sooner or later
    /// from now on, or that a week's first day was passed over, makes it neither twice nor never.
    pub fn learn(&mut self, last: u32, employers: impl Iterator<Item = (u64, (f64, f64))>) {
        let week = last / DAYS;
        let known = self.week;
        self.week = known.max(Some(week));
        if known.map_or(last.is_multiple_of(DAYS), |known| week > known) {
            employers.for_each(|(employer, (met, expected))| self.past.take_meetings(employer, met, expected));
        }
    }

    /// The looks of all days, as they came: a pair may stand in several.
    pub fn looks(&self) -> impl Iterator<Item = Lookup> + '_ {
        self.days.iter().flat_map(|(_, looks)| looks.iter().copied())
    }

    /// The looks of all days, by subject and employee, each pair once.
    pub fn sorted(&self) -> Vec<Lookup> {
        let mut all: Vec<Lookup> = self.days.iter().flat_map(|(_, looks)| looks.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_week_is_learnt_from_once_whenever_its_days_close() {
        let habit = |closed: &[u32]| {
            let mut lookups = RecentLookups::default();
            closed.iter().for_each(|last| lookups.learn(*last, [(5, (60.0, 20.0))].into_iter()));
            lookups.past().habit(5, 4.0)
        };
        let once = habit(&[13, 14, 15, 16]);
        assert!(once > 1.0 && habit(&[13]) == 1.0 && habit(&[14]) == once);
        assert_eq!(habit(&[13, 14, 14, 15]), once, "days close later from now on");
        assert_eq!(habit(&[13, 15, 16]), once, "or sooner");
        assert_eq!(habit(&[13, 14, 13, 14, 15]), once, "and to and fro");
        assert!(habit(&[13, 14, 20, 21]) > once);
    }
}
