//! Control change then lookup: a number is unmasked, a telephone number changed or a password reset, and the page read minutes later,
//! while the customer has not called. Obvious: a dozen a day for four days. Medium: five a day for five. Subtle: two a day for eight.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

const CHANGES: [Act; 3] = [Act::Unmask, Act::PhoneReset, Act::PasswordReset];

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(4, 5, 8) };
    let start = pool.start(days * 7 / 5 + 2);
    let resets = |world: &World, who: u32| world.employee(who).role().work.iter().any(|(act, _)| *act == Act::Update);
    let (actor, days) = pool.at_work(start, days, resets)?;
    Some(Assignment::of(actor, days, difficulty.of(pool.rng.between(10, 14), pool.rng.between(4, 6), 2)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    for subject in strangers(world, episode.actor, count, rng) {
        let mut at = duty.sample(rng).min(duty.last().saturating_sub(15 * MINUTE)).max(duty.first());
        log.lookup(at, episode.actor, CHANGES[rng.below(3) as usize], subject, rng);
        for act in [Act::Profile, Act::Balance, Act::Statement].iter().take(rng.between(1, 3) as usize) {
            at += rng.between(20_000, episode.difficulty.of(2, 3, 9) * MINUTE);
            log.lookup(at, episode.actor, *act, subject, rng);
        }
    }
}
