//! The tiers of a jurisdiction, as data: how much an item of each kind weighs, and the bands of the score.
//!
//! Arithmetic only. A band says that a number is comparable with a figure of the law, and nothing about anybody's guilt.

use crate::model::kind::{Kind, Kinds};
use crate::model::problem::Problem;
use serde::Deserialize;

/// The statute file that is used where none is configured.
pub const CN_2017: &str = include_str!("../../config/statutes/cn-2017.toml");

/// Weight of the gravest kinds (docs/contract.md §4, tier 50).
pub const GRAVEST_KINDS: u64 = 100;

/// A checked statute file.
#[derive(Clone, PartialEq, Debug)]
pub struct Statute {
    /// Its name, e.g. `cn-2017`.
    pub jurisdiction: String,
    /// The article that the bands are of.
    pub article: String,
    /// Inclusive lower bound of `serious`, ordinary.
    pub serious: u64,
    /// Inclusive lower bound of `especially_serious`, ordinary.
    pub especially_serious: u64,
    /// By how much the bands shrink for information obtained on duty.
    pub on_duty_divisor: u64,
    /// The tiers, gravest first.
    pub tiers: Vec<Tier>,
    /// Kinds that count once together for one subject under reading A.
    pub identity: Kinds,
    weights: [u64; Kind::ALL.len()],
}

/// Kinds of the same weight.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tier {
    /// So many items are "serious": 50, 500, 5,000.
    pub items: u64,
    /// Its kinds.
    pub kinds: Kinds,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileAsWritten {
    jurisdiction: String,
    article: String,
    serious: u64,
    especially_serious: u64,
    on_duty_divisor: u64,
    tier: Vec<TierAsWritten>,
    identity: IdentityAsWritten,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierAsWritten {
    items: u64,
    kinds: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityAsWritten {
    kinds: Vec<String>,
}

/// The band of a score.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Band {
    /// Below every figure of the law.
    Below,
    /// Comparable with the lower figure.
    Serious,
    /// Comparable with ten times that.
    EspeciallySerious,
}

impl Band {
    /// The name used in alerts.
    pub fn name(self) -> &'static str {
        match self {
            Band::Below => "below",
            Band::Serious => "serious",
            Band::EspeciallySerious => "especially_serious",
        }
    }
}

impl Statute {
    /// Reads a statute file. `file` names it in problems.
    pub fn parse(text: &str, file: &str) -> Result<Statute, Vec<Problem>> {
        let written: FileAsWritten = toml::from_str(text).map_err(|e| vec![crate::model::toml_problem(file, text, &e)])?;
        let mut problems = Vec::new();
        let mut kinds = |place: &str, names: &[String]| -> Kinds {
            let known = names.iter().filter_map(|name| {
                let kind = Kind::parse(name);
                if kind.is_none() {
                    problems.push(Problem::new(format!("{file}: {place}"), "must list kinds", name));
                }
                kind
            });
            known.collect()
        };
        let identity = kinds("identity.kinds", &written.identity.kinds);
        let mut tiers: Vec<Tier> = written
            .tier
            .iter()
            .enumerate()
            .map(|(i, tier)| Tier { items: tier.items, kinds: kinds(&format!("tier[{i}].kinds"), &tier.kinds) })
            .collect();
        tiers.sort_by_key(|tier| tier.items);
        let mut weights = [0; Kind::ALL.len()];
        for tier in &tiers {
            if tier.items == 0 || !written.serious.is_multiple_of(tier.items) {
                problems.push(Problem::new(format!("{file}: tier.items"), "must divide `serious`", tier.items));
                continue;
            }
            for kind in tier.kinds.iter() {
                weights[kind as usize] = written.serious / tier.items;
            }
        }
        for kind in Kind::ALL.into_iter().filter(|kind| weights[*kind as usize] == 0) {
            problems.push(Problem::new(format!("{file}: tier"), "every kind must be in a tier, missing", kind));
        }
        if written.on_duty_divisor == 0 {
            problems.push(Problem::new(format!("{file}: on_duty_divisor"), "must be > 0", 0));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Statute {
            jurisdiction: written.jurisdiction,
            article: written.article,
            serious: written.serious,
            especially_serious: written.especially_serious,
            on_duty_divisor: written.on_duty_divisor,
            tiers,
            identity,
            weights,
        })
    }

    /// The statute that comes with the program.
    pub fn built_in() -> Statute {
        Statute::parse(CN_2017, "config/statutes/cn-2017.toml").expect("the statute file that comes with the program is valid")
    }

    /// What one item of the kind adds to the score.
    pub fn weight(&self, kind: Kind) -> u64 {
        self.weights[kind as usize]
    }

    /// Reading A of one subject: each kind once, the identity kinds once together.
    pub fn weight_a(&self, kinds: Kinds) -> u64 {
        let identity = kinds.intersection(self.identity).iter().map(|kind| self.weight(kind)).max().unwrap_or(0);
        identity + kinds.without(self.identity).iter().map(|kind| self.weight(kind)).sum::<u64>()
    }

    /// Reading B of one subject: once, at its gravest kind.
    pub fn weight_b(&self, kinds: Kinds) -> u64 {
        kinds.iter().map(|kind| self.weight(kind)).max().unwrap_or(0)
    }

    /// The band of a score. Bounds are inclusive.
    pub fn band(&self, score: u64, on_duty: bool) -> Band {
        let divisor = if on_duty { self.on_duty_divisor } else { 1 };
        match score {
            s if s.saturating_mul(divisor) >= self.especially_serious => Band::EspeciallySerious,
            s if s.saturating_mul(divisor) >= self.serious => Band::Serious,
            _ => Band::Below,
        }
    }

    /// The items of the tier that a set of kinds falls into, gravest first; `None` for no kinds.
    pub fn tier_of(&self, kinds: Kinds) -> Option<u64> {
        self.tiers.iter().find(|tier| tier.kinds.intersects(kinds)).map(|tier| tier.items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_interpretation() {
        let statute = Statute::built_in();
        assert_eq!(statute.weight(Kind::CreditReport), 100);
        assert_eq!(statute.weight(Kind::Health), 10);
        assert_eq!(statute.weight(Kind::Name), 1);
    }

    #[test]
    fn bands_are_inclusive_and_halved_on_duty() {
        let statute = Statute::built_in();
        assert_eq!(statute.band(2_499, true), Band::Below);
        assert_eq!(statute.band(2_500, true), Band::Serious);
        assert_eq!(statute.band(25_000, true), Band::EspeciallySerious);
        assert_eq!(statute.band(4_999, false), Band::Below);
        assert_eq!(statute.band(5_000, false), Band::Serious);
        assert_eq!(statute.band(50_000, false), Band::EspeciallySerious);
    }

    #[test]
    fn identity_kinds_count_once_together_under_reading_a() {
        let statute = Statute::built_in();
        let identity: Kinds = [Kind::Name, Kind::PhoneNumber].into_iter().collect();
        assert_eq!((statute.weight_a(identity), statute.weight_b(identity)), (1, 1));
        let lodging = identity.union(Kinds::of(Kind::Accommodation));
        assert_eq!((statute.weight_a(lodging), statute.weight_b(lodging)), (11, 10));
    }

    #[test]
    fn a_file_that_forgets_a_kind_is_refused() {
        let text = CN_2017.replace("\"health\", ", "");
        let problems = Statute::parse(&text, "x.toml").expect_err("is refused");
        assert!(problems[0].to_string().contains("health"), "{}", problems[0]);
    }
}
