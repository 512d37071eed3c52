//! By what a case is judged: what each typology's findings are worth here, in bits, and few circumstances.
//!
//! A circumstance is a line in the list below and the place that sets it. Those that are nought are left out.

use crate::detect::{EvidenceFamily, family};
use crate::model::typology::Typology;
use crate::triage::{Episode, WEAKEST};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! circumstances {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal),+ $(,)?) => {
        /// What is weighed beside the typologies.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum Circumstance { $($(#[doc = $doc])+ $variant),+ }

        impl Circumstance {
            /// Every circumstance.
            pub const ALL: &'static [Circumstance] = &[$(Circumstance::$variant),+];

            /// Its name in files of weights.
            pub fn name(self) -> &'static str {
                match self { $(Circumstance::$variant => $name),+ }
            }
        }
    };
}

circumstances! {
    /// Bits of the strongest pattern.
    Strongest = "strongest",
    /// Bits of the strongest pattern of each other family, together.
    Others = "others",
    /// log10 of the people, each by the weight of the gravest kind, of the gravest pattern.
    Gravity = "gravity",
    /// Families of evidence that speak, beyond the first.
    Families = "families",
    /// Grave by nature: 1.
    Grave = "grave",
    /// Days with findings, beyond the first, as log2 of one more.
    Days = "days",
    /// Weeks for which the case has been open.
    Weeks = "weeks",
    /// The share of the peer group of which the strongest pattern speaks as well.
    GroupShare = "group_share",
    /// The share of the unit of which the strongest pattern speaks as well.
    UnitShare = "unit_share",
    /// New here: 1 on the first day, 0 from the fifth week on.
    Newcomer = "newcomer",
    /// All that is known of the person is what a login claimed: 1.
    Claimed = "claimed",
    /// log2 of the members of a group.
    Members = "members",
    /// log2 of the members of a group of six and more, all of one unit and role: a campaign that a branch thought up by itself.
    OneJob = "one_job",
    /// There are too few employees to measure how often a pattern speaks here, so that bits are discounted: 1.
    Unmeasured = "unmeasured",
    /// The share of people under a reason that is somebody else's.
    ClaimedOther = "claimed_other",
    /// The share of people under a reason that no register knows.
    ClaimedUnknown = "claimed_unknown",
    /// The personnel data came late: 1.
    LateFeed = "late_feed",
}

/// Most bits of one typology that count.
const MOST: f64 = 60.0;

/// By what a case is judged.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct CaseFeatures {
    /// What the findings of each typology are worth here, in bits.
    worth: BTreeMap<Typology, f64>,
    circumstances: BTreeMap<Circumstance, f64>,
}

impl CaseFeatures {
    /// What the episodes of a case say. `weight_of` is the statute's weight of what an episode touched.
    pub fn of<'e>(episodes: impl IntoIterator<Item = &'e Episode>, weight_of: impl Fn(&Episode) -> u64) -> CaseFeatures {
        let mut features = CaseFeatures::default();
        let mut best: BTreeMap<EvidenceFamily, f64> = BTreeMap::new();
        let (mut gravity, mut days, mut claimed, mut grave) = (0.0_f64, 0, true, false);
        for episode in episodes.into_iter().filter(|episode| episode.worth > 0.0) {
            let bits = episode.worth.min(MOST);
            let worth = features.worth.entry(episode.typology).or_default();
            *worth = worth.max(bits);
            let of_family = best.entry(family(episode.typology)).or_default();
            *of_family = of_family.max(bits);
            if episode.worth >= WEAKEST {
                gravity = gravity.max((episode.peak.count.saturating_mul(weight_of(episode)) as f64 + 1.0).log10());
            }
            days = days.max(episode.days_with_findings());
            claimed &= episode.standing.claimed;
            grave |= episode.standing.grave;
        }
        let strongest = best.values().copied().fold(0.0, f64::max);
        let flag = |holds: bool| f64::from(u8::from(holds));
        features.set(Circumstance::Strongest, strongest);
        features.set(Circumstance::Others, best.values().sum::<f64>() - strongest);
        features.set(Circumstance::Gravity, gravity);
        features.set(Circumstance::Families, (best.values().filter(|bits| **bits >= WEAKEST).count() as f64 - 1.0).max(0.0));
        features.set(Circumstance::Grave, flag(grave));
        features.set(Circumstance::Days, f64::from(days.max(1)).log2());
        features.set(Circumstance::Claimed, flag(claimed && !features.worth.is_empty()));
        features
    }

    /// Sets a circumstance.
    pub fn set(&mut self, circumstance: Circumstance, value: f64) {
        if value == 0.0 || !value.is_finite() {
            self.circumstances.remove(&circumstance);
        } else {
            self.circumstances.insert(circumstance, value);
        }
    }

    /// A circumstance; 0 where it does not hold.
    pub fn get(&self, circumstance: Circumstance) -> f64 {
        self.circumstances.get(&circumstance).copied().unwrap_or(0.0)
    }

    /// What the findings of each typology are worth, in bits.
    pub fn worth(&self) -> impl Iterator<Item = (Typology, f64)> {
        self.worth.iter().map(|(typology, bits)| (*typology, *bits))
    }

    /// All circumstances that are not nought.
    pub fn circumstances(&self) -> impl Iterator<Item = (Circumstance, f64)> {
        self.circumstances.iter().map(|(circumstance, value)| (*circumstance, *value))
    }

    /// The typology that speaks loudest.
    pub fn loudest(&self) -> Option<Typology> {
        self.worth.iter().max_by(|a, b| a.1.total_cmp(b.1)).map(|(typology, _)| *typology)
    }
}
