//! The queue that weights make: which natural cases have the places of each day, and whether and when a planted one would have had one.
//!
//! Each planted case is put into the queue of the natural ones by itself, so that those who are planted do not crowd one another out.

use crate::evaluate::calibrate::fit::Model;
use crate::evaluate::calibrate::traces::{CaseDay, CaseTrace};
use crate::triage::standing::FLOOR;
use std::collections::BTreeMap;

/// Days for which a case that is not shown waits.
const WAITS: i64 = 14;
/// The rank of a case on a day, in log-odds: as the budget ranks it, and where it is grave by nature never below what is shown.
pub fn rank(model: &Model, seen: &CaseDay) -> f64 {
    let score = model.score(&seen.features);
    if seen.grave { score.max((FLOOR / (100.0 - FLOOR)).ln()) } else { score }
}

/// A queue of natural cases.
pub struct Queue {
    /// By day, the rank that a case must exceed to have a place.
    bars: BTreeMap<i64, f64>,
    /// How many cases were shown.
    pub shown: usize,
}

impl Queue {
    /// Shows natural cases, as many a day as there are places and of those that reach `least`.
    pub fn of(natural: &[&CaseTrace], (first, last): (i64, i64), model: &Model, places: usize, least: f64) -> Queue {
        let mut ranked: Vec<(usize, Vec<(i64, f64)>)> = Vec::with_capacity(natural.len());
        for (at, trace) in natural.iter().enumerate() {
            ranked.push((at, trace.days.iter().map(|seen| (seen.day, rank(model, seen))).collect()));
        }
        let mut shown = vec![false; natural.len()];
        let (mut bars, mut many) = (BTreeMap::new(), 0);
        for day in first..=last {
            let mut waiting: Vec<(f64, usize)> = ranked
                .iter()
                .filter(|(at, _)| !shown[*at])
                .filter_map(|(at, days)| Some((now(days, day)?, *at)))
                .filter(|(rank, _)| *rank >= least)
                .collect();
            waiting.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| natural[a.1].who.cmp(&natural[b.1].who)));
            waiting.truncate(places);
            waiting.iter().for_each(|(_, at)| shown[*at] = true);
            many += waiting.len();
            let bar = if waiting.len() == places { waiting.last().map_or(f64::INFINITY, |(rank, _)| *rank) } else { f64::NEG_INFINITY };
            bars.insert(day, bar);
        }
        Queue { bars, shown: many }
    }

    /// The day on which a case would be shown.
    pub fn shows(&self, trace: &CaseTrace, model: &Model, least: f64) -> Option<i64> {
        let days: Vec<(i64, f64)> = trace.days.iter().map(|seen| (seen.day, rank(model, seen))).collect();
        let from = days.first()?.0;
        self.bars.range(from..).find(|(day, bar)| now(&days, **day).is_some_and(|rank| rank > **bar && rank >= least)).map(|(day, _)| *day)
    }
}

/// The rank on a day: that of the last change, if it is not too long ago.
fn now(days: &[(i64, f64)], day: i64) -> Option<f64> {
    let at = days.partition_point(|(of, _)| *of <= day).checked_sub(1)?;
    let (of, rank) = days[at];
    (of + WAITS > day).then_some(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(who: &str, days: &[(i64, f64)]) -> CaseTrace {
        let days = days.iter().map(|(day, value)| CaseDay { day: *day, features: vec![*value], grave: false }).collect();
        CaseTrace { who: who.to_owned(), members: [who.to_owned()].into(), days }
    }

    #[test]
    fn a_case_has_a_place_when_it_stands_above_those_of_its_day() {
        let model = Model { bias: 0.0, weights: vec![1.0] };
        let natural: Vec<CaseTrace> = (0..6).map(|n| case(&format!("e{n}"), &[(n / 2, f64::from(n as u8))])).collect();
        let natural: Vec<&CaseTrace> = natural.iter().collect();
        let queue = Queue::of(&natural, (0, 9), &model, 1, f64::NEG_INFINITY);
        assert_eq!(queue.shown, 6, "those who wait are shown in the end");
        let when = |days: &[(i64, f64)]| queue.shows(&case("x", days), &model, f64::NEG_INFINITY);
        assert_eq!(when(&[(0, 1.5)]), Some(0));
        assert_eq!(when(&[(0, 0.5)]), Some(5), "when the others were shown");
        assert_eq!(when(&[(0, 0.5), (1, 9.0)]), Some(1));
        assert_eq!(Queue::of(&natural, (0, 9), &model, 1, 3.5).shown, 2, "only what is worth a look");
    }
}
