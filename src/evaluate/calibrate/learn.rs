//! Learns weights from natural and planted cases, and says what they change: which planted cases have a place in the queue, before and
//! after, where each is judged by weights that were fitted without it.

use crate::evaluate::calibrate::effect::{Effect, Found, Goal, Judge, shift, with_case};
use crate::evaluate::calibrate::evidence::Evidence;
use crate::evaluate::calibrate::fit::{self, BLOCKS, Choice, Model, Prior, Sample, Truth};
use crate::evaluate::calibrate::placing;
use crate::evaluate::calibrate::traces::{self, CaseTrace};
use crate::model::time::DAY_MS;
use crate::random::SplitMix64;
use crate::triage::case::weights::CaseWeights;

/// Natural cases by which is fitted, at the most.
const MOST_NATURAL: usize = 4_000;
/// Fewest planted schemes with a case, and natural cases, by which anything can be learnt.
pub const FEWEST: usize = 12;

/// What was learnt.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The weights.
    pub weights: CaseWeights,
    /// Standard deviation of each, in the order of [`traces::names`].
    pub deviations: Vec<f64>,
    /// How strongly they are drawn to those before, in cases.
    pub strength: f64,
    /// What they do, by held-out schemes.
    pub after: Effect,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Planted schemes of which anything was told, from obvious to subtle.
    pub with_case: Found,
    /// What the weights in force do.
    pub before: Effect,
    /// What was learnt; `None` where whatever was learnt finds fewer of the planted.
    pub learnt: Option<Learnt>,
}

/// Learns weights, drawn to those that ship, and holds them against those in force: of the held-out schemes none fewer may be found with one
/// place and with all, nor by what is worth a look, of which there are no more natural cases a day either.
pub fn learn(evidence: &Evidence, in_force: &CaseWeights, shipped: &CaseWeights, goal: &Goal) -> Outcome {
    let (in_force, shipped) = (traces::model(in_force), traces::model(shipped));
    let samples = samples(evidence);
    let prior = Prior { bounds: traces::bounds(&shipped), model: shipped };
    let judge = Judge::new(evidence);
    let with_case = with_case(evidence);
    let before = judge.effect(&vec![in_force; usize::from(BLOCKS)], goal);
    let rarity = shift(evidence, goal, &with_case);
    let fitted = fit::fit(&samples, &prior, Choice::WithinOneError, |models| {
        let is_no_worse = judge.found(models, 1, f64::NEG_INFINITY).sum() >= before.one_place.sum()
            && judge.found(models, goal.places, f64::NEG_INFINITY).sum() >= before.all_places.sum();
        is_no_worse.then(|| placing::moved(&judge, models, goal, &before, rarity)).flatten()
    });
    let learnt = fitted.map(|(fit, by)| {
        let held_out = placing::by(&fit.held_out, by);
        let model = Model { bias: fit.model.bias + by, weights: fit.model.weights };
        let after = judge.effect(&held_out, goal);
        Learnt { weights: traces::weights(&model), deviations: fit.deviations, strength: fit.strength, after }
    });
    Outcome { with_case, before, learnt }
}

/// Samples of all cases: those of one case, and of one scheme, weigh as much as one.
pub fn samples(evidence: &Evidence) -> Vec<Sample> {
    let mut samples = Vec::new();
    for planted in &evidence.planted {
        let days: usize = planted.cases.iter().map(|case| case.days.len()).sum();
        for seen in planted.cases.iter().flat_map(|case| &case.days) {
            let weight = 1.0 / days as f64;
            samples.push(Sample { features: seen.features.clone(), truth: Truth::True, weight, block: planted.block });
        }
    }
    let one_in = evidence.natural.len().div_ceil(MOST_NATURAL).max(1);
    let judged = |truth: Truth| truth != Truth::Natural;
    let drawn = |trace: &CaseTrace| SplitMix64::keyed(2, &format!("{}/{}", trace.who, trace.days[0].day)).once_in(one_in);
    for (trace, truth) in evidence.natural.iter().filter(|(trace, truth)| !trace.days.is_empty() && (judged(*truth) || drawn(trace))) {
        let weight = 1.0 / trace.days.len() as f64;
        let block = fit::block_of(trace.days[0].day, evidence.days);
        samples.extend(trace.days.iter().map(|seen| Sample { features: seen.features.clone(), truth: *truth, weight, block }));
    }
    samples
}

/// The cases of one day in the order before and after: who, and the expected share of true ones by each.
pub fn queue_of_day<'a>(
    natural: &'a [(CaseTrace, Truth)],
    day: i64,
    before: &CaseWeights,
    after: &CaseWeights,
) -> Vec<(&'a str, f64, f64)> {
    let (before, after) = (traces::model(before), traces::model(after));
    let of_day = natural.iter().filter_map(|(trace, _)| Some((trace, trace.days.iter().find(|seen| seen.day == day)?)));
    let probability = |model: &Model, features: &[f64]| fit::logistic(model.score(features));
    let mut queue: Vec<(&str, f64, f64)> =
        of_day.map(|(trace, seen)| (&*trace.who, probability(&before, &seen.features), probability(&after, &seen.features))).collect();
    queue.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| a.0.cmp(b.0)));
    queue
}

/// Days since 1970.
pub fn day_of(time: crate::model::time::Timestamp) -> i64 {
    time.0.div_euclid(DAY_MS)
}
