//! The cases that were shown: one each, whoever many alerts it has, as people take them up day by day.

use crate::evaluate::score::Detection;
use crate::evaluate::score::recall::share;
use crate::model::time::DAY_MS;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Cases that were shown, and how many of them concern an incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ShownCases {
    /// Cases that were shown.
    pub cases: usize,
    /// Those of them that concern a labelled employee at the labelled time.
    pub true_cases: usize,
    /// True ones among all.
    pub precision: f64,
    /// Cases a day.
    pub per_day: f64,
    /// The same, were only the first of each day looked at.
    pub at_one_a_day: Precision,
    /// The same of the first three of each day.
    pub at_three_a_day: Precision,
}

/// True ones among some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Precision {
    /// All.
    pub cases: usize,
    /// True ones.
    pub true_cases: usize,
    /// Their share.
    pub precision: f64,
}

impl Precision {
    fn of(cases: impl Iterator<Item = bool>) -> Precision {
        let (cases, true_cases) = cases.fold((0, 0), |(all, hits), hit| (all + 1, hits + usize::from(hit)));
        Precision { cases, true_cases, precision: share(true_cases, cases) }
    }
}

impl ShownCases {
    /// `is_hit` says of a detection, by its position, whether it concerns an incident.
    pub(super) fn of(detections: &[Detection], is_hit: &BTreeSet<usize>, days: f64) -> ShownCases {
        /// When it was shown first, how it was ranked by then, and whether it is true.
        struct Shown {
            at: i64,
            score: f64,
            hit: bool,
        }
        let mut shown: BTreeMap<&str, Shown> = BTreeMap::new();
        for (position, detection) in detections.iter().enumerate() {
            let Some(at) = detection.shown else { continue };
            let hit = is_hit.contains(&position);
            let new = Shown { at: at.0, score: detection.case_score, hit };
            let case = shown.entry(&detection.case).or_insert(Shown { hit: false, ..new });
            case.hit |= hit;
            if new.at < case.at || (new.at == case.at && new.score > case.score) {
                (case.at, case.score) = (new.at, new.score);
            }
        }
        let mut by_day: BTreeMap<i64, Vec<(&str, Shown)>> = BTreeMap::new();
        shown.into_iter().for_each(|(id, case)| by_day.entry(case.at.div_euclid(DAY_MS)).or_default().push((id, case)));
        by_day.values_mut().for_each(|cases| cases.sort_by(|a, b| b.1.score.total_cmp(&a.1.score).then_with(|| a.0.cmp(b.0))));
        let first = |most: usize| Precision::of(by_day.values().flat_map(|cases| cases.iter().take(most)).map(|(_, case)| case.hit));
        let all = first(usize::MAX);
        ShownCases {
            cases: all.cases,
            true_cases: all.true_cases,
            precision: all.precision,
            per_day: all.cases as f64 / days,
            at_one_a_day: first(1),
            at_three_a_day: first(3),
        }
    }
}
