//! Splitting: colleagues of one unit share a list among them, so that each stays below every limit. Obvious: four people, sixty each a day
//! for five days, in blocks of one range of ids. Medium: thirty each, every fourth id. Subtle: fourteen each a day for eight days, of a list
//! whose ids lie far apart.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, branch_of, stretch};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(5, 5, 8) };
    let start = pool.start(days * 7 / 5 + 2);
    let busy = |world: &World, who: u32| world.employee(who).role().volume > 20.0;
    let akin = |world: &World, lead: u32, other: u32| world.employee(lead).unit == world.employee(other).unit;
    let team = pool.team(start, days, 4, busy, akin)?;
    let persons = difficulty.of(pool.rng.between(55, 65), pool.rng.between(27, 33), 14);
    Some(Assignment::team(team, persons)?.at(pool.aim()))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let branch = branch_of(world, episode.lead, episode.aim);
    let each = episode.persons;
    // Days are counted by the calendar, so that who missed one does not read what another has read.
    let before = day * each * episode.members;
    let spread = episode.difficulty.of(1, 1, 5);
    let first = episode.aim.wrapping_add(before * spread);
    let list: Vec<u32> = stretch(world, branch, first, each * episode.members * spread).into_iter().step_by(spread as usize).collect();
    let mine = |nth: usize| match episode.difficulty {
        Difficulty::Obvious => nth as u32 / each == episode.member,
        Difficulty::Medium | Difficulty::Subtle => nth as u32 % episode.members == episode.member,
    };
    let shard: Vec<u32> = list.into_iter().enumerate().filter(|(nth, _)| mine(*nth)).map(|(_, subject)| subject).collect();
    episode.scatter(&shard, &[Act::Find, Act::Profile], rng, log, |rng| duty.sample(rng));
}
