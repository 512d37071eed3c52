//! Borrowed account: somebody else works with the employee's login. After the couriers who rented out their accounts by the day.
//!
//! Obvious: at night, from a machine of nobody in the company. Medium: two rented accounts in one pair of hands, in the evenings, from the
//! same machine, begun while the owners are still at work. Subtle: from a colleague's workstation while the owner works at his own.

use crate::simulate::actor_pool::ActorPool;
use crate::simulate::calendar::DAY;
use crate::simulate::calendar::MINUTE;
use crate::simulate::day::DayLog;
use crate::simulate::episode::{Assignment, Difficulty, Episode, pace, strangers};
use crate::simulate::rng::Rng;
use crate::simulate::schema::Act;
use crate::simulate::terminals::Terminal;
use crate::simulate::world::World;

pub(super) fn assign(pool: &mut ActorPool<'_>, difficulty: Difficulty) -> Option<Assignment> {
    let days = if pool.last_day { 1 } else { difficulty.of(4, 6, 6) };
    let start = pool.start(9);
    let (least, most) = difficulty.of((120, 200), (50, 70), (15, 20));
    let persons = pool.rng.between(least, most);
    let by_day = |world: &World, who: u32| world.employee(who).works_by_day() && world.employee(who).from_home.is_none();
    let part = if difficulty == Difficulty::Medium {
        let akin = |world: &World, lead: u32, other: u32| world.employee(lead).role_index() == world.employee(other).role_index();
        let team = pool.team(start, days, 2, by_day, akin)?;
        Assignment::team(team, persons)?
    } else {
        let several = |world: &World, who: u32| by_day(world, who) && world.members[usize::from(world.employee(who).unit)].len() > 2;
        let (actor, days) = pool.at_work(start, days, several)?;
        Assignment::of(actor, days, persons)
    };
    Some(part.at(pool.rng.below(1_000_000)))
}

pub(super) fn act(episode: &Episode, world: &World, day: u32, rng: &mut Rng, log: &mut DayLog) {
    let duty = episode.duty(world, day);
    let staff = world.employees.len() as u32;
    let (start, terminal) = match episode.difficulty {
        Difficulty::Obvious => {
            let hour = if rng.chance(0.5) { rng.between(0, 3) } else { rng.between(21, 22) };
            (hour * 60 * MINUTE + rng.below(40 * MINUTE), Terminal::Private(staff + episode.aim))
        }
        Difficulty::Medium => (duty.last().min(DAY - 150 * MINUTE) - rng.between(10, 40) * MINUTE, Terminal::Private(staff + episode.aim)),
        Difficulty::Subtle => {
            let members = &world.members[usize::from(world.employee(episode.actor).unit)];
            let nth = episode.aim as usize % members.len();
            let whose = if members[nth] == episode.actor { members[(nth + 1) % members.len()] } else { members[nth] };
            (duty.sample(rng).min(duty.last().saturating_sub(60 * MINUTE)).max(duty.first()), Terminal::Desk(whose))
        }
    };
    let begin = log.accesses.len();
    let count = episode.count(rng);
    let subjects = strangers(world, episode.actor, count, rng);
    let (fastest, slowest) = episode.difficulty.of((6, 40), (15, 110), (30, 240));
    episode.scatter(&subjects, &[Act::Find, Act::Profile, Act::Contact], rng, log, pace(start, fastest, slowest));
    log.accesses[begin..].iter_mut().for_each(|access| access.terminal = terminal);
}
