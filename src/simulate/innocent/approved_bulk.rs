//! Large volumes that somebody approved: a campaign, a migration, an audit.

use crate::simulate::calendar::MINUTE;
use crate::simulate::casting::Casting;
use crate::simulate::day::{DayLog, Whom};
use crate::simulate::episode::{Approval, Difficulty, Episode, Part, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

const MARKETING: &str = "marketing analyst";

fn on_approval(casting: &mut Casting<'_>, days: u32, roles: &[&str], persons: u32) -> Option<Part> {
    let start = casting.start(7);
    let fits = |world: &World, who: u32| roles.contains(&world.employee(who).role().name);
    let (actor, days) = casting.at_work(start, days, fits)?;
    Some(Part::of(actor, days, persons))
}

/// Three days of call lists, for one relationship manager or for all of Marketing's unit.
pub(super) fn cast_campaign(casting: &mut Casting<'_>, _: Difficulty) -> Option<Part> {
    let persons = casting.rng.between(300, 600);
    let role = if casting.rng.chance(0.5) { MARKETING } else { "relationship manager" };
    on_approval(casting, 3, &[role], persons)
}

pub(super) fn campaign(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let employee = world.employee(episode.actor);
    let whom = (employee.role().name == MARKETING).then_some(Whom::Unit(employee.unit));
    let approval = Approval { whom, kind: "campaign", objects: Some("crm.*"), max_persons: Some(episode.persons * 5) };
    let purpose = episode.approve(world, day, &approval, log);
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    for chunk in strangers(world, episode.actor, count, rng).chunks(60) {
        let at = duty.sample(rng);
        log.list(at, episode.actor, Act::CustomerList, None, chunk.iter().copied()).purpose = Some(purpose);
    }
}

/// Two days of unloading accounts, counted and not named.
pub(super) fn cast_migration(casting: &mut Casting<'_>, _: Difficulty) -> Option<Part> {
    let persons = casting.rng.between(20_000, 40_000);
    on_approval(casting, 2, &["back-office clerk"], persons)
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
pub(super) fn cast_audit(casting: &mut Casting<'_>, _: Difficulty) -> Option<Part> {
    let persons = casting.rng.between(80, 150);
    on_approval(casting, 5, &["compliance analyst", "back-office clerk"], persons)
}

pub(super) fn audit(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let approval = Approval { kind: "assignment", objects: Some("loans.*"), ..Approval::default() };
    episode.approve(world, day, &approval, log);
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    episode.scatter(&subjects, &[Act::Loan, Act::Collateral], rng, log, |rng| duty.sample(rng));
}
