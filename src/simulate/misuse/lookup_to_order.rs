//! Lookup to order: a private investigator names people, and the employee looks them up, one page each: no ticket, never seen before,
//! from branches all over the company. Obvious: a dozen a day for two weeks. Medium: six a day for three. Subtle: three a day for four.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, anybody};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(10, 15, 20) };
    let start = pool.start(days * 7 / 5 + 1);
    let searches = |world: &World, who: u32| world.employee(who).role().work.iter().any(|(act, _)| *act == Act::Profile);
    let (actor, days) = pool.at_work(start, days, searches)?;
    let (least, most) = difficulty.of((10, 14), (5, 7), (3, 3));
    Some(Assignment::of(actor, days, pool.rng.between(least, most)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let subjects = anybody(world, count, rng);
    episode.scatter(&subjects, &[Act::Profile], rng, log, |rng| duty.sample(rng));
}
