//! Log gap: somebody who may do so switches the audit log of a system off, and on again later. In between nothing is logged of anybody.
//! Obvious: five hours of the busiest system by day. Medium: two hours of lending. Subtle: forty minutes of the cards.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode};
use crate::simulate::queries;
use crate::simulate::rng::Rng;
use crate::simulate::world::Gap;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(6);
    let days = if pool.last_day { 1 } else { difficulty.of(1, 1, 2) };
    let (actor, days) = pool.at_work(start, days, |world, who| world.employee(who).role().name == "database administrator")?;
    let from = pool.rng.between(10 * 60, 12 * 60);
    for day in &days {
        let gap = Gap { day: *day, from: from * MINUTE, to: (from + length(difficulty)) * MINUTE, system: system(difficulty) };
        pool.world.gaps.push(gap);
    }
    Some(Assignment::of(actor, days, 1).at(from))
}

fn length(difficulty: Difficulty) -> u32 {
    difficulty.of(300, 120, 40)
}

fn system(difficulty: Difficulty) -> &'static str {
    difficulty.of("crm", "loans", "cards")
}

pub(super) fn act(episode: &Episode, _: &World, _: u32, _: &mut Rng, log: &mut DayLog) {
    let (system, mariadb) = (system(episode.difficulty), episode.nth % 2 == 1);
    for (at, on) in [(episode.aim, false), (episode.aim + length(episode.difficulty), true)] {
        log.query(at * MINUTE, episode.actor, queries::audit(system, on, mariadb), Some(0), []);
    }
}
