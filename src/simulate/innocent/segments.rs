//! People chosen by event or value with a reason to reach them: a campaign for new borrowers, a recall of everybody with a certain card.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Approval, Assignment, Difficulty, Episode, anybody};
use crate::simulate::queries;
use crate::simulate::rng::Rng;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(6);
    let roles = ["marketing analyst", "relationship manager", "back-office clerk"];
    let (actor, days) = pool.at_work(start, difficulty.of(2, 3, 5), |world, who| roles.contains(&world.employee(who).role().name))?;
    Some(Assignment::of(actor, days, difficulty.of(900, 120, 30)).at(pool.rng.below(4)))
}

/// Call lists of a campaign.
pub(super) fn campaign(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    list("campaign", episode, world, day, rng, log);
}

/// People who must be told that something of theirs is not safe.
pub(super) fn recall(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    list("assignment", episode, world, day, rng, log);
}

fn list(kind: &'static str, episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let approval = Approval { grantee: None, kind, objects: None, max_persons: Some(episode.persons * 6) };
    let purpose = episode.approve(world, day, &approval, log);
    let duty = episode.duty(world, day);
    let since = world.calendar.date(day as i32 - 14).to_string();
    let count = episode.count(rng);
    let found = anybody(world, count, rng);
    for (nth, part) in found.chunks(found.len() / 2 + 1).enumerate() {
        let query = queries::segment(episode.aim + nth as u32, &since);
        log.query(duty.sample(rng), episode.actor, query, None, part.iter().copied()).purpose = Some(purpose);
    }
}
