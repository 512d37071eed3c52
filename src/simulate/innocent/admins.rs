//! Administrators at work: a repair that needs rows, maintenance with auditing off, a call at night. Each is announced or has a ticket.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Approval, Assignment, Difficulty, Episode, anybody, branch_of, pace};
use crate::simulate::queries;
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::Gap;
use crate::simulate::world::World;

fn administers(world: &World, who: u32) -> bool {
    world.employee(who).role().name == "database administrator"
}

/// Broken rows are looked for and mended by hand.
pub(super) fn assign_repair(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(4);
    let (actor, days) = pool.at_work(start, difficulty.of(2, 2, 3), administers)?;
    Some(Assignment::of(actor, days, difficulty.of(2000, 400, 60)).at(pool.rng.below(1_000_000)))
}

pub(super) fn repair(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let approval = Approval { grantee: None, kind: "ticket", objects: Some("crm.*"), max_persons: None };
    let purpose = episode.approve(world, day, &approval, log);
    let duty = episode.duty(world, day);
    let branch = branch_of(world, episode.actor, episode.aim + day);
    let mut next = pace(duty.sample(rng).min(duty.last().saturating_sub(60 * MINUTE)).max(duty.first()), 40, 300);
    let rows = episode.persons / 4;
    if day == episode.days[0] && episode.difficulty != Difficulty::Subtle {
        // A copy of the table first, lest the repair spoil it.
        log.query(next(rng), episode.actor, queries::dump(), Some(world.customers.total), []).purpose = Some(purpose);
    }
    for _ in 0..3 {
        let query = queries::rows(world.units[usize::from(branch)].name, rows);
        log.query(next(rng), episode.actor, query, Some(rows), []).purpose = Some(purpose);
    }
    for customer in anybody(world, (rows / 4).min(12), rng) {
        log.query(next(rng), episode.actor, queries::by_id(customer), None, [customer]).purpose = Some(purpose);
    }
}

/// A window at night, announced, in which a system and its audit log are down.
pub(super) fn assign_maintenance(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(4);
    let (actor, days) = pool.at_work(start, 1, administers)?;
    let from = pool.rng.between(60, 120);
    let system = difficulty.of("crm", "loans", "cards");
    for day in &days {
        pool.world.gaps.push(Gap { day: *day, from: from * MINUTE, to: (from + LENGTH) * MINUTE, system });
    }
    Some(Assignment::of(actor, days, 1).at(from))
}

/// Minutes of maintenance.
const LENGTH: u32 = 90;

pub(super) fn maintenance(episode: &Episode, world: &World, day: u32, _: &mut Rng, log: &mut DayLog) {
    let approval = Approval { grantee: None, kind: "batch", objects: None, max_persons: None };
    let purpose = episode.approve(world, day, &approval, log);
    let system = episode.difficulty.of("crm", "loans", "cards");
    for (at, on) in [(episode.aim, false), (episode.aim + LENGTH, true)] {
        log.query(at * MINUTE, episode.actor, queries::audit(system, on, false), Some(0), []).purpose = Some(purpose);
    }
}

/// Called at night because a job failed.
pub(super) fn assign_on_call(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let start = pool.start(12);
    let (actor, mut days) = pool.at_work(start, 8, administers)?;
    days.truncate(8);
    let days = days.into_iter().step_by(3).collect();
    Some(Assignment::of(actor, days, 8))
}

pub(super) fn on_call(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let count = episode.count(rng);
    let subjects = anybody(world, count, rng);
    let purpose = episode.ticket(world, day, "ticket", &subjects, log);
    let start = rng.between(30, 4 * 60) * MINUTE;
    for at in 0..rng.between(3, 8) {
        log.list(start + at * 2 * MINUTE, episode.actor, Act::ReportSql, Some(8), []).purpose = Some(purpose);
    }
    episode.scatter_for(purpose, &subjects, &[Act::LookupSql, Act::Find], rng, log, pace(start + 20 * MINUTE, 40, 300));
}
