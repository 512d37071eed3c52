//! Reference detectors, to compare ours with: textbook baselines that score the same employee-days within the same daily budget.
//!
//! They are no part of the service. A reference scores each employee's day once it has closed, learns from closed days only, and
//! raises the highest scores of each day up to the budget; an employee is not raised again for seven days. The references are: random
//! choice (what the budget alone finds), a fixed threshold, the z-score, the median with its absolute deviation (MAD) by weekday, an
//! isolation forest over all measures, and our own predictive distribution on the number of people alone (an ablation).

mod days;
mod gamma_poisson;
mod isolation_forest;
mod statistical;

pub use days::{EmployeeDay, days};

use crate::evaluate::score::Detection;
use crate::model::time::{Span, Timestamp};
use crate::profile::measure::Measure;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A detector that scores employee-days.
pub trait ReferenceDetector {
    /// How anomalous a day is, by what was learnt from earlier ones; not anomalous is 0 or less.
    fn score(&self, day: &EmployeeDay) -> f64;
    /// Learns a closed day of all employees.
    fn learn(&mut self, day: &[EmployeeDay]);
}

/// A name and a constructor.
type Constructor = (&'static str, fn() -> Box<dyn ReferenceDetector>);

/// Every reference detector.
pub const REFERENCE_DETECTORS: &[Constructor] = &[
    ("by lot", || Box::new(statistical::RandomChoice)),
    ("threshold, people", || Box::new(statistical::Threshold(Measure::Persons))),
    ("threshold, unexplained", || Box::new(statistical::Threshold(Measure::Unexplained))),
    ("z-score, people", || Box::new(statistical::ZScore::of(Measure::Persons))),
    ("z-score, unexplained", || Box::new(statistical::ZScore::of(Measure::Unexplained))),
    ("median/MAD, people", || Box::new(statistical::MedianByWeekday::of(Measure::Persons))),
    ("median/MAD, unexplained", || Box::new(statistical::MedianByWeekday::of(Measure::Unexplained))),
    ("isolation forest", || Box::new(isolation_forest::IsolationForest::seeded(1))),
    ("Gamma-Poisson, people", || Box::new(gamma_poisson::GammaPoisson::of(Measure::Persons))),
];

/// Days for which an employee is not raised again.
const COOLDOWN_DAYS: u32 = 7;

/// The detections of a reference on days (ascending), with a budget of alerts a day.
pub fn detections(reference: &mut dyn ReferenceDetector, days: &[EmployeeDay], budget: u32) -> Vec<Detection> {
    let mut detections: Vec<Detection> = Vec::new();
    // By employee: the day of the newest detection, and its place in `detections`.
    let mut newest: BTreeMap<&str, (u32, usize)> = BTreeMap::new();
    for today in days.chunk_by(|a, b| a.day == b.day) {
        let mut ranked: Vec<(f64, &EmployeeDay)> = today.iter().map(|day| (reference.score(day), day)).collect();
        ranked.retain(|(score, _)| *score > 0.0);
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.who.cmp(&b.1.who)));
        let mut left = budget;
        for (_, day) in ranked {
            match newest.get(&*day.who) {
                // Anomalous again while the alert is open: further evidence, which takes nothing of the budget.
                Some((since, at)) if day.day < since + COOLDOWN_DAYS => detections[*at].last = day.ends,
                Some(_) | None => {
                    newest.insert(&day.who, (day.day, detections.len()));
                    detections.push(detection(day));
                    left = left.saturating_sub(1);
                }
            }
            if left == 0 {
                break;
            }
        }
        reference.learn(today);
    }
    detections
}

/// A detection at the end of the day.
fn detection(day: &EmployeeDay) -> Detection {
    Detection {
        who: day.who.to_string(),
        typology: None,
        raised: day.ends,
        last: day.ends,
        shown: Some(day.ends),
        people: None,
        case: format!("{} {}", day.who, day.day),
        case_score: 0.0,
    }
}

/// The order of days: by day, then by employee.
fn in_order(a: &EmployeeDay, b: &EmployeeDay) -> Ordering {
    (a.day, &a.who).cmp(&(b.day, &b.who))
}

/// When a local day ends: `local` gives the local time of an instant.
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
        for (name, begin) in &REFERENCE_DETECTORS[1..] {
            let shown = detections(&mut *begin(), &days, 1);
            assert!(shown.iter().any(|detection| detection.who == "e3" && detection.raised.0 / DAY_MS <= 31), "{name}: {shown:?}");
            assert!(shown.windows(2).all(|pair| pair[0].raised < pair[1].raised), "{name}: one a day");
            let mine: Vec<i64> = shown.iter().filter(|s| s.who == "e3").map(|s| s.raised.0 / DAY_MS).collect();
            assert!(mine.windows(2).all(|pair| pair[1] - pair[0] >= 7), "{name}: {mine:?}");
        }
    }

    #[test]
    fn a_day_is_judged_by_earlier_days_only() {
        let days = company();
        for (name, begin) in REFERENCE_DETECTORS {
            let (mut whole, mut part) = (begin(), begin());
            let whole = detections(&mut *whole, &days, 3);
            let part = detections(&mut *part, &days[..200], 3);
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
