//! Tracked person: one person's whereabouts and calls, asked for again and again, for somebody who follows that person. A single position
//! may cost a life. Obvious: every twenty minutes for four days. Medium: eight times a day for five. Subtle: three times a day for six.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(4, 5, 6) };
    let start = pool.start(9);
    let at_the_desk = |world: &World, who: u32| world.employee(who).role().work.iter().any(|(act, _)| *act == Act::Position);
    let found = pool.at_work(start, days, at_the_desk);
    let (actor, days) = found.or_else(|| pool.at_work(start, days, |world, who| world.employee(who).role().name == "call-centre agent"))?;
    let polls = difficulty.of(pool.rng.between(20, 28), pool.rng.between(7, 9), 3);
    Some(Assignment::of(actor, days, polls).at(pool.aim()))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let polls = episode.count(rng);
    let (first, last) = (duty.first(), duty.last());
    let between = (last - first) / (polls + 1);
    for nth in 0..polls {
        let at = match episode.difficulty {
            Difficulty::Obvious => first + between * nth + rng.below(between / 3),
            Difficulty::Medium | Difficulty::Subtle => first + between * nth + rng.below(between),
        };
        let act = if rng.chance(0.7) { Act::Position } else { Act::Calls };
        log.lookup(at, episode.actor, act, episode.aim, rng);
    }
}
