//! Time of one source partition: its watermark, what is late, and what leaps too far ahead to be believed yet.
//!
//! The watermark is the latest believed event time. Where a clock says what can be believed (live), nothing beyond it moves the watermark,
//! whatever comes. Where there is none (a replay), a record more than [`LEAP`] ahead is set aside, and the watermark moves once most of
//! the [`FOLLOWING`] records leap as well, so that no handful of records can mute a source. What is set aside is let go when its time has
//! come. Where that is too long to wait for, or the records after it speak against it, it counts at the time of the records before it, so
//! that nobody hides in a time that nobody lives in: a record of such a time is a sign of its own, unless the source's clock as a whole
//! runs ahead.

use crate::model::access::Access;
use crate::model::signs::Signs;
use crate::model::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How far ahead of its partition's watermark a record is believed where no clock says more (docs/contract.md §9).
pub const LEAP: Span = Span::days(7);

/// How far a record may be behind the clock, or ahead of the last watermark, to be shown before it settles.
pub const SHOWN_WITHIN: Span = Span::hours(3);

/// Whether a record is worth showing before it settles: it is of now, or what is before it has almost settled. Others are a backlog: they
/// settle within moments, and to apply them twice, each to a copy of what has settled long before, would cost ten times all the rest.
pub fn is_shown_early(time: Timestamp, now: Timestamp, watermark: Option<Timestamp>) -> bool {
    time >= now - SHOWN_WITHIN || watermark.is_none_or(|watermark| time <= watermark + SHOWN_WITHIN)
}

/// Records after one that leaps, by which it is decided whether it is believed.
pub const FOLLOWING: u64 = 256;

/// The last of these must leap as well: what has ended confirms nothing.
const LAST: u64 = 64;

/// First records that are held until there is a watermark.
const FIRST: usize = 64;

/// Where the input ends before so many records have followed, a leap of this length needs more than the few that did.
const SILENCE: Span = Span::days(60);

/// Where a clock says what can be believed, a record is not waited for beyond so many others, nor for longer than records may be late.
const WAITED: u64 = 64;

/// The clock of one partition, holding what is set aside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WatermarkTracker<T> {
    watermark: Option<Timestamp>,
    lateness: Span,
    /// In the order of arrival.
    aside: VecDeque<Aside<T>>,
    /// Records taken since the first of those.
    taken: u64,
    /// Records whose time was believed at once.
    believed: u64,
    /// Records beyond the clock that nobody was told of yet.
    ahead: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Aside<T> {
    time: Timestamp,
    /// Which of the records taken it was.
    number: u64,
    /// The time of the records before it, where there were any.
    before: Option<Timestamp>,
    /// What could be believed when it came, where a clock said so.
    limit: Option<Timestamp>,
    item: T,
}

/// What has a time that may not be believed.
pub trait Dated {
    /// It counts at another time than it says. `alone` where other records of the source say times that are believed.
    fn date(&mut self, at: Timestamp, alone: bool);
}

impl Dated for Access {
    fn date(&mut self, at: Timestamp, alone: bool) {
        self.time = at;
        self.signs = self.signs.and(Signs::FUTURE_TIME.if_so(alone));
    }
}

/// A record with its place in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scheduled<T> {
    /// Where it settles: its event time, or for a late one the edge of what may still settle.
    pub settles: Timestamp,
    /// Whether it came after what it belongs to had settled.
    pub late: bool,
    /// The record.
    pub item: T,
}

impl<T> WatermarkTracker<T> {
    /// A clock that has seen nothing.
    pub fn new(lateness: Span) -> WatermarkTracker<T> {
        WatermarkTracker { watermark: None, lateness, aside: VecDeque::new(), taken: 0, believed: 0, ahead: 0 }
    }

    /// How long a record may come after later ones, from now on. What has settled stays settled.
    pub fn set_lateness(&mut self, lateness: Span) {
        self.lateness = lateness;
    }

    /// The latest believed event time.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.watermark
    }

    /// The time at which it is here, for what has none of its own: the watermark, or what it would be by the records that are held.
    pub fn now(&self) -> Option<Timestamp> {
        let first = || self.aside.iter().map(|aside| aside.time).min();
        let held =
            |first| self.aside.iter().fold(first, |now: Timestamp, aside| if aside.time <= now + LEAP { now.max(aside.time) } else { now });
        self.watermark.or_else(|| first().map(held))
    }

    /// Up to where records of this partition have settled, exclusive. Nothing settles before the first watermark.
    pub fn frontier(&self) -> Option<Timestamp> {
        self.watermark.map(|watermark| watermark - self.lateness)
    }

    /// Whether records are set aside.
    pub fn holds_any(&self) -> bool {
        !self.aside.is_empty()
    }

    /// How many records lay beyond the clock since this was last asked.
    pub fn take_ahead(&mut self) -> u64 {
        std::mem::take(&mut self.ahead)
    }

    /// Where something of that time that is no record settles. `None` where that is not believed yet, and never waits for it.
    pub fn settling_time(&self, time: Timestamp) -> Option<Timestamp> {
        match self.watermark {
            Some(watermark) => (time <= watermark + LEAP).then(|| time.max(watermark - self.lateness)),
            None => Some(time),
        }
    }
}

impl<T: Dated> WatermarkTracker<T> {
    /// Takes a record. `limit` is the latest time that can be believed by a clock (live: ours, the broker's, and a bounded skew).
    /// `schedule` is called with every record whose settling time is now known.
    pub fn take(&mut self, time: Timestamp, limit: Option<Timestamp>, item: T, schedule: &mut impl FnMut(Scheduled<T>)) {
        // With nothing set aside there is nothing to confirm: whoever begins here, from the watermark alone, goes on alike.
        self.taken = if self.aside.is_empty() { 1 } else { self.taken + 1 };
        let believed = match (limit, self.watermark) {
            (Some(limit), _) => time <= limit,
            (None, Some(watermark)) => time <= watermark + LEAP,
            (None, None) => false,
        };
        if believed {
            self.believed += 1;
            self.schedule(time, item, schedule);
        } else {
            self.ahead += u64::from(limit.is_some());
            self.aside.push_back(Aside { time, number: self.taken, before: self.watermark, limit, item });
        }
        match limit {
            _ if self.aside.is_empty() => {}
            Some(limit) => self.let_go(limit, schedule),
            None if self.watermark.is_some() => self.decide(schedule),
            None if self.aside.len() >= FIRST => self.start(schedule),
            None => {}
        }
    }

    /// Takes what has no time of its own, at the time at which this is: it confirms nothing and speaks against nothing. Gives it back where
    /// there is no time yet.
    pub fn take_here(&mut self, mut item: T, schedule: &mut impl FnMut(Scheduled<T>)) -> Option<T> {
        let Some(now) = self.now() else { return Some(item) };
        item.date(now, false);
        match self.watermark {
            Some(_) => self.schedule(now, item, schedule),
            None => self.aside.push_back(Aside { time: now, number: self.taken, before: None, limit: None, item }),
        }
        None
    }

    /// The same of a record whose broker's clock is beyond ours: whoever reads it again later must come to the same, so that it is not
    /// waited for.
    pub fn take_at_once(&mut self, time: Timestamp, limit: Timestamp, item: T, schedule: &mut impl FnMut(Scheduled<T>)) {
        if time <= limit {
            return self.take(time, Some(limit), item, schedule);
        }
        self.ahead += 1;
        let before = self.watermark.or(Some(limit));
        self.give_another_date(Aside { time, number: 0, before, limit: Some(limit), item }, true, schedule);
    }

    /// A clock says that times up to this one can be believed. To be called for partitions from which nothing comes, too.
    pub fn let_go(&mut self, limit: Timestamp, schedule: &mut impl FnMut(Scheduled<T>)) {
        let mut at = 0;
        while let Some(aside) = self.aside.get(at) {
            let waited = self.taken - aside.number >= WAITED || aside.limit.is_none_or(|then| limit - then >= self.lateness);
            if aside.time > limit && !waited {
                at += 1;
                continue;
            }
            let Some(aside) = self.aside.remove(at) else { return };
            if aside.time <= limit {
                self.schedule(aside.time, aside.item, schedule);
            } else {
                // Of those taken since, most are ahead as well where the clock is.
                let others = self.taken - aside.number;
                let alone = self.aside.len() as u64 * 2 < others.max(1);
                let then = aside.limit.unwrap_or(limit);
                self.give_another_date(Aside { before: aside.before.or(Some(then)), ..aside }, alone, schedule);
            }
        }
    }

    /// Begins with the earliest of the first records; the others follow the rules.
    fn start(&mut self, schedule: &mut impl FnMut(Scheduled<T>)) {
        self.watermark = self.aside.iter().map(|aside| aside.time).min();
        self.retake(schedule);
        self.decide(schedule);
    }

    /// Takes what is set aside again, now that the watermark has moved.
    fn retake(&mut self, schedule: &mut impl FnMut(Scheduled<T>)) {
        for aside in std::mem::take(&mut self.aside) {
            if self.watermark.is_some_and(|watermark| aside.time <= watermark + LEAP) {
                self.believed += 1;
                self.schedule(aside.time, aside.item, schedule);
            } else {
                self.aside.push_back(Aside { before: self.watermark, ..aside });
            }
        }
    }

    /// Lets go of what the records after it have decided on.
    fn decide(&mut self, schedule: &mut impl FnMut(Scheduled<T>)) {
        let watermark = self.watermark;
        if watermark.is_some_and(|watermark| self.aside.iter().any(|aside| aside.time <= watermark)) {
            // Ordinary records have come to that time.
            for aside in std::mem::take(&mut self.aside) {
                if watermark.is_some_and(|watermark| aside.time <= watermark) {
                    self.schedule(aside.time, aside.item, schedule);
                } else {
                    self.aside.push_back(aside);
                }
            }
        }
        while let Some(first) = self.aside.front()
            && self.taken - first.number >= FOLLOWING
        {
            let last = self.aside.iter().filter(|aside| aside.number + LAST > self.taken).count() as u64;
            if self.most_leap(first.number) && last * 2 >= LAST {
                self.believe(schedule);
            } else if let Some(aside) = self.aside.pop_front() {
                self.ahead += 1;
                self.give_another_date(aside, true, schedule);
            }
        }
    }

    /// Whether at least half of the records after the first of those set aside leap as well.
    fn most_leap(&self, first: u64) -> bool {
        (self.aside.len() as u64 - 1) * 2 >= self.taken - first
    }

    /// What leapt is believed, from the earliest on.
    fn believe(&mut self, schedule: &mut impl FnMut(Scheduled<T>)) {
        let earliest = self.aside.iter().map(|aside| aside.time).min();
        self.watermark = self.watermark.max(earliest);
        self.retake(schedule);
    }

    /// Its time is not believed: it counts with the records before it.
    fn give_another_date(&mut self, aside: Aside<T>, alone: bool, schedule: &mut impl FnMut(Scheduled<T>)) {
        let at = aside.before.or(self.watermark).unwrap_or(aside.time);
        let mut item = aside.item;
        item.date(at, alone);
        self.schedule(at, item, schedule);
    }

    fn schedule(&mut self, time: Timestamp, item: T, schedule: &mut impl FnMut(Scheduled<T>)) {
        let watermark = self.watermark.map_or(time, |watermark| watermark.max(time));
        self.watermark = Some(watermark);
        let edge = watermark - self.lateness;
        schedule(Scheduled { settles: time.max(edge), late: time < edge, item });
    }

    /// The source is silent and time has passed elsewhere: the watermark follows.
    pub fn advance(&mut self, to: Timestamp, schedule: &mut impl FnMut(Scheduled<T>)) {
        if self.watermark.is_none() && self.aside.iter().any(|aside| aside.limit.is_none()) {
            self.start(schedule);
        }
        self.watermark = self.watermark.max(Some(to));
        if self.aside.iter().any(|aside| aside.limit.is_some()) { self.let_go(to, schedule) } else { self.decide(schedule) }
    }

    /// The input ends: everything is placed. A leap that nothing spoke against is believed, unless it is a long one of a few records.
    pub fn finish(&mut self, schedule: &mut impl FnMut(Scheduled<T>)) {
        if self.watermark.is_none() && !self.aside.is_empty() {
            self.start(schedule);
        }
        while let Some(first) = self.aside.front() {
            let reach = self.aside.iter().map(|aside| aside.time).min().zip(self.watermark).map_or(Span(0), |(time, now)| time - now);
            let is_most = self.aside.len() as u64 >= self.believed;
            let by_clock = first.limit.is_some();
            if !by_clock && self.most_leap(first.number) && (reach <= SILENCE || is_most) {
                self.believe(schedule);
            } else if let Some(aside) = self.aside.pop_front() {
                self.ahead += u64::from(!by_clock);
                self.give_another_date(aside, true, schedule);
            }
        }
    }
}

#[cfg(test)]
mod tests;
