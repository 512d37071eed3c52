//! An episode is a scenario (a typology of misuse, or an innocent look-alike) that one actor follows on certain days, alone or as one
//! of a group. The scenarios are in `misuse` and `innocent`; `actor_pool` chooses the actors.

use std::collections::BTreeSet;

use super::actor_pool::ActorPool;
use super::calendar::{DAY, MINUTE};
use super::day::{DayLog, Grantee, Reason};
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

/// A typology of misuse, or a kind of innocent look-alike.
pub(crate) struct Scenario {
    /// The typology, or the kind of look-alike.
    pub(crate) name: &'static str,
    /// Finds who does it, when and how much; may prepare the actor (set a last day, grant a leave).
    pub(crate) assign: fn(&mut ActorPool<'_>, Difficulty) -> Option<Assignment>,
    /// What the actor does on one of the days, beside the ordinary. It depends on nothing but its arguments; it only appends.
    pub(crate) act: fn(&Episode, &World, u32, &mut Rng, &mut DayLog),
}

/// What a reason for an episode says, beside its actor and days.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Approval {
    /// Whom it covers; the actor by default.
    pub(crate) grantee: Option<Grantee>,
    pub(crate) kind: &'static str,
    pub(crate) objects: Option<&'static str>,
    pub(crate) max_persons: Option<u32>,
}

/// Who follows a scenario, when and how much.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    pub(crate) actor: u32,
    /// Ascending.
    pub(crate) days: Vec<u32>,
    /// Persons, or dossiers, a day.
    pub(crate) persons: u32,
    /// The others of a group, each with the days of his or her own.
    pub(crate) others: Vec<(u32, Vec<u32>)>,
    /// What the actors aim at: a customer, or whatever the scenario takes it for.
    pub(crate) aim: u32,
}

impl Assignment {
    /// One actor alone.
    pub(crate) fn of(actor: u32, days: Vec<u32>, persons: u32) -> Self {
        Self { actor, days, persons, ..Self::default() }
    }

    /// A group.
    pub(crate) fn team(mut members: Vec<(u32, Vec<u32>)>, persons: u32) -> Option<Self> {
        if members.is_empty() {
            return None;
        }
        let (actor, days) = members.remove(0);
        Some(Self { actor, days, persons, others: members, aim: 0 })
    }

    pub(crate) fn at(self, aim: u32) -> Self {
        Self { aim, ..self }
    }
}

#[derive(Clone)]
pub(crate) struct Episode {
    pub(crate) scenario: &'static Scenario,
    pub(crate) difficulty: Difficulty,
    /// Misuse, and no look-alike.
    pub(crate) insider: bool,
    pub(crate) actor: u32,
    pub(crate) days: Vec<u32>,
    pub(crate) persons: u32,
    /// Distinguishes episodes of one scenario, and chooses among variants.
    pub(crate) nth: u32,
    pub(crate) aim: u32,
    /// The first of the group, or the actor where there is no group.
    pub(crate) lead: u32,
    /// Which of the group this is, and how many there are.
    pub(crate) member: u32,
    pub(crate) members: u32,
}

impl Episode {
    /// Appends the accesses of one day.
    pub(crate) fn simulate(&self, world: &World, day: u32, log: &mut DayLog) {
        if self.days.binary_search(&day).is_ok() {
            let mut rng = Rng::of(&world.seed(Stream::Episode, u64::from(self.actor) << 32 | u64::from(self.nth), day.into()));
            (self.scenario.act)(self, world, day, &mut rng, log);
        }
    }

    /// What the whole group has in common on a day: the same draws for every member.
    pub(crate) fn shared(&self, world: &World, day: u32) -> Rng {
        Rng::of(&world.seed(Stream::Episode, 1 << 63 | u64::from(self.lead) << 24 | u64::from(self.nth), day.into()))
    }

    /// How many of its days lie before `day`.
    pub(crate) fn days_before(&self, day: u32) -> u32 {
        self.days.iter().take_while(|past| **past < day).count() as u32
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
        let Approval { grantee, kind, objects, max_persons } = *approval;
        let reference = format!("{}-{}-{}", self.scenario.name.to_uppercase().replace('_', "-"), self.actor + 1, self.nth + 1);
        let purpose = log.purpose(format!("{kind}:{reference}"));
        let last = self.days[self.days.len() - 1];
        if day == self.days[0] {
            let grantee = grantee.unwrap_or(Grantee::Actor(self.actor));
            log.reasons.push(Reason { max_persons, ..Reason::standing(&world.calendar, (day, last), grantee, objects, (kind, reference)) });
        }
        purpose
    }

    /// Puts a reason for these subjects on file, from an hour before midnight of the day to the end of it, and returns the purpose
    /// that claims it.
    pub(crate) fn ticket(&self, world: &World, day: u32, kind: &'static str, subjects: &[u32], log: &mut DayLog) -> u32 {
        let date = world.calendar.day(day).date.strftime("%Y%m%d");
        let reference = format!("{}-{date}-{}-{}", prefix(kind), self.actor + 1, log.reasons.len() + 7000);
        let purpose = log.purpose(format!("{kind}:{reference}"));
        let mut subjects = subjects.to_vec();
        subjects.sort_unstable();
        subjects.dedup();
        log.reasons.push(Reason {
            grantee: Grantee::Actor(self.actor),
            subjects,
            objects: None,
            from_ms: world.calendar.instant(day, 0) - i64::from(60 * MINUTE),
            to_ms: world.calendar.instant(day, world.calendar.day(day).length_ms),
            kind,
            reference,
            max_persons: None,
        });
        purpose
    }

    /// Lookups as [`Episode::scatter`] makes them, which claim a purpose.
    pub(crate) fn scatter_for(
        &self,
        purpose: u32,
        subjects: &[u32],
        acts: &[Act],
        rng: &mut Rng,
        log: &mut DayLog,
        at: impl FnMut(&mut Rng) -> u32,
    ) {
        let begin = log.accesses.len();
        self.scatter(subjects, acts, rng, log, at);
        for access in &mut log.accesses[begin..] {
            access.purpose = rng.chance(0.5).then_some(purpose);
        }
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

/// How references of a sort of reason begin.
pub(crate) fn prefix(kind: &str) -> &'static str {
    match kind {
        "ticket" => "INC",
        "appointment" => "APT",
        "batch" => "JOB",
        "campaign" => "CMP",
        "break_glass" => "BRK",
        _ => "ASG",
    }
}

/// A stretch of customers in the order of their ids, going round where a branch ends: no canaries. `first` may be any number.
pub(crate) fn stretch(world: &World, branch: u16, first: u32, count: u32) -> Vec<u32> {
    let block = &world.units[usize::from(branch)].customers;
    let first = block.start + first % block.len() as u32;
    let round = (first..block.end).chain(block.start..first);
    round.filter(|customer| !world.customers.is_canary(*customer)).take(count as usize).collect()
}

/// A branch that the actor's unit serves.
pub(crate) fn branch_of(world: &World, actor: u32, nth: u32) -> u16 {
    let serves = &world.unit_of(actor).serves;
    serves[nth as usize % serves.len()]
}

/// Distinct customers whom an actor's unit serves, outside the actor's own business but for so many as is assumed: no canaries, in
/// random order.
pub(crate) fn strangers(world: &World, actor: u32, count: u32, rng: &mut Rng) -> Vec<u32> {
    let mut found = among(world, &world.unit_of(actor).serves, count, rng);
    if world.assume.own > 0.0 {
        let book = &world.employee(actor).book;
        for place in &mut found {
            if rng.chance(world.assume.own) {
                *place = world.customers.real(book.customer(rng.below(book.size)));
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|customer| seen.insert(*customer));
    }
    found
}

/// Distinct customers of a list that somebody bought: from all over the company, or of the actor's own region where that is assumed.
pub(crate) fn bought(world: &World, actor: u32, count: u32, rng: &mut Rng) -> Vec<u32> {
    if world.assume.territory_lists { strangers(world, actor, count, rng) } else { anybody(world, count, rng) }
}

/// Distinct customers of branches that an actor's unit does not serve, or of any where it serves all.
pub(crate) fn outsiders(world: &World, actor: u32, count: u32, rng: &mut Rng) -> Vec<u32> {
    let serves = &world.unit_of(actor).serves;
    let branches: Vec<u16> = (0..world.units.len() as u16).filter(|unit| !world.units[usize::from(*unit)].customers.is_empty()).collect();
    let others: Vec<u16> = branches.iter().copied().filter(|unit| !serves.contains(unit)).collect();
    among(world, if others.is_empty() { &branches } else { &others }, count, rng)
}

/// Distinct customers from all over the company.
pub(crate) fn anybody(world: &World, count: u32, rng: &mut Rng) -> Vec<u32> {
    let mut seen = BTreeSet::new();
    let everybody = 0..world.customers.total;
    let draw = |_| world.customers.anyone(&everybody, rng);
    (0..count * 2).map(draw).filter(|customer| seen.insert(*customer)).take(count as usize).collect()
}

/// Distinct customers of branches, each branch as likely as the others.
fn among(world: &World, branches: &[u16], count: u32, rng: &mut Rng) -> Vec<u32> {
    let mut seen = BTreeSet::new();
    let draw = |_| {
        let branch = branches[rng.below(branches.len() as u32) as usize];
        world.customers.anyone(&world.units[usize::from(branch)].customers, rng)
    };
    (0..count * 2).map(draw).filter(|customer| seen.insert(*customer)).take(count as usize).collect()
}

impl Duty {
    /// Nine to five.
    pub(crate) fn office() -> Self {
        Self::between(9 * 60 * MINUTE, 17 * 60 * MINUTE)
    }
}
