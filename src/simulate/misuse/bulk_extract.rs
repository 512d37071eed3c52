//! Bulk extraction: a day, or a few, with ten to a hundred times the usual persons.
//!
//! Obvious: exports of hundreds within the hour. Medium: long lists over the hours of two days. Subtle: lists of ordinary length,
//! many of them, over one day. In some only the row counts are known.

use std::ops::Range;

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, pace};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(1, 2, 1) };
    let start = pool.start(4);
    // Not a job of lists, where ten times the usual would be nothing.
    let lookups = |world: &World, who: u32| world.employee(who).role().lists.0 < 0.045;
    let (actor, days) = pool.at_work(start, days, lookups)?;
    let times = difficulty.of(pool.rng.between(60, 100), pool.rng.between(22, 35), pool.rng.between(10, 13));
    let persons = pool.world.employee(actor).usual_persons() * f64::from(times);
    Some(Assignment::of(actor, days, persons.clamp(150.0, 6000.0) as u32))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let who = world.employee(episode.actor);
    let (shortest, longest) = episode.difficulty.of((200, 900), (60, 200), (20, 50));
    let list = if rng.chance(0.5) { who.role().lists.1 } else { Act::CustomerList };
    let act = episode.difficulty.of(Act::CustomerExport, list, list);
    let in_a_row = duty.sample(rng).min(duty.last().saturating_sub(70 * MINUTE));
    let mut next = pace(in_a_row, 30, 300);
    let serves = &world.unit_of(episode.actor).serves;
    let branch = &world.units[usize::from(serves[episode.nth as usize % serves.len()])].customers;
    let mut page = pages(episode, world, branch, day);
    let mut left = episode.count(rng).min(branch.len() as u32 * 2 / 3);
    let mut nth = episode.nth;
    while left > 0 {
        let length = rng.between(shortest, longest).min(left);
        let at = match episode.difficulty {
            Difficulty::Obvious => next(rng),
            Difficulty::Medium | Difficulty::Subtle => duty.sample(rng),
        };
        let members: Vec<u32> = page.by_ref().take(length as usize).collect();
        nth += 1;
        if nth % 3 == 2 {
            log.list(at, episode.actor, act, Some(length), []);
        } else {
            log.list(at, episode.actor, act, None, members);
        }
        left -= length;
    }
}

/// The customers of a branch in order, going on the next day where this day ends.
fn pages<'a>(episode: &Episode, world: &'a World, branch: &Range<u32>, day: u32) -> impl Iterator<Item = u32> + use<'a> {
    let past = episode.days.iter().take_while(|past| **past < day).count() as u32;
    let first = branch.start + (episode.actor.wrapping_mul(977) + past * episode.persons * 3 / 2) % branch.len() as u32;
    (first..branch.end).chain(branch.start..first).filter(|customer| !world.customers.is_canary(*customer))
}
