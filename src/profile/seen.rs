//! Who was seen when: the last time at which each (subject, kind) was touched, and how many people per unit of time.
//!
//! One table answers every sliding window and the statutory counter: a person counts in a window if their last touch lies
//! in it. Time is in units of five minutes; the counts of the last 24 hours are kept by unit, older ones by day. Past its
//! bound the table keeps the subjects with the smallest hashes (a bottom-k sketch: Cohen and Kaplan, "Summarizing data
//! using bottom-k sketches", 2007), so every window length still works, with a standard error of 1/sqrt(k).

use crate::model::access::Subject;
use crate::model::kind::{Kind, Kinds};
use crate::model::persons::Persons;
use crate::model::steps;
use crate::profile::counts::{CountScope, Counts};
use crate::profile::kind_counts::{ByKind, KindCounts};
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// Units of five minutes in a day. Day 0 stands for "never": whoever numbers units lets the first valid day be day 1.
pub const UNITS_PER_DAY: u32 = 288;

/// A stretch of time that ends now and is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since {
    /// From this unit on; at most a day back.
    Unit(u32),
    /// From the start of this day (unit / 288) on.
    Day(u32),
    /// Whole days that are past, both included.
    Days(u32, u32),
}

impl Since {
    /// Unit 0 means "never" in the table, so no stretch reaches back to it.
    fn first_unit(self) -> u32 {
        match self {
            Since::Unit(unit) => unit.max(1),
            Since::Day(day) | Since::Days(day, _) => (day * UNITS_PER_DAY).max(1),
        }
    }

    /// The last unit of it; none where it goes on.
    fn last_unit(self) -> u32 {
        match self {
            Since::Unit(_) | Since::Day(_) => u32::MAX,
            Since::Days(_, last) => last * UNITS_PER_DAY + (UNITS_PER_DAY - 1),
        }
    }
}

/// Kinds of one subject that were last touched at the same time. A subject has several entries where the times differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
struct LastTouch {
    subject: u64,
    kinds: u32,
    /// Unit of the last touch.
    seen: u32,
    /// Unit of the last unexplained touch; 0 for never.
    unexplained: u32,
}

impl LastTouch {
    fn at(&self, part: CountScope) -> u32 {
        match part {
            CountScope::Exposure => self.seen,
            CountScope::Unexplained => self.unexplained,
        }
    }
}

/// What a touch found and changed for its subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Touch {
    /// Kinds known of the subject before.
    pub before: Kinds,
    /// Kinds known of the subject now.
    pub after: Kinds,
    /// Kinds known as unexplained before.
    pub unexplained_before: Kinds,
    /// Kinds known as unexplained now.
    pub unexplained_after: Kinds,
    /// Unit of the subject's last touch before; 0 for none.
    pub last: u32,
    /// Unit of the subject's last unexplained touch before; 0 for none.
    pub last_unexplained: u32,
}

/// The table of one employee.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct SeenTable {
    entries: HashTable<LastTouch>,
    /// By unit, the last 24 hours.
    recent: Counts,
    /// By day, over the horizon.
    days: Counts,
    /// Subjects with a hash below this are all kept.
    theta: u64,
    /// Days that are kept.
    horizon: u32,
    /// Most entries before the table becomes a sketch.
    bound: u32,
    /// No entry is older than this unit.
    oldest: u32,
    /// People by kind; derived when first asked for, and kept up from then on. Most employees are never asked about.
    by_kind: OnceLock<Box<KindCounts>>,
}

/// A table of so few entries is looked through where it is asked for kinds: that costs less than to count them.
const LOOKED_THROUGH: usize = if cfg!(test) { 4 } else { 256 };

/// As a snapshot keeps it: entries sorted, so that equal tables are equal bytes.
#[derive(Serialize, Deserialize)]
struct Stored {
    entries: Vec<LastTouch>,
    recent: Counts,
    days: Counts,
    theta: u64,
    horizon: u32,
    bound: u32,
    oldest: u32,
}

impl From<Stored> for SeenTable {
    fn from(stored: Stored) -> SeenTable {
        let mut entries = HashTable::with_capacity(stored.entries.len());
        for entry in stored.entries {
            entries.insert_unique(entry.subject, entry, |e: &LastTouch| e.subject);
        }
        let Stored { recent, days, theta, horizon, bound, oldest, .. } = stored;
        SeenTable { entries, recent, days, theta, horizon, bound, oldest, by_kind: OnceLock::new() }
    }
}

impl From<SeenTable> for Stored {
    fn from(table: SeenTable) -> Stored {
        let mut entries: Vec<LastTouch> = table.entries.iter().copied().collect();
        entries.sort_unstable();
        let SeenTable { recent, days, theta, horizon, bound, oldest, .. } = table;
        Stored { entries, recent, days, theta, horizon, bound, oldest }
    }
}

impl SeenTable {
    /// An empty table that keeps `horizon` days and is exact up to `bound` entries.
    pub fn new(horizon: u32, bound: u32) -> SeenTable {
        let (recent, days) = (Counts::new(UNITS_PER_DAY), Counts::new(horizon));
        let (entries, by_kind) = (HashTable::new(), OnceLock::new());
        SeenTable { entries, recent, days, theta: u64::MAX, horizon, bound, oldest: u32::MAX, by_kind }
    }

    /// Notes that kinds of a subject were touched in a unit. A unit before the horizon of the newest changes nothing.
    pub fn touch(&mut self, subject: Subject, kinds: Kinds, unit: u32, unexplained: bool) -> Touch {
        if self.entries.is_empty() {
            (self.theta, self.oldest) = (u64::MAX, unit);
        }
        if !self.keeps(subject) || unit / UNITS_PER_DAY + self.horizon <= self.days.newest() {
            return Touch::default();
        }
        self.oldest = self.oldest.min(unit);
        let touch = self.update(subject, kinds, unit, unexplained);
        if self.entries.len() > self.bound as usize + self.bound as usize / 4 {
            self.thin_out();
        }
        touch
    }

    fn keeps(&self, subject: Subject) -> bool {
        self.is_exact() || subject.0 < self.theta
    }

    fn update(&mut self, subject: Subject, kinds: Kinds, now: u32, unexplained: bool) -> Touch {
        let mut touch = Touch::default();
        let mut split = false;
        let mut covered = Kinds::NONE;
        let by_kind = &mut self.by_kind;
        for entry in self.entries.iter_hash_mut(subject.0).filter(|entry| entry.subject == subject.0) {
            let of = Kinds(entry.kinds);
            touch.before = touch.before.union(of);
            touch.last = touch.last.max(entry.seen);
            if entry.unexplained > 0 {
                touch.unexplained_before = touch.unexplained_before.union(of);
                touch.last_unexplained = touch.last_unexplained.max(entry.unexplained);
            }
            if of.without(kinds).is_empty() {
                // The common case: the same look-up as before moves the whole entry forward in place.
                let before = *entry;
                entry.seen = entry.seen.max(now);
                entry.unexplained = if unexplained { entry.unexplained.max(now) } else { entry.unexplained };
                moved(by_kind, of, (before.seen, entry.seen), (before.unexplained, entry.unexplained));
                covered = covered.union(of);
            } else if of.intersects(kinds) && (entry.seen < now || (unexplained && entry.unexplained < now)) {
                split = true;
            } else {
                covered = covered.union(of.intersection(kinds));
            }
        }
        if split {
            covered = covered.union(self.split(subject, kinds, now, unexplained));
        }
        let new = kinds.without(covered);
        if !new.is_empty() || (kinds.is_empty() && touch.last == 0) {
            let entry = LastTouch { subject: subject.0, kinds: new.0, seen: now, unexplained: if unexplained { now } else { 0 } };
            self.entries.insert_unique(subject.0, entry, |e| e.subject);
            moved(&mut self.by_kind, new, (0, entry.seen), (0, entry.unexplained));
        }
        touch.after = touch.before.union(kinds);
        touch.unexplained_after = if unexplained { touch.unexplained_before.union(kinds) } else { touch.unexplained_before };
        if touch.last < now {
            self.shift(touch.last, now, CountScope::Exposure);
        }
        if unexplained && touch.last_unexplained < now {
            self.shift(touch.last_unexplained, now, CountScope::Unexplained);
        }
        touch
    }

    /// Cuts the touched kinds out of entries that hold others as well; returns the kinds that now have entries of their own.
    fn split(&mut self, subject: Subject, kinds: Kinds, now: u32, unexplained: bool) -> Kinds {
        let mut parts: Vec<LastTouch> = Vec::new();
        for entry in self.entries.iter_hash_mut(subject.0).filter(|entry| entry.subject == subject.0) {
            let both = Kinds(entry.kinds).intersection(kinds);
            if both.is_empty() || both.0 == entry.kinds {
                continue;
            }
            entry.kinds &= !both.0;
            let mut part = LastTouch { kinds: both.0, seen: entry.seen.max(now), ..*entry };
            part.unexplained = if unexplained { part.unexplained.max(now) } else { part.unexplained };
            moved(&mut self.by_kind, both, (entry.seen, part.seen), (entry.unexplained, part.unexplained));
            match parts.iter_mut().find(|other| (other.seen, other.unexplained) == (part.seen, part.unexplained)) {
                Some(other) => other.kinds |= part.kinds,
                None => parts.push(part),
            }
        }
        let cut = parts.iter().fold(Kinds::NONE, |all, part| all.union(Kinds(part.kinds)));
        for part in parts {
            self.entries.insert_unique(subject.0, part, |e| e.subject);
        }
        cut
    }

    /// Moves one person from the unit of the last touch (0 for none) to that of this one.
    fn shift(&mut self, from: u32, to: u32, part: CountScope) {
        self.recent.shift(from, to, part);
        let (from_day, to_day) = (from / UNITS_PER_DAY, to / UNITS_PER_DAY);
        if from == 0 || from_day != to_day {
            self.days.shift(from_day, to_day, part);
        }
    }

    /// Forgets what was last touched before the horizon that ends with `day`. `gone` hears of each subject's kinds that
    /// expired: (kinds of exposure, kinds of unexplained), before and after.
    pub fn expire(&mut self, day: u32, mut gone: impl FnMut((Kinds, Kinds), (Kinds, Kinds))) {
        let cut = (day + 1).saturating_sub(self.horizon) * UNITS_PER_DAY;
        if self.entries.is_empty() || self.oldest >= cut {
            return;
        }
        steps::count(self.entries.len());
        let is_old = |e: &&LastTouch| e.seen < cut || (e.unexplained > 0 && e.unexplained < cut);
        let mut touched: Vec<u64> = self.entries.iter().filter(is_old).map(|e| e.subject).collect();
        touched.sort_unstable();
        touched.dedup();
        for subject in touched {
            let before = self.kinds_of(subject);
            for entry in self.entries.iter_hash_mut(subject).filter(|e| e.subject == subject && e.unexplained < cut) {
                moved(&mut self.by_kind, Kinds(entry.kinds), (entry.seen, entry.seen), (entry.unexplained, 0));
                entry.unexplained = 0;
            }
            while let Ok(expired) = self.entries.find_entry(subject, |e| e.subject == subject && e.seen < cut) {
                let (entry, _) = expired.remove();
                moved(&mut self.by_kind, Kinds(entry.kinds), (entry.seen, 0), (entry.unexplained, 0));
            }
            gone(before, self.kinds_of(subject));
        }
        let age = |e: &LastTouch| if e.unexplained > 0 { e.seen.min(e.unexplained) } else { e.seen };
        self.oldest = self.entries.iter().map(age).min().unwrap_or(u32::MAX);
        if self.entries.len() * 4 < self.entries.capacity() {
            self.entries.shrink_to_fit(|e| e.subject);
        }
    }

    fn kinds_of(&self, subject: u64) -> (Kinds, Kinds) {
        let entries = self.entries.iter_hash(subject).filter(|e| e.subject == subject);
        entries.fold((Kinds::NONE, Kinds::NONE), |(all, unexplained), entry| {
            let of = Kinds(entry.kinds);
            (all.union(of), if entry.unexplained > 0 { unexplained.union(of) } else { unexplained })
        })
    }

    /// The unit of the last touch of a subject; 0 for none.
    pub fn last_touch(&self, subject: Subject) -> u32 {
        let entries = self.entries.iter_hash(subject.0).filter(|entry| entry.subject == subject.0);
        entries.map(|entry| entry.seen).max().unwrap_or(0)
    }

    /// Keeps the subjects with the smallest hashes, so many that they fill the bound again.
    fn thin_out(&mut self) {
        steps::count(self.entries.len());
        self.by_kind = OnceLock::new();
        let mut subjects: Vec<u64> = self.entries.iter().map(|e| e.subject).collect();
        let (_, theta, _) = subjects.select_nth_unstable(self.bound as usize);
        let theta = *theta;
        self.theta = theta;
        self.entries.retain(|entry| entry.subject < theta);
        self.recent.clear();
        self.days.clear();
        subjects.clear();
        subjects.extend(self.entries.iter().map(|e| e.subject));
        subjects.sort_unstable();
        subjects.dedup();
        for subject in subjects {
            for part in [CountScope::Exposure, CountScope::Unexplained] {
                let entries = self.entries.iter_hash(subject).filter(|e| e.subject == subject);
                let last = entries.map(|e| e.at(part)).max().unwrap_or(0);
                if last > 0 {
                    self.recent.add(last, part);
                    self.days.add(last / UNITS_PER_DAY, part);
                }
            }
        }
    }

    /// Whether every subject is kept.
    pub fn is_exact(&self) -> bool {
        self.theta == u64::MAX
    }

    /// From how many kept subjects on how many there are: 1 while exact.
    pub fn scale(&self) -> f64 {
        if self.is_exact() { 1.0 } else { 2f64.powi(64) / self.theta as f64 }
    }

    /// The count for so many kept subjects with its certainty: a sketch gives a lower bound, three standard errors down.
    pub fn persons(&self, kept: u64) -> Persons {
        if self.is_exact() {
            return Persons::Exact(kept);
        }
        let error = 3.0 / (kept.max(9) as f64).sqrt();
        Persons::AtLeast((kept as f64 * self.scale() * (1.0 - error)).floor().max(0.0) as u64)
    }

    /// A sum of weights over kept subjects as one over all, with the certainty of [`SeenTable::persons`].
    pub fn persons_weighted(&self, sum: u64) -> u64 {
        if self.is_exact() {
            return sum;
        }
        let error = 3.0 / (self.entries.len().max(9) as f64).sqrt();
        (sum as f64 * self.scale() * (1.0 - error)).floor() as u64
    }

    /// Tells of each kept subject the kinds of (exposure, unexplained).
    pub fn for_each_subject(&self, mut tell: impl FnMut((Kinds, Kinds))) {
        let mut subjects: Vec<u64> = self.entries.iter().map(|e| e.subject).collect();
        subjects.sort_unstable();
        subjects.dedup();
        subjects.into_iter().for_each(|subject| tell(self.kinds_of(subject)));
    }

    /// Kept people who were last touched since then.
    pub fn kept_since(&self, since: Since, part: CountScope) -> u64 {
        match since {
            Since::Unit(unit) => self.recent.since(unit, part),
            Since::Day(day) => self.days.since(day, part),
            Since::Days(first, last) => self.days.since(first, part) - self.days.since(last + 1, part),
        }
    }

    /// How many people were touched since then, as a figure.
    pub fn since(&self, since: Since, part: CountScope) -> u64 {
        (self.kept_since(since, part) as f64 * self.scale()).round() as u64
    }

    /// Kept people by kind, touched since then.
    pub fn kept_by_kind(&self, since: Since, part: CountScope) -> ByKind {
        if self.entries.len() > LOOKED_THROUGH {
            let counts = self.by_kind.get_or_init(|| Box::new(self.count_kinds()));
            let by_kind = match since {
                Since::Unit(unit) => counts.since(unit.max(1), part),
                Since::Day(day) => Some(counts.on_days(day..=u32::MAX, part)),
                Since::Days(first, last) => Some(counts.on_days(first..=last, part)),
            };
            if let Some(by_kind) = by_kind {
                return by_kind;
            }
        }
        self.looked_through(since, part)
    }

    fn looked_through(&self, since: Since, part: CountScope) -> ByKind {
        steps::count(self.entries.len());
        let mut by_kind = [0; Kind::ALL.len()];
        for entry in self.entries.iter().filter(|e| (since.first_unit()..=since.last_unit()).contains(&e.at(part))) {
            for kind in Kinds(entry.kinds).iter() {
                by_kind[kind as usize] += 1;
            }
        }
        by_kind
    }

    fn count_kinds(&self) -> KindCounts {
        steps::count(self.entries.len());
        let mut counts = KindCounts::new(UNITS_PER_DAY);
        for entry in &self.entries {
            counts.shift(Kinds(entry.kinds), 0, entry.seen, CountScope::Exposure);
            counts.shift(Kinds(entry.kinds), 0, entry.unexplained, CountScope::Unexplained);
        }
        counts
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let by_kind = self.by_kind.get().map_or(0, |counts| size_of::<KindCounts>() + counts.heap_bytes());
        self.entries.allocation_size() + self.recent.heap_bytes() + self.days.heap_bytes() + by_kind
    }
}

/// Where people are counted by kind, one who has these kinds has moved: units of the last touch before and after, and of the last without
/// a known reason.
fn moved(by_kind: &mut OnceLock<Box<KindCounts>>, kinds: Kinds, seen: (u32, u32), unexplained: (u32, u32)) {
    if let Some(counts) = by_kind.get_mut() {
        counts.shift(kinds, seen.0, seen.1, CountScope::Exposure);
        counts.shift(kinds, unexplained.0, unexplained.1, CountScope::Unexplained);
    }
}

#[cfg(test)]
mod tests;
