//! Shared privilege: one personal account, several people at several machines at once. After the telecom account used by three, through
//! which 12,716 items went in a month.
//!
//! Obvious: four machines interleaved within the minute, four hundred people a day. Medium: three machines, seventy. Subtle: a second
//! machine for some hours, twenty-five.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::terminals::Terminal;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(6, 6, 8) };
    let start = pool.start(days * 7 / 5 + 1);
    let several = |world: &World, who: u32| world.members[usize::from(world.employee(who).unit)].len() > 4;
    let (actor, days) = pool.at_work(start, days, several)?;
    let (least, most) = difficulty.of((350, 450), (60, 80), (22, 28));
    Some(Assignment::of(actor, days, pool.rng.between(least, most)).at(pool.rng.below(1_000_000)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let members = &world.members[usize::from(world.employee(episode.actor).unit)];
    let colleague = |nth: u32| {
        let others = members.iter().copied().filter(|member| *member != episode.actor);
        others.cycle().nth((episode.aim % 997 + nth) as usize).unwrap_or(episode.actor)
    };
    let machines = episode.difficulty.of(4, 3, 2);
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    let (from, to) = match episode.difficulty {
        Difficulty::Obvious | Difficulty::Medium => (duty.first(), duty.last()),
        Difficulty::Subtle => {
            let from = duty.sample(rng).min(duty.last().saturating_sub(120 * MINUTE)).max(duty.first());
            (from, from + 120 * MINUTE)
        }
    };
    let acts = world.employee(episode.actor).role().work;
    for subject in subjects {
        let nth = rng.below(machines);
        let act = acts[rng.weighted(acts.iter().map(|(_, weight)| *weight))].0;
        let act = if matches!(act, Act::ReportSql | Act::Update) { Act::Find } else { act };
        let access = log.lookup(rng.between(from, to), episode.actor, act, subject, rng);
        access.terminal = if nth == 0 { Terminal::Usual } else { Terminal::Desk(colleague(nth)) };
    }
}
