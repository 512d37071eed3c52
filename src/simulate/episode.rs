//! Owns what an episode is: a script (a typology of misuse, or an innocent look-alike) played by one actor on certain days; and the
//! casting, which finds actors and days. The scripts are in `misuse` and `innocent`.

use std::collections::BTreeSet;

use super::calendar::{DAY, MINUTE};
use super::day::{DayLog, Reason, Whom};
use super::duty::{self, Duty};
use super::rng::Rng;
use super::schema::Act;
use super::world::{Stream, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difficulty {
    Obvious,
    Medium,
    Subtle,
}

impl Difficulty {
    pub(crate) const ALL: [Self; 3] = [Self::Obvious, Self::Medium, Self::Subtle];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Obvious => "obvious",
            Self::Medium => "medium",
            Self::Subtle => "subtle",
        }
    }

    pub(crate) fn of<T>(self, obvious: T, medium: T, subtle: T) -> T {
        match self {
            Self::Obvious => obvious,
            Self::Medium => medium,
            Self::Subtle => subtle,
        }
    }
}

/// One sort of episode.
pub(crate) struct Script {
    /// The typology, or the kind of look-alike.
    pub(crate) name: &'static str,
    /// Finds who does it, when and how much; may prepare the actor (set a last day, grant a leave).
    pub(crate) cast: fn(&mut Casting<'_>, Difficulty) -> Option<Part>,
    /// What the actor does on one of the days, beside the ordinary. It depends on nothing but its arguments; it only appends.
    pub(crate) act: fn(&Episode, &World, u32, &mut Rng, &mut DayLog),
}

/// What a reason for an episode says, beside its actor and days.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Approval {
    /// Whom it covers; the actor where it does not say.
    pub(crate) whom: Option<Whom>,
    pub(crate) kind: &'static str,
    pub(crate) objects: Option<&'static str>,
    pub(crate) max_persons: Option<u32>,
}

/// What a casting decides.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) actor: u32,
    /// Ascending.
    pub(crate) days: Vec<u32>,
    /// Persons, or dossiers, a day.
    pub(crate) persons: u32,
}

#[derive(Clone)]
pub(crate) struct Episode {
    pub(crate) script: &'static Script,
    pub(crate) difficulty: Difficulty,
    pub(crate) actor: u32,
    pub(crate) days: Vec<u32>,
    pub(crate) persons: u32,
    /// Distinguishes episodes of one script, and chooses among variants.
    pub(crate) nth: u32,
}

impl Episode {
    /// Plays one day.
    pub(crate) fn play(&self, world: &World, day: u32, log: &mut DayLog) {
        if self.days.binary_search(&day).is_ok() {
            let mut rng = Rng::of(&world.seed(Stream::Episode, u64::from(self.actor) << 32 | u64::from(self.nth), day.into()));
            (self.script.act)(self, world, day, &mut rng, log);
        }
    }

    /// Persons of this day: about as planned, never twice the same.
    pub(crate) fn count(&self, rng: &mut Rng) -> u32 {
        (f64::from(self.persons) * (0.8 + 0.4 * rng.unit())).round().max(1.0) as u32
    }

    /// The hours of the actor, or office hours where the rota has none.
    pub(crate) fn duty(&self, world: &World, day: u32) -> Duty {
        duty::on_duty(world, self.actor, day).unwrap_or_else(Duty::office)
    }

    /// Puts a reason for all days of the episode on file, on its first day, and returns the purpose that claims it.
    pub(crate) fn approve(&self, world: &World, day: u32, approval: &Approval, log: &mut DayLog) -> u32 {
        let Approval { whom, kind, objects, max_persons } = *approval;
        let reference = format!("{}-{}-{}", self.script.name.to_uppercase().replace('_', "-"), self.actor + 1, self.nth + 1);
        let purpose = log.purpose(format!("{kind}:{reference}"));
        let last = self.days[self.days.len() - 1];
        if day == self.days[0] {
            log.reasons.push(Reason {
                whom: whom.unwrap_or(Whom::Actor(self.actor)),
                subjects: Vec::new(),
                objects,
                from_ms: world.calendar.instant(day, 0),
                to_ms: world.calendar.instant(last, world.calendar.day(last).length_ms),
                kind,
                reference,
                max_persons,
            });
        }
        purpose
    }

    /// Single lookups of `subjects`, each at a random moment that `at` draws.
    pub(crate) fn scatter(&self, subjects: &[u32], acts: &[Act], rng: &mut Rng, log: &mut DayLog, mut at: impl FnMut(&mut Rng) -> u32) {
        for subject in subjects {
            let (at, act) = (at(rng), acts[rng.below(acts.len() as u32) as usize]);
            log.lookup(at, self.actor, act, *subject, rng);
        }
    }
}

/// Lookups one after the other from `start`, a few seconds to a minute apart: when the `n`-th of them happens.
pub(crate) fn pace(start: u32, fastest_s: u32, slowest_s: u32) -> impl FnMut(&mut Rng) -> u32 {
    let mut at = start;
    move |rng| {
        at = (at + rng.between(fastest_s * 1000, slowest_s * 1000)).min(DAY - 1);
        at
    }
}

/// Distinct customers whom an actor's unit serves, outside the actor's own business: no canaries, in random order.
pub(crate) fn strangers(world: &World, actor: u32, count: u32, rng: &mut Rng) -> Vec<u32> {
    let serves = &world.unit_of(actor).serves;
    let mut seen = BTreeSet::new();
    let draw = |_| {
        let branch = serves[rng.below(serves.len() as u32) as usize];
        world.customers.anyone(&world.units[usize::from(branch)].customers, rng)
    };
    (0..count * 2).map(draw).filter(|customer| seen.insert(*customer)).take(count as usize).collect()
}

/// Where actors come from. Nobody plays twice.
pub(crate) struct Casting<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) rng: Rng,
    /// Everything must happen on, or go on until, the last day.
    pub(crate) last_day: bool,
    taken: BTreeSet<u32>,
}

impl<'a> Casting<'a> {
    pub(crate) fn new(world: &'a mut World) -> Self {
        let rng = Rng::of(&world.seed(Stream::Casting, 0, 0));
        Self { world, rng, last_day: false, taken: BTreeSet::new() }
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
        let days = |world: &World, who| -> Vec<u32> {
            let at_work = |day: &u32| duty::rostered(world, who, *day);
            (start..world.calendar.len()).filter(at_work).take(count as usize).collect()
        };
        let last = self.last_day.then(|| self.last());
        let ends_well = |days: &[u32]| last.is_none_or(|last| days.last() == Some(&last));
        let good = |world: &World, who, least: usize| {
            let days = days(world, who);
            settled(world, who) && suits(world, who) && days.len() >= least && ends_well(&days)
        };
        let enough = if self.last_day { vec![1] } else { vec![count, count * 3 / 4, count / 2, 1] };
        let who = enough.into_iter().find_map(|least| self.someone(|world, who| good(world, who, least.max(1) as usize)))?;
        Some((who, days(self.world, who)))
    }
}

/// Long with the company, not about to go, not long away, and reading people's data most days.
pub(crate) fn settled(world: &World, who: u32) -> bool {
    let employee = world.employee(who);
    let long_away = employee.absences.iter().any(|absence| absence.to - absence.from > 20);
    employee.hired < -30 && employee.left.is_none() && !long_away && employee.role().volume >= 10.0 && employee.pace > 0.6
}

impl Duty {
    /// Nine to five.
    pub(crate) fn office() -> Self {
        Self::between(9 * 60 * MINUTE, 17 * 60 * MINUTE)
    }
}
