//! What becomes of a decision, by name: every one that is read has an outcome as it is taken in, and another as its hour comes.

use crate::model::decision::VerdictOutcome;
use crate::model::typology::Typology;
use serde::{Deserialize, Serialize};

/// What became of a decision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum DecisionOutcome {
    /// It waits for its hour.
    Taken,
    /// It waits for an hour after its own, which had passed.
    Late,
    /// It came before.
    Repeated,
    /// It is one too many.
    TooMany,
    /// It is in force.
    InForce,
    /// A verdict that had not seen the newest revision: nothing of it holds.
    Stale,
    /// It is about alerts, a case or a decision that are not known.
    Unknown,
    /// What it was about had ended before it came into force.
    Over,
    /// It is no decision; counted where it is read.
    Invalid,
}

impl DecisionOutcome {
    /// All of them.
    pub const ALL: [DecisionOutcome; 9] = {
        use DecisionOutcome as O;
        [O::Taken, O::Late, O::Repeated, O::TooMany, O::InForce, O::Stale, O::Unknown, O::Over, O::Invalid]
    };

    /// The label in metrics.
    pub fn name(self) -> &'static str {
        match self {
            DecisionOutcome::Taken => "taken",
            DecisionOutcome::Late => "late",
            DecisionOutcome::Repeated => "repeated",
            DecisionOutcome::TooMany => "too_many",
            DecisionOutcome::InForce => "in_force",
            DecisionOutcome::Stale => "stale",
            DecisionOutcome::Unknown => "unknown",
            DecisionOutcome::Over => "over",
            DecisionOutcome::Invalid => "invalid",
        }
    }

    /// Whether somebody should look at it.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::TooMany | Self::Stale | Self::Unknown | Self::Over | Self::Invalid)
    }
}

/// What is told of a decision: its id, its kind, and what became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionNote {
    /// The id.
    pub id: String,
    /// The kind.
    pub kind: &'static str,
    /// What became of it.
    pub outcome: DecisionOutcome,
    /// The UTC hour, since 1970, at which it comes into force, or came.
    pub hour: i64,
    /// What a verdict said of which typologies, once for each case, where it came into force.
    pub judged: Vec<Judgement>,
}

/// What a verdict says of a typology.
pub type Judgement = (Typology, VerdictOutcome);
