//! Whom agents of one outside employer have in common, against chance.
//!
//! Two employees meet where both looked at the same person. Colleagues of one unit meet far more often than others, since they serve the same
//! people; so chance is what pairs of one unit and pairs of different units do who are *not* both of that employer, at the people of each unit
//! apart, and it scatters as it does among all employees. Meetings at the own customers of an agent's unit say nothing and are left out. An
//! employer whose agents have met more often for weeks has that as its habit.

use crate::population::homes::NONE;
use crate::population::lookup::Lookup;
use crate::population::lookups::RecentLookups;
use crate::population::survey::{Survey, overdispersion};
use foldhash::fast::FixedState;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// People with more readers are everybody's, and no list's.
const CROWDED: usize = 64;
/// Meetings that a rate learnt elsewhere weighs.
const WEIGHT: f64 = 4.0;
/// The smallest expectation, per person looked at.
const LEAST: f64 = 0.02;
/// Of those with whom an agent shares this part of the most shared, it is told.
const RING: f64 = 0.25;

/// What agents of one employer have in common.
#[derive(Clone, PartialEq, Debug)]
pub struct EmployerMeetings {
    /// The print of the employer.
    pub employer: u64,
    /// The agents, by number.
    pub agents: Vec<AgentMeetings>,
}

/// What one agent has in common with others of the employer.
#[derive(Clone, PartialEq, Debug)]
pub struct AgentMeetings {
    /// The agent.
    pub who: u32,
    /// People looked at, without those of the own unit.
    pub looked: u64,
    /// Those of them whom others of the employer looked at too.
    pub people: u64,
    /// How many would be by chance, before what is the employer's habit.
    pub by_chance: f64,
    /// The same with the habit.
    pub usual: f64,
    /// Its variance.
    pub variance: f64,
    /// With whom most are shared.
    pub with: Vec<u32>,
}

impl EmployerMeetings {
    /// What the agents have in common, and what would be by chance.
    pub fn total(&self) -> (f64, f64) {
        self.agents.iter().fold((0.0, 0.0), |sum, agent| (sum.0 + agent.people as f64, sum.1 + agent.by_chance))
    }
}

/// Sums over looks and meetings: of one unit, of different ones.
#[derive(Clone, Copy, Default)]
struct Pairs {
    all: [f64; 2],
    met: [f64; 2],
}

/// Looks of a unit at one home: how many, and the sum of the squares of each employee's.
type OfUnit = (f64, f64);

/// Which employer (none: all), home and unit.
type At = (u64, u64, u64);

/// What agents of each outside employer have in common, in the order of the employers' prints.
pub fn meetings(recent: &RecentLookups, survey: &Survey, lookups: &[Lookup]) -> Vec<EmployerMeetings> {
    if survey.employers.iter().all(|employer| *employer == NONE) {
        return Vec::new();
    }
    let mut sums = Sums::of(survey);
    sums.meet(survey, lookups);
    let employers: BTreeSet<u64> = survey.employers.iter().copied().filter(|employer| *employer != NONE).collect();
    let everybody = Chance::of(&sums, survey, NONE);
    let colleagues = (0..survey.units.len() as u32).filter(|who| survey.employer(*who) == NONE);
    let spread = overdispersion(colleagues.map(|who| {
        let expected =
            sums.homes_of(who).iter().map(|(home, n)| everybody.with(*home, *n, [sums.of_colleagues(survey, who, *home, *n), 0.0])).sum();
        (f64::from(sums.colleagues.get(&who).copied().unwrap_or(0)), expected)
    }));
    let of = |employer| {
        let chance = Chance::of(&sums, survey, employer);
        let habit = recent.past().habit(employer, WEIGHT / spread);
        let agents = (0..survey.units.len() as u32).filter(|who| survey.employer(*who) == employer);
        let agents = agents.filter_map(|who| {
            let homes = sums.homes_of(who);
            let looked: f64 = homes.iter().map(|(_, n)| n).sum();
            let with = |(home, n): &(u64, f64)| chance.with(*home, *n, sums.of_agents(survey, employer, who, *home, *n));
            let by_chance = homes.iter().map(with).sum::<f64>().max(LEAST * looked);
            let usual = (by_chance * habit).min(looked);
            let shared = sums.shared.get(&who);
            (looked > 0.0).then(|| AgentMeetings {
                who,
                looked: looked as u64,
                people: shared.map_or(0, |shared| shared.people),
                by_chance,
                usual,
                variance: usual + spread * usual * usual + 0.1,
                with: shared.map(Shared::ring).unwrap_or_default(),
            })
        });
        EmployerMeetings { employer, agents: agents.collect() }
    };
    employers.into_iter().map(of).collect()
}

/// What one agent shares with others of the employer.
#[derive(Default)]
struct Shared {
    people: u64,
    with: BTreeMap<u32, u32>,
}

impl Shared {
    fn ring(&self) -> Vec<u32> {
        let most = self.with.values().copied().max().unwrap_or(0);
        self.with.iter().filter(|(_, people)| f64::from(**people) >= RING * f64::from(most)).map(|(who, _)| *who).collect()
    }
}

/// Sums over all looks outside of the own unit. Whole numbers, so that they do not depend on an order.
#[derive(Default)]
struct Sums {
    by_who: BTreeMap<u32, Vec<(u64, f64)>>,
    units: BTreeMap<At, OfUnit>,
    homes: BTreeMap<(u64, u64), OfUnit>,
    met: BTreeMap<(u64, u64), [f64; 2]>,
    shared: BTreeMap<u32, Shared>,
    /// Of those without an outside employer: people shared with colleagues of their unit.
    colleagues: HashMap<u32, u32, FixedState>,
}

impl Sums {
    fn of(survey: &Survey) -> Sums {
        let mut sums = Sums::default();
        for ((who, home), n) in survey.sorted_looks() {
            if survey.is_own(who, home) {
                continue;
            }
            let n = f64::from(n);
            sums.by_who.entry(who).or_default().push((home, n));
            let (unit, employer) = (survey.unit(who), survey.employer(who));
            for of in [Some(NONE), (employer != NONE).then_some(employer)].into_iter().flatten() {
                for sum in [sums.units.entry((of, home, unit)).or_default(), sums.homes.entry((of, home)).or_default()] {
                    (sum.0, sum.1) = (sum.0 + n, sum.1 + n * n);
                }
            }
        }
        sums
    }

    fn meet(&mut self, survey: &Survey, lookups: &[Lookup]) {
        let groups = lookups.chunk_by(|a, b| a.subject == b.subject).zip(&survey.homes);
        for (looks, home) in groups.filter(|(looks, _)| (2..=CROWDED).contains(&looks.len())) {
            let readers: Vec<u32> = looks.iter().map(|look| look.who).filter(|who| !survey.is_own(*who, *home)).collect();
            for (at, one) in readers.iter().enumerate() {
                let (unit, employer) = (survey.unit(*one), survey.employer(*one));
                let (mut of_employer, mut of_unit) = (false, false);
                for (other_at, other) in readers.iter().enumerate().filter(|(other_at, _)| *other_at != at) {
                    let same = unit != NONE && survey.unit(*other) == unit;
                    let colleagues = employer != NONE && survey.employer(*other) == employer;
                    (of_unit, of_employer) = (of_unit | same, of_employer | colleagues);
                    if colleagues {
                        *self.shared.entry(*one).or_default().with.entry(*other).or_default() += 1;
                    }
                    if other_at > at {
                        for of in [Some(NONE), colleagues.then_some(employer)].into_iter().flatten() {
                            self.met.entry((of, *home)).or_default()[usize::from(!same)] += 1.0;
                        }
                    }
                }
                if of_employer {
                    self.shared.entry(*one).or_default().people += 1;
                }
                if of_unit && employer == NONE {
                    *self.colleagues.entry(*one).or_default() += 1;
                }
            }
        }
    }

    fn homes_of(&self, who: u32) -> &[(u64, f64)] {
        self.by_who.get(&who).map_or(&[], Vec::as_slice)
    }

    /// Looks of the colleagues of somebody's unit at a home.
    fn of_colleagues(&self, survey: &Survey, who: u32, home: u64, own: f64) -> f64 {
        let unit = survey.unit(who);
        if unit == NONE { 0.0 } else { self.units.get(&(NONE, home, unit)).map_or(0.0, |sum| sum.0 - own) }
    }

    /// Looks of the other agents of an employer at a home: those of the same unit, and the others.
    fn of_agents(&self, survey: &Survey, employer: u64, who: u32, home: u64, own: f64) -> [f64; 2] {
        let all = self.homes.get(&(employer, home)).map_or(0.0, |sum| sum.0 - own);
        let unit = survey.unit(who);
        let same = if unit == NONE { 0.0 } else { self.units.get(&(employer, home, unit)).map_or(0.0, |sum| sum.0 - own) };
        [same, all - same]
    }

    /// Pairs of looks of two employees at one home, and how many of them met; of an employer, or of all.
    fn pairs(&self, of: u64, home: u64) -> Pairs {
        let pairs = |(sum, squares): OfUnit| ((sum * sum - squares) / 2.0).max(0.0);
        let all = self.homes.get(&(of, home)).copied().map_or(0.0, pairs);
        let units = self.units.range((of, home, 1)..=(of, home, u64::MAX));
        let same: f64 = units.map(|(_, sum)| pairs(*sum)).sum();
        Pairs { all: [same, all - same], met: self.met.get(&(of, home)).copied().unwrap_or_default() }
    }
}

/// The chance that two looks at the people of one home are at the same person.
struct Chance {
    homes: BTreeMap<u64, [f64; 2]>,
}

impl Chance {
    /// Of pairs that are not both of an employer.
    fn of(sums: &Sums, survey: &Survey, employer: u64) -> Chance {
        let homes: Vec<u64> = sums.homes.range((NONE, 0)..=(NONE, u64::MAX)).map(|((_, home), _)| *home).collect();
        let pairs: Vec<Pairs> = homes
            .iter()
            .map(|home| {
                let (mut pairs, own) =
                    (sums.pairs(NONE, *home), if employer == NONE { Pairs::default() } else { sums.pairs(employer, *home) });
                for at in 0..2 {
                    pairs.all[at] -= own.all[at];
                    pairs.met[at] -= own.met[at];
                }
                pairs
            })
            .collect();
        // A home with few people is met at more often: what is learnt elsewhere is taken by the number of people.
        let size = |home: u64| survey.sizes.get(&home).copied().unwrap_or(0).max(1) as f64;
        let unowned = homes.iter().all(|home| *home == NONE);
        let size = |home: u64| if home == NONE && unowned { 1.0 } else { size(home) };
        let known = |home: u64| home != NONE || unowned;
        let elsewhere: [f64; 2] = std::array::from_fn(|at| {
            let of = homes.iter().zip(&pairs).filter(|(home, _)| known(**home));
            let (met, all) = of.fold((0.0, 0.0), |sum, (home, pairs)| (sum.0 + pairs.met[at], sum.1 + pairs.all[at] / size(*home)));
            if all > 0.0 { (met + 0.5) / all } else { 0.0 }
        });
        // Where no two of one unit are to be had, those of different units are the least that is known.
        let elsewhere = [elsewhere[0].max(elsewhere[1]), elsewhere[1]];
        let homes = homes.into_iter().zip(pairs).map(|(home, pairs)| {
            let rate = |at: usize| {
                let usual = if known(home) { elsewhere[at] / size(home) } else { 0.0 };
                let weight = if usual > 0.0 { WEIGHT / usual } else { 0.0 };
                let all = pairs.all[at] + weight;
                if all > 0.0 { (pairs.met[at] + WEIGHT * f64::from(u8::from(usual > 0.0))) / all } else { 0.0 }
            };
            (home, [rate(0), rate(1)])
        });
        Chance { homes: homes.collect() }
    }

    /// How many of `own` people at a home are expected to be among so many looks of others, of the same unit and of other ones.
    fn with(&self, home: u64, own: f64, others: [f64; 2]) -> f64 {
        let rates = self.homes.get(&home).copied().unwrap_or_default();
        own * -(-(rates[0] * others[0] + rates[1] * others[1])).exp_m1()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::subjects::Subjects;
    use crate::model::access::Actor;
    use crate::model::keys::Keys;
    use crate::population::homes::{Homes, print};
    use crate::population::summary::{Excess, Summary};
    use crate::profile::baseline::Prediction;
    use crate::profile::conduct::touched::People;
    use crate::profile::history::Moments;
    use crate::profile::long_run::Stretches;
    use crate::profile::measure::Measure;
    use crate::random::SplitMix64;

    fn member(name: String, unit: &str, employer: Option<&str>, mut subjects: Vec<u64>) -> Summary {
        subjects.sort_unstable();
        subjects.dedup();
        Summary {
            actor: Actor::Employee(name.into()),
            group: "clerk".into(),
            unit: Some(unit.into()),
            employer: employer.map(Into::into),
            moments: [Moments { days: 20.0, mean: 5.0, variance: 9.0 }; Measure::COUNT],
            days: Vec::new(),
            hours: Vec::new(),
            familiar: Vec::new(),
            touched: vec![People { day: 100, subjects }],
            excess: Excess::default(),
            long_run: Stretches::default(),
            strengths: Vec::new(),
        }
    }

    /// Eight units of ten employees, the last of them a vendor's, each of whom looks at 20 of 300 people of the unit and at three of the
    /// first unit; and at what else an agent looks. Whose the people are is known or not.
    fn company(owners: bool, more: impl Fn(usize) -> Vec<u64>) -> Vec<(usize, AgentMeetings)> {
        let keys = Keys::built_in();
        let mut random = SplitMix64::new(7);
        let mut members = Vec::new();
        for unit in 0..8_u64 {
            for n in 0..10 {
                let mut looks: Vec<u64> = (0..20).map(|_| 1_000 * (unit + 1) + random.number() % 300).collect();
                looks.extend((0..3).map(|_| 1_000 + random.number() % 300));
                let employer = (unit == 7).then_some("Vendor");
                looks.extend(employer.into_iter().flat_map(|_| more(n)));
                let looks = looks.into_iter().map(|id| keys.subject("", &id.to_string()).0).collect();
                members.push(member(format!("{unit}-{n}"), &format!("U{unit}"), employer, looks));
            }
        }
        let of_unit = |unit: u64| (0..300).map(move |n| format!("{},U{unit}\n", 1_000 * (unit + 1) + n));
        let text = format!("subject,owner\n{}", (0..if owners { 8 } else { 0 }).flat_map(of_unit).collect::<String>());
        let subjects = Subjects::parse(&text, "subjects.csv", &keys, &[String::new()]).expect("is valid");
        let mut homes = Homes::new(&subjects, &members);
        let mut recent = RecentLookups::default();
        recent.take(100, &members, &mut homes);
        let lookups = recent.sorted();
        let survey = Survey::of(&recent, &members, &lookups, &mut homes);
        let all = meetings(&recent, &survey, &lookups);
        assert_eq!((all.len(), all[0].employer), (1, print("Vendor")));
        let number = |who: u32| recent.actors()[who as usize].name()[2..].parse().expect("a number");
        all[0].agents.iter().map(|agent| (number(agent.who), agent.clone())).collect()
    }

    fn bits(agent: &AgentMeetings) -> f64 {
        Prediction { mean: agent.usual, variance: agent.variance }.bits(agent.people)
    }

    #[test]
    fn agents_who_sit_as_one_unit_meet_as_the_colleagues_of_other_units_do() {
        let agents = company(false, |_| Vec::new());
        assert_eq!(agents.len(), 10);
        assert!(agents.iter().all(|(_, agent)| agent.people > 2 && bits(agent) < 5.0), "{agents:?}");
    }

    #[test]
    fn agents_who_share_a_list_of_strangers_are_told_with_one_another_and_the_others_are_not() {
        let agents = company(true, |n| if n < 4 { (0..25).map(|at| 2_000 + 7 * at).collect() } else { Vec::new() });
        for (n, agent) in &agents {
            if *n < 4 {
                assert!(bits(agent) > 8.0 && agent.with.len() == 3, "{agent:?} {}", bits(agent));
            } else {
                assert!(bits(agent) < 6.0, "{agent:?}");
            }
        }
    }
}
