//! Subscription harvest: on a fixed day, at about the same hour, the newest records of a branch, for somebody who pays by subscription.
//! After the public-health office that sold seven to eight thousand newborn records every fortnight for two years.
//!
//! Obvious: every week, hundreds by a report of the newest. Medium: every fortnight, two hundred. Subtle: every ten days, some fifty,
//! by the lists of the ordinary screen.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::duty;
use crate::simulate::episode::{Assignment, Difficulty, Episode, branch_of, stretch};
use crate::simulate::queries;
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let every = difficulty.of(7, 14, 10);
    let first = pool.quiet_days() + pool.rng.below(4);
    let last = pool.last();
    // Counted back from the last day where that one must be among them.
    let first = if pool.last_day { last % every } else { first };
    let works = |world: &World, who: u32| world.employee(who).role().work.iter().any(|(act, _)| matches!(act, Act::Profile | Act::Contact));
    let (actor, _) = pool.at_work(first, last + 1 - first, works)?;
    let world = &*pool.world;
    // Where the day is not worked, the next that is.
    let due = (first..=last).step_by(every as usize).filter(|day| *day >= pool.quiet_days() || pool.last_day);
    let mut days: Vec<u32> = due.filter_map(|due| (due..=last.min(due + 4)).find(|day| duty::rostered(world, actor, *day))).collect();
    days.dedup();
    let (least, most) = difficulty.of((450, 700), (180, 250), (40, 65));
    let persons = pool.rng.between(least, most);
    Some(Assignment::of(actor, days, persons).at(pool.rng.below(1_000_000)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let at = duty.first() + (60 + episode.aim % 300) * MINUTE;
    let mut at = (at + rng.below(25 * MINUTE)).min(duty.last().saturating_sub(30 * MINUTE));
    let count = episode.count(rng);
    let branch = branch_of(world, episode.actor, episode.aim);
    // What is new moves on with the time: no record comes twice.
    let newest = stretch(world, branch, episode.aim + day * episode.persons / 6, count);
    let since = world.calendar.date(day as i32 - episode.difficulty.of(7, 14, 10)).to_string();
    for page in newest.chunks(episode.difficulty.of(250, 120, 30)) {
        match episode.difficulty {
            Difficulty::Obvious | Difficulty::Medium => {
                let query = queries::newest(&since, page.len() as u32);
                log.query(at, episode.actor, query, None, page.iter().copied());
            }
            Difficulty::Subtle => {
                log.list(at, episode.actor, Act::CustomerList, None, page.iter().copied());
            }
        }
        at += rng.between(20_000, 3 * MINUTE);
    }
}
