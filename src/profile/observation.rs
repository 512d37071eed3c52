//! What was seen in a window, as alerts show it and detectors compare it.

use crate::model::alert::{Observed, StatuteScore};
use crate::model::kind::Kind;
use crate::model::statute::Statute;
use crate::profile::counted::Counted;
use crate::profile::counts::CountScope;
use crate::profile::history::ClosedDay;
use crate::profile::measure::Measure;
use crate::profile::seen::{Since, UNITS_PER_DAY};
use crate::profile::told::{PeopleTold, Told};
use crate::profile::unnamed::{Unnamed, UnnamedTotals};
use crate::profile::window::{Window, WindowEnd};
use crate::profile::{Both, Profile, UNKNOWN_BULK, Volume};

impl Profile {
    /// How many people were touched in the window that ends with `unit`, as a figure to compare: named people, counts, and
    /// for each bulk statement of unknown size a large number.
    pub fn figure(&self, window: Window, end: impl Into<WindowEnd>, part: CountScope) -> u64 {
        let end = end.into();
        let since = window.since(end);
        let named = self.seen.since(since, part);
        // People of a past day who were touched again count there by its own figure alone.
        let named = if end.past { named.max(self.past_figure(window, end, part)) } else { named };
        if self.counted.is_empty() && self.counted_days.is_empty() {
            return named;
        }
        let counted = self.counted_since(since, part);
        named.max(self.seen.since(since, part).saturating_add(counted.most()).saturating_add(u64::from(counted.bulk) * UNKNOWN_BULK))
    }

    /// What was counted on the past day with which a window of one day ends.
    fn past_figure(&self, window: Window, end: WindowEnd, part: CountScope) -> u64 {
        let measure = match part {
            CountScope::Exposure => Measure::Persons,
            CountScope::Unexplained => Measure::Unexplained,
        };
        if window.days() == 1 { self.day_figure(measure, end.unit / UNITS_PER_DAY) } else { 0 }
    }

    /// How many accesses of unknown size a figure of the window may hold a stand-in for.
    fn unsized_in(&self, measure: Measure, since: Since) -> u32 {
        measure.stands_in_for().map_or(0, |scope| self.counted_since(since, scope).bulk)
    }

    /// A figure of a measure over a window that ends with `unit`, as it may be told.
    pub fn told(&self, measure: Measure, window: Window, end: impl Into<WindowEnd>, figure: u64) -> Told {
        Told::of(figure, self.unsized_in(measure, window.since(end)))
    }

    /// The figure of a measure on one day, as it may be told.
    pub fn told_of_day(&self, measure: Measure, day: u32, figure: u64) -> Told {
        let of_day = self.counted_days.get(day);
        let bulk = measure.stands_in_for().zip(of_day).map_or(0, |(scope, of_day)| match scope {
            CountScope::Exposure => of_day.exposure.bulk,
            CountScope::Unexplained => of_day.unexplained.bulk,
        });
        Told::of(figure, bulk)
    }

    /// What was counted of a measure on days that may be learnt from, ascending, without what stands in for the unknown.
    pub fn known_sorted(&self, measure: Measure, last: u32) -> Vec<u32> {
        let known = |day: ClosedDay| self.told_of_day(measure, day.day, u64::from(day.figures[measure as usize])).known;
        let mut figures: Vec<u32> = self.history.learnt(last).map(|day| u32::try_from(known(day)).unwrap_or(u32::MAX)).collect();
        figures.sort_unstable();
        figures
    }

    /// A closed day with what was counted, without what stands in for the unknown.
    pub fn known_day(&self, day: ClosedDay) -> ClosedDay {
        let known = |measure: Measure| self.told_of_day(measure, day.day, u64::from(day.figures[measure as usize])).known;
        ClosedDay { figures: Measure::ALL.map(|measure| u32::try_from(known(measure)).unwrap_or(u32::MAX)), ..day }
    }

    /// The people of the window that ends with `unit`, by what is known of them.
    pub fn people(&self, window: Window, end: impl Into<WindowEnd>, part: CountScope) -> PeopleTold {
        let since = window.since(end);
        PeopleTold::new(self.seen.since(since, part), &self.counted_since(since, part))
    }

    /// What was seen in the window that ends with `unit`.
    pub fn observe(&self, window: Window, end: impl Into<WindowEnd>, part: CountScope) -> Observed {
        let end = end.into();
        let since = window.since(end);
        let counted = self.counted_since(since, part);
        let persons = counted.with_named(self.seen.persons(self.seen.kept_since(since, part)));
        let by_kind = self.seen.kept_by_kind(since, part);
        let of_counts = counted.kinds();
        let kinds = Kind::ALL.into_iter().filter(|kind| by_kind[*kind as usize] > 0 || of_counts.contains(*kind));
        let kinds = kinds.map(|kind| (kind, counted.with_named_of(kind, self.seen.persons(by_kind[kind as usize])))).collect();
        let (accesses, records) = self.volume_since(since);
        let told = self.people(window, end, part);
        let named = self.seen.persons(self.seen.kept_since(since, part));
        Observed { accesses, records, persons, named, counted: told.counted, unknown_accesses: told.unknown, kinds }
    }

    fn counted_since(&self, since: Since, part: CountScope) -> Counted {
        let mut all = Counted::default();
        self.counted_in(since, |counted| {
            all.join(match part {
                CountScope::Exposure => &counted.exposure,
                CountScope::Unexplained => &counted.unexplained,
            });
        });
        all
    }

    fn counted_in(&self, since: Since, tell: impl FnMut(&Both<Counted>)) {
        match since {
            Since::Unit(unit) => self.counted.since(unit).for_each(tell),
            Since::Day(day) => self.counted_days.since(day).for_each(tell),
            Since::Days(first, last) => self.counted_days.within(first, last).for_each(tell),
        }
    }

    fn volume_since(&self, since: Since) -> (u64, u64) {
        let (mut accesses, mut rows) = (0, 0u64);
        let add = |volume: &Volume| {
            accesses += u64::from(volume.accesses);
            rows = rows.saturating_add(u64::from(volume.rows));
        };
        match since {
            Since::Unit(unit) => self.volume.since(unit).for_each(add),
            Since::Day(day) => self.volume_days.since(day).for_each(add),
            Since::Days(first, last) => self.volume_days.within(first, last).for_each(add),
        }
        (accesses, rows)
    }
}

impl Profile {
    /// The score of the statutory counter under both readings, with its bands.
    pub fn statute_score(&self, scope: CountScope, statute: &Statute) -> StatuteScore {
        let named = match scope {
            CountScope::Exposure => self.totals.exposure,
            CountScope::Unexplained => self.totals.unexplained,
        };
        let unnamed = self.unnamed(scope);
        let scaled = |n: u64| self.seen.persons_weighted(n);
        let a = scaled(named.a).saturating_add(unnamed.a);
        let b = scaled(named.b).saturating_add(unnamed.b);
        StatuteScore {
            a,
            b,
            band: statute.band(b, true).name().to_owned(),
            band_a: statute.band(a, true).name().to_owned(),
            band_ordinary: statute.band(b, false).name().to_owned(),
            incomplete: unnamed.incomplete,
            at_least: !self.seen.is_exact(),
        }
    }
    /// Over the days that the counter holds.
    fn unnamed(&self, scope: CountScope) -> Unnamed {
        let all = self.unnamed.get_or_init(|| {
            let mut all = Box::<UnnamedTotals>::default();
            for day in self.counted_days.since(self.first_day()) {
                all.grow(UnnamedTotals::default(), UnnamedTotals::of(&day.exposure, &day.unexplained));
            }
            all
        });
        match scope {
            CountScope::Exposure => all.exposure,
            CountScope::Unexplained => all.unexplained,
        }
    }

    /// What is counted on a day.
    pub(super) fn unnamed_of(&self, day: u32) -> UnnamedTotals {
        self.counted_days.get(day).map_or_else(UnnamedTotals::default, |day| UnnamedTotals::of(&day.exposure, &day.unexplained))
    }

    /// A day has come to hold more than before.
    pub(super) fn note_unnamed(&mut self, day: u32, before: UnnamedTotals) {
        let after = self.unnamed_of(day);
        if day >= self.first_day()
            && let Some(all) = self.unnamed.get_mut()
        {
            all.grow(before, after);
        }
    }
}
