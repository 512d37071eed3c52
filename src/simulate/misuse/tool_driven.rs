//! Tool-driven: a program reads in the employee's name, at the pace of a machine and without a pause. After the courier accounts that
//! were rented out for 500 yuan a day and queried by a third-party tool.
//!
//! Obvious: every two seconds for hours. Medium: every seven or eight seconds for two hours. Subtle: six to fourteen seconds apart at
//! random, as a person might, but for an hour without one pause.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, bought, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(2, 2, 2) };
    let start = pool.start(5);
    let (actor, days) = pool.at_work(start, days, |_, _| true)?;
    let minutes = difficulty.of(pool.rng.between(120, 180), pool.rng.between(100, 130), pool.rng.between(50, 65));
    Some(Assignment::of(actor, days, minutes))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let lasting = episode.persons * MINUTE;
    let start = duty.sample(rng).min(duty.last().saturating_sub(lasting)).max(duty.first());
    let (gap, jitter) = episode.difficulty.of((2_000, 40), (7_500, 350), (10_000, 4_000));
    let count = lasting / gap;
    // Whoever ordered it does not care which branch they belong to.
    let subjects = match episode.difficulty {
        Difficulty::Obvious => bought(world, episode.actor, count, rng),
        Difficulty::Medium | Difficulty::Subtle => strangers(world, episode.actor, count, rng),
    };
    let mut at = start;
    episode.scatter(&subjects, &[Act::Profile], rng, log, |rng| {
        at += rng.between(gap - jitter, gap + jitter);
        at
    });
}
