//! Cases of a replay, day by day: by what features each was judged on the days on which something of it changed.

use crate::engine::output::Revision;
use crate::evaluate::calibrate::fit::Model;
use crate::model::time::{DAY_MS, Timestamp};
use crate::model::typology::Typology;
use crate::triage::case::features::{CaseFeatures, Circumstance};
use crate::triage::case::weights::CaseWeights;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A case on one day: as of its last revision.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CaseDay {
    /// Days since 1970.
    pub day: i64,
    /// Its features, in the order of [`vector`].
    pub features: Vec<f64>,
    /// Grave by nature: shown whatever its weights say.
    pub grave: bool,
}

/// A case over its days.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct CaseTrace {
    /// Whom it is about: of a group, the first of whom something was told.
    pub who: String,
    /// Everybody of whom something was told.
    pub members: BTreeSet<String>,
    /// In their order.
    pub days: Vec<CaseDay>,
}

/// Cases by their ids.
#[derive(Clone, Debug, Default)]
pub struct CaseTraces(BTreeMap<String, CaseTrace>);

impl CaseTraces {
    /// Takes revisions in their order.
    pub fn take(&mut self, revisions: &[Revision]) {
        for revision in revisions {
            let trace = self.0.entry(revision.case.id.clone()).or_default();
            if trace.who.is_empty() {
                revision.alert.about().clone_into(&mut trace.who);
            }
            if !trace.members.contains(revision.alert.about()) {
                trace.members.insert(revision.alert.about().to_owned());
            }
            trace.note(revision.at, &revision.case.features, revision.case.standing.grave);
        }
    }

    /// All cases, with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CaseTrace)> {
        self.0.iter().map(|(id, trace)| (&**id, trace))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl CaseTrace {
    fn note(&mut self, at: Timestamp, features: &CaseFeatures, grave: bool) {
        let day = at.0.div_euclid(DAY_MS);
        let seen = CaseDay { day, features: vector(features), grave };
        match self.days.last_mut() {
            Some(last) if last.day >= day => *last = CaseDay { day: last.day, ..seen },
            _ => self.days.push(seen),
        }
    }

    /// The same from one day to another, inclusive; `None` if nothing of it changed then.
    pub fn within(&self, from: i64, to: i64) -> Option<CaseTrace> {
        let days: Vec<CaseDay> = self.days.iter().filter(|seen| (from..=to).contains(&seen.day)).cloned().collect();
        (!days.is_empty()).then(|| CaseTrace { who: self.who.clone(), members: self.members.clone(), days })
    }
}

/// How many features there are.
pub fn width() -> usize {
    Typology::ALL.len() + Circumstance::ALL.len()
}

/// The names of features, in the order of [`vector`].
pub fn names() -> impl Iterator<Item = &'static str> {
    Typology::ALL.iter().map(|typology| typology.name()).chain(Circumstance::ALL.iter().map(|circumstance| circumstance.name()))
}

/// Features as numbers: typologies, then circumstances, each in the order of its list.
pub fn vector(features: &CaseFeatures) -> Vec<f64> {
    let mut vector = vec![0.0; width()];
    for (at, typology) in Typology::ALL.iter().enumerate() {
        vector[at] = features.worth().find(|(of, _)| of == typology).map_or(0.0, |(_, bits)| bits);
    }
    for (at, circumstance) in Circumstance::ALL.iter().enumerate() {
        vector[Typology::ALL.len() + at] = features.get(*circumstance);
    }
    vector
}

/// Weights as a model.
pub fn model(weights: &CaseWeights) -> Model {
    let of_typology = |typology: &Typology| weights.worth.get(typology).copied().unwrap_or(0.0);
    let of = |circumstance: &Circumstance| weights.circumstances.get(circumstance).copied().unwrap_or(0.0);
    Model { bias: weights.bias, weights: Typology::ALL.iter().map(of_typology).chain(Circumstance::ALL.iter().map(of)).collect() }
}

/// A model as weights, to four digits: what nobody could read is no part of a version.
pub fn weights(model: &Model) -> CaseWeights {
    let round = |weight: &f64| (weight * 10_000.0).round() / 10_000.0 + 0.0;
    let mut all = model.weights.iter().map(round);
    let worth = Typology::ALL.iter().copied().zip(all.by_ref().take(Typology::ALL.len())).filter(|(_, weight)| *weight != 0.0).collect();
    let circumstances = Circumstance::ALL.iter().copied().zip(all).filter(|(_, weight)| *weight != 0.0).collect();
    CaseWeights { bias: round(&model.bias), worth, circumstances }
}

/// The least and the most that each weight may become by the labels of simulated companies: evidence never speaks for innocence, and what
/// explains it never against.
pub fn bounds_of_labels() -> Vec<(f64, f64)> {
    const FAR: f64 = 5.0;
    let of = |circumstance: &Circumstance| match circumstance {
        Circumstance::GroupShare | Circumstance::UnitShare => (-2.0, 0.0),
        Circumstance::Newcomer | Circumstance::OneJob | Circumstance::LateFeed | Circumstance::Weeks => (-FAR, 0.0),
        Circumstance::Days => (-1.0, 1.0),
        // What a login says of others is held against nobody.
        Circumstance::Claimed => (0.0, 0.0),
        _ => (0.0, FAR),
    };
    Typology::ALL.iter().map(|_| (0.0, FAR)).chain(Circumstance::ALL.iter().map(of)).collect()
}

/// The least and the most that each weight may become. What planting says nothing of, as those who are planted are never new here, named by
/// a login alone or told of late, stays as it is.
pub fn bounds(before: &Model) -> Vec<(f64, f64)> {
    const FAR: f64 = 5.0;
    let of = |at: usize, circumstance: &Circumstance| match circumstance {
        // What a few of a small group have in common says little of one of them.
        Circumstance::GroupShare | Circumstance::UnitShare => (-2.0, 0.0),
        Circumstance::Days => (-1.0, 1.0),
        Circumstance::Weeks
        | Circumstance::Newcomer
        | Circumstance::Claimed
        | Circumstance::Members
        | Circumstance::OneJob
        | Circumstance::Unmeasured
        | Circumstance::LateFeed => (before.weights[at], before.weights[at]),
        _ => (0.0, FAR),
    };
    let typologies = Typology::ALL.iter().map(|_| (0.0, FAR));
    typologies.chain(Circumstance::ALL.iter().enumerate().map(|(at, circumstance)| of(Typology::ALL.len() + at, circumstance))).collect()
}
