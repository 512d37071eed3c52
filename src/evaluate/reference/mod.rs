//! Detectors as textbooks have them, to compare ours with: they judge the same days of the same employees, and show as many a day.
//!
//! They are no part of the service. A reference gives a score to each employee's day once it is over, learns from days that are over,
//! and shows the highest scores of each day up to the budget; who was shown is not shown again for seven days. Compared are drawing
//! by lot (what the budget alone finds), a plain threshold, the z-score, the median with its deviation by day of the week, an
//! isolation forest over all measures, and our own predictive distribution on nothing but the number of people (an ablation).

mod days;
mod forest;
mod plain;
mod predictive;

pub use days::{EmployeeDay, days};

use crate::evaluate::score::Sighting;
use crate::model::time::{Span, Timestamp};
use crate::profile::measure::Measure;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A detector that knows days only.
pub trait Reference {
    /// How odd a day is, by what was learnt from earlier ones; nothing odd is 0 or less.
    fn score(&self, day: &EmployeeDay) -> f64;
    /// A day of all employees is over.
    fn learn(&mut self, day: &[EmployeeDay]);
}

/// A name and how to begin.
type Beginning = (&'static str, fn() -> Box<dyn Reference>);

/// Every reference.
pub const REFERENCES: &[Beginning] = &[
    ("by lot", || Box::new(plain::Lot)),
    ("threshold, people", || Box::new(plain::Threshold(Measure::Persons))),
    ("threshold, unexplained", || Box::new(plain::Threshold(Measure::Unexplained))),
    ("z-score, people", || Box::new(plain::ZScore::of(Measure::Persons))),
    ("z-score, unexplained", || Box::new(plain::ZScore::of(Measure::Unexplained))),
    ("median/MAD, people", || Box::new(plain::MedianByWeekday::of(Measure::Persons))),
    ("median/MAD, unexplained", || Box::new(plain::MedianByWeekday::of(Measure::Unexplained))),
    ("isolation forest", || Box::new(forest::Isolation::seeded(1))),
    ("Gamma-Poisson, people", || Box::new(predictive::Predictive::of(Measure::Persons))),
];

/// Whoever was shown is not shown again for so long.
const SILENCE: u32 = 7;

/// What a reference shows of days (ascending) at a budget.
pub fn shown(reference: &mut dyn Reference, days: &[EmployeeDay], budget: u32) -> Vec<Sighting> {
    let mut sightings: Vec<Sighting> = Vec::new();
    // Who was shown: on which day, and which sighting.
    let mut newest: BTreeMap<&str, (u32, usize)> = BTreeMap::new();
    for today in days.chunk_by(|a, b| a.day == b.day) {
        let mut ranked: Vec<(f64, &EmployeeDay)> = today.iter().map(|day| (reference.score(day), day)).collect();
        ranked.retain(|(score, _)| *score > 0.0);
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.who.cmp(&b.1.who)));
        let mut left = budget;
        for (_, day) in ranked {
            match newest.get(&*day.who) {
                // Odd again while the alert is open: it is evidence for it, and costs nothing.
                Some((since, at)) if day.day < since + SILENCE => sightings[*at].last = day.ends,
                Some(_) | None => {
                    newest.insert(&day.who, (day.day, sightings.len()));
                    sightings.push(sighting(day));
                    left = left.saturating_sub(1);
                }
            }
            if left == 0 {
                break;
            }
        }
        reference.learn(today);
    }
    sightings
}

/// A reference speaks once the day is over.
fn sighting(day: &EmployeeDay) -> Sighting {
    Sighting { who: day.who.to_string(), typology: None, raised: day.ends, last: day.ends, shown: Some(day.ends), people: None }
}

/// The order of days: by day, then by employee.
fn in_order(a: &EmployeeDay, b: &EmployeeDay) -> Ordering {
    (a.day, &a.who).cmp(&(b.day, &b.who))
}

/// When a local day ends, given by its number and the local time at which its UTC date ends.
fn end_of(number: u32, local: impl Fn(Timestamp) -> crate::model::zone::LocalTime) -> Timestamp {
    let utc = Timestamp((i64::from(crate::profile::window::day_of(number).0) + 1) * Span::days(1).0);
    let there = local(utc);
    let ahead = Span::days(i64::from(there.day.0)).0 + Span::minutes(i64::from(there.minute)).0 - utc.0;
    utc - Span(ahead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{DAY_MS, Day};
    use crate::profile::measure::Measure;
    use std::sync::Arc;

    /// Ten colleagues of about twenty people a day, one of whom reads many more from day 30 on.
    fn company() -> Vec<EmployeeDay> {
        let mut days = Vec::new();
        for day in 1..=40_u32 {
            for who in 0..10_u32 {
                let mut figures = [0; Measure::COUNT];
                let noise = (day * 7 + who * 13) % 9;
                figures[0] = 20 + noise + if who == 3 && day >= 30 { 200 } else { 0 };
                figures[1] = figures[0] / 4;
                let who: Arc<str> = format!("e{who}").into();
                let ends = Day(day as i32).utc_midnight();
                days.push(EmployeeDay { who, group: "teller".into(), day, ends, figures });
            }
        }
        days
    }

    #[test]
    fn every_reference_sees_the_gross_and_keeps_to_its_budget_and_silence() {
        let days = company();
        for (name, begin) in &REFERENCES[1..] {
            let shown = shown(&mut *begin(), &days, 1);
            assert!(shown.iter().any(|sighting| sighting.who == "e3" && sighting.raised.0 / DAY_MS <= 31), "{name}: {shown:?}");
            assert!(shown.windows(2).all(|pair| pair[0].raised < pair[1].raised), "{name}: one a day");
            let mine: Vec<i64> = shown.iter().filter(|s| s.who == "e3").map(|s| s.raised.0 / DAY_MS).collect();
            assert!(mine.windows(2).all(|pair| pair[1] - pair[0] >= 7), "{name}: {mine:?}");
        }
    }

    #[test]
    fn a_day_is_judged_by_earlier_days_only() {
        let days = company();
        for (name, begin) in REFERENCES {
            let (mut whole, mut part) = (begin(), begin());
            let whole = shown(&mut *whole, &days, 3);
            let part = shown(&mut *part, &days[..200], 3);
            let early: Vec<_> = whole.iter().filter(|s| s.raised.0 <= 20 * DAY_MS).map(|s| (&s.who, s.raised)).collect();
            assert_eq!(early, part.iter().map(|s| (&s.who, s.raised)).collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn a_local_day_ends_at_local_midnight() {
        let zone = crate::model::zone::Zone::named("Asia/Shanghai").expect("exists");
        let number = crate::profile::window::day_number(crate::model::time::Day::parse("2026-03-02").expect("a date"));
        assert_eq!(end_of(number, |time| zone.local(time)).to_string(), "2026-03-02T16:00:00Z");
    }
}
