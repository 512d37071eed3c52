//! People whose ordinary day looks odd by itself: they do nothing beside it, they are only named as look-alikes.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode};
use crate::simulate::people::Shift;
use crate::simulate::rng::Rng;
use crate::simulate::services::{DEDUPLICATION, SERVICES};
use crate::simulate::world::World;

pub(super) fn nothing_more(_: &Episode, _: &World, _: u32, _: &mut Rng, _: &mut DayLog) {}

fn always(pool: &mut ActorPool<'_>, suits: impl Fn(&World, u32) -> bool) -> Option<Assignment> {
    let actor = pool.someone(suits)?;
    Some(Assignment::of(actor, (0..=pool.last()).collect(), 0))
}

/// A job with twice the volume when the month ends.
pub(super) fn month_end(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let days: Vec<u32> = (0..=pool.last()).filter(|day| pool.world.calendar.day(*day).month_end).collect();
    if days.is_empty() {
        return None;
    }
    let actor = pool.someone(|world, who| world.employee(who).role().month_end > 1.5 && world.employee(who).pace > 1.0)?;
    Some(Assignment::of(actor, days, 0))
}

/// Hired within the range: no history, and more work every week.
pub(super) fn new_hire(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let last = pool.last();
    let actor = pool.someone(|world, who| (1..last as i32).contains(&world.employee(who).hired))?;
    Some(Assignment::of(actor, (pool.world.employee(actor).hired as u32..=last).collect(), 0))
}

/// Works at night because the rota says so.
pub(super) fn night_rota(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let at_night = |world: &World, who| matches!(world.employee(who).shift, Shift::Fixed { start, end } if end < start);
    always(pool, |world, who| at_night(world, who) && world.employee(who).left.is_none())
}

/// Reads more than anybody because the job is to read.
pub(super) fn heavy_role(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    always(pool, |world, who| world.employee(who).role().name == "compliance analyst" && world.employee(who).pace > 1.1)
}

/// The job that reads every record, planted ones too, by its approved account.
pub(super) fn deduplication(pool: &mut ActorPool<'_>, _: Difficulty) -> Option<Assignment> {
    let nth = SERVICES.iter().position(|service| service.account == DEDUPLICATION)?;
    let days: Vec<u32> = (0..=pool.last()).filter(|day| SERVICES[nth].runs(pool.world, *day)).collect();
    (!days.is_empty()).then(|| Assignment::of(pool.world.employees.len() as u32 + nth as u32, days, 0))
}
