//! Acts that hide others: several machines behind one account, days that keep below a limit, an audit that is switched off, a forged
//! line; and looks at people of public interest.

use super::AccessGenerator;
use crate::classify::subjects::Tag;
use crate::evaluate::inject::Gap;
use crate::evaluate::inject::work_patterns::WorkPatterns;
use crate::model::access::{Access, ClientPrint, Indicators, Operation};
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::problem::Problem;
use crate::model::signs::Signs;
use crate::model::time::{Span, Timestamp};
use crate::random::SplitMix64;

/// Pages that are looked at of one person.
const PAGES: usize = 3;
/// The time between them.
const NEXT_PAGE: Span = Span(25_000);

impl AccessGenerator<'_> {
    /// Looks from the machines of several others, in turns.
    pub(super) fn at_several_machines(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize, patterns: &WorkPatterns) {
        let machines = self.machines(look, patterns);
        let begin = self.looks(look, first, last, count);
        for at in begin..self.acts.len() {
            self.acts[at].client = machines[self.random.below(machines.len())];
        }
    }

    /// The own machine and a few of others, the same on every day.
    fn machines(&self, look: &Access, patterns: &WorkPatterns) -> Vec<ClientPrint> {
        let mut random = SplitMix64::keyed(self.spec.seed, &format!("{}/machines", self.name));
        let many = self.spec.strength.of([4, 3, 2]);
        let others: Vec<ClientPrint> =
            patterns.by_employee.values().filter_map(|pattern| pattern.reads.values().next().map(|read| read.access.client)).collect();
        let mut machines = vec![look.client];
        for _ in 0..16 * many {
            let Some(other) = random.pick(&others).filter(|_| machines.len() < many) else { break };
            if !machines.iter().any(|known| (known.ip, known.host) == (other.ip, other.host)) {
                machines.push(ClientPrint { app: look.client.app, session: random.number().max(1), ..*other });
            }
        }
        machines
    }

    /// As many strangers as a limit leaves after the day's work; some days keep far below it.
    pub(super) fn below_a_limit(&mut self, look: &Access, day: u32, first: Timestamp, last: Timestamp) -> Result<(), Problem> {
        if !self.pattern.counts_people {
            return Err(self.impossible("needs employees of whom it is kept whom they read on each day"));
        }
        let limit = self.spec.persons_per_day as usize;
        let below = 1 + self.random.below(self.spec.strength.of([2, 5, 4]));
        let rests = self.random.unit() > self.spec.strength.of([1.0, 0.8, 0.7]);
        let missing = limit.saturating_sub(below).saturating_sub(self.pattern.people_on(day));
        if !rests {
            self.looks(look, first, last, missing);
        }
        Ok(())
    }

    /// A statement that switches the audit of the place off where most is read; what is done there for some hours is not in the log.
    pub(super) fn without_audit(&mut self, look: &Access, first: Timestamp, last: Timestamp) {
        let hours = Span::hours(i64::from(self.spec.persons_per_day.min(24)));
        let latest = (last - hours.min(last - first)).max(first + Span(1));
        let from = self.moments(first, latest, 1)[0];
        for (time, on) in [(from, false), (from + hours, true)] {
            let act = self.read(look, time, Vec::new());
            (act.operation, act.persons, act.kinds, act.rows) = (Operation::Admin, Persons::NOBODY, Kinds::NONE, None);
            act.indicators = if on { Indicators::default() } else { Indicators::AUDIT_OFF };
        }
        self.gaps.extend(look.places.iter().next().map(|place| Gap { place, from, to: from + hours }));
    }

    /// One statement under a line that was made to be read in two ways.
    pub(super) fn under_a_forged_line(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize) {
        let time = self.moments(first, last, 1)[0];
        let people = (0..count).map(|_| self.stranger()).collect();
        self.read(look, time, people).signs = Signs::FORGED_HEADER;
    }

    /// Each day another person of public interest, or, where nobody is listed, another stranger, page by page.
    pub(super) fn vips(&mut self, look: &Access, first: Timestamp, last: Timestamp, count: usize) {
        let vips = self.context.subjects.tagged(Tag::Vip);
        for time in self.moments(first, last, count) {
            let person = self.random.pick(&vips).copied().unwrap_or_else(|| self.stranger());
            for page in 0..PAGES {
                self.read(look, time + Span(NEXT_PAGE.0 * page as i64), vec![person]);
            }
        }
    }
}
