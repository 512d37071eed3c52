//! Dossier assembly: one employee reads one person in many systems, kind after kind, without a ticket; some persons a day, on
//! several days.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

/// At least three systems and four kinds whichever is left out.
const PAGES: [Act; 8] = [Act::Profile, Act::Balance, Act::Statement, Act::Credit, Act::Calls, Act::Position, Act::Health, Act::Card];

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(6, 6, 6) };
    let start = pool.start(9);
    let (actor, days) = pool.at_work(start, days, |_, _| true)?;
    let persons = difficulty.of(pool.rng.between(8, 10), pool.rng.between(5, 6), 3);
    Some(Assignment::of(actor, days, persons))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let slowest = episode.difficulty.of(90_000, 12 * MINUTE, 50 * MINUTE);
    for subject in strangers(world, episode.actor, episode.persons, rng) {
        let skipped = [rng.below(8), rng.below(8)];
        let pages: Vec<Act> = (0..8).filter(|page| !skipped.contains(page)).map(|page| PAGES[page as usize]).collect();
        let gaps: Vec<u32> = pages.iter().map(|_| rng.between(5_000, slowest)).collect();
        // A start that leaves time for all of it before the shift ends.
        let mut at = duty.sample(rng).min(duty.last().saturating_sub(gaps.iter().sum())).max(duty.first());
        for (act, gap) in pages.into_iter().zip(gaps) {
            log.lookup(at, episode.actor, act, subject, rng);
            at += gap;
        }
    }
}
