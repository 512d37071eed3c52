//! What befalls a company without insiders: the hard days on which nobody may be suspected more than on others.

use super::assumptions::{Innocent, begins};
use super::calendar::{DayKind, MINUTE};
use super::day::{DayLog, Grantee, Reason};
use super::duty::Duty;
use super::queries;
use super::rng::Rng;
use super::roles::Role;
use super::sites::Unit;
use super::world::{Stream, World};

/// Share of an employee's cases that concern the other side of a merger.
const ACROSS: f64 = 0.15;
/// Workdays of an outage, and of a migration.
const OUTAGE: usize = 3;
const MIGRATION: usize = 5;

fn is(world: &World, innocent: Innocent) -> bool {
    world.options.innocent == Some(innocent)
}

/// Whether a day is one of the first `count` workdays from the beginning on.
fn within(world: &World, day: u32, count: usize) -> bool {
    let works = |day: &u32| matches!(world.calendar.day(*day).kind, DayKind::Workday | DayKind::MakeUp);
    let first = begins(world.calendar.len());
    day >= first && (first..world.calendar.len()).filter(works).take(count).any(|other| other == day)
}

/// Whether no ticket can be filed or cited on a day.
pub(crate) fn without_tickets(world: &World, day: u32) -> bool {
    is(world, Innocent::TicketOutage) && within(world, day, OUTAGE)
}

/// A branch of the other side of a merger, for a case of the new kind.
pub(crate) fn across(world: &World, who: u32, day: u32, rng: &mut Rng) -> Option<u16> {
    if !is(world, Innocent::Merger) || day < begins(world.calendar.len()) || !rng.chance(ACROSS) {
        return None;
    }
    let mine = world.unit_of(who).joins;
    let other = |unit: &u16| world.units[usize::from(*unit)].joins != mine && !world.units[usize::from(*unit)].customers.is_empty();
    let others: Vec<u16> = (0..world.units.len() as u16).filter(other).collect();
    (!others.is_empty()).then(|| others[rng.below(others.len() as u32) as usize])
}

/// What an employee does on a day of the migration week, beside the ordinary: administrators copy tables, clerks check pages of them.
pub(crate) fn migrate(world: &World, who: u32, role: &Role, day: u32, duty: &Duty, log: &mut DayLog) {
    if !is(world, Innocent::Migration) || !within(world, day, MIGRATION) {
        return;
    }
    let administers = role.name == "database administrator";
    if !administers && !["back-office clerk", "claims officer"].contains(&role.name) {
        return;
    }
    let mut rng = Rng::of(&world.seed(Stream::Upheaval, who.into(), day.into()));
    let reference = format!("JOB-MOVE-{}-{}", world.calendar.day(day).date.strftime("%Y%m%d"), who + 1);
    let purpose = log.purpose(format!("batch:{reference}"));
    let branches: Vec<&Unit> = world.units.iter().filter(|unit| !unit.customers.is_empty()).collect();
    let pages = if administers { 12 } else { rng.between(8, 20) };
    let start = duty.sample(&mut rng).min(duty.last().saturating_sub(120 * MINUTE)).max(duty.first());
    for nth in 0..pages {
        let at = start + nth * 4 * MINUTE + rng.below(3 * MINUTE);
        let branch = branches[rng.below(branches.len() as u32) as usize];
        if administers {
            let rows = branch.customers.len() as u32;
            let query = if nth == 0 { queries::dump() } else { queries::rows(branch.name, rows) };
            log.query(at, who, query, Some(rows), []).purpose = Some(purpose);
        } else {
            let first = branch.customers.start + rng.below((branch.customers.len() as u32).saturating_sub(20).max(1));
            let page = (first..branch.customers.end).take(20).filter(|customer| !world.customers.is_canary(*customer));
            log.query(at, who, queries::page(branch.name, (first - branch.customers.start) / 20), None, page).purpose = Some(purpose);
        }
    }
    log.reasons.push(Reason::standing(&world.calendar, (day, day), Grantee::Actor(who), Some("crm.*"), ("batch", reference)));
}

/// Takes back every claim and every reason of a day on which the tool for tickets is down. Standing approvals of jobs are not its.
pub(crate) fn silence_tickets(world: &World, day: u32, log: &mut DayLog) {
    if without_tickets(world, day) {
        let people = world.employees.len() as u32;
        log.accesses.iter_mut().filter(|access| access.actor < people).for_each(|access| access.purpose = None);
        log.reasons.retain(|reason| matches!(reason.grantee, Grantee::Actor(actor) if actor >= people));
    }
}
