//! More work because there is more work: a territory that grows for weeks, and a quota of calls that everybody on the list just meets.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Approval, Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::routine;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

use std::collections::BTreeSet;

/// A colleague's customers are handed over, a few more every week.
pub(super) fn assign_territory(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(45);
    let roles = ["relationship manager", "teller", "call-centre agent"];
    let (actor, days) = pool.at_work(start, 32, |world, who| roles.contains(&world.employee(who).role().name))?;
    Some(Assignment::of(actor, days, difficulty.of(40, 28, 16)))
}

pub(super) fn territory(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let grown = f64::from(episode.persons) * (0.3 + 0.7 * f64::from(episode.days_before(day)) / episode.days.len() as f64);
    let count = rng.poisson(grown).max(1);
    let subjects = strangers(world, episode.actor, count, rng);
    let filed: Vec<u32> = subjects.iter().copied().filter(|_| rng.chance(0.9)).collect();
    let purpose = episode.ticket(world, day, "assignment", &filed, log);
    episode.scatter_for(purpose, &filed, &[Act::Find, Act::Profile, Act::Contact], rng, log, |rng| duty.sample(rng));
    let others: Vec<u32> = subjects.into_iter().filter(|subject| !filed.contains(subject)).collect();
    episode.scatter(&others, &[Act::Profile], rng, log, |rng| duty.sample(rng));
}

/// Fifty calls a day are asked for, and fifty are made: from the list of a campaign.
pub(super) fn assign_quota(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let start = pool.start(30);
    let roles = ["call-centre agent", "vendor agent"];
    let fits = |world: &World, who: u32| {
        let employee = world.employee(who);
        roles.contains(&employee.role().name) && (12.0..34.0).contains(&employee.usual_persons())
    };
    let (actor, days) = pool.at_work(start, 20, fits)?;
    Some(Assignment::of(actor, days, 50))
}

pub(super) fn quota(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let approval = Approval { grantee: None, kind: "campaign", objects: Some("crm.*"), max_persons: None };
    let purpose = episode.approve(world, day, &approval, log);
    let mut own = DayLog::default();
    routine::ordinary(world, episode.actor, day, &mut own);
    let mut seen: BTreeSet<u32> = own.accesses.iter().flat_map(|access| own.subjects_of(access)).copied().collect();
    let Some(missing) = (episode.persons - rng.below(2)).checked_sub(seen.len() as u32) else { return };
    let duty = episode.duty(world, day);
    let mut subjects = strangers(world, episode.actor, missing * 2, rng);
    subjects.retain(|subject| seen.insert(*subject));
    subjects.truncate(missing as usize);
    episode.scatter_for(purpose, &subjects, &[Act::Find, Act::Contact], rng, log, |rng| duty.sample(rng));
}
