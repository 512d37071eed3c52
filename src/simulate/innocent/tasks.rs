//! Tasks that walk through the records because that is the task: cleaning telephone numbers, checking a branch's entries page by page, a
//! robot somebody may run, a report that is due every fortnight. Each is approved.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::duty;
use crate::simulate::episode::{Approval, Assignment, Difficulty, Episode, anybody, branch_of, pace, strangers, stretch};
use crate::simulate::queries;
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

const OFFICE: [&str; 3] = ["back-office clerk", "claims officer", "compliance analyst"];
const TASK: Approval = Approval { grantee: None, kind: "batch", objects: Some("crm.*"), max_persons: None };

fn in_an_office(world: &World, who: u32) -> bool {
    OFFICE.contains(&world.employee(who).role().name)
}

/// A list of telephone numbers is checked: many are out of use.
pub(super) fn assign_cleaning(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(5);
    let (actor, days) = pool.at_work(start, difficulty.of(1, 2, 3), in_an_office)?;
    Some(Assignment::of(actor, days, difficulty.of(500, 200, 80)))
}

pub(super) fn cleaning(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let purpose = episode.approve(world, day, &TASK, log);
    let duty = episode.duty(world, day);
    let start = duty.sample(rng).min(duty.last().saturating_sub(180 * MINUTE)).max(duty.first());
    let mut next = pace(start, 5, 20);
    let count = episode.count(rng);
    for customer in anybody(world, count, rng) {
        let at = next(rng);
        let access = if rng.chance(0.45) {
            log.list(at, episode.actor, Act::PhoneFind, Some(0), [world.customers.total + customer])
        } else {
            log.lookup(at, episode.actor, Act::PhoneFind, customer, rng)
        };
        access.purpose = Some(purpose);
    }
}

/// A branch's entries, page after page.
pub(super) fn assign_quality(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(5);
    let (actor, days) = pool.at_work(start, 2, in_an_office)?;
    Some(Assignment::of(actor, days, difficulty.of(500, 300, 120)).at(pool.aim()))
}

pub(super) fn quality(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let purpose = episode.approve(world, day, &TASK, log);
    let duty = episode.duty(world, day);
    let branch = branch_of(world, episode.actor, episode.aim);
    let first = episode.days_before(day) * episode.persons;
    let mut next = pace(duty.sample(rng).min(duty.last().saturating_sub(60 * MINUTE)).max(duty.first()), 8, 60);
    for (nth, page) in stretch(world, branch, first, episode.persons).chunks(20).enumerate() {
        let query = queries::page(world.units[usize::from(branch)].name, first / 20 + nth as u32);
        log.query(next(rng), episode.actor, query, None, page.iter().copied()).purpose = Some(purpose);
    }
}

/// A robot that fills a form for every case of a list, run by the clerk whose list it is.
pub(super) fn assign_robot(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(8);
    let (actor, days) = pool.at_work(start, 4, in_an_office)?;
    Some(Assignment::of(actor, days, difficulty.of(120, 70, 40)))
}

pub(super) fn robot(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let purpose = episode.approve(world, day, &TASK, log);
    let duty = episode.duty(world, day);
    let lasting = episode.persons * MINUTE;
    let mut at = duty.sample(rng).min(duty.last().saturating_sub(lasting)).max(duty.first());
    let subjects = strangers(world, episode.actor, lasting / 6_000, rng);
    episode.scatter_for(purpose, &subjects, &[Act::Profile], rng, log, |rng| {
        at += rng.between(5_900, 6_100);
        at
    });
}

/// A report, every fortnight at the same hour: mostly counts, and the list on which they rest.
pub(super) fn assign_statistics(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let (first, last) = (pool.quiet_days(), pool.last());
    let (actor, _) = pool.at_work(first, last + 1 - first, in_an_office)?;
    let world = &*pool.world;
    let due = (first..=last).step_by(difficulty.of(7, 14, 28));
    let mut days: Vec<u32> = due.filter_map(|due| (due..=last.min(due + 4)).find(|day| duty::rostered(world, actor, *day))).collect();
    days.dedup();
    Some(Assignment::of(actor, days, pool.rng.between(100, 300)).at(pool.rng.below(1_000_000)))
}

pub(super) fn statistics(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let approval = Approval { grantee: None, kind: "batch", objects: None, max_persons: Some(episode.persons * 20) };
    let purpose = episode.approve(world, day, &approval, log);
    let duty = episode.duty(world, day);
    let at = (duty.first() + (30 + episode.aim % 240) * MINUTE + rng.below(20 * MINUTE)).min(duty.last().saturating_sub(20 * MINUTE));
    let since = world.calendar.date(day as i32 - 14).to_string();
    log.query(at, episode.actor, queries::statistics(&since), Some(12), []).purpose = Some(purpose);
    let count = episode.count(rng);
    let branch = branch_of(world, episode.actor, episode.aim);
    let newest = stretch(world, branch, episode.aim + day * 17, count);
    log.query(at + 2 * MINUTE, episode.actor, queries::newest(&since, count), None, newest).purpose = Some(purpose);
}
