//! What weights do in an organisation: which planted schemes have a place in the queue, each judged by weights that were fitted without it,
//! and how many natural cases are shown.

use crate::evaluate::calibrate::evidence::{Evidence, PlantedCases};
use crate::evaluate::calibrate::fit::Model;
use crate::evaluate::calibrate::queue::Queue;
use crate::evaluate::calibrate::traces::CaseTrace;
use serde::Serialize;

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
