//! Out of territory: customers of other branches, whom the unit does not serve, in numbers that visitors from elsewhere do not explain.
//!
//! Obvious: seventy a day for eight days. Medium: twenty-five a day for twelve. Subtle: a dozen a day for twenty.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, outsiders};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(8, 12, 20) };
    let start = pool.start(days * 7 / 5 + 1);
    let local = |world: &World, who: u32| world.unit_of(who).serves.len() == 1 && world.employee(who).role().volume > 20.0;
    let (actor, days) = pool.at_work(start, days, local)?;
    let (least, most) = difficulty.of((60, 80), (22, 30), (10, 13));
    Some(Assignment::of(actor, days, pool.rng.between(least, most)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let subjects = outsiders(world, episode.actor, count, rng);
    episode.scatter(&subjects, &[Act::Find, Act::Profile, Act::Balance], rng, log, |rng| duty.sample(rng));
}
