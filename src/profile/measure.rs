//! What is counted per day and held against history.
//!
//! One measure for each thing that a typology is known by. A day keeps only those that are not zero, so a measure that an
//! employee never moves costs nothing.

use crate::profile::counts::CountScope;
use serde::{Deserialize, Serialize};

macro_rules! measures {
    ($($(#[$doc:meta])+ $variant:ident = $words:literal),+ $(,)?) => {
        /// A daily count of one employee.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Measure { $($(#[$doc])+ $variant),+ }

        impl Measure {
            /// Every measure; `ALL[m as usize] == m`.
            pub const ALL: [Measure; Measure::COUNT] = [$(Measure::$variant),+];
            /// How many measures there are.
            pub const COUNT: usize = [$($words),+].len();

            /// What is counted, in words that follow a number.
            pub fn words(self) -> &'static str {
                match self { $(Measure::$variant => $words),+ }
            }
        }
    };
}

measures! {
    /// Distinct people touched.
    Persons = "people",
    /// Distinct people touched without a known reason.
    Unexplained = "people without a known reason",
    /// Those of them touched off duty.
    OffDuty = "people off duty",
    /// Subjects put together from several places and kinds without a known reason.
    Dossiers = "dossiers",
    /// People never looked at before, one by one, without a known or claimed reason, and not of one's own territory.
    Orders = "strangers looked up one by one",
    /// The same of any territory.
    Fresh = "people looked up one by one for the first time",
    /// People of another territory without a known reason.
    Foreign = "people of other territories",
    /// People of whom it is known whose territory they are.
    Owned = "people with a known territory",
    /// People touched under a purpose that nothing on file confirms; of a list a few at the most.
    Claimed = "people under an unconfirmed purpose",
    /// Those of them whose claimed reference is somebody else's and not about them.
    ClaimedOther = "people under somebody else's reference",
    /// Those of them whose claimed reference is on no file, where that of most colleagues is.
    ClaimedUnknown = "people under a reference that is on no file",
    /// People touched under any purpose.
    Purposed = "people under a purpose",
    /// People written to after they had been looked at: business that followed an enquiry.
    Followed = "people with business that followed",
    /// Look-ups by key that found nobody, without a known reason.
    Misses = "look-ups that found nobody",
    /// People reached by counting ids up or down, by prefixes or by paging, without a known reason.
    Enumerated = "people reached by enumeration",
    /// Accesses in the rhythm of a machine.
    Mechanical = "accesses in a machine's rhythm",
    /// People chosen by a condition on events or values, with contact data, without a known reason.
    Segment = "people chosen by a condition",
    /// People read by a program that talks to the database directly, without a known reason.
    Direct = "people read with direct tools",
    /// People touched from a device or place that is new for this employee, without a known reason.
    NewPlace = "people from a new device",
    /// Changes of the terminal within minutes.
    Switches = "changes of terminal",
    /// People touched where the peers have nothing to do, without a known reason.
    Rare = "people where peers do not look",
    /// Hours of the last week in which the most followed subject was looked at without a known reason.
    Polls = "hours in which one subject was looked at",
    /// Subjects looked at right after their protection was changed, without a known reason.
    Controls = "look-ups after a change of protection",
    /// Subjects of public interest, or colleagues, without a known reason.
    Vips = "people of public interest",
    /// Those of them looked up one by one.
    VipsSingly = "people of public interest looked up one by one",
    /// Accesses with signs of what can only be meant against the record.
    Tampered = "accesses with signs of tampering",
    /// Of a login that asks for others: for how many.
    SpokenFor = "employees spoken for",
    /// Of a login that asks for others: names that it gave and that were not believed.
    RejectedNames = "names that are nobody's",
    /// Of a login that asks for others: people touched without a known reason for the one for whom it touched the most.
    LargestClaim = "people for one of those spoken for",
    /// People touched one by one without a known reason, whatever was claimed and whoever they are.
    Singly = "people looked up one by one",
}

impl Measure {
    /// Of which accesses of unknown size a figure holds a stand-in; `None`: of none.
    pub fn stands_in_for(self) -> Option<CountScope> {
        match self {
            Measure::Persons | Measure::Purposed => Some(CountScope::Exposure),
            Measure::Unexplained | Measure::OffDuty | Measure::Enumerated => Some(CountScope::Unexplained),
            Measure::Segment | Measure::Direct | Measure::NewPlace | Measure::Rare => Some(CountScope::Unexplained),
            Measure::LargestClaim => Some(CountScope::Unexplained),
            Measure::Claimed | Measure::ClaimedOther | Measure::ClaimedUnknown => None,
            Measure::Dossiers | Measure::Orders | Measure::Fresh | Measure::Foreign | Measure::Owned | Measure::Followed => None,
            Measure::Misses
            | Measure::Mechanical
            | Measure::Switches
            | Measure::Polls
            | Measure::Controls
            | Measure::Vips
            | Measure::VipsSingly
            | Measure::Tampered
            | Measure::Singly => None,
            Measure::SpokenFor | Measure::RejectedNames => None,
        }
    }

    /// Whether the figure of a day is its largest, and not its sum.
    pub fn is_peak(self) -> bool {
        matches!(self, Measure::Polls | Measure::LargestClaim)
    }

    /// Whether a peak that the whole peer group shares says nothing about one of them: plain volumes of work do rise together.
    pub fn rises_together(self) -> bool {
        match self {
            Measure::Persons
            | Measure::Unexplained
            | Measure::OffDuty
            | Measure::Orders
            | Measure::Fresh
            | Measure::Singly
            | Measure::Foreign
            | Measure::Owned => true,
            Measure::Claimed | Measure::Purposed | Measure::Followed | Measure::Misses | Measure::Segment | Measure::Rare => true,
            Measure::Dossiers | Measure::Enumerated | Measure::Mechanical | Measure::Direct | Measure::NewPlace => false,
            Measure::Switches | Measure::Polls | Measure::Controls | Measure::Vips | Measure::VipsSingly | Measure::Tampered => false,
            Measure::SpokenFor | Measure::RejectedNames | Measure::LargestClaim => false,
            Measure::ClaimedOther | Measure::ClaimedUnknown => false,
        }
    }

    /// Whether it counts what no reason is on file for, so that it rises where reasons are not kept.
    pub fn rests_on_reasons(self) -> bool {
        match self {
            Measure::Unexplained | Measure::OffDuty | Measure::Dossiers | Measure::Orders | Measure::Fresh | Measure::Foreign => true,
            Measure::Misses | Measure::Enumerated | Measure::Segment | Measure::Direct | Measure::NewPlace | Measure::Rare => true,
            Measure::Polls | Measure::Controls | Measure::Vips | Measure::VipsSingly | Measure::Singly => true,
            Measure::Persons | Measure::Owned | Measure::Purposed | Measure::Followed | Measure::Mechanical | Measure::Switches => false,
            Measure::Claimed | Measure::ClaimedOther | Measure::ClaimedUnknown | Measure::Tampered => false,
            Measure::SpokenFor | Measure::RejectedNames | Measure::LargestClaim => false,
        }
    }
}

/// One figure for each measure.
pub type Figures = [u32; Measure::COUNT];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_stands_at_its_own_number_and_all_fit_in_a_word_beside_a_flag() {
        assert!(Measure::ALL.iter().enumerate().all(|(at, measure)| *measure as usize == at));
        const { assert!(Measure::COUNT < 32) };
    }
}
