//! The named patterns of sale or provision that a finding can look like (docs/contract.md §7).

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! typologies {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A named pattern.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "the names are the definition")]
        pub enum Typology { $($variant),+ }

        impl Typology {
            /// Every typology, in the order of the contract.
            pub const ALL: &'static [Typology] = &[$(Typology::$variant),+];

            /// The name used in files, alerts and metrics.
            pub fn name(self) -> &'static str {
                match self { $(Typology::$variant => $name),+ }
            }
        }
    };
}

typologies! {
    BulkExtract = "bulk_extract",
    LowAndSlow = "low_and_slow",
    SubscriptionHarvest = "subscription_harvest",
    Enumeration = "enumeration",
    ToolDriven = "tool_driven",
    ListMatching = "list_matching",
    LookupToOrder = "lookup_to_order",
    DossierAssembly = "dossier_assembly",
    FabricatedBusiness = "fabricated_business",
    OutOfTerritory = "out_of_territory",
    BorrowedAccount = "borrowed_account",
    SharedPrivilege = "shared_privilege",
    GhostLeaver = "ghost_leaver",
    OffDuty = "off_duty",
    RoleWithoutNeed = "role_without_need",
    SegmentSkim = "segment_skim",
    TrackedPerson = "tracked_person",
    Celebrity = "celebrity",
    ControlChangeThenLookup = "control_change_then_lookup",
    PrivilegedBypass = "privileged_bypass",
    LogGap = "log_gap",
    ThresholdHugging = "threshold_hugging",
    SplittingCollusion = "splitting_collusion",
    VendorCohort = "vendor_cohort",
    Canary = "canary",
    DepartureHoarding = "departure_hoarding",
    Tampering = "tampering",
}

impl Typology {
    /// The typology of that name, if there is one.
    pub fn parse(name: &str) -> Option<Typology> {
        Typology::ALL.iter().copied().find(|typology| typology.name() == name)
    }
}

impl fmt::Display for Typology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
