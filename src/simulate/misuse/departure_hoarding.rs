//! Departure hoarding: in the last days before a last day that everybody knows, somebody goes through customers who were never theirs.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, pace, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(12);
    let sessions = if pool.last_day { 1 } else { difficulty.of(2, 5, 8) };
    let (actor, days) = pool.at_work(start, sessions, |world, who| world.employee(who).absences.is_empty())?;
    let last = *days.last()? as i32;
    pool.world.employees[actor as usize].left = Some(last + 1 + pool.rng.below(5) as i32);
    let (least, most) = difficulty.of((180, 320), (45, 80), (16, 26));
    Some(Assignment::of(actor, days, pool.rng.between(least, most)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    let acts = [Act::Find, Act::Profile, Act::Contact];
    let duty = episode.duty(world, day);
    if episode.difficulty == Difficulty::Subtle {
        return episode.scatter(&subjects, &acts, rng, log, |rng| duty.sample(rng));
    }
    // In one go, towards the end of the day.
    let start = duty.last().saturating_sub(rng.between(150, 200) * MINUTE).max(duty.first());
    episode.scatter(&subjects, &acts, rng, log, pace(start, 6, 35));
}
