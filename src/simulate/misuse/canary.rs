//! Canary: somebody trawls the records of a branch and touches planted ones, which no business leads to.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, pace};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(3, 2, 1) };
    let start = pool.start(5);
    let (actor, days) = pool.at_work(start, days, |_, _| true)?;
    let (least, most) = difficulty.of((80, 150), (20, 30), (8, 12));
    Some(Assignment::of(actor, days, pool.rng.between(least, most)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let canaries = &world.customers.canaries;
    let canary = canaries[rng.below(canaries.len() as u32) as usize];
    let count = episode.count(rng);
    let before = rng.below(count);
    let run = canary.saturating_sub(before)..;
    match episode.difficulty {
        // Record after record, several times at a planted one.
        Difficulty::Obvious => {
            let mut subjects: Vec<u32> = run.take(count as usize).collect();
            subjects.extend((0..2).map(|_| canaries[rng.below(canaries.len() as u32) as usize]));
            let start = duty.sample(rng);
            episode.scatter(&subjects, &[Act::Find], rng, log, pace(start, 4, 25));
        }
        // With gaps, in pieces.
        Difficulty::Medium => {
            let mut subjects: Vec<u32> = run.step_by(2).take(count as usize).collect();
            subjects.retain(|subject| *subject != canary);
            subjects.insert(rng.below(subjects.len() as u32) as usize, canary);
            episode.scatter(&subjects, &[Act::Find, Act::Profile], rng, log, |rng| duty.sample(rng));
        }
        // A handful of random people, one of them planted.
        Difficulty::Subtle => {
            let mut subjects = crate::simulate::episode::strangers(world, episode.actor, count, rng);
            subjects.push(canary);
            episode.scatter(&subjects, &[Act::Profile], rng, log, |rng| duty.sample(rng));
        }
    }
}
