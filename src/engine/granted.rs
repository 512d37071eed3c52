//! Reasons that people's decisions gave: beside those of the directory, from a decision's hour until its end.
//!
//! They are the same on every keyed stage, since each gets them with the same reply of the global stage.

use crate::classify::explanations::Explanations;
use crate::engine::context::Context;
use crate::model::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A reason as it is given to all keyed stages.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GrantedReason {
    /// The id of the decision.
    pub id: String,
    /// The reason, as an explanation of the directory says it.
    pub line: String,
    /// Until when it covers.
    pub to: Timestamp,
}

/// Records that come so late are still explained by a reason that has run out.
const KEPT: Span = Span::days(2);

/// The reasons in force.
#[derive(Clone, Default)]
pub struct Granted {
    of: BTreeMap<String, GrantedReason>,
    explanations: Explanations,
}

impl Granted {
    /// Those of a saved state.
    pub fn restore(saved: Vec<GrantedReason>, context: &Context) -> Granted {
        let mut all = Granted { of: saved.into_iter().map(|reason| (reason.id.clone(), reason)).collect(), ..Granted::default() };
        all.derive(context);
        all
    }

    /// What a state keeps of them.
    pub fn saved(&self) -> Vec<GrantedReason> {
        self.of.values().cloned().collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The reasons, to be asked.
    pub fn explanations(&self) -> &Explanations {
        &self.explanations
    }

    /// These after others were given and taken back, as of now. A reason that was given is given once.
    #[must_use]
    pub fn after(&self, given: &[GrantedReason], taken_back: &[String], now: Timestamp, context: &Context) -> Granted {
        let mut all = Granted { of: self.of.clone(), ..Granted::default() };
        for reason in given {
            all.of.entry(reason.id.clone()).or_insert_with(|| reason.clone());
        }
        taken_back.iter().for_each(|id| drop(all.of.remove(id)));
        all.of.retain(|_, reason| reason.to + KEPT > now);
        all.derive(context);
        all
    }

    /// The set-up may have changed: subjects are named in its spaces.
    pub fn derive(&mut self, context: &Context) {
        let classifier = &context.classifier;
        self.explanations = Explanations::granted(
            self.of.values().map(|reason| (reason.id.as_str(), reason.line.as_str())),
            &classifier.keys,
            classifier.catalog.spaces(),
        );
    }
}
