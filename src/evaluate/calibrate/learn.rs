//! Learns weights from natural and planted cases, and says what they change: which planted cases have a place in the queue, before and
//! after, where each is judged by weights that were fitted without it.

use crate::evaluate::calibrate::fit::{self, BLOCKS, Model, Prior, Sample, Truth};
use crate::evaluate::calibrate::placing;
use crate::evaluate::calibrate::queue::Queue;
use crate::evaluate::calibrate::traces::{self, CaseTrace};
use crate::evaluate::inject::strength::Strength;
use crate::model::time::DAY_MS;
use crate::model::typology::Typology;
use crate::random::SplitMix64;
use crate::triage::case::weights::CaseWeights;
use serde::{Deserialize, Serialize};

/// Natural cases by which is fitted, at the most.
const MOST_NATURAL: usize = 4_000;
/// Fewest planted schemes with a case, and natural cases, by which anything can be learnt.
pub const FEWEST: usize = 12;

/// A planted scheme and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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

impl Goal {
    /// The log-odds from which on a case is shown.
    pub(super) fn least(&self) -> f64 {
        (self.show_at / (1.0 - self.show_at)).ln()
    }
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

    /// Both together.
    #[must_use]
    pub fn with(self, more: Found) -> Found {
        let sum = |of: [usize; 3], more: [usize; 3]| std::array::from_fn(|at| of[at] + more[at]);
        Found { found: sum(self.found, more.found), of: sum(self.of, more.of) }
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
    /// Natural cases shown then.
    pub shown: f64,
    /// The same a day.
    pub shown_per_day: f64,
    /// The share of true ones expected among them.
    pub expected_share: f64,
}

impl Effect {
    /// What is done in several organisations together, the average of each day and share. `None` of none.
    pub(super) fn of_all<'e>(effects: impl Iterator<Item = &'e Effect>) -> Option<Effect> {
        let all: Vec<&Effect> = effects.collect();
        let sum = |of: fn(&Effect) -> Found| all.iter().map(|effect| of(effect)).fold(Found::default(), Found::with);
        let mean = |of: fn(&Effect) -> f64| all.iter().map(|effect| of(effect)).sum::<f64>() / all.len() as f64;
        (!all.is_empty()).then(|| Effect {
            one_place: sum(|effect| effect.one_place),
            all_places: sum(|effect| effect.all_places),
            at_threshold: sum(|effect| effect.at_threshold),
            shown: mean(|effect| effect.shown),
            shown_per_day: mean(|effect| effect.shown_per_day),
            expected_share: mean(|effect| effect.expected_share),
        })
    }
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
    let mut moved = None;
    let fitted = fit::fit(&samples, &prior, |models| {
        let is_no_worse = judge.found(models, 1, f64::NEG_INFINITY).sum() >= before.one_place.sum()
            && judge.found(models, goal.places, f64::NEG_INFINITY).sum() >= before.all_places.sum();
        let by = is_no_worse.then(|| placing::moved(&judge, models, goal, &before, rarity)).flatten();
        moved = by.or(moved);
        by.is_some()
    });
    let learnt = fitted.zip(moved).map(|(fit, by)| {
        let held_out = placing::by(&fit.held_out, by);
        let model = Model { bias: fit.model.bias + by, weights: fit.model.weights };
        let after = judge.effect(&held_out, goal);
        Learnt { weights: traces::weights(&model), deviations: fit.deviations, strength: fit.strength, after }
    });
    Outcome { with_case, before, learnt }
}

/// Planted schemes of which anything was told; without any, everybody is taken to be told of.
pub(super) fn with_case(evidence: &Evidence) -> Found {
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
        let block = fit::block_of(trace.days[0].day, evidence.days);
        samples.extend(trace.days.iter().map(|seen| Sample { features: seen.features.clone(), truth: *truth, weight, block }));
    }
    samples
}

/// From odds by as many true as natural cases to those by how rare insiders are.
pub(super) fn shift(evidence: &Evidence, goal: &Goal, with_case: &Found) -> f64 {
    let share = (insiders(evidence, goal) * with_case.recall() / evidence.natural.len().max(1) as f64).clamp(1e-9, 0.5);
    (share / (1.0 - share)).ln()
}

/// How many insiders are expected in the time of the evidence.
fn insiders(evidence: &Evidence, goal: &Goal) -> f64 {
    let days = (evidence.days.1 - evidence.days.0 + 1) as f64;
    evidence.employees as f64 * goal.insiders_per_1000 / 1_000.0 * days / 365.0
}

pub(super) struct Judge<'a> {
    natural: Vec<&'a CaseTrace>,
    evidence: &'a Evidence,
}

impl<'a> Judge<'a> {
    /// One of this evidence.
    pub(super) fn new(evidence: &'a Evidence) -> Judge<'a> {
        Judge { natural: evidence.natural.iter().map(|(trace, _)| trace).collect(), evidence }
    }

    /// How many natural cases the models show, on average.
    pub(super) fn shown(&self, models: &[Model], goal: &Goal) -> f64 {
        let shown = models.iter().map(|model| Queue::of(&self.natural, self.evidence.days, model, goal.places, goal.least()).shown as f64);
        shown.sum::<f64>() / models.len().max(1) as f64
    }

    /// Schemes with a place, each in the queue that the model of its block makes.
    pub(super) fn found(&self, models: &[Model], places: usize, least: f64) -> Found {
        let queues: Vec<Queue> = models.iter().map(|model| Queue::of(&self.natural, self.evidence.days, model, places, least)).collect();
        count(self.evidence, |planted| {
            let block = usize::from(planted.block);
            planted.cases.iter().any(|case| queues[block].shows(case, &models[block], least).is_some())
        })
    }

    /// What models do, each judging the schemes of its block.
    pub(super) fn effect(&self, models: &[Model], goal: &Goal) -> Effect {
        let at_threshold = self.found(models, goal.places, goal.least());
        let days = (self.evidence.days.1 - self.evidence.days.0 + 1) as f64;
        let shown = self.shown(models, goal);
        let expected = insiders(self.evidence, goal) * at_threshold.recall();
        Effect {
            one_place: self.found(models, 1, f64::NEG_INFINITY),
            all_places: self.found(models, goal.places, f64::NEG_INFINITY),
            at_threshold,
            shown,
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
