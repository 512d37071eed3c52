//! List matching: a list of telephone numbers from outside is checked against the customers; many on it are none.
//!
//! Obvious: seven hundred numbers in an afternoon, two of three unknown. Medium: two hundred on each of two days, half unknown. Subtle:
//! sixty a day for four days, a third unknown, between other work.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, bought, pace};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(1, 2, 4) };
    let start = pool.start(6);
    let searches = |world: &World, who: u32| world.employee(who).role().work.iter().any(|(act, _)| *act == Act::Find);
    let (actor, days) = pool.at_work(start, days, searches)?;
    let (least, most) = difficulty.of((600, 800), (170, 230), (50, 70));
    Some(Assignment::of(actor, days, pool.rng.between(least, most)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    // A list of the own region is fresher.
    let unknown = episode.difficulty.of(0.66, 0.5, 0.35) * if world.assume.territory_lists { 0.4 } else { 1.0 };
    let start = duty.sample(rng).min(duty.last().saturating_sub(200 * MINUTE)).max(duty.first());
    let mut in_a_row = pace(start, 6, 22);
    for customer in bought(world, episode.actor, count, rng) {
        let at = match episode.difficulty {
            Difficulty::Obvious | Difficulty::Medium => in_a_row(rng),
            Difficulty::Subtle => duty.sample(rng),
        };
        if rng.chance(unknown) {
            log.list(at, episode.actor, Act::PhoneFind, Some(0), [world.customers.total + customer]);
        } else {
            log.lookup(at, episode.actor, Act::PhoneFind, customer, rng);
        }
    }
}
