//! The accounts without an employee: nightly jobs with their batch reasons, and pooled logins of branch lobbies.

use super::calendar::{DayKind, MINUTE};
use super::day::{DayLog, Grantee, Reason};
use super::rng::Rng;
use super::schema::Act;
use super::world::{Stream, World};

/// What an account of nobody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    /// Every night, all accounts: counted, not named.
    Settlement,
    /// Every night, those whose statement is due: named.
    Statements,
    /// Through the day: what changed, counted.
    Sync,
    /// Every Saturday night, a part of all customers, canaries included.
    Deduplication,
    /// A terminal in a lobby, used by whoever stands there.
    Lobby,
}

/// An account without an employee.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) account: &'static str,
    pub(crate) system: &'static str,
    pub(crate) host: &'static str,
    job: Job,
    /// The objects for which a batch reason is on file.
    approved: Option<&'static str>,
}

pub(crate) const SERVICES: &[Service] = &[
    Service { account: "svc_settlement", system: "core", host: "job-01", job: Job::Settlement, approved: Some("core.*") },
    Service { account: "svc_statement", system: "core", host: "job-01", job: Job::Statements, approved: Some("core.*") },
    Service { account: "svc_crm_sync", system: "crm", host: "job-02", job: Job::Sync, approved: Some("crm.*") },
    Service { account: DEDUPLICATION, system: "crm", host: "job-02", job: Job::Deduplication, approved: Some("crm.*") },
    Service { account: "lobby_hz", system: "crm", host: "lobby-hz", job: Job::Lobby, approved: None },
    Service { account: "lobby_nb", system: "crm", host: "lobby-nb", job: Job::Lobby, approved: None },
];

pub(crate) const DEDUPLICATION: &str = "svc_dedup";

impl Service {
    pub(crate) fn pooled(&self) -> bool {
        self.job == Job::Lobby
    }

    /// Whether its job runs on this day.
    pub(crate) fn runs(&self, world: &World, day: u32) -> bool {
        match self.job {
            Job::Settlement | Job::Statements | Job::Sync => true,
            Job::Deduplication => day % 7 == 5 || world.calendar.len() < 6 && day == 0,
            Job::Lobby => matches!(world.calendar.day(day).kind, DayKind::Workday | DayKind::MakeUp),
        }
    }
}

/// What the `nth` account does on a day, with its reason on the first day for the whole range.
pub(crate) fn run(world: &World, nth: usize, day: u32, log: &mut DayLog) {
    let service = &SERVICES[nth];
    let actor = world.employees.len() as u32 + nth as u32;
    if day == 0
        && let Some(objects) = service.approved
    {
        let end = world.calendar.len() - 1;
        let what = ("batch", format!("JOB-{}", service.account));
        log.reasons.push(Reason::standing(&world.calendar, (0, end), Grantee::Actor(actor), Some(objects), what));
    }
    if !service.runs(world, day) {
        return;
    }
    let mut rng = Rng::of(&world.seed(Stream::Service, actor.into(), day.into()));
    let total = world.customers.total;
    match service.job {
        Job::Settlement => {
            for part in 0..16 {
                log.list((60 + part * 3) * MINUTE + rng.below(20_000), actor, Act::BatchAccounts, Some(total / 16 + rng.below(20)), []);
            }
        }
        Job::Statements => {
            for part in 0..24 {
                let first = rng.below(total - 300);
                let due = (first..).step_by(3).take(rng.between(40, 100) as usize).filter(|customer| !world.customers.is_canary(*customer));
                log.list((140 + part * 2) * MINUTE + rng.below(20_000), actor, Act::BatchAccounts, None, due);
            }
        }
        Job::Sync => {
            for part in 0..36 {
                log.list((360 + part * 25) * MINUTE + rng.below(5_000), actor, Act::BatchCustomers, Some(rng.between(20, 400)), []);
            }
        }
        Job::Deduplication => {
            let part = total.min(20_000) / 40;
            for (nth, canary) in world.customers.canaries.iter().enumerate().take(40) {
                let first = canary.saturating_sub(rng.below(part)).min(total - part);
                log.list((190 + nth as u32) * MINUTE + rng.below(5_000), actor, Act::BatchCustomers, None, first..first + part);
            }
        }
        Job::Lobby => {
            let unit = world.units.iter().find(|unit| service.account.ends_with(unit.code)).unwrap_or(&world.units[0]);
            for _ in 0..rng.between(5, 15) {
                let at = rng.between(9 * 60, 17 * 60 - 1) * MINUTE + rng.below(MINUTE);
                let visitor = world.customers.visitor(&unit.customers, &mut rng);
                log.lookup(at, actor, Act::Find, visitor, &mut rng);
            }
        }
    }
}
