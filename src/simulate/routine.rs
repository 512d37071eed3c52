//! Owns the ordinary day of one employee: how much, about whom, what of them, and with which reason on file.
//!
//! The volume is over-dispersed (Gamma–Poisson) around a mood that drifts over days (an AR(1) process with coefficient 0.6, made as
//! its moving average so that a day needs no day before it), times what a whole unit shares.

use super::calendar::MINUTE;
use super::day::{DayLog, Reason, Whom};
use super::duty::{self, Duty};
use super::people::glance;
use super::rng::{Rng, exp};
use super::roles::Role;
use super::schema::Act;
use super::world::{Stream, World};

/// What employee `who` does on `day`; nothing where not at work, but for the rare look from home.
pub(crate) fn ordinary(world: &World, who: u32, day: u32, log: &mut DayLog) {
    let mut rng = Rng::of(&world.seed(Stream::Routine, who.into(), day.into()));
    if let Some(duty) = duty::on_duty(world, who, day) {
        let luck = rng.gamma(8);
        let volume = rng.poisson(expected(world, who, day) * duty.share * luck);
        work(world, who, day, &duty, volume, &mut rng, log);
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
    let role = employee.role();
    let mut mood = 0.0;
    let mut weight = 0.8; // the square root of 1 - 0.6 * 0.6: the process has variance 1
    for back in 0..8 {
        let noise = Rng::of(&world.seed(Stream::Mood, who.into(), u64::from(day) + 8 - back)).normal();
        mood += weight * noise;
        weight *= 0.6;
    }
    let shared = Rng::of(&world.seed(Stream::UnitMood, employee.unit.into(), day.into())).normal();
    let burst = if Rng::of(&world.seed(Stream::Mood, who.into(), u64::MAX - u64::from(day))).chance(0.015) { 1.8 } else { 1.0 };
    let month_end = if world.calendar.day(day).month_end { role.month_end } else { 1.0 };
    let since = (day as i32 - employee.hired).max(0);
    let learning = (0.3 + 0.7 * f64::from(since) / 21.0).min(1.0);
    role.volume * employee.pace * exp(0.22 * mood + 0.08 * shared - 0.03) * burst * month_end * learning
}

/// `volume` accesses in cases over the hours of `duty`, with the day's line of reasons.
fn work(world: &World, who: u32, day: u32, duty: &Duty, volume: u32, rng: &mut Rng, log: &mut DayLog) {
    let role = world.employee(who).role();
    let begin = log.accesses.len();
    let reference = format!("{}-{}-{}", prefix(role.reason.1), world.calendar.day(day).date.strftime("%Y%m%d"), who + 1);
    let purpose = log.purpose(format!("{}:{reference}", role.reason.1));
    let mut covered: Vec<u32> = Vec::new();
    let mut recent = [None; 4];
    let (mut first, mut last) = (u32::MAX, 0);
    let mut done = 0;
    while done < volume {
        let at = duty.sample(rng);
        let has_reason = rng.chance(role.reason.0);
        let from = log.accesses.len();
        let first_subject = log.subjects.len();
        if rng.chance(role.lists.0) {
            open_list(world, who, day, at, rng, log);
        } else {
            let subject = if rng.chance(0.15) { recent[rng.below(4) as usize] } else { None };
            let subject = subject.unwrap_or_else(|| customer(world, who, day, rng));
            recent[done as usize % 4] = Some(subject);
            case(who, role, at, subject, rng, log);
        }
        if has_reason {
            covered.extend_from_slice(&log.subjects[first_subject..]);
            for access in &mut log.accesses[from..] {
                first = first.min(access.at);
                last = last.max(access.at);
                access.purpose = rng.chance(0.3).then_some(purpose);
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
        access.purpose = access.purpose.filter(|_| access.persons > 0 && !access.failed);
    }
    covered.sort_unstable();
    covered.dedup();
    if !covered.is_empty() {
        let margin = i64::from(10 * MINUTE);
        log.reasons.push(Reason {
            whom: Whom::Actor(who),
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

fn prefix(kind: &str) -> &'static str {
    match kind {
        "ticket" => "INC",
        "appointment" => "APT",
        _ => "ASG",
    }
}

/// One customer's business: a first look, then as many more as it takes, seconds to a minute or two apart.
fn case(who: u32, role: &Role, at: u32, subject: u32, rng: &mut Rng, log: &mut DayLog) {
    let again = 1.0 - 1.0 / role.case;
    let mut at = at;
    for step in 0..8 {
        if step > 0 && !rng.chance(again) {
            break;
        }
        let act = role.work[rng.weighted(role.work.iter().map(|(_, weight)| *weight))].0;
        if act == Act::ReportSql {
            let rows = rng.between(1, act.activity().rows);
            log.list(at, who, act, Some(rows), []);
        } else {
            log.lookup(at, who, act, subject, rng);
        }
        at += rng.between(6_000, 100_000);
    }
}

/// A list of one's own book: some of those who come up together.
fn open_list(world: &World, who: u32, day: u32, at: u32, rng: &mut Rng, log: &mut DayLog) {
    let employee = world.employee(who);
    let u = rng.unit();
    let length = (10 + (80.0 * u * u) as u32).min(employee.book.size);
    let start = employee.book.rank(day, rng);
    let on_list = |customer: &u32| !world.customers.is_canary(*customer) && rng.chance(0.55);
    let members: Vec<u32> = (0..length).map(|nth| employee.book.customer(start + nth)).filter(on_list).collect();
    if !members.is_empty() {
        log.list(at, who, employee.role().lists.1, None, members);
    }
}

/// Whom a case is about: somebody of the book, else a visitor of a branch that the unit serves, rarely of another.
pub(crate) fn customer(world: &World, who: u32, day: u32, rng: &mut Rng) -> u32 {
    let employee = world.employee(who);
    if rng.chance(employee.role().own) {
        return world.customers.real(employee.book.customer(employee.book.rank(day, rng)));
    }
    let serves = &world.unit_of(who).serves;
    if rng.chance(0.97) {
        let branch = serves[rng.below(serves.len() as u32) as usize];
        return world.customers.visitor(&world.units[usize::from(branch)].customers, rng);
    }
    world.customers.anyone(&(0..world.customers.total), rng)
}
