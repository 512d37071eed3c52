//! Tracked person: one person's whereabouts and calls, asked for again and again, for somebody who follows that person. A single position
//! may cost a life. Obvious: every twenty minutes for four days. Medium: eight times a day for five. Subtle: three times a day for six.

use crate::simulate::casting::Casting;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Difficulty, Episode, Part};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::world::World;

pub(super) fn cast(casting: &mut Casting<'_>, difficulty: Difficulty) -> Option<Part> {
    let days = if casting.last_day { 1 } else { difficulty.of(4, 5, 6) };
    let start = casting.start(9);
    let at_the_desk = |world: &World, who: u32| world.employee(who).role().work.iter().any(|(act, _)| *act == Act::Position);
    let found = casting.at_work(start, days, at_the_desk);
    let (actor, days) =
        found.or_else(|| casting.at_work(start, days, |world, who| world.employee(who).role().name == "call-centre agent"))?;
    let polls = difficulty.of(casting.rng.between(20, 28), casting.rng.between(7, 9), 3);
    Some(Part::of(actor, days, polls).at(casting.aim()))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let polls = episode.count(rng);
    let (first, last) = (duty.first(), duty.last());
    let between = (last - first) / (polls + 1);
    for nth in 0..polls {
        let at = match episode.difficulty {
            Difficulty::Obvious => first + between * nth + rng.below(between / 3),
            Difficulty::Medium | Difficulty::Subtle => first + between * nth + rng.below(between),
        };
        let act = if rng.chance(0.7) { Act::Position } else { Act::Calls };
        log.lookup(at, episode.actor, act, episode.aim, rng);
    }
}
