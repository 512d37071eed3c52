//! Off duty: sessions in the evening, at night, on weekends and holidays, by somebody who otherwise never works then.

use crate::simulate::calendar::MINUTE;
use crate::simulate::casting::{Casting, settled};
use crate::simulate::day::DayLog;
use crate::simulate::duty;
use crate::simulate::episode::{Difficulty, Episode, Part, pace, strangers};
use crate::simulate::people::Week;
use crate::simulate::rng::{Rng, mix};
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn cast(casting: &mut Casting<'_>, difficulty: Difficulty) -> Option<Part> {
    let span = 18.min(casting.world.calendar.len() / 2);
    let first = casting.start(span);
    let last = casting.last().min(first + span);
    let office = |world: &World, who: u32| settled(world, who) && world.employee(who).week == Week::Office;
    let actor =
        casting.someone(|world, who| office(world, who) && (first..=last).all(|day| world.employee(who).absent(day as i32).is_none()))?;
    // Days off first: they are what an office worker's history has never seen.
    let mut days: Vec<u32> = (first..=last).collect();
    days.sort_by_key(|day| (duty::rostered(casting.world, actor, *day), mix(&[u64::from(actor), u64::from(*day)])));
    days.truncate(difficulty.of(4, 3, 3));
    days.sort_unstable();
    casting.world.employees[actor as usize].overtime = 0.0;
    let (least, most) = difficulty.of((150, 300), (70, 120), (30, 45));
    Some(Part::of(actor, days, casting.rng.between(least, most)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    let workday = duty::rostered(world, episode.actor, day);
    let start = if workday {
        rng.between(19 * 60 + 45, 20 * 60 + 30)
    } else if rng.chance(0.4) {
        rng.between(60, 2 * 60)
    } else {
        rng.between(10 * 60, 19 * 60)
    };
    episode.scatter(&subjects, &[Act::Find, Act::Profile, Act::Contact], rng, log, pace(start * MINUTE, 10, 60));
}
