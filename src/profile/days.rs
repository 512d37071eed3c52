//! The figures of a measure day by day, with what came late: today's, those of closed days, their sum and the largest; and over weeks and months.

use crate::profile::Profile;
use crate::profile::before::WindowSums;
use crate::profile::history::ClosedDay;
use crate::profile::long_run::Stretches;
use crate::profile::measure::Measure;

impl Profile {
    /// Today's figure of a measure.
    pub fn today_figure(&self, measure: Measure) -> u64 {
        u64::from(self.figures[measure as usize])
    }

    /// The figure of a measure on one day, with what came late.
    pub fn day_figure(&self, measure: Measure, day: u32) -> u64 {
        if self.is_open(day) {
            return self.today_figure(measure);
        }
        let closed = self.history.days(measure, day, 1).next().map_or(0, |(_, figure)| figure);
        closed.saturating_add(self.late.figure(measure, day))
    }

    /// Accesses of one day that disclosed somebody, as far as 90 days are kept.
    pub fn accesses_of_day(&self, day: u32) -> u64 {
        self.volume_days.get(day).map_or(0, |volume| u64::from(volume.accesses))
    }

    /// Whether a day is kept out of what is usual.
    pub fn is_held_out(&self, day: u32) -> bool {
        if self.is_open(day) { self.held_out } else { self.history.is_held_out(day) }
    }

    /// Days of activity in the `span` days that end with `last`, with the measure's figure and what came late.
    pub fn days(&self, measure: Measure, last: u32, span: u32) -> impl Iterator<Item = (u32, u64)> {
        let first = (last + 1).saturating_sub(span);
        let learnt = self.history.days(measure, last, span).map(move |(day, figure)| (day, figure + self.late.figure(measure, day)));
        learnt.chain(self.late.only_late(&self.history, first, last).map(move |day| (day, self.late.figure(measure, day))))
    }

    /// Days of activity in the `span` days that end with `last`, and the measure's sum: (days, sum).
    pub fn total(&self, measure: Measure, last: u32, span: u32) -> (u32, u64) {
        self.days(measure, last, span).fold((0, 0), |(days, sum), (_, figure)| (days + 1, sum + figure))
    }

    /// The same of every measure at once, with the largest figure of each.
    pub(super) fn sums(&self, last: u32, span: u32) -> WindowSums {
        let mut sums = WindowSums::NONE;
        let first = (last + 1).saturating_sub(span);
        for (day, figures) in self.history.figures(last, span) {
            match self.late.of(day) {
                None => sums.add(figures.map(|(measure, figure)| (measure, u64::from(figure)))),
                Some(late) => {
                    let mut both = late.map(u64::from);
                    figures.for_each(|(measure, figure)| both[measure as usize] += u64::from(figure));
                    sums.add(Measure::ALL.into_iter().zip(both));
                }
            }
        }
        for day in self.late.only_late(&self.history, first, last) {
            sums.add(Measure::ALL.into_iter().map(|measure| (measure, self.late.figure(measure, day))));
        }
        sums
    }

    /// The measure's largest figure of a day in the `span` days that end with `last`.
    pub fn largest(&self, measure: Measure, last: u32, span: u32) -> u64 {
        self.days(measure, last, span).map(|(_, figure)| figure).max().unwrap_or(0)
    }

    /// Learns days that are over for the long run.
    pub fn learn_long(&mut self, days: &[ClosedDay]) {
        days.iter().for_each(|day| self.long_run.get_or_insert_default().learn(day));
    }

    /// The stretches of weeks and months that end with a day.
    pub fn stretches(&self, last: u32) -> Stretches {
        self.long_run.as_ref().map(|long_run| long_run.stretches(last)).unwrap_or_default()
    }
}
