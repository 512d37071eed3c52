//! Fits the weights of cases: logistic regression that tells planted cases from natural ones, with lower bounds on the weights and a
//! penalty on how far they go from those that held before.
//!
//! A natural case is innocent as far as anybody knows, and a few are not: each counts as innocent by so much less as it looks like a planted
//! one ([`UNKNOWN`]), so that insiders who are in the log already do not teach that insiders are innocent. A verdict is believed.
//! Everything is done in a fixed order and a fixed number of rounds: the same cases give the same weights.

use crate::evaluate::calibrate::symmetric;
use serde::{Deserialize, Serialize};

/// Blocks of cross-validation: parts of the time of the evidence.
pub const BLOCKS: u8 = 5;
/// Strengths of the penalty among which held-out cases choose, in cases.
const STRENGTHS: [f64; 10] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0];

/// Which strength of the penalty is chosen, by the loss of held-out cases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// The one of the least loss, of those up to a hundred cases: where what is fitted to is what will be judged.
    Least,
    /// The strongest whose loss is within one standard error of the least (Breiman, Friedman, Olshen and Stone, Classification and Regression
    /// Trees, 1984): where it is not quite, and what held before is worth more than a chance.
    WithinOneError,
}

impl Choice {
    fn strongest(self) -> f64 {
        match self {
            Choice::Least => 100.0,
            Choice::WithinOneError => f64::INFINITY,
        }
    }
}
/// The share of true cases that are among the natural ones.
const UNKNOWN: f64 = 0.02;
/// Rounds of judging anew which natural cases may be true ones, and sweeps over the weights in each.
const ROUNDS: usize = 6;
const SWEEPS: usize = 25;
/// The most by which one step changes what a typical case scores.
const STEP: f64 = 2.0;

/// What is known of a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Truth {
    /// Planted, or confirmed.
    True,
    /// Innocent by a verdict.
    Innocent,
    /// Natural: innocent, but for a few.
    Natural,
}

/// A case at one time.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its features.
    pub features: Vec<f64>,
    /// What is known of it.
    pub truth: Truth,
    /// Its share of its case: those of one case make one together.
    pub weight: f64,
    /// Block of cross-validation: all samples of one case are of one.
    pub block: u8,
}

/// A logistic model.
#[derive(Clone, PartialEq, Debug)]
pub struct Model {
    /// What a case without features scores.
    pub bias: f64,
    /// The weight of each feature.
    pub weights: Vec<f64>,
}

impl Model {
    /// The log-odds.
    pub fn score(&self, features: &[f64]) -> f64 {
        self.bias + self.weights.iter().zip(features).map(|(weight, feature)| weight * feature).sum::<f64>()
    }
}

/// What was fitted.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The model, by as many true as natural cases.
    pub model: Model,
    /// Standard deviation of each weight.
    pub deviations: Vec<f64>,
    /// The strength of the penalty that told held-out cases best.
    pub strength: f64,
    /// The model of each block, fitted without it.
    pub held_out: Vec<Model>,
}

/// What weights may be.
#[derive(Clone, Debug)]
pub struct Prior {
    /// The weights that hold before: the penalty draws towards them.
    pub model: Model,
    /// The least and the most that each weight may be.
    pub bounds: Vec<(f64, f64)>,
}

/// The block of a case that begins on a day of those between the first and the last.
pub fn block_of(day: i64, (first, last): (i64, i64)) -> u8 {
    let days = (last - first + 1).max(1);
    ((day - first).clamp(0, days - 1) * i64::from(BLOCKS) / days) as u8
}

/// The log-odds as a probability.
pub fn logistic(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

/// How badly a penalty of some strength tells held-out cases.
struct Candidate<T> {
    strength: f64,
    loss: f64,
    error: f64,
    held_out: Vec<Model>,
    admitted_as: T,
}

/// Fits weights; the strength of the penalty is chosen by how well the cases of each block are told by the others', of those whose
/// models of each block are admitted. With it comes as what they were. `None` where none is.
pub fn fit<T>(samples: &[Sample], prior: &Prior, choice: Choice, mut admitted: impl FnMut(&[Model]) -> Option<T>) -> Option<(Fit, T)> {
    let problem = Problem::new(samples, prior);
    let all: Vec<usize> = (0..samples.len()).collect();
    let mut candidates: Vec<Candidate<T>> = Vec::new();
    // From the strongest: of equals, the one that goes less far.
    for strength in STRENGTHS.into_iter().rev().filter(|strength| *strength <= choice.strongest()) {
        let held_out: Vec<Model> = (0..BLOCKS)
            .map(|block| {
                let others: Vec<usize> = all.iter().copied().filter(|at| samples[*at].block != block).collect();
                problem.solve(&others, strength)
            })
            .collect();
        let losses = samples.iter().zip(&problem.shares).map(|(sample, share)| share * loss(sample, &held_out[usize::from(sample.block)]));
        let loss = losses.clone().sum();
        if let Some(admitted_as) = admitted(&held_out) {
            let error = standard_error(samples.iter().map(|sample| sample.block).zip(problem.shares.iter().copied()).zip(losses));
            candidates.push(Candidate { strength, loss, error, held_out, admitted_as });
        }
    }
    let least = candidates.iter().min_by(|a, b| a.loss.total_cmp(&b.loss))?;
    let most = match choice {
        Choice::Least => least.loss,
        Choice::WithinOneError => least.loss + least.error,
    };
    let Candidate { strength, held_out, admitted_as, .. } = candidates.into_iter().find(|candidate| candidate.loss <= most)?;
    let model = problem.solve(&all, strength);
    let deviations = problem.deviations(&model, strength);
    Some((Fit { model, deviations, strength, held_out }, admitted_as))
}

/// The standard error of a loss, by how much it differs between blocks: of each sample its block, its share and its part of the loss.
fn standard_error(losses: impl Iterator<Item = ((u8, f64), f64)>) -> f64 {
    let mut blocks = [(0.0, 0.0); BLOCKS as usize];
    for ((block, share), loss) in losses {
        let (shares, sum) = &mut blocks[usize::from(block)];
        (*shares, *sum) = (*shares + share, *sum + loss);
    }
    let all: f64 = blocks.iter().map(|(shares, _)| shares).sum();
    let means: Vec<f64> = blocks.iter().filter(|(shares, _)| *shares > 0.0).map(|(shares, sum)| sum / shares).collect();
    let n = means.len() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let mean = means.iter().sum::<f64>() / n;
    let variance = means.iter().map(|each| (each - mean).powi(2)).sum::<f64>() / (n - 1.0);
    all * (variance / n).sqrt()
}

/// How badly a model tells a sample, in nats.
fn loss(sample: &Sample, model: &Model) -> f64 {
    let p = logistic(model.score(&sample.features));
    match sample.truth {
        Truth::True => -p.max(1e-12).ln(),
        Truth::Innocent => -(1.0 - p).max(1e-12).ln(),
        Truth::Natural => -(1.0 - (1.0 - UNKNOWN) * p).ln(),
    }
}

struct Problem<'a> {
    samples: &'a [Sample],
    prior: &'a Prior,
    /// The share of each sample: true and other cases weigh the same together, a case of each class one on average.
    shares: Vec<f64>,
    /// How large each feature is where it is not nothing.
    scales: Vec<f64>,
    /// The samples in which each feature is not nothing.
    speaking: Vec<Vec<(usize, f64)>>,
}

impl<'a> Problem<'a> {
    fn new(samples: &'a [Sample], prior: &'a Prior) -> Problem<'a> {
        let sum = |of: bool| samples.iter().filter(|sample| (sample.truth == Truth::True) == of).map(|sample| sample.weight).sum::<f64>();
        let (planted, natural) = (sum(true), sum(false));
        let balance = if natural > 0.0 { planted / natural } else { 1.0 };
        let shares: Vec<f64> =
            samples.iter().map(|sample| if sample.truth == Truth::True { sample.weight } else { sample.weight * balance }).collect();
        let width = prior.model.weights.len();
        let mut speaking: Vec<Vec<(usize, f64)>> = vec![Vec::new(); width];
        for (at, sample) in samples.iter().enumerate() {
            for (feature, value) in sample.features.iter().enumerate().take(width).filter(|(_, value)| **value != 0.0) {
                speaking[feature].push((at, *value));
            }
        }
        let scale = |of: &Vec<(usize, f64)>| {
            let all: f64 = of.iter().map(|(at, _)| shares[*at]).sum();
            let squares: f64 = of.iter().map(|(at, value)| shares[*at] * value * value).sum();
            if all > 0.0 && squares > 0.0 { (squares / all).sqrt() } else { 1.0 }
        };
        let scales = speaking.iter().map(scale).collect();
        Problem { samples, prior, shares, scales, speaking }
    }

    /// The weights by some of the samples.
    fn solve(&self, of: &[usize], strength: f64) -> Model {
        let mut model = self.prior.model.clone();
        let mut chosen = vec![false; self.samples.len()];
        of.iter().for_each(|at| chosen[*at] = true);
        let mut scores: Vec<f64> = self.samples.iter().map(|sample| model.score(&sample.features)).collect();
        let speaking: Vec<Vec<(usize, f64)>> =
            self.speaking.iter().map(|all| all.iter().filter(|(at, _)| chosen[*at]).copied().collect()).collect();
        for _ in 0..ROUNDS {
            let targets = self.targets(&scores);
            for _ in 0..SWEEPS {
                // Far from where they differ all samples are as good as certain, and the curvature says nothing of how far to go.
                let step = newton_step(of.iter().map(|at| (*at, 1.0)), &self.shares, &scores, &targets, 0.0, 1e-6).clamp(-STEP, STEP);
                model.bias += step;
                of.iter().for_each(|at| scores[*at] += step);
                for (feature, speaking) in speaking.iter().enumerate() {
                    let scale = self.scales[feature];
                    let penalty = strength * scale * scale;
                    let before = model.weights[feature];
                    let drawn = penalty * (before - self.prior.model.weights[feature]);
                    let step = newton_step(speaking.iter().copied(), &self.shares, &scores, &targets, drawn, penalty);
                    let step = step.clamp(-STEP / scale, STEP / scale);
                    let (least, most) = self.prior.bounds[feature];
                    let after = (before + step).clamp(least, most);
                    if after != before {
                        model.weights[feature] = after;
                        speaking.iter().for_each(|(at, value)| scores[*at] += (after - before) * value);
                    }
                }
            }
        }
        model
    }

    /// How far each sample is taken for a true case.
    fn targets(&self, scores: &[f64]) -> Vec<f64> {
        let target = |(sample, score): (&Sample, &f64)| match sample.truth {
            Truth::True => 1.0,
            Truth::Innocent => 0.0,
            Truth::Natural => {
                let p = logistic(*score);
                UNKNOWN * p / (1.0 - (1.0 - UNKNOWN) * p)
            }
        };
        self.samples.iter().zip(scores).map(target).collect()
    }

    fn deviations(&self, model: &Model, strength: f64) -> Vec<f64> {
        let width = model.weights.len() + 1;
        let mut information = vec![vec![0.0; width]; width];
        for (sample, share) in self.samples.iter().zip(&self.shares) {
            let p = logistic(model.score(&sample.features));
            let curvature = share * p * (1.0 - p);
            let speaking: Vec<(usize, f64)> = std::iter::once((0, 1.0))
                .chain(sample.features.iter().enumerate().filter(|(_, value)| **value != 0.0).map(|(at, value)| (at + 1, *value)))
                .collect();
            for (row, one) in &speaking {
                for (column, other) in &speaking {
                    information[*row][*column] += curvature * one * other;
                }
            }
        }
        information[0][0] += 1e-6;
        for (feature, scale) in self.scales.iter().enumerate() {
            information[feature + 1][feature + 1] += strength * scale * scale;
        }
        symmetric::inverse_diagonal(information).into_iter().skip(1).map(|variance| variance.max(0.0).sqrt()).collect()
    }
}

/// A step of Newton's method in one weight. `drawn` and `penalty` are the slope and the curvature of the penalty.
fn newton_step(
    speaking: impl Iterator<Item = (usize, f64)>,
    shares: &[f64],
    scores: &[f64],
    targets: &[f64],
    drawn: f64,
    penalty: f64,
) -> f64 {
    let (mut slope, mut curvature) = (drawn, penalty);
    for (at, value) in speaking {
        let p = logistic(scores[at]);
        slope += shares[at] * (p - targets[at]) * value;
        curvature += shares[at] * p * (1.0 - p) * value * value;
    }
    if curvature > 0.0 { -slope / curvature } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    const KNOWN: [f64; 4] = [0.5, 0.0, 1.2, -0.8];

    /// Cases of which it is drawn by known weights whether they are true.
    fn cases(seed: u64, many: usize) -> Vec<Sample> {
        let mut random = SplitMix64::new(seed);
        let truth = Model { bias: -1.0, weights: KNOWN.to_vec() };
        let case = |random: &mut SplitMix64| {
            let speaks = |random: &mut SplitMix64, most: f64| if random.once_in(2) { random.unit() * most } else { 0.0 };
            let features = vec![speaks(random, 8.0), speaks(random, 8.0), speaks(random, 3.0), speaks(random, 2.0)];
            let is_true = random.unit() < logistic(truth.score(&features));
            let truth = if is_true { Truth::True } else { Truth::Innocent };
            Sample { features, truth, weight: 1.0, block: random.below(usize::from(BLOCKS)) as u8 }
        };
        (0..many).map(|_| case(&mut random)).collect()
    }

    fn prior(weights: [f64; 4]) -> Prior {
        Prior { model: Model { bias: 0.0, weights: weights.to_vec() }, bounds: vec![(0.0, 20.0), (0.0, 20.0), (0.0, 20.0), (-20.0, 20.0)] }
    }

    fn fitted(samples: &[Sample], prior: &Prior) -> Fit {
        fit(samples, prior, Choice::Least, |_| Some(())).expect("every model is admitted").0
    }

    #[test]
    fn known_weights_are_found_again_within_their_uncertainty() {
        let fit = fitted(&cases(1, 3_000), &prior([0.0; 4]));
        for (at, known) in KNOWN.into_iter().enumerate() {
            let (found, deviation) = (fit.model.weights[at], fit.deviations[at]);
            assert!((found - known).abs() < 4.0 * deviation + 0.02, "{at}: {found} ± {deviation}, not {known}");
            assert!(deviation > 0.0 && deviation < 0.3, "{deviation}");
        }
    }

    #[test]
    fn whoever_begins_where_every_case_is_certain_comes_back() {
        let certain = Prior { model: Model { bias: 60.0, weights: vec![9.0; 4] }, ..prior([9.0; 4]) };
        let fit = fitted(&cases(6, 1_500), &certain);
        assert!(fit.model.bias.abs() < 20.0, "{}", fit.model.bias);
    }

    #[test]
    fn few_cases_stay_near_what_held_before_and_no_weight_becomes_negative() {
        let before = [0.45, 0.1, 1.0, -0.7];
        let fit = fitted(&cases(2, 12), &prior(before));
        assert!(fit.model.weights.iter().take(3).all(|weight| *weight >= 0.0), "{:?}", fit.model.weights);
        let wrong: Vec<Sample> = cases(3, 1_500)
            .into_iter()
            .map(|sample| Sample { truth: if sample.truth == Truth::True { Truth::Innocent } else { Truth::True }, ..sample })
            .collect();
        let fit = fitted(&wrong, &prior(before));
        assert!(fit.model.weights.iter().take(3).all(|weight| *weight >= 0.0) && fit.model.weights[2] < 0.05, "{:?}", fit.model.weights);
        assert!(fitted(&[], &prior(before)).model.weights == before, "of nothing nothing is learnt");
    }

    #[test]
    fn a_few_true_cases_among_the_natural_ones_do_not_teach_that_they_are_innocent() {
        let clean = cases(4, 2_500);
        let natural = |hide: usize| {
            let hidden = clean.iter().enumerate().map(|(at, sample)| match sample.truth {
                Truth::True if at % hide == 0 => Sample { truth: Truth::Natural, ..sample.clone() },
                Truth::True => sample.clone(),
                _ => Sample { truth: Truth::Natural, ..sample.clone() },
            });
            fitted(&hidden.collect::<Vec<_>>(), &prior([0.0; 4])).model.weights
        };
        let (pure, mixed) = (natural(usize::MAX), natural(25));
        for (pure, mixed) in pure.iter().zip(&mixed) {
            assert!((pure - mixed).abs() < 0.1 + 0.2 * pure.abs(), "{pure} {mixed}");
        }
    }

    #[test]
    fn the_same_cases_give_the_same_weights_to_the_last_bit() {
        let (one, other) = (fitted(&cases(5, 400), &prior([0.1; 4])), fitted(&cases(5, 400), &prior([0.1; 4])));
        assert_eq!((one.model, one.strength), (other.model, other.strength));
        assert!(fit(&cases(5, 400), &prior([0.1; 4]), Choice::Least, |_| None::<()>).is_none(), "nothing is admitted");
    }

    #[test]
    fn within_one_error_what_held_before_is_left_only_for_what_is_surely_better() {
        let by = |seed: u64, many: usize, before: [f64; 4]| {
            fit(&cases(seed, many), &prior(before), Choice::WithinOneError, |_| Some(())).expect("every model is admitted").0
        };
        // Few cases say nothing against weights that are nearly right; many do against weights that are wrong.
        let near = [0.45, 0.1, 1.0, -0.7];
        let (kept, free) = (by(2, 60, near), fitted(&cases(2, 60), &prior(near)));
        let moved = |fit: &Fit| fit.model.weights.iter().zip(near).map(|(now, before)| (now - before).abs()).sum::<f64>();
        assert!(kept.strength >= free.strength && moved(&kept) < 0.1, "{kept:?}");
        let learnt = by(1, 3_000, [0.0; 4]);
        assert!(learnt.strength < 300.0 && (learnt.model.weights[2] - KNOWN[2]).abs() < 0.4, "{learnt:?}");
    }
}
