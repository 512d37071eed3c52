//! Desks to which other people's cases come: single lookups all over the company, changes of numbers and passwords, one person polled
//! again and again. Each has a ticket.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, anybody, outsiders, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

/// Three weeks of escalations: like lookups to order, a few a day, all over the company.
pub(super) fn assign_escalations(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(22);
    let roles = ["back-office clerk", "call-centre agent"];
    let (actor, days) = pool.at_work(start, 15, |world, who| roles.contains(&world.employee(who).role().name))?;
    Some(Assignment::of(actor, days, difficulty.of(14, 9, 5)))
}

pub(super) fn escalations(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let subjects = anybody(world, count, rng);
    // One in twenty is done before its ticket is written, and nobody writes it.
    let filed: Vec<u32> = subjects.iter().copied().filter(|_| rng.chance(0.95)).collect();
    let purpose = episode.ticket(world, day, "ticket", &filed, log);
    episode.scatter_for(purpose, &filed, &[Act::Profile, Act::Find], rng, log, |rng| duty.sample(rng));
    let others: Vec<u32> = subjects.into_iter().filter(|subject| !filed.contains(subject)).collect();
    episode.scatter(&others, &[Act::Profile], rng, log, |rng| duty.sample(rng));
}

/// Two weeks of claims of another branch's customers.
pub(super) fn assign_inter_branch(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(16);
    let local = |world: &World, who: u32| world.unit_of(who).serves.len() == 1 && world.employee(who).role().volume > 20.0;
    let (actor, days) = pool.at_work(start, 10, local)?;
    Some(Assignment::of(actor, days, difficulty.of(40, 25, 12)))
}

pub(super) fn inter_branch(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let subjects = outsiders(world, episode.actor, count, rng);
    let purpose = episode.ticket(world, day, "ticket", &subjects, log);
    episode.scatter_for(purpose, &subjects, &[Act::Find, Act::Profile, Act::Balance], rng, log, |rng| duty.sample(rng));
}

/// A person in danger, or a number used for fraud: polled for days, at the request of the police.
pub(super) fn assign_watch(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(7);
    let at_the_desk = |world: &World, who: u32| world.employee(who).role().work.iter().any(|(act, _)| *act == Act::Position);
    let (actor, days) = pool.at_work(start, difficulty.of(2, 4, 5), at_the_desk)?;
    Some(Assignment::of(actor, days, difficulty.of(24, 10, 4)).at(pool.aim()))
}

pub(super) fn watch(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let purpose = episode.ticket(world, day, "ticket", &[episode.aim], log);
    let polls = vec![episode.aim; episode.count(rng) as usize];
    episode.scatter_for(purpose, &polls, &[Act::Position, Act::Position, Act::Calls], rng, log, |rng| duty.sample(rng));
}

/// Customers who call because they cannot get in: changed, then looked at, with a ticket each.
pub(super) fn assign_resets(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(8);
    let resets = |world: &World, who: u32| world.employee(who).role().work.iter().any(|(act, _)| *act == Act::Update);
    let (actor, days) = pool.at_work(start, 5, resets)?;
    Some(Assignment::of(actor, days, difficulty.of(14, 8, 4)))
}

pub(super) fn resets(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    let purpose = episode.ticket(world, day, "ticket", &subjects, log);
    for subject in subjects {
        let mut at = duty.sample(rng).min(duty.last().saturating_sub(10 * MINUTE)).max(duty.first());
        for act in [[Act::Unmask, Act::PhoneReset, Act::PasswordReset][rng.below(3) as usize], Act::Profile, Act::Balance] {
            log.lookup(at, episode.actor, act, subject, rng).purpose = rng.chance(0.6).then_some(purpose);
            at += rng.between(15_000, 3 * MINUTE);
        }
    }
}
