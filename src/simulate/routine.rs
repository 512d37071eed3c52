//! The ordinary day of one employee: how much, about whom, what of them, and with which reason on file.
//!
//! The volume is over-dispersed (Gamma–Poisson) around a mood that drifts over days (an AR(1) process with coefficient 0.6, made as
//! its moving average so that a day needs no day before it), times what a whole unit shares.

use jiff::civil::Weekday;

use super::applications;
use super::calendar::{DayKind, MINUTE};
use super::day::{DayLog, Grantee, Reason};
use super::duty::{self, Duty};
use super::episode::prefix;
use super::people::glance;
use super::queries;
use super::rng::{Rng, exp, ln, mix};
use super::roles::Role;
use super::schema::Act;
use super::sites::SiteKind;
use super::upheaval;
use super::world::{Stream, World};

/// What employee `who` does on `day`; nothing where not at work, but for the rare look from home.
pub(crate) fn ordinary(world: &World, who: u32, day: u32, log: &mut DayLog) {
    let mut rng = Rng::of(&world.seed(Stream::Routine, who.into(), day.into()));
    if let Some(duty) = duty::on_duty(world, who, day) {
        let unit = world.employee(who).unit;
        if outage(world, unit, day) {
            return;
        }
        let luck = rng.gamma(world.assume.luck);
        let volume = rng.poisson(expected(world, who, day) * duty.share * luck);
        work(world, who, day, &duty, volume, &mut rng, log);
        applications::simulate(world, who, day, &duty, log);
    } else if let Some(absence) = world.employee(who).absent(day as i32)
        && world.employee(who).employed(day as i32)
        && glance(world.options.seed, who, absence) == Some(day as i32)
    {
        let book = &world.employee(who).book;
        let mut at = rng.between(10 * 60, 16 * 60) * MINUTE;
        for _ in 0..rng.between(1, 2) {
            log.lookup(at, who, Act::Profile, world.customers.real(book.customer(rng.below(20))), &mut rng);
            at += rng.between(10_000, 60_000);
        }
    }
}

/// Mean accesses of a full day of this employee.
pub(crate) fn expected(world: &World, who: u32, day: u32) -> f64 {
    let employee = world.employee(who);
    let role = employee.role_on(day);
    let mut mood = 0.0;
    let mut weight = 0.8; // the square root of 1 - 0.6 * 0.6: the process has variance 1
    for back in 0..8 {
        let noise = Rng::of(&world.seed(Stream::Mood, who.into(), u64::from(day) + 8 - back)).normal();
        mood += weight * noise;
        weight *= 0.6;
    }
    let shared = Rng::of(&world.seed(Stream::UnitMood, employee.unit.into(), day.into())).normal();
    let mut odd = Rng::of(&world.seed(Stream::Mood, who.into(), u64::MAX - u64::from(day)));
    // Now and then a day out of proportion: Pareto with exponent 3, so that the tail is heavy.
    let (chance, exponent) = world.assume.burst;
    let burst = if odd.chance(chance) { (1.4 * exp(-ln(1.0 - odd.unit()) / exponent)).min(6.0) } else { 1.0 };
    let month_end = if world.calendar.day(day).month_end { role.month_end } else { 1.0 };
    let since = (day as i32 - employee.hired).max(0);
    let learning = (0.3 + 0.7 * f64::from(since) / 21.0).min(1.0);
    // The company grows by a sixteenth in a quarter.
    let growth = 1.0 + 0.0007 * f64::from(day);
    let common = events(world, employee.unit, day) * weekday(world.calendar.day(day).date.weekday());
    role.volume * employee.pace * exp(world.assume.mood * mood + 0.08 * shared - 0.04) * burst * month_end * learning * growth * common
}

const fn weekday(day: Weekday) -> f64 {
    match day {
        Weekday::Monday => 1.12,
        Weekday::Tuesday => 1.03,
        Weekday::Wednesday | Weekday::Thursday | Weekday::Saturday | Weekday::Sunday => 1.0,
        Weekday::Friday => 0.9,
    }
}

/// Whether the systems of a unit are down all day: nobody of it reads anything.
pub(crate) fn outage(world: &World, unit: u16, day: u32) -> bool {
    let dice = mix(&world.seed(Stream::Event, unit.into(), day.into())) % 1000;
    dice < 7 && matches!(world.calendar.day(day).kind, DayKind::Workday | DayKind::MakeUp)
}

/// What a whole unit has to do more of on a day: what an outage left undone, a week's campaign, or a peak of calls.
fn events(world: &World, unit: u16, day: u32) -> f64 {
    let worked = |day: &u32| matches!(world.calendar.day(*day).kind, DayKind::Workday | DayKind::MakeUp);
    let before = (day.saturating_sub(9)..day).rev().find(worked);
    if before.is_some_and(|before| outage(world, unit, before)) {
        return 1.85;
    }
    if mix(&world.seed(Stream::Event, unit.into(), u64::from(day / 7) | 1 << 41)) % 1000 < world.assume.campaigns {
        return 1.6;
    }
    let dice = mix(&world.seed(Stream::Event, unit.into(), u64::from(day) | 1 << 40)) % 1000;
    match (world.units[usize::from(unit)].place, dice) {
        (SiteKind::CallCentre, 0..25) => 1.7,
        (SiteKind::Branch | SiteKind::HeadOffice | SiteKind::Operations, 0..6) => 1.35,
        (SiteKind::Branch | SiteKind::HeadOffice | SiteKind::Operations | SiteKind::CallCentre, _) => 1.0,
    }
}

/// `volume` accesses in cases over the hours of `duty`, with the day's line of reasons.
fn work(world: &World, who: u32, day: u32, duty: &Duty, volume: u32, rng: &mut Rng, log: &mut DayLog) {
    let role = world.employee(who).role_on(day);
    let with_reason = 1.0 - ((1.0 - role.reason.0) * world.employee(who).untidy).min(0.7);
    let begin = log.accesses.len();
    let reference = format!("{}-{}-{}", prefix(role.reason.1), world.calendar.day(day).date.strftime("%Y%m%d"), who + 1);
    let purpose = log.purpose(format!("{}:{reference}", role.reason.1));
    let mut covered: Vec<u32> = Vec::new();
    let mut recent = [None; 4];
    let (mut first, mut last) = (u32::MAX, 0);
    let mut done = 0;
    while done < volume {
        let at = duty.sample(rng);
        let has_reason = rng.chance(with_reason);
        let from = log.accesses.len();
        let first_subject = log.subjects.len();
        if rng.chance(role.lists.0) {
            open_list(world, who, day, at, rng, log);
        } else {
            let subject = if rng.chance(0.15) { recent[rng.below(4) as usize] } else { None };
            let subject = subject.unwrap_or_else(|| customer(world, who, day, rng));
            recent[done as usize % 4] = Some(subject);
            case(world, who, role, at, subject, rng, log);
        }
        if has_reason {
            // Whoever was asked for and is no customer stands in no ticket.
            covered.extend(log.subjects[first_subject..].iter().filter(|subject| **subject < world.customers.total));
            for access in &mut log.accesses[from..] {
                first = first.min(access.at);
                last = last.max(access.at);
                access.purpose = rng.chance(0.3).then_some(purpose);
            }
        } else if rng.chance(0.06) {
            // A number from memory, or of a ticket that was never filed: it cannot be verified.
            let number = rng.between(1, 99_999);
            let claimed = log.purpose(format!("{}:{}-{number:05}", role.reason.1, prefix(role.reason.1)));
            for access in &mut log.accesses[from..] {
                access.purpose = Some(claimed);
            }
        }
        done += (log.accesses.len() - from).max(1) as u32;
    }
    for access in &mut log.accesses[begin..] {
        if rng.chance(0.01) {
            access.failed = true;
            access.rows = Some(0);
        }
        // What names nobody is covered by no list of subjects, so it claims nothing.
        access.purpose = access.purpose.filter(|_| access.persons > 0 && access.rows != Some(0));
    }
    covered.sort_unstable();
    covered.dedup();
    if !covered.is_empty() {
        let margin = i64::from(10 * MINUTE);
        log.reasons.push(Reason {
            grantee: Grantee::Actor(who),
            subjects: covered,
            objects: None,
            from_ms: world.calendar.instant(day, first) - margin,
            to_ms: world.calendar.instant(day, last) + margin,
            kind: role.reason.1,
            reference,
            max_persons: None,
        });
    }
}

/// One customer's business: a first look, then as many more as it takes, seconds to a minute or two apart.
fn case(world: &World, who: u32, role: &Role, at: u32, subject: u32, rng: &mut Rng, log: &mut DayLog) {
    let again = 1.0 - 1.0 / role.case;
    let mut at = at;
    for step in 0..8 {
        if step > 0 && !rng.chance(again) {
            break;
        }
        let act = role.work[rng.weighted(role.work.iter().map(|(_, weight)| *weight))].0;
        match act {
            Act::ReportSql => {
                let rows = rng.between(1, act.activity().rows);
                log.list(at, who, act, Some(rows), []);
            }
            Act::Find if step == 0 => find(world, who, at, subject, rng, log),
            // An identity is checked, the number changed or the password set, and the customer's page opened again.
            Act::Update if rng.chance(0.3) => {
                let change = [Act::PhoneReset, Act::PasswordReset, Act::Unmask][rng.below(3) as usize];
                log.lookup(at, who, change, subject, rng);
                at += rng.between(4_000, 40_000);
                log.lookup(at, who, Act::Profile, subject, rng);
            }
            _ => {
                log.lookup(at, who, act, subject, rng);
            }
        }
        // Seconds or a minute as a rule; now and then the customer fetches a document.
        at += if rng.chance(0.04) { rng.between(100_000, 900_000) } else { rng.between(6_000, 100_000) };
    }
}

/// How somebody is found: by the number of the account, by telephone (which fails now and then), or by the beginning of the name.
fn find(world: &World, who: u32, at: u32, subject: u32, rng: &mut Rng, log: &mut DayLog) {
    match rng.below(100) {
        0..70 => {
            log.lookup(at, who, Act::Find, subject, rng);
        }
        70..90 => {
            log.lookup(at, who, Act::PhoneFind, subject, rng);
        }
        90..96 => {
            let sought = world.customers.total + rng.below(world.customers.total);
            log.list(at, who, Act::PhoneFind, Some(0), [sought]);
            log.lookup(at + rng.between(5_000, 40_000), who, Act::Find, subject, rng);
        }
        _ => {
            // A few of the same name, the one that was meant among them.
            let same = rng.below(5);
            let mut shown: Vec<u32> = (0..same).map(|nth| world.customers.real((subject + nth * 4391) % world.customers.total)).collect();
            shown.push(subject);
            shown.sort_unstable();
            shown.dedup();
            let rows = shown.len() as u32;
            log.query(at, who, queries::by_prefix(subject), Some(rows), shown);
        }
    }
}

/// A list of one's own book: some of those who come up together.
fn open_list(world: &World, who: u32, day: u32, at: u32, rng: &mut Rng, log: &mut DayLog) {
    let employee = world.employee(who);
    let role = employee.role_on(day);
    let u = rng.unit();
    let length = (10 + (80.0 * u * u) as u32).min(employee.book.size);
    let start = employee.book.rank(day, rng);
    let on_list = |customer: &u32| !world.customers.is_canary(*customer) && rng.chance(0.55);
    let members: Vec<u32> = (0..length).map(|nth| employee.book.customer(start + nth)).filter(on_list).collect();
    if !members.is_empty() {
        match rng.below(10) {
            // The first pages of a long list.
            0 | 1 => {
                let unit = world.unit_of(who).name;
                for (nth, page) in members.chunks(20).enumerate().take(3) {
                    let at = at + nth as u32 * rng.between(8_000, 60_000);
                    log.query(at, who, queries::page(unit, nth as u32), None, page.iter().copied());
                }
            }
            2 if role.book == 0 => {
                let above = [50_000, 200_000, 500_000][rng.below(3) as usize];
                log.query(at, who, queries::portfolio(&employee.id, above), None, members);
            }
            _ => {
                log.list(at, who, role.lists.1, None, members);
            }
        }
    }
}

/// Customers who wait in the queue of a vendor's desk in one week.
const QUEUE: u32 = 200;

/// Somebody of the queue that the agents of a vendor's desk have in common, which is a quarter of their work.
fn queued(world: &World, who: u32, day: u32, rng: &mut Rng) -> Option<u32> {
    let unit = world.unit_of(who);
    if unit.weight > 0 || !rng.chance(0.25) {
        return None;
    }
    let block = &world.units[usize::from(unit.serves[0])].customers;
    let first = mix(&world.seed(Stream::Upheaval, 1 << 41 | u64::from(world.employee(who).unit), u64::from(day / 7))) % block.len() as u64;
    let place = (first + u64::from(rng.below(QUEUE)) * 7919) % block.len() as u64;
    Some(world.customers.real(block.start + place as u32))
}

/// Whom a case is about: somebody of the book, else a visitor of a branch that the unit serves, rarely of another.
pub(crate) fn customer(world: &World, who: u32, day: u32, rng: &mut Rng) -> u32 {
    let employee = world.employee(who);
    if let Some(branch) = upheaval::across(world, who, day, rng) {
        return world.customers.visitor(&world.units[usize::from(branch)].customers, rng);
    }
    if let Some(waiting) = queued(world, who, day, rng) {
        return waiting;
    }
    if rng.chance(employee.role_on(day).own) {
        return world.customers.real(employee.book.customer(employee.book.rank(day, rng)));
    }
    let serves = &world.unit_of(who).serves;
    if rng.chance(0.97) {
        let branch = serves[rng.below(serves.len() as u32) as usize];
        return world.customers.visitor(&world.units[usize::from(branch)].customers, rng);
    }
    world.customers.anyone(&(0..world.customers.total), rng)
}
