//! Large volumes that somebody approved: a campaign, a migration, an audit.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::{DayLog, Grantee};
use crate::simulate::episode::{Approval, Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

const MARKETING: &str = "marketing analyst";

fn on_approval(pool: &mut ActorPool<'_>, days: u32, roles: &[&str], persons: u32) -> Option<Assignment> {
    let start = pool.start(7);
    let fits = |world: &World, who: u32| roles.contains(&world.employee(who).role().name);
    let (actor, days) = pool.at_work(start, days, fits)?;
    Some(Assignment::of(actor, days, persons))
}

/// Three days of call lists, for one relationship manager or for all of Marketing's unit.
pub(super) fn assign_campaign(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let persons = pool.rng.between(300, 600);
    let role = if pool.rng.chance(0.5) { MARKETING } else { "relationship manager" };
    on_approval(pool, 3, &[role], persons)
}

pub(super) fn campaign(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let employee = world.employee(episode.actor);
    let grantee = (employee.role().name == MARKETING).then_some(Grantee::Unit(employee.unit));
    let approval = Approval { grantee, kind: "campaign", objects: Some("crm.*"), max_persons: Some(episode.persons * 5) };
    let purpose = episode.approve(world, day, &approval, log);
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    for chunk in strangers(world, episode.actor, count, rng).chunks(60) {
        let at = duty.sample(rng);
        log.list(at, episode.actor, Act::CustomerList, None, chunk.iter().copied()).purpose = Some(purpose);
    }
}

/// Two days of unloading accounts, counted and not named.
pub(super) fn assign_migration(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let persons = pool.rng.between(20_000, 40_000);
    on_approval(pool, 2, &["back-office clerk"], persons)
}

pub(super) fn migration(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let approval = Approval { kind: "batch", objects: Some("core.*"), ..Approval::default() };
    let purpose = episode.approve(world, day, &approval, log);
    let duty = episode.duty(world, day);
    for _ in 0..12 {
        let at = duty.sample(rng).max(duty.first() + 30 * MINUTE);
        let rows = (episode.persons / 12).min(world.customers.total / 2);
        log.list(at, episode.actor, Act::AccountExport, Some(rows), []).purpose = Some(purpose);
    }
}

/// A week of reading files for an audit.
pub(super) fn assign_audit(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let persons = pool.rng.between(80, 150);
    on_approval(pool, 5, &["compliance analyst", "back-office clerk"], persons)
}

pub(super) fn audit(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let approval = Approval { kind: "assignment", objects: Some("loans.*"), ..Approval::default() };
    episode.approve(world, day, &approval, log);
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    episode.scatter(&subjects, &[Act::Loan, Act::Collateral], rng, log, |rng| duty.sample(rng));
}
