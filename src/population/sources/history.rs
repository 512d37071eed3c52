//! The hours of one source or partition over the last weeks, and what would have been usual in a stretch of them.
//!
//! A stretch is held against the same hours of the clock on earlier days of the same kind (worked or not, by the calendar, else by the
//! weekday). Only days before the stretch count, and none on which something was found: today's silence cannot move what today is held
//! against. Counts are compared by their logarithms: the median and the scatter around it give a Student t, which is the wider the
//! fewer days there are. What is as low as an earlier day of its kind was is no news, whatever the model says.

use crate::profile::baseline::ln_incomplete_beta;
use crate::profile::history::quantile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days that are looked back on: every weekday six times.
pub const KEPT_DAYS: i64 = 42;
/// So few earlier days say nothing.
const FEWEST: usize = 5;
/// Days beyond which more of them do not make the model any more certain.
const MOST_FREEDOM: f64 = 14.0;
/// Least scatter of a logarithm, and how much more than by chance counts scatter at the least.
const LEAST_SCATTER: f64 = 0.15;
const OVERDISPERSION: f64 = 1.5;
/// Counts scatter by this share of the way from the middle down to the lowest earlier day at the least: a few people make a quiet hour.
const LOWEST: f64 = 0.75;

/// Hours by local day: counted in hours of the zone that the organisation reckons in.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Hours {
    days: BTreeMap<i64, Day>,
    /// The first hour in which anything was heard.
    first: Option<i64>,
    /// Medians by hour of the clock, of days of rest and of days that are worked: a glance that spares a look.
    typical: [[u32; 24]; 2],
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Day {
    records: [u32; 24],
    held_out: bool,
}

/// What would have been usual in a stretch of hours.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct UsualVolume {
    /// Median of the earlier days.
    pub median: f64,
    /// First percentile.
    pub p1: u32,
    /// 99th percentile.
    pub p99: u32,
    /// Earlier days.
    pub days: u32,
    /// Earlier days that were as low.
    pub as_low: u32,
    /// Surprise of so little, in bits.
    pub bits: f64,
}

impl Hours {
    /// Adds what an hour gave.
    pub fn add(&mut self, hour: i64, records: u64) {
        let of = &mut self.days.entry(hour.div_euclid(24)).or_default().records[hour.rem_euclid(24) as usize];
        *of = of.saturating_add(u32::try_from(records).unwrap_or(u32::MAX));
        self.first = Some(self.first.map_or(hour, |first| first.min(hour)));
    }

    /// Records of the hours from `from` until `to`, exclusive.
    pub fn sum(&self, from: i64, to: i64) -> u64 {
        (from..to).map(|hour| u64::from(self.at(hour))).sum()
    }

    fn at(&self, hour: i64) -> u32 {
        self.days.get(&hour.div_euclid(24)).map_or(0, |day| day.records[hour.rem_euclid(24) as usize])
    }

    /// Keeps a day out of what later ones are held against.
    pub fn hold_out(&mut self, day: i64) {
        self.days.entry(day).or_default().held_out = true;
    }

    /// Takes an hour for a typical one, where it gave less.
    pub fn excuse(&mut self, hour: i64, is_worked: &dyn Fn(i64) -> bool) {
        let lacking = self.typical(hour, hour + 1, is_worked).saturating_sub(u64::from(self.at(hour)));
        self.add(hour, lacking);
    }

    /// A day begins: what is typical is learnt anew from those before it. Whether anything is left of the last weeks.
    pub fn turn(&mut self, today: i64, is_worked: &dyn Fn(i64) -> bool) -> bool {
        self.days.retain(|day, _| *day + KEPT_DAYS >= today);
        let first = self.first.map_or(today, |first| first.div_euclid(24) + 1);
        for worked in [false, true] {
            let alike = |day: &i64| is_worked(*day) == worked && self.days.get(day).is_none_or(|day| !day.held_out);
            let days: Vec<i64> = (first.max(today - KEPT_DAYS)..today).filter(alike).collect();
            let of = |hour: usize| {
                let mut all: Vec<u32> = days.iter().map(|day| self.days.get(day).map_or(0, |day| day.records[hour])).collect();
                all.sort_unstable();
                quantile(&all, 0.5).unwrap_or(0)
            };
            self.typical[usize::from(worked)] = std::array::from_fn(of);
        }
        self.days.values().any(|day| day.records.iter().any(|records| *records > 0))
    }

    /// The sum of the typical hours from `from` until `to`, exclusive.
    pub fn typical(&self, from: i64, to: i64, is_worked: &dyn Fn(i64) -> bool) -> u64 {
        let of = |hour: i64| self.typical[usize::from(is_worked(hour.div_euclid(24)))][hour.rem_euclid(24) as usize];
        (from..to).map(|hour| u64::from(of(hour))).sum()
    }

    /// What is usual in the hours from `from` until `to`, exclusive, and how surprising `records` are, where the others give `share` of
    /// what is usual for them. `None` without enough days.
    pub fn usual(&self, from: i64, to: i64, records: u64, share: f64, is_worked: &dyn Fn(i64) -> bool) -> Option<UsualVolume> {
        let first = self.first?;
        let (begins, ends) = (from.div_euclid(24), (to - 1).div_euclid(24));
        let kind = |back: i64| (is_worked(begins - back), is_worked(ends - back));
        let held_out = |day: i64| self.days.get(&day).is_some_and(|day| day.held_out);
        let mut earlier = Vec::new();
        for back in (1 + ends - begins)..=KEPT_DAYS {
            let early = from - 24 * back;
            if early < first {
                break;
            }
            if kind(back) == kind(0) && !held_out(begins - back) && !held_out(ends - back) {
                earlier.push(u32::try_from(self.sum(early, to - 24 * back)).unwrap_or(u32::MAX));
            }
        }
        if earlier.len() < FEWEST {
            return None;
        }
        earlier.sort_unstable();
        let median = middle(&earlier.iter().map(|n| f64::from(*n)).collect::<Vec<_>>());
        let as_low = earlier.iter().filter(|n| u64::from(**n) <= records).count() as u32;
        let bits = surprise(&earlier, records, share).min(if as_low > 0 { rank_bits(earlier.len(), as_low) } else { f64::MAX });
        let of = |q| quantile(&earlier, q).unwrap_or(0);
        Some(UsualVolume { median, p1: of(0.01), p99: of(0.99), days: earlier.len() as u32, as_low, bits })
    }
}

/// Where so many of the earlier days were as low, the model is not asked.
fn rank_bits(days: usize, as_low: u32) -> f64 {
    ((days as f64 + 1.0) / (f64::from(as_low) + 1.0)).log2()
}

fn surprise(earlier: &[u32], records: u64, share: f64) -> f64 {
    let logs: Vec<f64> = earlier.iter().map(|n| f64::from(*n).ln_1p()).collect();
    let n = logs.len() as f64;
    let centre = middle(&logs);
    let away = |of: &[f64]| of.iter().map(|log| (log - centre).abs()).collect::<Vec<_>>();
    let mut distances = away(&logs);
    distances.sort_by(f64::total_cmp);
    let deviation = (logs.iter().map(|log| (log - centre).powi(2)).sum::<f64>() / n).sqrt();
    let lowest = logs.first().copied().unwrap_or(centre);
    let chance = OVERDISPERSION / (centre.exp()).sqrt();
    let scatter = (1.4826 * middle(&distances)).max(0.5 * deviation).max(chance).max(LEAST_SCATTER).max(LOWEST * (centre - lowest));
    let expected = (centre.exp_m1() * share).max(0.0).ln_1p();
    let t = (expected - (records as f64).ln_1p()) / (scatter * (1.0 + 1.0 / n).sqrt());
    lower_tail_bits(t, (n - 1.0).min(MOST_FREEDOM))
}

/// -log2 of Student's tail beyond `t`; P(T > t) = I(ν/(ν+t²); ν/2, 1/2) / 2.
fn lower_tail_bits(t: f64, freedom: f64) -> f64 {
    if t <= 1.0 {
        return 0.0;
    }
    let q = freedom / t.mul_add(t, freedom);
    1.0 - ln_incomplete_beta(q, freedom / 2.0, 0.5) / std::f64::consts::LN_2
}

/// The median of an ascending list.
fn middle(ascending: &[f64]) -> f64 {
    match ascending.len() {
        0 => 0.0,
        n if n % 2 == 1 => ascending[n / 2],
        n => 0.5 * (ascending[n / 2 - 1] + ascending[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six weeks of a source, `of(day)` records in each working hour; day 0 is a Monday.
    fn six_weeks(of: impl Fn(i64) -> u64) -> Hours {
        let mut hours = Hours::default();
        for day in 0..42 {
            (9..18).for_each(|hour| hours.add(day * 24 + hour, of(day)));
        }
        hours
    }

    fn weekdays(day: i64) -> bool {
        day.rem_euclid(7) < 5
    }

    fn bits(hours: &Hours, day: i64, records: u64) -> f64 {
        hours.usual(day * 24 + 9, day * 24 + 15, records, 1.0, &weekdays).map_or(0.0, |usual| usual.bits)
    }

    #[test]
    fn silence_of_a_busy_source_is_a_surprise_and_that_of_a_small_one_is_not() {
        let busy = six_weeks(|day| 500 + 20 * (day as u64 % 3));
        assert!(bits(&busy, 42, 0) > 30.0, "{}", bits(&busy, 42, 0));
        assert!(bits(&busy, 42, 1_200) > 12.0 && bits(&busy, 42, 2_700) < 3.0);
        let small = six_weeks(|day| u64::from(day % 3 > 0));
        assert!(bits(&small, 42, 0) < 6.0, "{}", bits(&small, 42, 0));
    }

    #[test]
    fn a_day_of_rest_is_held_against_days_of_rest() {
        let office = six_weeks(|day| if weekdays(day) { 500 } else { 0 });
        assert_eq!(bits(&office, 47, 0), 0.0, "a Saturday");
        assert!(bits(&office, 42, 0) > 30.0, "a Monday");
    }

    #[test]
    fn what_happened_before_is_no_news_and_what_all_share_is_little() {
        let irregular = six_weeks(|day| if day % 5 == 0 { 0 } else { 500 });
        assert!(bits(&irregular, 42, 0) < 4.0);
        let busy = six_weeks(|_| 500);
        let shared = busy.usual(42 * 24 + 9, 42 * 24 + 15, 900, 0.3, &weekdays).expect("days enough").bits;
        assert!(shared < 2.0, "{shared}");
    }

    #[test]
    fn a_day_that_is_held_out_is_not_learnt_from() {
        let mut busy = six_weeks(|day| if day == 30 { 0 } else { 500 });
        assert!(bits(&busy, 42, 0) < 5.0, "it was as low before");
        busy.hold_out(30);
        assert!(bits(&busy, 42, 0) > 30.0);
    }

    #[test]
    fn the_tail_of_student_is_right() {
        for (t, freedom, p) in [(2.015, 5.0, 0.05), (3.365, 5.0, 0.01), (2.624, 14.0, 0.01), (10.0, 4.0, 0.000_281)] {
            let found = (-lower_tail_bits(t, freedom) * std::f64::consts::LN_2).exp();
            assert!((found / p - 1.0).abs() < 0.01, "{t} {freedom}: {found} {p}");
        }
    }
}
