//! Segment skim: a filter on what happened to people or on what they own (new loans, deliveries, high balances), with how to reach them:
//! the lists that buyers pay for. Obvious: a thousand on each of two days. Medium: a hundred on three. Subtle: the twenty newest, five times.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, bought};
use crate::simulate::queries;
use crate::simulate::rng::Rng;
use crate::simulate::world::World;

/// Who has the reporting program, and uses it for counts.
const WITH_REPORTS: [&str; 4] = ["relationship manager", "back-office clerk", "claims officer", "compliance analyst"];

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(2, 3, 5) };
    let start = pool.start(8);
    let reports = |world: &World, who: u32| WITH_REPORTS.contains(&world.employee(who).role().name);
    let (actor, days) = pool.at_work(start, days, reports)?;
    let (least, most) = difficulty.of((800, 1200), (80, 130), (15, 25));
    let persons = pool.rng.between(least, most);
    Some(Assignment::of(actor, days, persons).at(pool.rng.below(4)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let since = world.calendar.date(day as i32 - episode.difficulty.of(30, 7, 1)).to_string();
    let count = episode.count(rng);
    let parts = episode.difficulty.of(3, 2, 1);
    let found = bought(world, episode.actor, count, rng);
    for (nth, part) in found.chunks((found.len() / parts + 1).max(1)).enumerate() {
        let at = duty.sample(rng).max(duty.first() + 5 * MINUTE);
        // Every third time the log knows the rows only.
        let named = (day + nth as u32) % 3 != 2;
        let subjects = part.iter().copied().filter(|_| named);
        log.query(at, episode.actor, queries::segment(episode.aim + nth as u32, &since), Some(part.len() as u32), subjects);
    }
}
