//! Privileged bypass: those who administer the database read people's data past the application. Obvious: a dump, and thousands of rows by
//! hand. Medium: some hundreds of rows on each of three days. Subtle: ten people a day by a function with its owner's rights, or by hand.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, anybody, branch_of, pace, stretch};
use crate::simulate::queries;
use crate::simulate::rng::Rng;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(2, 3, 6) };
    let start = pool.start(9);
    let (actor, days) = pool.at_work(start, days, |world, who| world.employee(who).role().name == "database administrator")?;
    let (least, most) = difficulty.of((3000, 5000), (300, 600), (8, 12));
    let persons = pool.rng.between(least, most);
    Some(Assignment::of(actor, days, persons).at(pool.rng.below(1_000_000)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let start = duty.sample(rng).min(duty.last().saturating_sub(40 * MINUTE)).max(duty.first());
    let branch = branch_of(world, episode.actor, episode.aim + day);
    let name = world.units[usize::from(branch)].name;
    let mut next = pace(start, 30, 240);
    match episode.difficulty {
        Difficulty::Obvious => {
            if day == episode.days[0] {
                log.query(next(rng), episode.actor, queries::dump(), Some(world.customers.total / 8), []);
            }
            for _ in 0..3 {
                log.query(next(rng), episode.actor, queries::rows(name, count / 3), Some(count / 3), []);
            }
        }
        Difficulty::Medium => {
            let found = stretch(world, branch, episode.aim + day * 700, count);
            for part in found.chunks(count as usize / 3 + 1) {
                let query = match (part.first(), part.last()) {
                    (Some(first), Some(last)) if rng.chance(0.5) => queries::range(*first, *last),
                    _ => queries::rows(name, part.len() as u32),
                };
                log.query(next(rng), episode.actor, query, None, part.iter().copied());
            }
        }
        Difficulty::Subtle => {
            for customer in anybody(world, count, rng) {
                let query = if episode.aim.is_multiple_of(2) { queries::definer(customer) } else { queries::by_id(customer) };
                log.query(duty.sample(rng), episode.actor, query, None, [customer]);
            }
        }
    }
}
