//! People whose job, rights or employment are other than the directory makes one expect: a new job, an emergency with broken glass, a last
//! day that was put off while the feed of the personnel office still has the old one.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::actor_pool::settled;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::duty;
use crate::simulate::episode::{Approval, Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

/// A new job from a day on: kinds and tables never touched before. They do nothing beside it.
pub(super) fn assign_role_change(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let last = pool.last();
    let actor = pool.someone(|world, who| world.employee(who).former.is_some())?;
    let (from, _) = pool.world.employee(actor).former?;
    Some(Assignment::of(actor, (from.max(0) as u32..=last).collect(), 0))
}

/// Another department's records in an emergency, with the glass broken on file.
pub(super) fn assign_break_glass(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let start = pool.start(4);
    let roles = ["call-centre agent", "claims officer", "back-office clerk"];
    let (actor, days) = pool.at_work(start, 2, |world, who| roles.contains(&world.employee(who).role().name))?;
    Some(Assignment::of(actor, days, difficulty.of(12, 6, 3)))
}

pub(super) fn break_glass(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    let purpose = episode.ticket(world, day, "break_glass", &subjects, log);
    let start = duty.sample(rng).min(duty.last().saturating_sub(60 * MINUTE)).max(duty.first());
    episode.scatter_for(purpose, &subjects, &[Act::Position, Act::Subscriber, Act::Credit], rng, log, |rng| start + rng.below(50 * MINUTE));
}

/// Stays two weeks longer than the directory knows.
pub(super) fn assign_late_feed(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let start = pool.start(15);
    let end = pool.world.calendar.len().min(start + 14);
    let called = |world: &World, who: u32| -> Vec<u32> { (start..end).filter(|day| duty::rota_calls(world, who, *day)).collect() };
    let stays =
        |world: &World, who: u32| settled(world, who) && world.employee(who).absences.iter().all(|absence| absence.to < start as i32);
    let actor = pool.someone(|world, who| stays(world, who) && !called(world, who).is_empty())?;
    let days = called(pool.world, actor);
    let employee = &mut pool.world.employees[actor as usize];
    employee.left = Some(start as i32 - 1);
    employee.account_kept = true;
    let persons = employee.usual_persons() as u32;
    Some(Assignment::of(actor, days, persons))
}

pub(super) fn late_feed(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let asked = Approval { grantee: None, kind: "assignment", objects: None, max_persons: None };
    episode.approve(world, day, &asked, log);
    let duty = duty::usual_hours(world, episode.actor);
    let work = world.employee(episode.actor).role().work;
    let acts: Vec<Act> = work.iter().map(|(act, _)| *act).filter(|act| *act != Act::ReportSql).collect();
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    episode.scatter(&subjects, &acts, rng, log, |rng| duty.sample(rng));
}
