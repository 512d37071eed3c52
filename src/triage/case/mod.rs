//! The case: what people look at. All alerts of one person (account, source) that are open together are one case; a finding about a
//! group is one with its members.
//!
//! A case has an id, the [`CaseFeatures`] by which it is judged, and by the [`CaseWeights`] an expected share of true ones. None of it
//! changes an alert's id, score or content: it says in which order to look, and at what.

pub mod features;
pub mod weights;

use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use crate::triage::standing::Standing;
use features::CaseFeatures;
use serde::{Deserialize, Serialize};
use weights::CaseWeights;

/// The case of a revision, as of that revision.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct CaseView {
    /// Its id.
    pub id: String,
    /// By what it is judged.
    pub features: CaseFeatures,
    /// The expected share of true ones among cases like it, 0 to 1.
    pub probability: f64,
    /// Where it stands among others, whatever that share.
    pub standing: Standing,
    /// Whether it is a group's: its members have one case.
    pub is_group: bool,
}

impl CaseView {
    /// A case judged by weights.
    pub fn new(id: String, features: CaseFeatures, weights: &CaseWeights, standing: Standing) -> CaseView {
        let probability = weights.probability(&features);
        CaseView { id, features, probability, standing, is_group: false }
    }

    /// The same, of a group.
    #[must_use]
    pub fn of_group(self) -> CaseView {
        CaseView { is_group: true, ..self }
    }

    /// Whether so many of its like are expected to be true, or it is grave by nature.
    pub fn is_worth_a_look(&self, show_at: f64) -> bool {
        self.probability >= show_at || self.standing.grave
    }

    /// 0 to 100: so many of a hundred cases like it are expected to be true.
    pub fn score(&self) -> f64 {
        (self.probability * 1_000.0).round() / 10.0
    }
}

/// The case of a person, account or source: by the first finding of the alert that opened while none was open.
pub fn case_id(of: &str, first: (Timestamp, [u8; 32])) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"case\0").update(of.as_bytes()).update(&[0]);
    hasher.update(&first.0.0.to_le_bytes()).update(&first.1);
    hasher.finalize().to_hex()[..24].to_owned()
}

/// The case of a group: by its key, whoever is in it by now.
pub fn group_case_id(typology: Typology, group: u64) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"group\0").update(typology.name().as_bytes()).update(&[0]).update(&group.to_le_bytes());
    hasher.finalize().to_hex()[..24].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_that_of_the_person_and_the_first_finding_or_of_the_group() {
        let first = (Timestamp(7), [1; 32]);
        assert_eq!(case_id("E1", first), case_id("E1", first));
        assert_ne!(case_id("E1", first), case_id("E2", first));
        assert_ne!(case_id("E1", first), case_id("E1", (Timestamp(8), [1; 32])));
        assert_ne!(group_case_id(Typology::Celebrity, 5), group_case_id(Typology::VendorCohort, 5));
        assert_eq!(case_id("E1", first).len(), 24);
    }
}
