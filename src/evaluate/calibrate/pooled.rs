//! The weights that ship: learnt from the cases of several simulated companies together, each of which is judged by weights that were fitted
//! without it.

use crate::evaluate::calibrate::effect::{Effect, Goal, Judge, shift, with_case};
use crate::evaluate::calibrate::evidence::Evidence;
use crate::evaluate::calibrate::fit::{self, BLOCKS, Choice, Model, Prior, Sample};
use crate::evaluate::calibrate::learn::samples;
use crate::evaluate::calibrate::traces;
use crate::model::typology::Typology;
use crate::triage::case::features::Circumstance;
use crate::triage::case::weights::CaseWeights;

/// The companies from which the shipped weights are made.
pub const COMPANIES: &str = "plain:302,hard:303,plain:304:ordinary,hard:305:ordinary,plain:306,hard:307";
/// How many insiders among 1,000 employees in a year the shipped weights expect: two in ten of those of a simulated company.
pub const INSIDERS_PER_1000: f64 = 250.0;

/// What a bit of any typology weighs before anything is learnt.
const BIT: f64 = 0.05;
/// What circumstances weigh before: the loudest pattern counts, and how many people of how grave a kind. A house that has too few employees
/// to measure by has its bits discounted, which this gives back; there is none among the companies.
const START: [(Circumstance, f64); 4] =
    [(Circumstance::Strongest, 0.1), (Circumstance::Gravity, 0.3), (Circumstance::Members, 0.3), (Circumstance::Unmeasured, 3.0)];

/// What the companies have too few of to learn by, and is set whatever the fit says: a campaign that a branch thought up by itself looks
/// like a ring, and is many people of one job.
const KEPT: (Circumstance, f64) = (Circumstance::OneJob, -1.2);

/// What came of it.
#[derive(Clone, Debug)]
pub struct Pooled {
    /// The weights.
    pub weights: CaseWeights,
    /// How strongly they were drawn to where they started, in cases.
    pub strength: f64,
    /// What is shown of each company by weights that were fitted without it.
    pub companies: Vec<Effect>,
    /// The same of all that have insiders together.
    pub after: Effect,
}

/// Where the fit starts, and to what it is drawn.
fn start() -> CaseWeights {
    CaseWeights { bias: 0.0, worth: Typology::ALL.iter().map(|typology| (*typology, BIT)).collect(), circumstances: START.into() }
}

/// Learns weights from companies; `None` where there is nothing to learn from.
pub fn pooled(companies: &[Evidence], goal: &Goal) -> Option<Pooled> {
    let block_of = |company: usize| (company % usize::from(BLOCKS)) as u8;
    let mut all: Vec<Sample> = Vec::new();
    for (company, evidence) in companies.iter().enumerate() {
        all.extend(samples(evidence).into_iter().map(|sample| Sample { block: block_of(company), ..sample }));
    }
    if companies.iter().all(|company| company.planted.is_empty()) || companies.iter().all(|company| company.natural.is_empty()) {
        return None;
    }
    let before = traces::model(&start());
    let prior = Prior { bounds: traces::bounds_of_labels(), model: before };
    let (fit, ()) = fit::fit(&all, &prior, Choice::Least, |_| Some(()))?;
    let shifts = companies.iter().map(|evidence| shift(evidence, goal, &with_case(evidence)));
    let shift = shifts.sum::<f64>() / companies.len() as f64;
    let shifted = |model: &Model| Model { bias: model.bias + shift, weights: model.weights.clone() };
    let effects: Vec<Effect> = companies
        .iter()
        .enumerate()
        .map(|(company, evidence)| {
            let without = shifted(&fit.held_out[usize::from(block_of(company))]);
            Judge::new(evidence).effect(&vec![without; usize::from(BLOCKS)], goal)
        })
        .collect();
    let after =
        Effect::of_all(companies.iter().zip(&effects).filter(|(company, _)| !company.planted.is_empty()).map(|(_, effect)| effect))?;
    let mut weights = traces::weights(&shifted(&fit.model));
    weights.circumstances.insert(KEPT.0, KEPT.1);
    Some(Pooled { weights, strength: fit.strength, companies: effects, after })
}
