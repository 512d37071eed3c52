//! People who do more than their own work, or before they need to, because they were asked to: cover for a colleague, an early return
//! from leave, and the last week of somebody who goes through all customers of their own for whoever comes next.

use crate::simulate::actor_pool::{ActorPool, settled};
use crate::simulate::day::DayLog;
use crate::simulate::duty::{self, Duty};
use crate::simulate::episode::{Approval, Assignment, Difficulty, Episode, strangers};
use crate::simulate::people::Absence;
use crate::simulate::rng::Rng;
use crate::simulate::routine;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

use std::collections::BTreeSet;

/// Covers whatever they do.
const ASKED: Approval = Approval { grantee: None, kind: "assignment", objects: None, max_persons: None };

/// A week with a colleague's work on top of one's own.
pub(super) fn assign_cover(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let start = pool.start(9);
    let (actor, days) = pool.at_work(start, 6, |_, _| true)?;
    let persons = pool.world.employee(actor).usual_persons() as u32;
    Some(Assignment::of(actor, days, persons))
}

pub(super) fn cover(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    episode.approve(world, day, &ASKED, log);
    errands(episode, world, &episode.duty(world, day), rng, log);
}

/// On leave in the directory, and back at the desk for the last days of it.
pub(super) fn assign_return(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let start = pool.start(8);
    let end = pool.world.calendar.len().min(start + 6);
    let free = |world: &World, who: u32| settled(world, who) && world.employee(who).absences.is_empty();
    let called = |world: &World, who: u32| -> Vec<u32> { (start..end).filter(|day| duty::rota_calls(world, who, *day)).collect() };
    let actor = pool.someone(|world, who| free(world, who) && !called(world, who).is_empty())?;
    let days = called(pool.world, actor);
    let last = *days.last()?;
    pool.world.employees[actor as usize].absences = vec![Absence { from: start as i32 - 12, to: last as i32, kind: "leave" }];
    let persons = pool.world.employee(actor).usual_persons() as u32;
    Some(Assignment::of(actor, days, persons))
}

pub(super) fn come_back(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    episode.approve(world, day, &ASKED, log);
    errands(episode, world, &Duty::office(), rng, log);
}

/// The last week at the firm: the own customers once more, for the successor.
pub(super) fn assign_handing_over(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let start = pool.start(9);
    let (actor, days) = pool.at_work(start, 5, |world, who| world.employee(who).absences.is_empty())?;
    let last = *days.last()?;
    pool.world.employees[actor as usize].left = Some(last as i32 + 1);
    let persons = (0.6 * pool.world.employee(actor).usual_persons()) as u32;
    Some(Assignment::of(actor, days, persons.max(3)))
}

pub(super) fn hand_over(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let subjects: BTreeSet<u32> = (0..episode.count(rng)).map(|_| routine::customer(world, episode.actor, day, rng)).collect();
    let subjects: Vec<u32> = subjects.into_iter().collect();
    let duty = episode.duty(world, day);
    episode.scatter(&subjects, &[Act::Profile, Act::Contact], rng, log, |rng| duty.sample(rng));
}

/// A usual day's lookups, of the sort that the job makes.
fn errands(episode: &Episode, world: &World, duty: &Duty, rng: &mut Rng, log: &mut DayLog) {
    let work = world.employee(episode.actor).role().work;
    let acts: Vec<Act> = work.iter().map(|(act, _)| *act).collect();
    let count = episode.count(rng);
    for subject in strangers(world, episode.actor, count, rng) {
        episode.scatter(&[subject, subject][..rng.between(1, 2) as usize], &acts, rng, log, |rng| duty.sample(rng));
    }
}
