//! Threshold hugging: the company warns from a hundred people a day on, and everybody knows. Obvious: ninety-eight or ninety-nine on every
//! day for five weeks. Medium: the last five below it on four days of five. Subtle: a limit of fifty, where the day's work is already thirty.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::rng::mix;
use crate::simulate::routine;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

use std::collections::BTreeSet;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { pool.world.calendar.len() } else { 25 };
    let start = if pool.last_day { pool.last().saturating_sub(24) } else { pool.start(36) };
    // Somebody whose own work comes close without reaching it.
    let fits = move |world: &World, who: u32| {
        let usual = world.employee(who).usual_persons();
        difficulty.of(15.0..60.0, 15.0..60.0, 18.0..32.0).contains(&usual)
    };
    let (actor, days) = pool.at_work(start, days, fits)?;
    Some(Assignment::of(actor, days, difficulty.of(100, 100, 50)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let last = day == episode.days[episode.days.len() - 1];
    let rested = mix(&[u64::from(episode.actor), u64::from(day)]) % 100 >= episode.difficulty.of(100, 80, 70);
    if rested && !last {
        return;
    }
    // The work of the day first: then as many more as the limit leaves.
    let mut own = DayLog::default();
    routine::ordinary(world, episode.actor, day, &mut own);
    let shown = own.accesses.iter().filter(|access| access.rows != Some(0)).flat_map(|access| own.subjects_of(access));
    let mut seen: BTreeSet<u32> = shown.copied().collect();
    let target = episode.persons - rng.between(1, episode.difficulty.of(2, 5, 4));
    let Some(missing) = target.checked_sub(seen.len() as u32) else { return };
    let duty = episode.duty(world, day);
    let mut subjects = strangers(world, episode.actor, missing * 2, rng);
    subjects.retain(|subject| seen.insert(*subject));
    subjects.truncate(missing as usize);
    episode.scatter(&subjects, &[Act::Find, Act::Profile], rng, log, |rng| duty.sample(rng));
}
