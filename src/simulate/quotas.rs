//! Quotas: a unit of agents is asked for so many customers a day, and from that day on everybody's number is the same. Mostly the
//! campaign is on file; now and then it was ordered by word of mouth.

use super::day::{DayLog, Grantee, Reason};
use super::duty::Duty;
use super::episode::strangers;
use super::rng::{Rng, mix};
use super::schema::Act;
use super::sites::SiteKind;
use super::world::{Stream, World};

use std::collections::BTreeSet;

/// What is asked of a unit.
struct Quota {
    since: u32,
    persons: u32,
    on_file: bool,
}

fn of(world: &World, unit: u16) -> Option<Quota> {
    let dice = mix(&world.seed(Stream::Upheaval, 1 << 40 | u64::from(unit), 0));
    let asked = world.units[usize::from(unit)].place == SiteKind::CallCentre && dice % 100 < world.assume.quotas;
    let days = world.calendar.len();
    asked.then(|| Quota {
        since: days / 4 + (dice >> 8) as u32 % (days / 3 + 1),
        persons: 35 + 5 * ((dice >> 24) % 4) as u32,
        on_file: !(dice >> 40).is_multiple_of(4),
    })
}

/// Puts the campaign of a unit on file on its first day; done with the first of its members, at work or not.
pub(crate) fn announce(world: &World, who: u32, day: u32, log: &mut DayLog) {
    let unit = world.employee(who).unit;
    let begins = of(world, unit).is_some_and(|quota| quota.on_file && quota.since == day);
    if !begins || world.members[usize::from(unit)].first() != Some(&who) {
        return;
    }
    let last = world.calendar.len() - 1;
    let what = ("campaign", name(unit));
    log.reasons.push(Reason::standing(&world.calendar, (day, last), Grantee::Unit(unit), Some("crm.*"), what));
}

fn name(unit: u16) -> String {
    format!("CMP-QUOTA-{}", unit + 1)
}

/// The calls that are missing at the end of an agent's day, whose accesses are those from `begin` on.
pub(crate) fn fill(world: &World, who: u32, day: u32, duty: &Duty, begin: usize, log: &mut DayLog) {
    let employee = world.employee(who);
    let Some(quota) = of(world, employee.unit).filter(|quota| quota.since <= day) else { return };
    if !["call-centre agent", "vendor agent"].contains(&employee.role_on(day).name) {
        return;
    }
    let mut seen: BTreeSet<u32> = log.accesses[begin..].iter().flat_map(|access| log.subjects_of(access)).copied().collect();
    let Some(missing) = quota.persons.checked_sub(seen.len() as u32) else { return };
    let mut rng = Rng::of(&world.seed(Stream::Upheaval, who.into(), 1 << 40 | u64::from(day)));
    let mut subjects = strangers(world, who, missing * 2, &mut rng);
    subjects.retain(|subject| seen.insert(*subject));
    subjects.truncate(missing as usize);
    let purpose = quota.on_file.then(|| log.purpose(format!("campaign:{}", name(employee.unit))));
    for subject in subjects {
        let at = duty.sample(&mut rng);
        let act = if rng.chance(0.5) { Act::Find } else { Act::Contact };
        log.lookup(at, who, act, subject, &mut rng).purpose = purpose.filter(|_| rng.chance(0.7));
    }
}
