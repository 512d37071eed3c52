//! Complaint handling: everything about one customer from several systems in an hour, as a dossier would be, and a ticket for each.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::{DayLog, Grantee, Reason};
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

const FILES: [Act; 6] = [Act::Profile, Act::Contact, Act::Balance, Act::Statement, Act::Card, Act::Loan];

pub(super) fn assign(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let start = pool.start(7);
    let roles = ["call-centre agent", "back-office clerk"];
    let (actor, days) = pool.at_work(start, 5, |world, who| roles.contains(&world.employee(who).role().name))?;
    Some(Assignment::of(actor, days, pool.rng.between(2, 4)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    for (nth, subject) in strangers(world, episode.actor, episode.persons, rng).into_iter().enumerate() {
        let reference = format!("CPL-{}-{}-{}", world.calendar.day(day).date.strftime("%Y%m%d"), episode.actor + 1, nth + 1);
        let purpose = log.purpose(format!("ticket:{reference}"));
        let first = duty.sample(rng).min(duty.last().saturating_sub(60 * MINUTE)).max(duty.first());
        let mut at = first;
        for act in FILES {
            log.lookup(at, episode.actor, act, subject, rng).purpose = Some(purpose);
            at += rng.between(20_000, 8 * MINUTE);
        }
        log.reasons.push(Reason {
            grantee: Grantee::Actor(episode.actor),
            subjects: vec![subject],
            objects: None,
            from_ms: world.calendar.instant(day, first) - i64::from(5 * MINUTE),
            to_ms: world.calendar.instant(day, at) + i64::from(60 * MINUTE),
            kind: "ticket",
            reference,
            max_persons: Some(1),
        });
    }
}
