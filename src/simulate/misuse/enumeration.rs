//! Enumeration: somebody walks through the records themselves, by id, page or prefix, instead of asking for people whose business it is.
//!
//! Obvious: hundreds of consecutive ids, one after the other. Medium: pages by OFFSET and names by prefix, until the list ends. Subtle:
//! some thirty ids a day with gaps between, mixed into the work of a week.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, branch_of, pace, stretch};
use crate::simulate::queries;
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(2, 3, 6) };
    let start = pool.start(8);
    let (actor, days) = pool.at_work(start, days, |_, _| true)?;
    let (least, most) = difficulty.of((300, 500), (240, 400), (28, 40));
    let persons = pool.rng.between(least, most);
    Some(Assignment::of(actor, days, persons).at(pool.aim()))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let branch = branch_of(world, episode.actor, episode.aim);
    let count = episode.count(rng);
    // Each day goes on where the last one ended.
    let begin = episode.aim + episode.days_before(day) * episode.persons * episode.difficulty.of(6, 6, 18) / 5;
    let start = duty.sample(rng).min(duty.last().saturating_sub(90 * MINUTE)).max(duty.first());
    match episode.difficulty {
        Difficulty::Obvious => {
            let subjects = stretch(world, branch, begin, count);
            episode.scatter(&subjects, &[Act::Find], rng, log, pace(start, 4, 15));
        }
        Difficulty::Medium => {
            let name = world.units[usize::from(branch)].name;
            let first = episode.days_before(day) * episode.persons / 20;
            let mut next = pace(start, 5, 30);
            for (nth, page) in stretch(world, branch, begin, count).chunks(20).enumerate() {
                // Every third day by the alphabet.
                let query = if episode.days_before(day) % 3 == 1 {
                    queries::by_prefix(first + nth as u32)
                } else {
                    queries::page(name, first + nth as u32)
                };
                log.query(next(rng), episode.actor, query, None, page.iter().copied());
            }
        }
        Difficulty::Subtle => {
            let mut at: Vec<u32> = (0..count).map(|_| duty.sample(rng)).collect();
            at.sort_unstable();
            let mut subject = begin;
            for at in at {
                subject += rng.between(1, 5);
                let found = stretch(world, branch, subject, 1);
                episode.scatter(&found, &[Act::Find, Act::Profile], rng, log, |_| at);
            }
        }
    }
}
