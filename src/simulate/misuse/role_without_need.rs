//! Role without need: tables and kinds that the job never touches, read because somebody pays for them. Obvious: fifty people's health and
//! positions a day for three days. Medium: fifteen a day for four. Subtle: four a day of one table for five.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

const FOREIGN: [Act; 6] = [Act::Health, Act::Position, Act::Calls, Act::Credit, Act::Collateral, Act::Claim];

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(3, 4, 5) };
    let start = pool.start(8);
    let (actor, days) = pool.at_work(start, days, |_, _| true)?;
    let (least, most) = difficulty.of((40, 60), (12, 18), (3, 5));
    let persons = pool.rng.between(least, most);
    Some(Assignment::of(actor, days, persons).at(pool.rng.below(6)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let work = world.employee(episode.actor).role().work;
    let nearby = |act: &Act| work.iter().any(|(own, _)| own.activity().system == act.activity().system);
    let mut foreign: Vec<Act> = FOREIGN.into_iter().filter(|act| !nearby(act)).collect();
    let first = episode.aim as usize % foreign.len();
    foreign.rotate_left(first);
    foreign.truncate(episode.difficulty.of(2, 2, 1));
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    episode.scatter(&subjects, &foreign, rng, log, |rng| duty.sample(rng));
}
