//! Vendor cohort: agents of one outside employer look up the same people, whom nobody else has a reason to look up: somebody at the vendor
//! hands out a list. Obvious: five agents, forty people a day for five days. Medium: four, fifteen, six days. Subtle: three, six, eight days.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(5, 6, 8) };
    let start = pool.start(days * 7 / 5 + 1);
    let outside = |world: &World, who: u32| !world.employee(who).employer.is_empty();
    let akin = |world: &World, lead: u32, other: u32| world.employee(lead).employer == world.employee(other).employer;
    let team = pool.team(start, days, difficulty.of(5, 4, 3), outside, akin)?;
    Assignment::team(team, difficulty.of(pool.rng.between(35, 45), pool.rng.between(13, 17), 6))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    // The list of the day is one and the same; each agent takes most of it, and some of yesterday's.
    let mut list = strangers(world, episode.lead, episode.persons * 5 / 4, &mut episode.shared(world, day));
    if episode.days_before(day) > 0 {
        let yesterday = strangers(
            world,
            episode.lead,
            episode.persons / 3,
            &mut episode.shared(world, episode.days[episode.days_before(day) as usize - 1]),
        );
        list.extend(yesterday);
    }
    list.retain(|_| rng.chance(0.75));
    episode.scatter(&list, &[Act::Find, Act::Contact, Act::Card], rng, log, |rng| duty.sample(rng));
}
