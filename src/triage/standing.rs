//! What decides beside the score where an alert stands among the others: how surely it is about whom it names, whether it is grave by
//! nature, and from which one place it came together with others.

use crate::detect::Finding;
use crate::model::typology::Typology;
use serde::{Deserialize, Serialize};

/// The least score by which an alert that is grave by nature is ranked.
pub const FLOOR: f64 = 90.0;

/// Weight of the gravest kinds of the statute (docs/contract.md §4, tier 50).
const GRAVEST_KINDS: u64 = 100;

/// Where an alert stands, whatever its score.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Standing {
    /// Grave by nature, whatever the volume.
    pub grave: bool,
    /// All that is known of the person is what a login claimed.
    pub claimed: bool,
    /// Print of the one login or device that may be behind alerts of many people; 0 for none.
    pub place: u64,
}

/// A place in the order in which to look: the greater, the earlier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Rank {
    /// Nobody is pushed aside by what a login says of others.
    authenticated: bool,
    /// Tenths of the score, with the floor.
    tenths: u32,
}

impl Standing {
    /// The rank of an alert of that score.
    pub fn rank(self, score: f64) -> Rank {
        let score = if self.grave { score.max(FLOOR) } else { score };
        Rank { authenticated: !self.claimed, tenths: (score * 10.0) as u32 }
    }

    /// What another finding of the same episode adds: one that is sure, or grave, makes all of it so.
    #[must_use]
    pub fn with(self, more: Standing) -> Standing {
        let place = if self.place == more.place { self.place } else { 0 };
        Standing { grave: self.grave || more.grave, claimed: self.claimed && more.claimed, place }
    }
}

/// Whether a finding is grave by nature. `weight` is that of the gravest kind touched, `employed` whether the access fell within the dates
/// of employment.
pub fn is_grave(finding: &Finding, weight: u64, employed: bool) -> bool {
    match finding.typology {
        Typology::Canary | Typology::Tampering => true,
        // Of a source's own gaps nobody is the author: those are not judged here.
        Typology::LogGap => true,
        Typology::GhostLeaver => !employed,
        Typology::DossierAssembly | Typology::TrackedPerson => weight >= GRAVEST_KINDS,
        _ => false,
    }
}

/// Whether one finding opens an alert however often such findings are made here: what is done to the record itself must not become usual
/// by being done to everybody's.
pub fn speaks_alone(typology: Typology) -> bool {
    matches!(typology, Typology::Tampering | Typology::LogGap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grave_alerts_have_a_floor_and_claims_stand_below_all_others() {
        let (plain, grave) = (Standing::default(), Standing { grave: true, ..Standing::default() });
        let claimed = Standing { claimed: true, grave: true, place: 7 };
        assert!(grave.rank(41.0) > plain.rank(89.0) && grave.rank(41.0) < plain.rank(95.0));
        assert!(claimed.rank(99.0) < plain.rank(41.0));
        assert_eq!(claimed.with(plain), Standing { grave: true, claimed: false, place: 0 });
    }
}
