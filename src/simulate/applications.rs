//! Applications: a customer asks for credit, the officer reads what is needed under `application:APP-…`, and within days decides,
//! which the log shows as a write. Most are on file; most are decided; some are abandoned.

use super::calendar::{DAY, MINUTE};
use super::day::{DayLog, Grantee, Reason};
use super::duty::{self, Duty};
use super::rng::Rng;
use super::routine;
use super::schema::Act;
use super::world::{Stream, World};

/// What is read for one.
pub(crate) const PAGES: [Act; 4] = [Act::Credit, Act::Loan, Act::Profile, Act::Collateral];

/// Days after which nothing is decided any more.
const LONGEST: u32 = 6;

struct Application {
    subject: u32,
    reference: String,
    /// Days until the decision is due; none where the application is abandoned.
    due: Option<u32>,
    on_file: bool,
}

/// How an application is called.
pub(crate) fn reference(world: &World, who: u32, day: u32, nth: u32) -> String {
    format!("APP-{}-{}-{}", world.calendar.day(day).date.strftime("%Y%m%d"), who + 1, nth + 1)
}

/// Mean applications of a day.
fn usual(world: &World, who: u32, day: u32) -> f64 {
    match world.employee(who).role_on(day).name {
        "credit officer" => 2.2 * world.employee(who).pace,
        "relationship manager" => 0.4,
        _ => 0.0,
    }
}

/// How many come in with one employee on one day.
pub(crate) fn expected(world: &World, who: u32, day: u32) -> u32 {
    incoming(world, who, day).len() as u32
}

/// Those that come in with one employee on one day.
fn incoming(world: &World, who: u32, day: u32) -> Vec<Application> {
    let mut rng = Rng::of(&world.seed(Stream::Application, who.into(), day.into()));
    let count = rng.poisson(usual(world, who, day));
    let application = |nth| {
        let subject = routine::customer(world, who, day, &mut rng);
        let due = rng.chance(0.85).then(|| rng.below(LONGEST));
        Application { subject, reference: reference(world, who, day, nth), due, on_file: rng.chance(0.8) }
    };
    (0..count).map(application).collect()
}

/// What the employee does about applications on a day at work.
pub(crate) fn simulate(world: &World, who: u32, day: u32, duty: &Duty, log: &mut DayLog) {
    if usual(world, who, day) == 0.0 {
        return;
    }
    let mut rng = Rng::of(&world.seed(Stream::Application, who.into(), u64::from(day) | 1 << 40));
    for application in incoming(world, who, day) {
        let purpose = log.purpose(format!("application:{}", application.reference));
        let mut at = duty.sample(&mut rng).min(duty.last().saturating_sub(10 * MINUTE)).max(duty.first());
        let from = at;
        for act in PAGES.iter().take(rng.between(2, 4) as usize) {
            log.lookup(at, who, *act, application.subject, &mut rng).purpose = Some(purpose);
            at += rng.between(10_000, 2 * MINUTE);
        }
        if application.on_file {
            log.reasons.push(Reason {
                grantee: Grantee::Actor(who),
                subjects: vec![application.subject],
                objects: None,
                from_ms: world.calendar.instant(day, from) - i64::from(5 * MINUTE),
                to_ms: world.calendar.instant(day, at) + i64::from(LONGEST + 8) * i64::from(DAY),
                kind: "appointment",
                reference: application.reference,
                max_persons: None,
            });
        }
        if application.due == Some(0) {
            let at = at + rng.between(5, 40) * MINUTE;
            log.lookup(at, who, Act::Decide, application.subject, &mut rng).purpose = Some(purpose);
        }
    }
    for back in 1..=(LONGEST + 8).min(day) {
        let begun = day - back;
        // Decided on the day on which it is due, or on the next at work.
        let at_work = |day: u32| duty::on_duty(world, who, day).is_some() && !routine::outage(world, world.employee(who).unit, day);
        if !at_work(begun) {
            continue;
        }
        for application in incoming(world, who, begun) {
            let Some(due) = application.due.filter(|due| *due > 0 && *due <= back) else { continue };
            if (begun + due..day).any(at_work) {
                continue;
            }
            let purpose = log.purpose(format!("application:{}", application.reference));
            let at = duty.sample(&mut rng);
            log.lookup(at, who, Act::Decide, application.subject, &mut rng).purpose = Some(purpose);
        }
    }
}
