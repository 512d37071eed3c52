//! Finds actors and days for the scenarios: an actor takes part in one only, has a history before it begins, and is at work on its days.

use std::collections::BTreeSet;

use super::duty;
use super::rng::Rng;
use super::routine;
use super::world::{Stream, World};

/// The employees from whom actors are chosen, each at most once.
pub(crate) struct ActorPool<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) rng: Rng,
    /// Everything must happen on, or go on until, the last day.
    pub(crate) last_day: bool,
    /// Actors are newly hired instead of long with the company.
    pub(crate) newcomers: bool,
    taken: BTreeSet<u32>,
}

impl<'a> ActorPool<'a> {
    pub(crate) fn new(world: &'a mut World) -> Self {
        let rng = Rng::of(&world.seed(Stream::ActorPool, 0, 0));
        Self { world, rng, last_day: false, newcomers: false, taken: BTreeSet::new() }
    }

    /// The day before which nothing unusual happens, so that there is a history to compare with.
    pub(crate) fn quiet_days(&self) -> u32 {
        let days = self.world.calendar.len();
        if days >= 30 { 20 } else { days / 3 }
    }

    pub(crate) fn last(&self) -> u32 {
        self.world.calendar.len() - 1
    }

    /// A first day that leaves room for `span` days, where there is room.
    pub(crate) fn start(&mut self, span: u32) -> u32 {
        if self.last_day {
            return self.last();
        }
        let first = self.quiet_days();
        first + self.rng.below((self.world.calendar.len() - first).saturating_sub(span).max(1))
    }

    /// Somebody free whom `suits` accepts, from a random place on.
    pub(crate) fn someone(&mut self, suits: impl Fn(&World, u32) -> bool) -> Option<u32> {
        let count = self.world.employees.len() as u32;
        let first = self.rng.below(count);
        let found = (0..count).map(|nth| (first + nth) % count).find(|who| !self.taken.contains(who) && suits(self.world, *who))?;
        self.taken.insert(found);
        Some(found)
    }

    /// Somebody settled whom `suits` accepts, with `count` days at work from `start` on; fewer days where the range ends.
    pub(crate) fn at_work(&mut self, start: u32, count: u32, suits: impl Fn(&World, u32) -> bool) -> Option<(u32, Vec<u32>)> {
        let (last_day, newcomers, last) = (self.last_day, self.newcomers, self.last());
        let ends_well = |days: &[u32]| !last_day || days.last() == Some(&last);
        let good = |world: &World, who, least: usize| {
            let fits = if newcomers { newcomer(world, who, start) } else { settled(world, who) };
            if !fits || !suits(world, who) {
                return false;
            }
            let days = working_days(world, who, start, count);
            days.len() >= least && ends_well(&days)
        };
        let enough = if last_day { vec![1] } else { vec![count, count * 3 / 4, count / 2, 1] };
        let who = enough.into_iter().find_map(|least| self.someone(|world, who| good(world, who, least.max(1) as usize)))?;
        Some((who, working_days(self.world, who, start, count)))
    }

    /// Up to `size` people who belong together: one as [`ActorPool::at_work`] finds, and others `akin` to that one who work on most of
    /// the same days. At least two, or none.
    pub(crate) fn team(
        &mut self,
        start: u32,
        count: u32,
        size: u32,
        suits: impl Fn(&World, u32) -> bool,
        akin: impl Fn(&World, u32, u32) -> bool,
    ) -> Option<Vec<(u32, Vec<u32>)>> {
        let mut best: Vec<(u32, Vec<u32>)> = Vec::new();
        let mut tried = Vec::new();
        for _ in 0..8 {
            let Some((lead, days)) = self.at_work(start, count, &suits) else { break };
            tried.push(lead);
            let staff = self.world.employees.len() as u32;
            let first = self.rng.below(staff);
            let mut team = vec![(lead, days.clone())];
            for other in (0..staff).map(|nth| (first + nth) % staff) {
                let free = !self.taken.contains(&other) && settled(self.world, other);
                if team.len() as u32 == size || !free || !suits(self.world, other) || !akin(self.world, lead, other) {
                    continue;
                }
                let common: Vec<u32> = days.iter().copied().filter(|day| duty::rostered(self.world, other, *day)).collect();
                if common.len() * 3 >= days.len() * 2 {
                    team.push((other, common));
                }
            }
            if team.len() > best.len() {
                best = team;
            }
            if best.len() as u32 == size {
                break;
            }
        }
        for lead in tried {
            self.taken.remove(&lead);
        }
        self.taken.extend(best.iter().map(|(who, _)| *who));
        if best.len() < 2 {
            best.iter().for_each(|(who, _)| {
                self.taken.remove(who);
            });
            return None;
        }
        Some(best)
    }

    /// A customer whom nobody's own business leads to more than anybody else's.
    pub(crate) fn aim(&mut self) -> u32 {
        let everybody = 0..self.world.customers.total;
        self.world.customers.anyone(&everybody, &mut self.rng)
    }
}

/// The first `count` days from `start` on which somebody works, days of an outage aside.
pub(crate) fn working_days(world: &World, who: u32, start: u32, count: u32) -> Vec<u32> {
    let unit = world.employee(who).unit;
    let at_work = |day: &u32| duty::rostered(world, who, *day) && !routine::outage(world, unit, *day);
    (start..world.calendar.len()).filter(at_work).take(count as usize).collect()
}

/// Hired within the range and some days before `start`.
fn newcomer(world: &World, who: u32, start: u32) -> bool {
    let employee = world.employee(who);
    let since = start as i32 - employee.hired;
    employee.hired > 0 && (3..25).contains(&since) && employee.left.is_none() && employee.role().volume >= 10.0
}

/// Long with the company, not about to go, not long away, and reading people's data most days.
pub(crate) fn settled(world: &World, who: u32) -> bool {
    let employee = world.employee(who);
    let long_away = employee.absences.iter().any(|absence| absence.to - absence.from > 20);
    employee.hired < -30
        && employee.left.is_none()
        && employee.former.is_none()
        && !long_away
        && employee.role().volume >= 10.0
        && employee.pace > 0.6
}
