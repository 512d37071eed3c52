//! One simulated day while it is made: what people and jobs did, the reasons on file for it, and putting both in order.

use super::calendar::{Calendar, MINUTE};
use super::queries::Query;
use super::rng::Rng;
use super::schema::Act;
use super::terminals::{Desk, Terminal};

/// One access of one actor, before it becomes a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// Milliseconds since local midnight.
    pub(crate) at: u32,
    pub(crate) actor: u32,
    pub(crate) act: Act,
    pub(crate) failed: bool,
    pub(crate) terminal: Terminal,
    /// Where its statement stands in [`DayLog::queries`], for [`Act::Query`].
    pub(crate) query: u32,
    /// With 0 rows the subjects are those who were asked for and not found.
    pub(crate) rows: Option<u32>,
    /// Where its subjects stand in [`DayLog::subjects`].
    pub(crate) first: u32,
    pub(crate) persons: u32,
    /// Where its claimed reason stands in [`DayLog::purposes`].
    pub(crate) purpose: Option<u32>,
}

/// Whom a reason covers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Grantee {
    Actor(u32),
    Unit(u16),
}

/// One line of `explanations.jsonl`.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    pub(crate) grantee: Grantee,
    /// Ascending; empty where `objects` or nothing limits it.
    pub(crate) subjects: Vec<u32>,
    pub(crate) objects: Option<&'static str>,
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) kind: &'static str,
    pub(crate) reference: String,
    pub(crate) max_persons: Option<u32>,
}

impl Reason {
    /// What is allowed on all objects of a kind, whoever they are about, from the beginning of a day to the end of another.
    pub(crate) fn standing(
        calendar: &Calendar,
        (first, last): (u32, u32),
        grantee: Grantee,
        objects: Option<&'static str>,
        (kind, reference): (&'static str, String),
    ) -> Reason {
        let (from_ms, to_ms) = (calendar.instant(first, 0), calendar.instant(last, calendar.day(last).length_ms));
        Reason { grantee, subjects: Vec::new(), objects, from_ms, to_ms, kind, reference, max_persons: None }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DayLog {
    pub(crate) accesses: Vec<Access>,
    pub(crate) subjects: Vec<u32>,
    pub(crate) purposes: Vec<String>,
    pub(crate) queries: Vec<Query>,
    pub(crate) reasons: Vec<Reason>,
}

impl DayLog {
    /// One person's data on a screen.
    pub(crate) fn lookup(&mut self, at: u32, actor: u32, act: Act, subject: u32, rng: &mut Rng) -> &mut Access {
        let most = act.activity().rows;
        // Few have long statements: the square of a uniform number.
        let rows = 1 + (f64::from(most) * rng.unit() * rng.unit()) as u32;
        self.list(at, actor, act, Some(rows.min(most)), [subject])
    }

    /// An access about many people, known (`subjects`) or only counted (`rows`).
    pub(crate) fn list(
        &mut self,
        at: u32,
        actor: u32,
        act: Act,
        rows: Option<u32>,
        subjects: impl IntoIterator<Item = u32>,
    ) -> &mut Access {
        let first = self.subjects.len() as u32;
        self.subjects.extend(subjects);
        let persons = self.subjects.len() as u32 - first;
        let rows = rows.or((persons > 0).then_some(persons));
        let access = Access { at, actor, act, failed: false, terminal: Terminal::Usual, query: 0, rows, first, persons, purpose: None };
        self.accesses.push(access);
        self.accesses.last_mut().expect("one was just pushed")
    }

    /// An access by a statement of its own.
    pub(crate) fn query(
        &mut self,
        at: u32,
        actor: u32,
        query: Query,
        rows: Option<u32>,
        subjects: impl IntoIterator<Item = u32>,
    ) -> &mut Access {
        self.queries.push(query);
        let nth = self.queries.len() as u32 - 1;
        let access = self.list(at, actor, Act::Query, rows, subjects);
        access.query = nth;
        access
    }

    pub(crate) fn purpose(&mut self, text: String) -> u32 {
        self.purposes.push(text);
        self.purposes.len() as u32 - 1
    }

    /// Ends what one actor did (the accesses from `begin` on): in order of time, cut at the end of the day, each from its terminal, with
    /// a login before each session of a person.
    pub(crate) fn close_actor(&mut self, begin: usize, length_ms: u32, desk: Option<&Desk>, rng: &mut Rng) {
        self.cut(begin, length_ms);
        self.accesses[begin..].sort_by_key(|access| access.at);
        let Some(desk) = desk else { return };
        let mut open: Vec<(u32, Terminal)> = Vec::new();
        for index in begin..self.accesses.len() {
            let access = &mut self.accesses[index];
            if access.terminal == Terminal::Usual {
                access.terminal = desk.at(access.at);
            }
            let session = (session_of(access.at), access.terminal);
            if !open.contains(&session) {
                open.push(session);
                let before = access.at.saturating_sub(rng.between(3000, 40_000)).max(session.0 * SESSION);
                let login =
                    Access { at: before, act: Act::Login, failed: false, rows: None, first: 0, persons: 0, purpose: None, ..*access };
                self.accesses.push(login);
            }
        }
    }

    fn cut(&mut self, begin: usize, length_ms: u32) {
        let mut index = begin;
        while index < self.accesses.len() {
            if self.accesses[index].at >= length_ms {
                self.accesses.swap_remove(index);
            } else {
                index += 1;
            }
        }
    }

    /// Puts the whole day in order. The order is total: logins come before what they open, else as they were made.
    pub(crate) fn settle(&mut self) {
        self.accesses.sort_by_key(|access| (access.at, access.actor, access.act != Act::Login));
    }

    pub(crate) fn subjects_of(&self, access: &Access) -> &[u32] {
        let first = access.first as usize;
        &self.subjects[first..first + access.persons as usize]
    }
}

/// Applications end a session after four hours at the latest; here all at the same hours.
const SESSION: u32 = 4 * 60 * MINUTE;

pub(crate) const fn session_of(at: u32) -> u32 {
    at / SESSION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_opens_with_a_login_and_nothing_passes_midnight() {
        let mut log = DayLog::default();
        let mut rng = Rng::of(&[1]);
        for at in [9 * 60, 8 * 60 + 1, 13 * 60, 24 * 60] {
            log.lookup(at * MINUTE, 0, Act::Find, 5, &mut rng);
        }
        log.close_actor(0, 24 * 60 * MINUTE, Some(&Desk::default()), &mut rng);
        log.settle();
        let acts: Vec<Act> = log.accesses.iter().map(|access| access.act).collect();
        assert_eq!(acts, [Act::Login, Act::Find, Act::Find, Act::Login, Act::Find]);
        assert!(log.accesses.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }
}
