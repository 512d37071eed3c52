//! Learns weights from natural and planted cases, and says what they change: which planted cases have a place in the queue, before and
//! after, where each is judged by weights that were fitted without it.

use crate::evaluate::calibrate::fit::{self, BLOCKS, Model, Prior, Sample, Truth};
use crate::evaluate::calibrate::plants::block_of;
use crate::evaluate::calibrate::queue::Queue;
use crate::evaluate::calibrate::traces::{self, CaseTrace};
use crate::evaluate::inject::strength::Strength;
use crate::model::time::DAY_MS;
use crate::model::typology::Typology;
use crate::random::SplitMix64;
use crate::triage::case::weights::CaseWeights;
use serde::Serialize;

/// Natural cases by which is fitted, at the most.
const MOST_NATURAL: usize = 4_000;
/// Fewest planted schemes with a case, and natural cases, by which anything can be learnt.
pub const FEWEST: usize = 12;

/// A planted scheme and what became of it.
#[derive(Clone, Debug)]
pub struct PlantedCases {
    /// The pattern.
    pub typology: Typology,
    /// How plain it is.
    pub strength: Strength,
    /// Cases about those who act, while they do and a week after.
    pub cases: Vec<CaseTrace>,
    /// Its block of cross-validation.
    pub block: u8,
}

/// What is learnt from.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Natural cases, and what is known of each.
    pub natural: Vec<(CaseTrace, Truth)>,
    /// Planted schemes.
    pub planted: Vec<PlantedCases>,
    /// First and last day, since 1970, of that time.
    pub days: (i64, i64),
    /// Employees in the log.
    pub employees: usize,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// Places a day.
    pub places: usize,
    /// The least expected share of true ones of a case that is shown.
    pub show_at: f64,
    /// Insiders among 1,000 employees in a year, as far as anybody can say.
    pub insiders_per_1000: f64,
}

/// Planted schemes that have a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Found {
    /// Those with a place, from obvious to subtle.
    pub found: [usize; 3],
    /// All of them.
    pub of: [usize; 3],
}

impl Found {
    /// Those with a place, of any strength.
    pub fn sum(&self) -> usize {
        self.found.iter().sum()
    }

    /// All of them.
    pub fn all(&self) -> usize {
        self.of.iter().sum()
    }

    /// The share.
    pub fn recall(&self) -> f64 {
        self.sum() as f64 / self.all().max(1) as f64
    }
}

/// What some weights do.
#[derive(Clone, Debug, Serialize)]
pub struct Effect {
    /// With one place a day.
    pub one_place: Found,
    /// With all places.
    pub all_places: Found,
    /// With all places, of those that are worth a look.
    pub at_threshold: Found,
    /// Natural cases shown a day then.
    pub shown_per_day: f64,
    /// The share of true ones expected among them.
    pub expected_share: f64,
}

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

/// Learns weights, drawn to those that ship, and holds them against those in force.
pub fn learn(evidence: &Evidence, in_force: &CaseWeights, shipped: &CaseWeights, goal: &Goal) -> Outcome {
    let (before, shipped) = (traces::model(in_force), traces::model(shipped));
    let samples = samples(evidence);
    let prior = Prior { bounds: traces::bounds(&shipped), model: shipped };
    let judge = Judge { natural: evidence.natural.iter().map(|(trace, _)| trace).collect(), evidence };
    let everywhere = vec![before.clone(); usize::from(BLOCKS)];
    let with_case = with_case(evidence);
    let found = |models: &[Model]| (judge.found(models, 1, f64::NEG_INFINITY), judge.found(models, goal.places, f64::NEG_INFINITY));
    let (one, all) = found(&everywhere);
    let fitted = fit::fit(&samples, &prior, |models| {
        let after = found(models);
        after.0.sum() >= one.sum() && after.1.sum() >= all.sum()
    });
    let learnt = fitted.map(|fit| {
        let shift = shift(evidence, goal, &with_case);
        let shifted = |model: &Model| Model { bias: model.bias + shift, weights: model.weights.clone() };
        let held_out: Vec<Model> = fit.held_out.iter().map(shifted).collect();
        let weights = traces::weights(&shifted(&fit.model));
        Learnt { weights, deviations: fit.deviations, strength: fit.strength, after: judge.effect(&held_out, goal) }
    });
    Outcome { with_case, before: judge.effect(&everywhere, goal), learnt }
}

/// Weights by the cases of several companies, each in a block of its own, drawn to `start`.
pub fn pooled(companies: &[Evidence], start: &CaseWeights, goal: &Goal) -> CaseWeights {
    let mut samples = Vec::new();
    for (company, evidence) in companies.iter().enumerate() {
        let block = (company % usize::from(BLOCKS)) as u8;
        samples.extend(self::samples(evidence).into_iter().map(|sample| Sample { block, ..sample }));
    }
    let before = traces::model(start);
    let prior = Prior { bounds: traces::bounds(&before), model: before };
    let Some(fit) = fit::fit(&samples, &prior, |_| true) else { return start.clone() };
    let shifts = companies.iter().map(|evidence| shift(evidence, goal, &with_case(evidence)));
    let shift = shifts.sum::<f64>() / companies.len().max(1) as f64;
    traces::weights(&Model { bias: fit.model.bias + shift, weights: fit.model.weights })
}

/// Planted schemes of which anything was told; without any, everybody is taken to be told of.
fn with_case(evidence: &Evidence) -> Found {
    if evidence.planted.is_empty() {
        return Found { found: [1, 0, 0], of: [1, 0, 0] };
    }
    count(evidence, |planted| !planted.cases.is_empty())
}

fn count(evidence: &Evidence, is_found: impl Fn(&PlantedCases) -> bool) -> Found {
    let mut found = Found::default();
    for planted in &evidence.planted {
        found.of[planted.strength as usize] += 1;
        found.found[planted.strength as usize] += usize::from(is_found(planted));
    }
    found
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
        let block = block_of(&trace.who);
        samples.extend(trace.days.iter().map(|seen| Sample { features: seen.features.clone(), truth: *truth, weight, block }));
    }
    samples
}

/// From odds by as many true as natural cases to those by how rare insiders are.
fn shift(evidence: &Evidence, goal: &Goal, with_case: &Found) -> f64 {
    let share = (insiders(evidence, goal) * with_case.recall() / evidence.natural.len().max(1) as f64).clamp(1e-9, 0.5);
    (share / (1.0 - share)).ln()
}

/// How many insiders are expected in the time of the evidence.
fn insiders(evidence: &Evidence, goal: &Goal) -> f64 {
    let days = (evidence.days.1 - evidence.days.0 + 1) as f64;
    evidence.employees as f64 * goal.insiders_per_1000 / 1_000.0 * days / 365.0
}

struct Judge<'a> {
    natural: Vec<&'a CaseTrace>,
    evidence: &'a Evidence,
}

impl Judge<'_> {
    /// Schemes with a place, each in the queue that the model of its block makes.
    fn found(&self, models: &[Model], places: usize, least: f64) -> Found {
        let queues: Vec<Queue> = models.iter().map(|model| Queue::of(&self.natural, self.evidence.days, model, places, least)).collect();
        count(self.evidence, |planted| {
            let block = usize::from(planted.block);
            planted.cases.iter().any(|case| queues[block].shows(case, &models[block], least).is_some())
        })
    }

    fn effect(&self, models: &[Model], goal: &Goal) -> Effect {
        let least = (goal.show_at / (1.0 - goal.show_at)).ln();
        let at_threshold = self.found(models, goal.places, least);
        let days = (self.evidence.days.1 - self.evidence.days.0 + 1) as f64;
        let shown = models.iter().map(|model| Queue::of(&self.natural, self.evidence.days, model, goal.places, least).shown as f64);
        let shown = shown.sum::<f64>() / models.len().max(1) as f64;
        let expected = insiders(self.evidence, goal) * at_threshold.recall();
        Effect {
            one_place: self.found(models, 1, f64::NEG_INFINITY),
            all_places: self.found(models, goal.places, f64::NEG_INFINITY),
            at_threshold,
            shown_per_day: shown / days,
            expected_share: expected / (expected + shown).max(1e-12),
        }
    }
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
