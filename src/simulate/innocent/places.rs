//! People who work from other places: at home for a while, at whichever counter is free. Nothing else about their work changes.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::terminals::Terminal;
use crate::simulate::world::World;

/// From a day on, four days of five from home.
pub(super) fn assign_remote(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let start = pool.start(25);
    let (actor, days) = pool.at_work(start, 30, |world, who| world.employee(who).from_home.is_none())?;
    pool.world.employees[actor as usize].from_home = Some((start, 0.8));
    Some(Assignment::of(actor, days, 3))
}

/// A few things are finished in the evening.
pub(super) fn remote(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    if !rng.chance(0.15) {
        return;
    }
    let subjects = strangers(world, episode.actor, episode.persons, rng);
    let purpose = episode.ticket(world, day, "ticket", &subjects, log);
    let work = world.employee(episode.actor).role().work;
    let last = duty.last();
    episode.scatter_for(purpose, &subjects, &[work[0].0, work[1].0], rng, log, |rng| last + rng.below(50 * MINUTE));
}

/// Between two counters all day, with the same login open at both.
pub(super) fn assign_counters(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let start = pool.start(12);
    let (actor, days) = pool.at_work(start, 8, |world, who| world.employee(who).role().name == "teller")?;
    Some(Assignment::of(actor, days, 12).at(pool.rng.below(6)))
}

pub(super) fn counters(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    let purpose = episode.ticket(world, day, "ticket", &subjects, log);
    let begin = log.accesses.len();
    episode.scatter_for(purpose, &subjects, &[Act::Find, Act::Balance], rng, log, |rng| duty.sample(rng));
    let counter = Terminal::Counter(world.employee(episode.actor).unit, episode.aim as u8);
    log.accesses[begin..].iter_mut().for_each(|access| access.terminal = counter);
}
