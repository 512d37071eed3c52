//! What decides beside the expected share of true ones where a case stands among the others: how surely it is about whom it names,
//! whether it is grave by nature, and from which one place it came together with others.

use crate::detect::Finding;
use crate::model::statute::GRAVEST_KINDS;
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use serde::{Deserialize, Serialize};

/// The least of a hundred cases that are taken to be true where they are grave by nature.
pub const FLOOR: f64 = 90.0;

/// From so many bits on a detector that often speaks of innocent people is taken for sure.
const STRONG: f64 = 20.0;

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
    /// The expected share of true ones, as thousandths of log-odds, with the floor.
    odds: i32,
}

/// An expected share of true ones as thousandths of log-odds.
pub fn odds(probability: f64) -> i32 {
    // Neither certainty is one: what is sure lies beyond all that can be expected.
    ((probability / (1.0 - probability)).ln() * 1_000.0).clamp(-1e6, 1e6) as i32
}

impl Rank {
    /// A rank above which nothing is asked for.
    pub const LEAST: Rank = Rank { authenticated: false, odds: i32::MIN };
}

impl Standing {
    /// The rank of a case of which that share is expected to be true.
    pub fn rank(self, probability: f64) -> Rank {
        let probability = if self.grave { probability.max(FLOOR / 100.0) } else { probability };
        Rank { authenticated: !self.claimed, odds: odds(probability) }
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
        // Where dossiers come with the work, one more is none that was ordered.
        Typology::DossierAssembly => weight >= GRAVEST_KINDS && finding.bits >= STRONG,
        Typology::TrackedPerson => weight >= GRAVEST_KINDS,
        // To hand over those whom one knows is a leaver's work.
        Typology::DepartureHoarding => finding.measure != Measure::Unexplained && finding.bits >= STRONG,
        _ => false,
    }
}

/// Whether a typology is grave for being without a reason.
pub fn rests_on_reasons(typology: Typology) -> bool {
    matches!(typology, Typology::DossierAssembly | Typology::TrackedPerson)
}

/// Whether one finding that is grave by nature opens an alert however often such findings are made here, and where nothing was measured
/// yet: what is done to the record itself must not become usual by being done to everybody's, no business leads to a planted record, and
/// nobody works where they are not employed.
pub fn speaks_alone(typology: Typology) -> bool {
    matches!(typology, Typology::Tampering | Typology::LogGap | Typology::Canary | Typology::GhostLeaver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hoarding_is_grave_where_it_is_strong_and_no_handing_over() {
        let hoards = |measure: Measure, bits: f64| {
            let (window, count, unknown, related) = (crate::profile::window::Window::D7, 90, 0, Vec::new());
            let particular = String::new();
            let finding =
                Finding { typology: Typology::DepartureHoarding, window, count, unknown, measure, bits, particular, related, group: None };
            is_grave(&finding, 1, true)
        };
        assert!(hoards(Measure::Fresh, 25.0) && !hoards(Measure::Fresh, 15.0) && !hoards(Measure::Unexplained, 25.0));
    }

    #[test]
    fn grave_alerts_have_a_floor_and_claims_stand_below_all_others() {
        let (plain, grave) = (Standing::default(), Standing { grave: true, ..Standing::default() });
        let claimed = Standing { claimed: true, grave: true, place: 7 };
        assert!(grave.rank(0.41) > plain.rank(0.89) && grave.rank(0.41) < plain.rank(0.95));
        assert!(claimed.rank(0.99) < plain.rank(0.41));
        assert!(Rank::LEAST < claimed.rank(0.0) && plain.rank(0.0) < plain.rank(1.0), "no certainty is out of order");
        assert_eq!(claimed.with(plain), Standing { grave: true, claimed: false, place: 0 });
    }
}
