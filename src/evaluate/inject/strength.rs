//! How much is planted of each typology: people a day and days, for three strengths.

use crate::model::typology::Typology;
use serde::{Deserialize, Serialize};

/// How plain a planted case is to see.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub enum Strength {
    /// Nobody could overlook it.
    Obvious,
    /// It takes a comparison with what is usual.
    #[default]
    Medium,
    /// Hardly more than everybody's days.
    Subtle,
}

impl Strength {
    /// All of them, from the plainest.
    pub const ALL: [Strength; 3] = [Strength::Obvious, Strength::Medium, Strength::Subtle];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Strength::Obvious => "obvious",
            Strength::Medium => "medium",
            Strength::Subtle => "subtle",
        }
    }

    /// The strength of that name.
    pub fn parse(name: &str) -> Option<Strength> {
        Strength::ALL.into_iter().find(|strength| strength.name() == name)
    }

    /// One of three.
    pub fn of<T: Copy>(self, of: [T; 3]) -> T {
        of[self as usize]
    }
}

/// People a day (for a few typologies acts, hours or the limit) and days, from obvious to subtle.
const USUAL: &[(Typology, [(u32, u32); 3])] = &[
    (Typology::BulkExtract, [(6_000, 1), (2_000, 1), (250, 1)]),
    (Typology::LowAndSlow, [(80, 20), (40, 20), (20, 20)]),
    (Typology::SubscriptionHarvest, [(600, 4), (300, 4), (60, 4)]),
    (Typology::Enumeration, [(400, 2), (80, 3), (25, 5)]),
    (Typology::ToolDriven, [(2_000, 2), (200, 2), (60, 2)]),
    (Typology::ListMatching, [(300, 1), (60, 3), (20, 4)]),
    (Typology::LookupToOrder, [(30, 10), (15, 10), (5, 15)]),
    (Typology::DossierAssembly, [(8, 6), (3, 5), (2, 4)]),
    (Typology::FabricatedBusiness, [(40, 15), (25, 10), (8, 20)]),
    (Typology::OutOfTerritory, [(70, 8), (30, 10), (11, 18)]),
    (Typology::BorrowedAccount, [(150, 4), (30, 3), (15, 5)]),
    (Typology::SharedPrivilege, [(400, 6), (70, 6), (25, 8)]),
    (Typology::GhostLeaver, [(200, 2), (60, 3), (15, 2)]),
    (Typology::DepartureHoarding, [(200, 2), (60, 5), (20, 8)]),
    (Typology::OffDuty, [(150, 4), (30, 5), (12, 3)]),
    (Typology::RoleWithoutNeed, [(50, 3), (20, 5), (4, 5)]),
    (Typology::SegmentSkim, [(900, 2), (150, 3), (20, 5)]),
    (Typology::TrackedPerson, [(24, 4), (8, 5), (3, 6)]),
    (Typology::Celebrity, [(1, 3), (1, 4), (1, 10)]),
    (Typology::ControlChangeThenLookup, [(12, 4), (5, 3), (2, 7)]),
    (Typology::PrivilegedBypass, [(3_000, 2), (300, 2), (15, 5)]),
    (Typology::LogGap, [(5, 1), (2, 1), (1, 1)]),
    (Typology::ThresholdHugging, [(100, 20), (100, 20), (50, 20)]),
    (Typology::SplittingCollusion, [(60, 5), (30, 5), (14, 8)]),
    (Typology::VendorCohort, [(40, 5), (15, 6), (6, 8)]),
    (Typology::Canary, [(3, 2), (1, 1), (1, 1)]),
    (Typology::Tampering, [(500, 1), (50, 1), (2, 1)]),
];

/// Typologies that can be planted.
pub fn plantable() -> impl Iterator<Item = Typology> {
    USUAL.iter().map(|(typology, _)| *typology)
}

/// People a day and days of a typology.
pub fn usual(typology: Typology, strength: Strength) -> Option<(u32, u32)> {
    USUAL.iter().find(|(of, _)| *of == typology).map(|(_, usual)| strength.of(*usual))
}

/// How many act together.
pub fn team(typology: Typology, strength: Strength) -> usize {
    match typology {
        Typology::SplittingCollusion => 4,
        Typology::VendorCohort => strength.of([5, 4, 3]),
        Typology::Celebrity => strength.of([8, 5, 1]),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_typology_can_be_planted_and_the_subtle_is_no_more_than_the_obvious() {
        let known: BTreeSet<&str> = plantable().map(Typology::name).collect();
        let missing: Vec<&str> = Typology::ALL.iter().map(|typology| typology.name()).filter(|name| !known.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        for typology in plantable() {
            let people = Strength::ALL.map(|strength| usual(typology, strength).map_or(0, |(people, _)| people));
            assert!(people[0] >= people[1] && people[1] >= people[2] && people[2] > 0, "{typology}: {people:?}");
        }
    }
}
