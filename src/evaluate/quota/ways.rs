//! Ways of taking people a few at a time, and what somebody who goes them does on each day.

use crate::evaluate::inject::scenarios::DayAct;
use crate::evaluate::inject::spec::{InjectionSpec, TargetPopulation};
use crate::evaluate::inject::strength::Strength;
use crate::evaluate::inject::work_patterns::WorkPattern;
use crate::model::typology::Typology;

/// Days of work in a week.
const WEEK: u32 = 5;

/// A way of taking people without being noticed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "`what` says it")]
pub enum Way {
    OwnTerritory,
    Strangers,
    GuessedTickets,
    OwnTicket,
    Mixture,
    SlowGrowth,
    ListOnce,
    ListWeekly,
}

impl Way {
    /// Every way, in the order of the table.
    pub const ALL: [Way; 8] = [
        Way::OwnTerritory,
        Way::Strangers,
        Way::GuessedTickets,
        Way::OwnTicket,
        Way::Mixture,
        Way::SlowGrowth,
        Way::ListOnce,
        Way::ListWeekly,
    ];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Way::OwnTerritory => "own_territory",
            Way::Strangers => "strangers",
            Way::GuessedTickets => "guessed_tickets",
            Way::OwnTicket => "own_ticket",
            Way::Mixture => "mixture",
            Way::SlowGrowth => "slow_growth",
            Way::ListOnce => "list_once",
            Way::ListWeekly => "list_weekly",
        }
    }

    /// What is done.
    pub fn what(self) -> &'static str {
        match self {
            Way::OwnTerritory => "customers of the own territory, one by one, without a reason",
            Way::Strangers => "customers of other territories, one by one, without a reason",
            Way::GuessedTickets => "customers of other territories, each under a ticket that does not exist",
            Way::OwnTicket => "customers of other territories under a ticket of one's own for somebody else",
            Way::Mixture => "the four above in turns",
            Way::SlowGrowth => "customers of the own territory, more from week to week, so that the own baseline follows",
            Way::ListOnce => "one list of people, once",
            Way::ListWeekly => "a list of people every week",
        }
    }

    /// What is done on `days` by somebody who takes so many people a week of five days.
    pub fn plan(self, per_week: u32, days: &[u32], pattern: &WorkPattern, seed: u64) -> Vec<DayAct> {
        let all = days.len() as u32;
        let (mut taken, mut plan) = (0, Vec::new());
        for (at, day) in (0_u32..).zip(days) {
            let due = match self {
                Way::ListOnce => {
                    if at == 0 {
                        per_week * all / WEEK
                    } else {
                        0
                    }
                }
                Way::ListWeekly => {
                    if at % WEEK == 0 {
                        per_week
                    } else {
                        0
                    }
                }
                // As many in all, the last day with twice as many as on average.
                Way::SlowGrowth => {
                    (u64::from(per_week) * u64::from(at + 1) * u64::from(at + 1) / u64::from(WEEK * all.max(1))) as u32 - taken
                }
                _ => per_week * (at + 1) / WEEK - taken,
            };
            if due == 0 {
                continue;
            }
            taken += due;
            let of = if self == Way::Mixture { Way::ALL[at as usize % 4] } else { self };
            let (typology, whom) = match of {
                Way::ListOnce | Way::ListWeekly => (Typology::BulkExtract, TargetPopulation::Unseen),
                Way::OwnTerritory | Way::SlowGrowth => (Typology::LowAndSlow, TargetPopulation::OwnTerritory),
                Way::GuessedTickets => (Typology::FabricatedBusiness, TargetPopulation::OtherTerritory),
                Way::Strangers | Way::OwnTicket | Way::Mixture => (Typology::LowAndSlow, TargetPopulation::OtherTerritory),
            };
            let own_ticket = || pattern.purposes.range(..=*day).next_back().map(|(_, purpose)| *purpose);
            let purpose = if of == Way::OwnTicket { own_ticket() } else { None };
            let strength = Strength::default();
            let spec = InjectionSpec { typology, strength, persons_per_day: due, days: 1, role: None, unit: None, whom, insiders: 1, seed };
            plan.push(DayAct { day: *day, spec, purpose });
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_takes_what_it_says() {
        let days: Vec<u32> = (0..60).collect();
        for way in Way::ALL {
            for per_week in [1, 3, 20, 400] {
                let plan = way.plan(per_week, &days, &WorkPattern::default(), 1);
                let people: u32 = plan.iter().map(|act| act.spec.persons_per_day).sum();
                assert_eq!(people, per_week * 12, "{way:?}");
                let growing = plan.windows(2).filter(|pair| pair[0].spec.persons_per_day > pair[1].spec.persons_per_day).count();
                assert!(way != Way::SlowGrowth || per_week < 400 || growing < plan.len() / 3, "{growing}");
            }
        }
        assert_eq!(Way::ListOnce.plan(5, &days, &WorkPattern::default(), 1).len(), 1);
        assert_eq!(Way::ListWeekly.plan(5, &days, &WorkPattern::default(), 1).len(), 12);
    }
}
