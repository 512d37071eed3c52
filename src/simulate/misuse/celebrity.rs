//! Celebrity: somebody is in the news, and colleagues who have no business with that person look. Obvious: ten people, one vip, three days.
//! Medium: six people and somebody whom no tag protects. Subtle: one employee who looks at ten vips in two weeks.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::customers::Tag;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(3, 4, 10) };
    let start = pool.start(days * 7 / 5 + 1);
    if difficulty == Difficulty::Subtle {
        let (actor, days) = pool.at_work(start, days, |_, _| true)?;
        return Some(Assignment::of(actor, days, 1).at(pool.rng.below(1_000_000)));
    }
    let staff = pool.world.employees.len() as u32;
    let (obvious, medium) = pool.world.assume.crowd;
    let most = if staff < 500 { 4.min(medium) } else { difficulty.of(obvious, medium, 1) };
    let team = pool.team(start, days, most, |_, _| true, |_, _, _| true)?;
    let vips = vips(pool.world);
    let nth = pool.rng.below(vips.len().max(1) as u32) as usize;
    let aim = if difficulty == Difficulty::Obvious && !vips.is_empty() { vips[nth] } else { pool.aim() };
    Some(Assignment::team(team, 1)?.at(aim))
}

fn vips(world: &World) -> Vec<u32> {
    world.customers.tags.iter().filter(|(_, tag)| **tag == Tag::Vip).map(|(customer, _)| *customer).collect()
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let alone = episode.difficulty == Difficulty::Subtle;
    // Nobody looks on every day, and everybody on one.
    let chosen = episode.days[episode.member as usize % episode.days.len()];
    if !alone && day != chosen && !rng.chance(0.3) {
        return;
    }
    let mut subject = episode.aim;
    if alone {
        let vips = vips(world);
        let Some(vip) = vips.get((episode.aim + episode.days_before(day) * 7) as usize % vips.len().max(1)) else { return };
        subject = *vip;
    }
    let duty = episode.duty(world, day);
    let mut at = duty.sample(rng).min(duty.last().saturating_sub(4 * MINUTE)).max(duty.first());
    let pages = [Act::Find, Act::Profile, Act::Balance, Act::Contact];
    for act in pages.iter().take(rng.between(2, 4) as usize) {
        log.lookup(at, episode.actor, *act, subject, rng);
        at += rng.between(8_000, 50_000);
    }
}
