//! False claims: what insiders cite who have no reason, and what innocent people cite wrongly or not at all.

use super::assumptions::Innocent;
use super::day::{Access, DayLog};
use super::episode::{Episode, prefix};
use super::rng::{Rng, mix};
use super::services::SERVICES;
use super::world::{Stream, World};

/// How an insider explains the acts of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Excuse {
    /// The collected ticket of the own day, which covers others.
    Own,
    /// A colleague's of the same day.
    Others,
    /// A number that nobody filed.
    Invented,
    /// The own of some weeks before.
    Expired,
}

/// How somebody's reference of a day is called.
pub(crate) fn reference(world: &World, who: u32, day: u32) -> String {
    let kind = world.employee(who).role_on(day).reason.1;
    format!("{}-{}-{}", prefix(kind), world.calendar.day(day).date.strftime("%Y%m%d"), who + 1)
}

/// Lets the acts of an insider's episode, those from `begin` on, cite what the insider makes up.
pub(crate) fn cite(world: &World, episode: &Episode, day: u32, begin: usize, log: &mut DayLog) {
    if !episode.insider || world.assume.citing == 0.0 {
        return;
    }
    // One insider, one habit.
    let mut habit = Rng::of(&world.seed(Stream::Claim, episode.actor.into(), u64::MAX - u64::from(episode.nth)));
    if !habit.chance(world.assume.citing) {
        return;
    }
    let excuse = [Excuse::Own, Excuse::Others, Excuse::Others, Excuse::Invented, Excuse::Expired][habit.below(5) as usize];
    let how_often = 0.4 + 0.5 * habit.unit();
    let mut rng = Rng::of(&world.seed(Stream::Claim, episode.actor.into(), day.into()));
    let kind = world.employee(episode.actor).role_on(day).reason.1;
    for index in begin..log.accesses.len() {
        let free = log.accesses[index].purpose.is_none() && shows_somebody(&log.accesses[index]);
        if !free || !rng.chance(how_often) {
            continue;
        }
        let reference = match excuse {
            Excuse::Own => reference(world, episode.actor, day),
            Excuse::Others => {
                let colleagues = &world.members[usize::from(world.employee(episode.actor).unit)];
                reference(world, colleagues[rng.below(colleagues.len() as u32) as usize], day)
            }
            Excuse::Invented => format!("{}-{:05}", prefix(kind), rng.between(1, 99_999)),
            Excuse::Expired => reference(world, episode.actor, day.saturating_sub(rng.between(15, 30))),
        };
        let purpose = log.purpose(format!("{kind}:{reference}"));
        log.accesses[index].purpose = Some(purpose);
    }
}

/// What names nobody is covered by no list of subjects, so it claims nothing.
fn shows_somebody(access: &Access) -> bool {
    access.persons > 0 && access.rows != Some(0)
}

/// Whether the ticket tool of a unit files hardly anything on a day.
fn tool_down(world: &World, unit: u16, day: u32) -> bool {
    mix(&world.seed(Stream::Claim, 1 << 40 | u64::from(unit), day.into())) % 1000 < world.assume.tool_down
}

/// What an employee forgets to file and mistypes on a day, of the accesses and the reasons from `accesses` and `reasons` on. How often
/// that happens is the habit of a unit.
pub(crate) fn lapses(world: &World, who: u32, day: u32, accesses: usize, reasons: usize, log: &mut DayLog) {
    let unit = world.employee(who).unit;
    let elsewhere = world.options.innocent == Some(Innocent::Vendor) && world.units[usize::from(unit)].weight == 0;
    if world.assume.forgotten == 0.0 && !elsewhere {
        return;
    }
    let mut habit = Rng::of(&world.seed(Stream::Claim, 1 << 41 | u64::from(unit), 0));
    let (forgets, mistypes) = (world.assume.forgotten * habit.unit(), world.assume.mistyped * habit.unit());
    let forgets = match (elsewhere, tool_down(world, unit, day)) {
        // The vendor's desk has a tool of its own, of which little reaches the company.
        (true, _) => 0.6,
        (false, true) => 0.85,
        (false, false) => forgets,
    };
    let mut rng = Rng::of(&world.seed(Stream::Claim, 1 << 42 | u64::from(who), day.into()));
    let mut lost: Vec<u32> = Vec::new();
    for reason in log.reasons[reasons..].iter_mut().filter(|reason| !reason.subjects.is_empty()) {
        let forgotten = |subject: &u32| rng.chance(forgets).then_some(*subject);
        let gone: Vec<u32> = reason.subjects.iter().filter_map(forgotten).collect();
        reason.subjects.retain(|subject| gone.binary_search(subject).is_err());
        // Nobody is left: a reason without a list would cover everybody.
        if reason.subjects.is_empty() {
            reason.reference.clear();
        }
        lost.extend(gone);
    }
    lost.sort_unstable();
    let mut nth = 0;
    log.reasons.retain(|reason| {
        nth += 1;
        nth <= reasons || !reason.reference.is_empty()
    });
    for index in accesses..log.accesses.len() {
        let Some(purpose) = log.accesses[index].purpose else { continue };
        let first = log.accesses[index].first as usize;
        let forgotten = log.accesses[index].persons == 1 && lost.binary_search(&log.subjects[first]).is_ok();
        if forgotten && rng.chance(0.9) {
            log.accesses[index].purpose = None;
        } else if rng.chance(mistypes) {
            let text = mistyped(world, &log.purposes[purpose as usize], &mut rng);
            log.accesses[index].purpose = Some(log.purpose(text));
        }
    }
}

/// A reference with a slip in its number: mostly nobody's, now and then somebody else's.
fn mistyped(world: &World, purpose: &str, rng: &mut Rng) -> String {
    let staff = (world.employees.len() + SERVICES.len()) as u32;
    match purpose.rsplit_once('-') {
        Some((head, tail)) if rng.chance(0.3) && tail.parse::<u32>().is_ok() => format!("{head}-{}", rng.between(1, staff)),
        Some((head, tail)) => format!("{head}-{tail}{}", rng.below(10)),
        None => format!("{purpose}{}", rng.below(10)),
    }
}
