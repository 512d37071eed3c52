//! Low and slow: on every working day for weeks, some persons more than the work needs, without a ticket and outside the own book.
//! No single day stands out; the sum of the month does.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = pool.world.calendar.len();
    let slack = (days - pool.quiet_days()) / 8;
    let start = pool.quiet_days() + pool.rng.below(slack + 1);
    let length = if pool.last_day { days } else { 25 };
    // Somebody with enough work to hide in; in a small company whoever comes closest.
    let busy = |least: f64| move |world: &World, who: u32| world.employee(who).usual_persons() >= least;
    let (actor, days) = [20.0, 12.0, 0.0].into_iter().find_map(|least| pool.at_work(start, length, busy(least)))?;
    let (least, most) = difficulty.of((60, 80), (40, 50), (28, 32));
    Some(Assignment::of(actor, days, pool.rng.between(least, most)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    episode.scatter(&subjects, &[Act::Find, Act::Find, Act::Profile], rng, log, |rng| duty.sample(rng));
}
