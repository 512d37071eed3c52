//! Fabricated business: enquiries under applications that nobody made. They are on no file and nothing is ever decided, while the volume
//! looks like a good month. After the bank employee who sold 915 credit reports in fifteen months, about sixty a month.
//!
//! Obvious: fifteen a day for three weeks. Medium: seven a day for four. Subtle: three a day for five, some with a decision for show.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::applications;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(15, 20, 25) };
    let start = pool.start(days * 7 / 5 + 1);
    let lends = |name: &'static str| move |world: &World, who: u32| world.employee(who).role().name == name;
    let found = pool.at_work(start, days, lends("credit officer"));
    let (actor, days) = found.or_else(|| pool.at_work(start, days, lends("relationship manager")))?;
    Some(Assignment::of(actor, days, difficulty.of(pool.rng.between(14, 17), pool.rng.between(6, 8), 3)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let genuine = applications::expected(world, episode.actor, day);
    for (nth, subject) in strangers(world, episode.actor, count, rng).into_iter().enumerate() {
        let reference = applications::reference(world, episode.actor, day, genuine + nth as u32);
        let purpose = log.purpose(format!("application:{reference}"));
        let mut at = duty.sample(rng).min(duty.last().saturating_sub(10 * MINUTE)).max(duty.first());
        for act in applications::PAGES.iter().take(rng.between(1, 3) as usize) {
            log.lookup(at, episode.actor, *act, subject, rng).purpose = Some(purpose);
            at += rng.between(10_000, 2 * MINUTE);
        }
        if episode.difficulty == Difficulty::Subtle && rng.chance(0.15) {
            let at = at + rng.between(5, 40) * MINUTE;
            log.lookup(at, episode.actor, Act::Decide, subject, rng).purpose = Some(purpose);
        }
    }
}
