//! Credit that comes to nothing: a fair whose visitors ask, are looked at and go. The applications are on file and hardly any is decided.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::applications;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::day::Grantee;
use crate::simulate::day::Reason;
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(15);
    let (actor, days) = pool.at_work(start, 10, |world, who| world.employee(who).role().name == "credit officer")?;
    Some(Assignment::of(actor, days, difficulty.of(12, 6, 3)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let others = applications::expected(world, episode.actor, day);
    for (nth, subject) in strangers(world, episode.actor, count, rng).into_iter().enumerate() {
        let reference = applications::reference(world, episode.actor, day, others + nth as u32);
        let purpose = log.purpose(format!("application:{reference}"));
        let mut at = duty.sample(rng).min(duty.last().saturating_sub(10 * MINUTE)).max(duty.first());
        log.reasons.push(Reason {
            grantee: Grantee::Actor(episode.actor),
            subjects: vec![subject],
            objects: None,
            from_ms: world.calendar.instant(day, 0),
            to_ms: world.calendar.instant(day, world.calendar.day(day).length_ms),
            kind: "appointment",
            reference,
            max_persons: None,
        });
        for act in applications::PAGES.iter().take(rng.between(1, 3) as usize) {
            log.lookup(at, episode.actor, *act, subject, rng).purpose = Some(purpose);
            at += rng.between(10_000, 2 * MINUTE);
        }
    }
}
