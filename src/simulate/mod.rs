//! A simulated company: employees, customers, weeks of access logs with the reasons on file, a few insiders who read as if to sell,
//! and innocent people who look like them. Everything is labelled, made up, and the same for ever for the same options.
//!
//! ```text
//! Company ── World: calendar, sites → customers, roles → people          what stands before anybody acts
//!         └─ ground_truth: assigns misuse::SCENARIOS and innocent::SCENARIOS   who does what beside the ordinary, when: episodes
//! a day   =  duty → routine (and applications), plus episodes, plus services → DayLog
//! DayLog  →  from which terminal, by which query → line → files, or records
//! ```
//!
//! Days are made independently: whatever happens on one derives from sub-seeds of (seed, purpose, actor, day), so the live
//! demo can make its "today" without the weeks before. The module depends on the random number generator of the crate alone.

mod actor_pool;
mod adaptation;
mod applications;
mod assumptions;
mod calendar;
mod claims;
mod customers;
mod day;
mod directory;
mod duty;
mod episode;
mod ground_truth;
mod innocent;
mod json;
mod line;
mod misuse;
mod people;
mod queries;
mod quotas;
mod rng;
mod roles;
mod routine;
mod schema;
mod services;
mod sites;
mod terminals;
mod upheaval;
mod world;
mod write;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use jiff::civil::Date;

pub use assumptions::{Assume, Innocent};
use calendar::DAY;
use day::DayLog;
use episode::Episode;
pub use ground_truth::{Decoy, Label};
use line::LineFormatter;
pub use people::Employee;
use rng::Rng;
use services::SERVICES;
use terminals::Desk;
use world::{Stream, World};
pub use write::Summary;

/// What to simulate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many people the company employs over the range; customers are a hundred times as many.
    pub employees: u32,
    /// How many days of log.
    pub days: u32,
    /// The same options give the same bytes.
    pub seed: u64,
    /// The first day.
    pub start: Date,
    /// Where the company works: a name of the IANA database.
    pub zone: String,
    /// Adds one insider of each typology who is active on the very last day, for a demonstration of that day.
    pub insider_on_last_day: bool,
    /// Lists every customer in `subjects.csv` with the branch that serves him or her, instead of the tagged ones only.
    pub all_owners: bool,
    /// What is taken for granted about people.
    pub assume: Assume,
    /// A company without insiders, and what befalls it.
    pub innocent: Option<Innocent>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            employees: 2000,
            days: 90,
            seed: 1,
            start: jiff::civil::date(2026, 1, 5),
            zone: "Asia/Shanghai".to_owned(),
            insider_on_last_day: false,
            all_owners: true,
            assume: Assume::Plain,
            innocent: None,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), Error> {
        if !(1..=200_000).contains(&self.employees) {
            return Err(Error::options("employees", "must be from 1 to 200000", &self.employees.to_string()));
        }
        if !(1..=3660).contains(&self.days) {
            return Err(Error::options("days", "must be from 1 to 3660", &self.days.to_string()));
        }
        if !(2000..=2089).contains(&self.start.year()) {
            return Err(Error::options("start", "must lie in the years 2000 to 2089", &self.start.to_string()));
        }
        Ok(())
    }
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option that makes no company.
    #[error("simulate: {name} {rule}, got {value}")]
    Options {
        /// The option.
        name: &'static str,
        /// What it must satisfy.
        rule: &'static str,
        /// What it was.
        value: String,
    },
    /// A file that cannot be written.
    #[error("{path}: {source}", path = path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    fn options(name: &'static str, rule: &'static str, value: &str) -> Self {
        Self::Options { name, rule, value: value.to_owned() }
    }
}

/// One log line of a simulated day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimRecord {
    /// Event time in epoch milliseconds.
    pub time_ms: i64,
    /// Index of the employee, or beyond the employees of the service account: what to partition by. [`Company::key`] names it.
    pub employee: u32,
    /// The canonical record: one JSON object, without a line break.
    pub line: String,
}

/// A company, planned as a whole and simulated day by day.
pub struct Company {
    world: World,
    /// Ordered by actor.
    episodes: Vec<Episode>,
    labels: Vec<Label>,
    decoys: Vec<Decoy>,
    printer: LineFormatter,
}

impl Company {
    /// Plans units, people, customers, insiders and look-alikes.
    pub fn new(options: Options) -> Result<Self, Error> {
        let mut world = World::new(options)?;
        let ground_truth::GroundTruth { mut episodes, labels, decoys } = ground_truth::assign(&mut world);
        episodes.sort_by_key(|episode| episode.actor);
        let printer = LineFormatter::new(&world);
        Ok(Self { world, episodes, labels, decoys, printer })
    }

    /// What was asked for.
    pub fn options(&self) -> &Options {
        &self.world.options
    }

    /// Number of days.
    pub fn days(&self) -> u32 {
        self.world.calendar.len()
    }

    /// The date of a day of the range.
    pub fn date(&self, day: u32) -> Date {
        self.world.calendar.day(day).date
    }

    /// Epoch milliseconds at which a day of the range begins and ends.
    pub fn bounds_ms(&self, day: u32) -> (i64, i64) {
        let midnight = self.world.calendar.instant(day, 0);
        (midnight, midnight + i64::from(self.world.calendar.day(day).length_ms.min(DAY)))
    }

    /// Everybody, in the order of [`SimRecord::employee`].
    pub fn employees(&self) -> &[Employee] {
        &self.world.employees
    }

    /// The employee's id or the service account's name, by index.
    pub fn key(&self, index: u32) -> &str {
        name_of(&self.world, index)
    }

    /// The insiders: what the monitor should find.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The innocent look-alikes: what it should not alert.
    pub fn decoys(&self) -> &[Decoy] {
        &self.decoys
    }

    /// The ids of the planted customers.
    pub fn canaries(&self) -> Vec<String> {
        self.world.customers.canaries.iter().map(|customer| line::subject_id(*customer)).collect()
    }

    /// The log of one day in order of time.
    ///
    /// # Panics
    /// Where the day is not of the range, as in all methods that take one.
    pub fn day(&self, day: u32) -> Vec<SimRecord> {
        let log = self.simulate(day);
        let mut records = Vec::with_capacity(log.accesses.len());
        let mut buffer = Vec::with_capacity(1 << 16);
        let mut page = self.printer.page(&self.world, day);
        for access in &log.accesses {
            buffer.clear();
            if !page.line(&mut buffer, &log, access) {
                continue;
            }
            let line = String::from_utf8(buffer.clone()).expect("lines are made of text");
            records.push(SimRecord { time_ms: self.world.calendar.instant(day, access.at), employee: access.actor, line });
        }
        records
    }

    /// The lines of `explanations.jsonl` that come on file on one day.
    pub fn explanations(&self, day: u32) -> Vec<String> {
        let mut buffer = Vec::new();
        let line = |reason: &day::Reason| {
            buffer.clear();
            line::reason(&mut buffer, &self.world, reason);
            String::from_utf8(buffer.clone()).expect("lines are made of text")
        };
        self.simulate(day).reasons.iter().map(line).collect()
    }

    /// An employee's work of a day, with what the whole company has to do beside it.
    fn ordinary(&self, actor: u32, day: u32, log: &mut DayLog) {
        let begin = log.accesses.len();
        routine::ordinary(&self.world, actor, day, log);
        quotas::announce(&self.world, actor, day, log);
        let unit = self.world.employee(actor).unit;
        if let Some(duty) = duty::on_duty(&self.world, actor, day).filter(|_| !routine::outage(&self.world, unit, day)) {
            quotas::fill(&self.world, actor, day, &duty, begin, log);
            upheaval::migrate(&self.world, actor, self.world.employee(actor).role_on(day), day, &duty, log);
        }
    }

    /// Makes one day, in order.
    fn simulate(&self, day: u32) -> DayLog {
        let mut log = DayLog::default();
        let length = self.world.calendar.day(day).length_ms;
        let people = self.world.employees.len() as u32;
        let mut episodes = self.episodes.iter().peekable();
        for actor in 0..self.world.actors() {
            let (begin, reasons) = (log.accesses.len(), log.reasons.len());
            if actor < people {
                self.ordinary(actor, day, &mut log);
            } else {
                services::run(&self.world, (actor - people) as usize, day, &mut log);
            }
            while let Some(episode) = episodes.next_if(|episode| episode.actor == actor) {
                let from = log.accesses.len();
                episode.simulate(&self.world, day, &mut log);
                claims::cite(&self.world, episode, day, from, &mut log);
            }
            if actor < people {
                claims::lapses(&self.world, actor, day, begin, reasons, &mut log);
            }
            let desk = if actor < people {
                Some(Desk::of(&self.world, actor, day))
            } else {
                SERVICES[(actor - people) as usize].pooled().then(Desk::default)
            };
            let mut rng = Rng::of(&self.world.seed(Stream::Session, actor.into(), day.into()));
            log.close_actor(begin, length, desk.as_ref(), &mut rng);
        }
        upheaval::silence_tickets(&self.world, day, &mut log);
        log.settle();
        log
    }
}

fn name_of(world: &World, actor: u32) -> &str {
    let people = world.employees.len();
    match world.employees.get(actor as usize) {
        Some(employee) => &employee.id,
        None => SERVICES[actor as usize - people].account,
    }
}
