//! Ghost leaver: the account of somebody who has left, or is on long leave, reads tens to hundreds of persons.

use crate::simulate::actor_pool::{ActorPool, settled};
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, pace, strangers};
use crate::simulate::people::Absence;
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let actor = pool.someone(|world, who| settled(world, who) && world.employee(who).absences.is_empty())?;
    let start = pool.start(5);
    let gone = start as i32 - 3 - pool.rng.below(8) as i32;
    let end = pool.last() as i32;
    // Every third has not left but is on long leave.
    let on_leave = difficulty == Difficulty::Medium;
    let sessions = if pool.last_day { 1 } else { difficulty.of(2, 3, 2) };
    let mut days: Vec<u32> = (0..sessions).map(|_| start + pool.rng.below(5)).filter(|day| *day as i32 <= end).collect();
    days.push(start);
    days.sort_unstable();
    days.dedup();
    let employee = &mut pool.world.employees[actor as usize];
    employee.account_kept = true;
    if on_leave {
        employee.absences = vec![Absence { from: gone, to: end + 40, kind: "leave" }];
    } else {
        employee.left = Some(gone);
    }
    let (least, most) = difficulty.of((150, 300), (50, 90), (14, 25));
    Some(Assignment::of(actor, days, pool.rng.between(least, most)))
}

pub(super) fn act(episode: &Episode, world: &World, _day: u32, rng: &mut Rng, log: &mut DayLog) {
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    // The obvious ones come in the evening from home, the others when everybody is at work.
    let start = episode.difficulty.of(rng.between(19 * 60, 21 * 60), rng.between(9 * 60, 15 * 60), rng.between(9 * 60, 16 * 60));
    episode.scatter(&subjects, &[Act::Find, Act::Profile, Act::Balance], rng, log, pace(start * MINUTE, 8, 50));
}
