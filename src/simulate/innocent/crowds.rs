//! Many people at once, for a reason that all of them have: a person in the news who is a customer, a peak of calls at a vendor, one queue
//! for four colleagues, a campaign that a branch thought up by itself and that nobody approved.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::customers::Tag;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, branch_of, strangers, stretch};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

fn same_unit(world: &World, lead: u32, other: u32) -> bool {
    world.employee(lead).unit == world.employee(other).unit
}

/// A customer in the news calls, is called, and complains: those who serve him look, with a ticket each.
pub(super) fn assign_news(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(5);
    let serves = |world: &World, who: u32| ["call-centre agent", "teller"].contains(&world.employee(who).role().name);
    let team = pool.team(start, 3, difficulty.of(9, 6, 4), serves, same_unit)?;
    let mut part = Assignment::team(team, 1)?;
    let serves = &pool.world.unit_of(part.actor).serves;
    let ours = |customer: &u32| serves.iter().any(|unit| pool.world.units[usize::from(*unit)].customers.contains(customer));
    let vip = pool.world.customers.tags.iter().find(|(customer, tag)| **tag == Tag::Vip && ours(customer)).map(|(customer, _)| *customer);
    part.aim = vip.unwrap_or_else(|| pool.aim());
    Some(part)
}

pub(super) fn news(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    if day != episode.days[episode.member as usize % episode.days.len()] {
        return;
    }
    let duty = episode.duty(world, day);
    let purpose = episode.ticket(world, day, "ticket", &[episode.aim], log);
    let looks = vec![episode.aim; rng.between(2, 4) as usize];
    episode.scatter_for(purpose, &looks, &[Act::Find, Act::Profile, Act::Contact], rng, log, |rng| duty.sample(rng));
}

/// Agents of one vendor work through the same list of callbacks, as assigned.
pub(super) fn assign_peak(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(5);
    let outside = |world: &World, who: u32| !world.employee(who).employer.is_empty();
    let akin = |world: &World, lead: u32, other: u32| world.employee(lead).employer == world.employee(other).employer;
    let team = pool.team(start, 3, 4, outside, akin)?;
    Assignment::team(team, difficulty.of(30, 18, 10))
}

pub(super) fn peak(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let mut list = strangers(world, episode.lead, episode.persons, &mut episode.shared(world, day));
    list.retain(|_| rng.chance(0.7));
    let purpose = episode.ticket(world, day, "assignment", &list, log);
    episode.scatter_for(purpose, &list, &[Act::Find, Act::Contact, Act::Card], rng, log, |rng| duty.sample(rng));
}

/// Four colleagues empty one queue: each case has its ticket.
pub(super) fn assign_queue(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(8);
    let team = pool.team(start, 5, 4, |world, who| world.employee(who).role().volume > 20.0, same_unit)?;
    Some(Assignment::team(team, difficulty.of(50, 30, 15))?.at(pool.aim()))
}

pub(super) fn queue(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let branch = branch_of(world, episode.lead, episode.aim);
    let all = episode.persons * episode.members;
    let list = stretch(world, branch, episode.aim.wrapping_add(day * all), all);
    let shard: Vec<u32> = list.into_iter().skip(episode.member as usize).step_by(episode.members as usize).collect();
    let purpose = episode.ticket(world, day, "assignment", &shard, log);
    episode.scatter_for(purpose, &shard, &[Act::Find, Act::Profile], rng, log, |rng| duty.sample(rng));
}

/// A branch calls all its customers for two days because its manager wants it so. There is no reason on file; everybody does it.
pub(super) fn assign_initiative(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(4);
    let managers = |world: &World, who: u32| world.employee(who).role().name == "relationship manager";
    let team = pool.team(start, 2, 12, managers, same_unit)?;
    Assignment::team(team, difficulty.of(90, 60, 40))
}

pub(super) fn initiative(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let book = &world.employee(episode.actor).book;
    let count = episode.count(rng).min(book.size);
    let first = episode.days_before(day) * episode.persons * 5 / 4;
    let mut own: Vec<u32> = (first..first + count).map(|rank| world.customers.real(book.customer(rank))).collect();
    own.sort_unstable();
    own.dedup();
    for part in own.chunks(25) {
        log.list(duty.sample(rng), episode.actor, Act::CustomerList, None, part.iter().copied());
    }
    let called: Vec<u32> = own.iter().copied().filter(|_| rng.chance(0.4)).collect();
    episode.scatter(&called, &[Act::Contact], rng, log, |rng| duty.sample(rng));
}
