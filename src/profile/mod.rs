//! What is kept of one employee: sliding windows, distinct people, closed days, the statutory counter, the trail of evidence.

pub mod baseline;
pub mod before;
mod beyond;
pub mod claims;
pub mod conduct;
pub mod counted;
pub mod counts;
mod days;
pub mod departing;
pub mod dossiers;
pub mod evaluated;
pub mod history;
pub mod justification;
pub mod kind_counts;
pub mod lapses;
mod late;
pub mod long_run;
pub mod measure;
pub mod observation;
pub mod seen;
pub mod statutory;
mod tally;
pub mod told;
pub mod trail;
mod unnamed;
pub mod window;
pub mod worked_hours;

use crate::classify::duty::Duty;
use crate::classify::references::ReferenceOwner;
use crate::classify::subjects::Tag;
use crate::model::access::{Access, Actor, Selection};
use crate::model::identity::Identity;
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::statute::Statute;
use crate::model::time::Timestamp;
use claims::Claims;
use conduct::{Circumstances, Conduct, Signals, Territory};
use counted::Counted;
use counts::CountScope;
use departing::Departing;
use dossiers::{Dossier, Dossiers};
use evaluated::Evaluated;
use history::{ClosedDay, History};
use justification::{Justification, UnexplainedSubjects};
use late::LateDays;
use long_run::LongRun;
use measure::{Figures, Measure};
use seen::{SeenTable, UNITS_PER_DAY};
use serde::{Deserialize, Serialize};
use statutory::StatutoryTotals;
use std::sync::OnceLock;
use tally::Tally;
use trail::Trail;
use unnamed::UnnamedTotals;
use window::{Window, WindowEnd};

/// Days over which the statutory counter and the table of subjects roll, where nothing else is configured.
pub const HORIZON_DAYS: u32 = 365;

/// Entries up to which the table of subjects is exact (docs/contract.md §6).
pub const EXACT_ENTRIES: u32 = 50_000;

/// Days for which volumes are kept: those of the longest window.
const VOLUME_DAYS: u32 = 90;

/// What a bulk statement of unknown size is taken for in figures that are compared: large, whatever it was.
pub const UNKNOWN_BULK: u64 = 1_000;

/// Accesses to at most so many people at once are targeted looks, from which a dossier can be put together.
const TARGETED: usize = 3;

/// Everything kept of one employee or account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// Whose it is.
    pub actor: Actor,
    /// The newest day, by number; 0 before the first access.
    today: u32,
    /// Whether it is over: what still comes of it is late and changes no figure.
    closed: bool,
    figures: Figures,
    /// Whether an alert rose today.
    held_out: bool,
    /// Days that are over.
    pub history: History,
    /// Fortnights of more than a year, once a day is over: of a million employees that are seen once, nothing.
    long_run: Option<Box<LongRun>>,
    late: LateDays,
    seen: SeenTable,
    counted: Tally<Both<Counted>>,
    counted_days: Tally<Both<Counted>>,
    volume: Tally<Volume>,
    volume_days: Tally<Volume>,
    totals: StatutoryTotals,
    /// Derived from the days that the counter holds when first asked for: of most employees it never is.
    #[serde(skip)]
    unnamed: OnceLock<Box<UnnamedTotals>>,
    /// Where the records of the last day stand.
    pub trail: Trail,
    dossiers: Dossiers,
    /// How they work.
    pub conduct: Conduct,
    /// The newest access that disclosed somebody without a known reason.
    pub newest_open: NewestOpen,
    /// How far their days could be evaluated.
    pub evaluated: Evaluated,
    /// How it is known whose it is, apart from claims.
    proven: Identity,
    /// What was claimed of them, or by them; of most nothing ever is.
    pub claims: Option<Box<Claims>>,
    /// Whom they looked at for the first time while about to leave; of who stays nothing.
    pub departing: Option<Box<Departing>>,
}

/// The newest access without a known reason: a finding of the global stage is attributed to it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct NewestOpen {
    /// When.
    pub time: Timestamp,
    /// Hash of its record.
    pub hash: [u8; 32],
    /// What was touched.
    pub kinds: Kinds,
    /// The five minutes in which it lies.
    pub unit: u32,
    /// Whether all that is known of the person is what a login claimed.
    pub claimed: bool,
}

/// The same of everything and of the unexplained part.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Both<T> {
    exposure: T,
    unexplained: T,
}

/// Accesses that disclosed somebody, and their rows.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Volume {
    accesses: u32,
    /// Up to four billion in a unit of time.
    rows: u32,
}

/// What one access did to the profile.
#[derive(Clone, Debug)]
pub struct ProfileChange {
    /// The five minutes in which it lies.
    pub unit: u32,
    /// Where the windows end by which it is judged.
    pub end: WindowEnd,
    /// The day by which it is judged: its own.
    pub day: u32,
    /// Whether it lies in the open day (a late one may not).
    pub in_today: bool,
    /// Where it stands to working time.
    pub duty: Duty,
    /// Whether it disclosed, or may have disclosed, anybody.
    pub discloses: bool,
    /// People touched for the first time today without a known reason, as a figure.
    pub newly_unexplained: u64,
    /// A dossier that this access completed.
    pub dossier: Option<Dossier>,
    /// What this access adds to each measure.
    pub signals: Signals,
}

impl Profile {
    /// An empty profile.
    pub fn new(actor: Actor) -> Profile {
        Profile {
            actor,
            today: 0,
            closed: false,
            figures: [0; Measure::COUNT],
            held_out: false,
            history: History::default(),
            long_run: None,
            late: LateDays::default(),
            seen: SeenTable::new(HORIZON_DAYS, EXACT_ENTRIES),
            counted: Tally::new(UNITS_PER_DAY),
            counted_days: Tally::new(HORIZON_DAYS),
            volume: Tally::new(UNITS_PER_DAY),
            volume_days: Tally::new(VOLUME_DAYS),
            totals: StatutoryTotals::default(),
            unnamed: OnceLock::new(),
            trail: Trail::default(),
            dossiers: Dossiers::default(),
            conduct: Conduct::default(),
            newest_open: NewestOpen::default(),
            evaluated: Evaluated::default(),
            proven: Identity::default(),
            claims: None,
            departing: None,
        }
    }

    /// Whether it is a login's that says that it asks for others.
    pub fn speaks_for_others(&self) -> bool {
        matches!(self.actor, Actor::Account(_)) && self.claims.is_some()
    }

    /// How the person behind the window of that end is known. `newest` is the access that is judged, where there is one.
    pub fn identity(&self, window: Window, end: WindowEnd, newest: Option<&Access>) -> Identity {
        let Some(claims) = &self.claims else { return self.proven };
        let people = self.figure(window, end, CountScope::Unexplained);
        let shows_nobody = newest.is_some_and(|access| access.persons.is_nobody() && access.identity == Identity::Claimed);
        if shows_nobody || claims.hold(window.since(end.unit), people) { Identity::Claimed } else { self.proven }
    }

    /// The number of the newest day.
    pub fn today(&self) -> u32 {
        self.today
    }

    /// Whether a day is the newest, and not over.
    pub fn is_open(&self, day: u32) -> bool {
        day == self.today && !self.closed
    }

    /// Keeps today out of learning.
    pub fn hold_today_out(&mut self) {
        self.held_out = true;
    }

    /// Opens a later day and closes the one before. Returns the day that closed.
    pub fn open_day(&mut self, day: u32, statute: &Statute) -> Option<ClosedDay> {
        if day <= self.today {
            return None;
        }
        let closed = self.close();
        (self.today, self.closed, self.figures, self.held_out) = (day, false, [0; Measure::COUNT], false);
        self.unnamed = OnceLock::new();
        self.conduct.turn(day);
        self.late.forget_before(self.first_day());
        let totals = &mut self.totals;
        self.seen.expire(day, |before, after| totals.shift(before, after, statute));
        closed
    }

    /// Closes the newest day without opening another, once it is over for certain. Days close once, in their order.
    pub fn close_through(&mut self, day: u32) -> Option<ClosedDay> {
        if self.today > day { None } else { self.close() }
    }

    fn close(&mut self) -> Option<ClosedDay> {
        if self.today == 0 || self.closed {
            return None;
        }
        self.closed = true;
        let closed = ClosedDay { day: self.today, figures: self.figures, held_out: self.held_out };
        self.history.close(closed);
        Some(closed)
    }

    /// The first day that the statutory counter and the table of subjects still hold.
    fn first_day(&self) -> u32 {
        (self.today + 1).saturating_sub(HORIZON_DAYS)
    }

    /// Applies an access whose day has been opened.
    pub fn apply(
        &mut self,
        access: &Access,
        justification: &Justification,
        around: &Circumstances<'_>,
        statute: &Statute,
    ) -> ProfileChange {
        let unit = window::unit_number(around.local);
        let day = unit / UNITS_PER_DAY;
        let in_today = self.is_open(day);
        let discloses = !access.persons.is_nobody();
        let duty = around.duty;
        let mut change = ProfileChange {
            unit,
            end: unit.into(),
            day,
            in_today,
            duty,
            discloses,
            newly_unexplained: 0,
            dossier: None,
            signals: [0; Measure::COUNT],
        };
        let seen = &self.seen;
        let is_open = justification.unexplained != UnexplainedSubjects::Nobody;
        if around.notice.is_some() && !access.is_of_login() {
            self.departing.get_or_insert_default();
        }
        change.signals[Measure::Tampered as usize] += u64::from(!access.signs.is_empty());
        let at = conduct::When { unit, late: !in_today };
        // How a login works for others is how they work, and how a service works is no one's whom it serves.
        let device = match access.is_share() {
            true => conduct::devices::Seen::default(),
            false => self.conduct.note_act(access, is_open, at, |subject| seen.last_touch(subject), &mut change.signals),
        };
        self.proven = if access.identity == Identity::Claimed { self.proven } else { access.identity };
        if discloses {
            self.apply_disclosure(access, justification, around, device, statute, &mut change);
        }
        if claims::is_claim(access) {
            self.claims.get_or_insert_default().note(access, unit, change.newly_unexplained, &mut change.signals);
        }
        if in_today {
            late::add(&mut self.figures, &change.signals);
        } else {
            self.late.add(day, &change.signals);
            self.long_run.get_or_insert_default().add_late(day, &change.signals);
        }
        change
    }

    fn apply_disclosure(
        &mut self,
        access: &Access,
        justification: &Justification,
        around: &Circumstances<'_>,
        device: conduct::devices::Seen,
        statute: &Statute,
        change: &mut ProfileChange,
    ) {
        let unit = change.unit;
        let (persons, unexplained, strangers) = self.apply_subjects(access, justification, unit, around, statute, &mut change.signals);
        let day = unit / UNITS_PER_DAY;
        let before = self.unnamed_of(day);
        let (counted, counted_unexplained) = self.apply_counts(access, justification, unit, statute);
        self.departing.iter_mut().for_each(|departing| departing.add(day, counted_unexplained));
        self.note_unclear(access, justification, unit);
        self.note_unnamed(day, before);
        for volume in [self.volume.at(unit), self.volume_days.at(unit / UNITS_PER_DAY)].into_iter().flatten() {
            volume.accesses += 1;
            volume.rows = volume.rows.saturating_add(u32::try_from(access.rows.unwrap_or(0)).unwrap_or(u32::MAX));
        }
        self.trail.push(unit, access);
        change.newly_unexplained = unexplained.saturating_add(counted_unexplained);
        if !access.is_of_login() {
            change.dossier = self.follow(access, justification, unit, around, strangers, statute);
        }
        let open = change.newly_unexplained;
        if open > 0 && access.time >= self.newest_open.time {
            self.newest_open = NewestOpen {
                time: access.time,
                hash: access.hash.0,
                kinds: access.kinds,
                unit,
                claimed: access.identity == Identity::Claimed,
            };
        }
        if !access.is_of_login() {
            self.conduct.note_ground(access, around, device, open, day, &mut change.signals);
        }
        let all = persons.saturating_add(counted);
        let of = |holds: bool, count: u64| if holds { count } else { 0 };
        // A list is one claim, however long: one slip of the pen must not count for all who are on it. How many they are, volumes tell.
        let one_by_one = open.min(TARGETED as u64);
        let counts = [
            (Measure::Persons, all),
            (Measure::Unexplained, open),
            (Measure::OffDuty, of(change.duty != Duty::On && !access.is_of_served(), open)),
            (Measure::Dossiers, u64::from(change.dossier.is_some())),
            (Measure::Purposed, of(access.purpose.is_some(), all)),
            (Measure::Claimed, of(justification.claimed && justification.owner != ReferenceOwner::Helped, one_by_one)),
            (Measure::ClaimedOther, of(justification.owner == ReferenceOwner::Other, one_by_one)),
            (Measure::ClaimedUnknown, of(justification.owner == ReferenceOwner::Unknown, one_by_one)),
        ];
        for (measure, count) in counts {
            change.signals[measure as usize] += count;
        }
    }

    /// People by name: how many were touched for the first time on their day, all and unexplained; and who of the first few was never
    /// looked at before.
    fn apply_subjects(
        &mut self,
        access: &Access,
        justification: &Justification,
        unit: u32,
        around: &Circumstances<'_>,
        statute: &Statute,
        signals: &mut Signals,
    ) -> (u64, u64, [bool; TARGETED]) {
        if unit / UNITS_PER_DAY < self.first_day() {
            return self.apply_beyond(access, justification, unit / UNITS_PER_DAY);
        }
        let day = unit / UNITS_PER_DAY;
        let day_start = day * UNITS_PER_DAY;
        let next_day = day_start + UNITS_PER_DAY;
        let (mut persons, mut unexplained) = (0, 0);
        let mut strangers = [false; TARGETED];
        let scale = self.seen.scale();
        let targeted = access.subjects.len() <= TARGETED && !access.is_of_login();
        for (at, subject) in access.subjects.iter().enumerate() {
            let open = justification.unexplained.is_unexplained(at);
            let touch = self.seen.touch(*subject, access.kinds, unit, open);
            self.totals.shift((touch.before, touch.unexplained_before), (touch.after, touch.unexplained_after), statute);
            if let Some(stranger) = strangers.get_mut(at) {
                *stranger = touch.last == 0;
            }
            // Of a past day it is not known whether somebody who was touched later was touched on it, too.
            let late = &mut self.late;
            let mut is_first = |last: u32, open: bool| last < day_start || (last >= next_day && late.is_first(day, subject.0, open));
            let first_today = is_first(touch.last, false);
            let newly_open = open && is_first(touch.last_unexplained, true);
            persons += u64::from(first_today);
            unexplained += u64::from(newly_open);
            if !first_today && !newly_open && !targeted {
                continue;
            }
            let (tag, territory) = around.of(*subject);
            let departing = self.departing.as_mut().filter(|_| newly_open && touch.last == 0 && territory != Territory::Own);
            departing.into_iter().for_each(|departing| departing.add(day, 1));
            let is_fresh = targeted && newly_open && access.purpose.is_none() && touch.last == 0;
            for (measure, holds) in [
                (Measure::Owned, first_today && territory != Territory::Unknown),
                (Measure::Foreign, newly_open && territory == Territory::Foreign),
                (Measure::Fresh, is_fresh),
                (Measure::Singly, targeted && newly_open),
                (Measure::Orders, is_fresh && territory != Territory::Own),
                (Measure::Vips, newly_open && matches!(tag, Tag::Vip | Tag::Employee)),
                (Measure::VipsSingly, targeted && newly_open && matches!(tag, Tag::Vip | Tag::Employee)),
            ] {
                signals[measure as usize] += u64::from(holds);
            }
            if targeted {
                self.conduct.note_look(access, *subject, open, unit, signals);
            }
        }
        if self.seen.scale() != scale {
            self.totals = StatutoryTotals::of(&self.seen, statute);
        }
        let scaled = |n: u64| (n as f64 * self.seen.scale()).round() as u64;
        (scaled(persons), scaled(unexplained), strangers)
    }

    /// People of whom only the count is known: their figures, all and unexplained.
    fn apply_counts(&mut self, access: &Access, justification: &Justification, unit: u32, statute: &Statute) -> (u64, u64) {
        let unnamed = access.unnamed();
        let unsure = access.candidates && !access.subjects.is_empty();
        if unnamed.is_nobody() && !unsure {
            return (0, 0);
        }
        // A look-up by key cannot have been large, nor what failed without having chosen rows; a list that failed may have failed at its end.
        let bulk = match access.selection {
            Selection::Keys => false,
            Selection::Unknown => access.success,
            Selection::Condition | Selection::Everything => true,
        };
        let figure = |persons: Persons| persons.figure().unwrap_or(if bulk { UNKNOWN_BULK } else { 0 });
        let (mut all, mut open) = (figure(unnamed), figure(justification.unexplained_unnamed));
        for counted in [self.counted.at(unit), self.counted_days.at(unit / UNITS_PER_DAY)].into_iter().flatten() {
            counted.exposure.unsure += u32::from(unsure);
            counted.unexplained.unsure += u32::from(unsure);
            // The last of the two is the day's: what it held already is not touched for the first time today.
            let more = counted.exposure.add(unnamed, access.kinds, bulk, access.full_read, statute);
            all = if unnamed.figure().is_some() { more } else { all };
            if !justification.unexplained_unnamed.is_nobody() {
                let unexplained = justification.unexplained_unnamed;
                let more = counted.unexplained.add(unexplained, access.kinds, bulk, access.full_read, statute);
                open = if unexplained.figure().is_some() { more } else { open };
            }
        }
        (all, open)
    }

    /// What touched tables or kinds that are not known leaves the statutory counter incomplete, whoever was shown.
    fn note_unclear(&mut self, access: &Access, justification: &Justification, unit: u32) {
        if access.unknown_tables == 0 && !access.kinds.is_empty() {
            return;
        }
        let is_open = justification.unexplained != UnexplainedSubjects::Nobody || !justification.unexplained_unnamed.is_nobody();
        if let Some(day) = self.counted_days.at(unit / UNITS_PER_DAY) {
            day.exposure.unclear += 1;
            day.unexplained.unclear += u32::from(is_open);
        }
    }

    fn follow(
        &mut self,
        access: &Access,
        justification: &Justification,
        unit: u32,
        around: &Circumstances<'_>,
        strangers: [bool; TARGETED],
        statute: &Statute,
    ) -> Option<Dossier> {
        if access.subjects.len() > TARGETED {
            return None;
        }
        let mut completed = None;
        for (at, subject) in access.subjects.iter().enumerate().filter(|(at, _)| justification.unexplained.is_unexplained(*at)) {
            // To know one's own customers from all sides is one's work; a stranger is nobody's.
            let opens = (around.of(*subject).1 != Territory::Own || strangers[at], strangers[at]);
            let rule = |places, kinds| dossiers::is_complete(places, kinds, statute);
            completed = self.dossiers.look(*subject, opens, access.places, access.kinds, unit, rule).or(completed);
        }
        completed
    }

    /// Bytes on the heap: (the profile, the set behind the statutory counter).
    pub fn heap_bytes(&self) -> (usize, usize) {
        let profile = self.history.heap_bytes()
            + self.long_run.as_ref().map_or(0, |long_run| size_of::<LongRun>() + long_run.heap_bytes())
            + self.late.heap_bytes()
            + self.counted.heap_bytes()
            + self.volume.heap_bytes()
            + self.volume_days.heap_bytes()
            + self.trail.heap_bytes()
            + self.dossiers.heap_bytes()
            + self.evaluated.heap_bytes()
            + self.conduct.heap_bytes()
            + self.claims.as_ref().map_or(0, |claims| claims.heap_bytes())
            + self.departing.as_ref().map_or(0, |departing| departing.heap_bytes());
        (profile, self.seen.heap_bytes() + self.counted_days.heap_bytes())
    }
}
