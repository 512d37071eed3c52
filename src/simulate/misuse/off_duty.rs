//! Off duty: sessions in the evening, at night, on weekends and holidays, by somebody who otherwise never works then.

use crate::simulate::actor_pool::{ActorPool, settled};
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::duty;
use crate::simulate::episode::{Assignment, Difficulty, Episode, pace, strangers};
use crate::simulate::people::Week;
use crate::simulate::rng::{Rng, mix};
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let span = 18.min(pool.world.calendar.len() / 2);
    let first = pool.start(span);
    let last = pool.last().min(first + span);
    let office = |world: &World, who: u32| settled(world, who) && world.employee(who).week == Week::Office;
    let actor =
        pool.someone(|world, who| office(world, who) && (first..=last).all(|day| world.employee(who).absent(day as i32).is_none()))?;
    // Days off first: they are what an office worker's history has never seen.
    let mut days: Vec<u32> = (first..=last).collect();
    days.sort_by_key(|day| (duty::rostered(pool.world, actor, *day), mix(&[u64::from(actor), u64::from(*day)])));
    days.truncate(difficulty.of(4, 3, 3));
    days.sort_unstable();
    pool.world.employees[actor as usize].overtime = 0.0;
    let (least, most) = difficulty.of((150, 300), (70, 120), (30, 45));
    Some(Assignment::of(actor, days, pool.rng.between(least, most)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    let workday = duty::rostered(world, episode.actor, day);
    let start = if workday {
        rng.between(19 * 60 + 45, 20 * 60 + 30)
    } else if rng.chance(0.4) {
        rng.between(60, 2 * 60)
    } else {
        rng.between(10 * 60, 19 * 60)
    };
    episode.scatter(&subjects, &[Act::Find, Act::Profile, Act::Contact], rng, log, pace(start * MINUTE, 10, 60));
}
