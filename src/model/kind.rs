//! The kinds of personal information that a column can hold, and sets of them.
//!
//! Owns the names of the kinds of docs/contract.md §4. Which kind weighs how much is not known here: tiers are data of a
//! jurisdiction, see [`crate::model::statute`].

use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of personal information, as the catalog names it for a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the definition")]
pub enum Kind {
    Name,
    Age,
    IdNumber,
    MaritalStatus,
    Workplace,
    Education,
    WorkExperience,
    HomeAddress,
    PhoneNumber,
    HouseholdRegistration,
    OtherIdentifying,
    BankAccount,
    TelecomAccount,
    OtherPrivate,
    Biometric,
    Religion,
    Minor,
    LocationTrack,
    CommunicationContent,
    CreditReport,
    Property,
    Accommodation,
    CommunicationRecord,
    Health,
    Transaction,
    OtherSafety,
}

impl Kind {
    /// Every kind, in the order of declaration; `ALL[k as usize] == k`.
    pub const ALL: [Kind; 26] = [
        Kind::Name,
        Kind::Age,
        Kind::IdNumber,
        Kind::MaritalStatus,
        Kind::Workplace,
        Kind::Education,
        Kind::WorkExperience,
        Kind::HomeAddress,
        Kind::PhoneNumber,
        Kind::HouseholdRegistration,
        Kind::OtherIdentifying,
        Kind::BankAccount,
        Kind::TelecomAccount,
        Kind::OtherPrivate,
        Kind::Biometric,
        Kind::Religion,
        Kind::Minor,
        Kind::LocationTrack,
        Kind::CommunicationContent,
        Kind::CreditReport,
        Kind::Property,
        Kind::Accommodation,
        Kind::CommunicationRecord,
        Kind::Health,
        Kind::Transaction,
        Kind::OtherSafety,
    ];

    /// The name used in files, alerts and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Name => "name",
            Kind::Age => "age",
            Kind::IdNumber => "id_number",
            Kind::MaritalStatus => "marital_status",
            Kind::Workplace => "workplace",
            Kind::Education => "education",
            Kind::WorkExperience => "work_experience",
            Kind::HomeAddress => "home_address",
            Kind::PhoneNumber => "phone_number",
            Kind::HouseholdRegistration => "household_registration",
            Kind::OtherIdentifying => "other_identifying",
            Kind::BankAccount => "bank_account",
            Kind::TelecomAccount => "telecom_account",
            Kind::OtherPrivate => "other_private",
            Kind::Biometric => "biometric",
            Kind::Religion => "religion",
            Kind::Minor => "minor",
            Kind::LocationTrack => "location_track",
            Kind::CommunicationContent => "communication_content",
            Kind::CreditReport => "credit_report",
            Kind::Property => "property",
            Kind::Accommodation => "accommodation",
            Kind::CommunicationRecord => "communication_record",
            Kind::Health => "health",
            Kind::Transaction => "transaction",
            Kind::OtherSafety => "other_safety",
        }
    }

    /// The kind of that name, if there is one.
    pub fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of kinds, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
pub struct Kinds(pub u32);

impl Kinds {
    /// The empty set.
    pub const NONE: Kinds = Kinds(0);

    /// The set of one kind.
    pub fn of(kind: Kind) -> Kinds {
        Kinds(1 << kind as u32)
    }

    /// Whether no kind is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many kinds are in the set.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether the kind is in the set.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    /// Whether both sets share a kind.
    pub fn intersects(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }

    /// Kinds in either set.
    #[must_use]
    pub fn union(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Kinds in both sets.
    #[must_use]
    pub fn intersection(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    /// Kinds of this set that are not in the other.
    #[must_use]
    pub fn without(self, other: Kinds) -> Kinds {
        Kinds(self.0 & !other.0)
    }

    /// The kinds in the order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        // From bit to bit: sets have one or two of two dozen kinds, and every record is asked for them several times.
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = *Kind::ALL.get(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(next)
        })
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Kinds {
        kinds.into_iter().fold(Kinds::NONE, |set, kind| set.union(Kinds::of(kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_positions_agree() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
            assert_eq!(Kind::parse(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).expect("a kind is a string"), kind.name());
        }
    }
    #[test]
    fn the_kinds_of_a_set_come_in_the_order_of_declaration_and_bits_of_none_say_nothing() {
        assert!(Kinds(u32::MAX).iter().eq(Kind::ALL));
        let set = Kinds::of(Kind::ALL[0]).union(Kinds::of(Kind::ALL[5])).union(Kinds(1 << 31));
        assert_eq!(set.iter().collect::<Vec<_>>(), [Kind::ALL[0], Kind::ALL[5]]);
        assert_eq!(Kinds::NONE.iter().next(), None);
    }
}
