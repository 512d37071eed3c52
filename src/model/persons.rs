//! A count of people that says how certain it is.
//!
//! Owns the arithmetic of certainty: what is exact stays exact only while nothing unsure joins it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// How many distinct people, and how sure that is. Never a guess dressed as a fact.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Persons {
    /// Just so many.
    Exact(u64),
    /// No more than so many.
    AtMost(u64),
    /// So many are known, and something of unknown size came on top (windows only).
    AtLeast(u64),
    /// The log does not say.
    Unknown,
}

impl Persons {
    /// No person.
    pub const NOBODY: Persons = Persons::Exact(0);

    /// The figure that detectors and readers work with; an unknown count has none.
    pub fn figure(self) -> Option<u64> {
        match self {
            Persons::Exact(n) | Persons::AtMost(n) | Persons::AtLeast(n) => Some(n),
            Persons::Unknown => None,
        }
    }

    /// Whether it is certain that nobody was disclosed.
    pub fn is_nobody(self) -> bool {
        matches!(self, Persons::Exact(0) | Persons::AtMost(0))
    }

    /// The same figure, no longer sure to be reached.
    #[must_use]
    pub fn at_most(self) -> Persons {
        match self {
            Persons::Exact(0) | Persons::AtMost(0) => Persons::NOBODY,
            Persons::Exact(n) | Persons::AtMost(n) => Persons::AtMost(n),
            Persons::AtLeast(_) | Persons::Unknown => Persons::Unknown,
        }
    }

    /// An exact count becomes an upper bound; a lower bound stays one.
    #[must_use]
    pub fn at_most_unless_open(self) -> Persons {
        match self {
            Persons::Exact(_) | Persons::AtMost(_) => self.at_most(),
            Persons::AtLeast(_) | Persons::Unknown => self,
        }
    }

    /// No more than `bound` of them: a bound from elsewhere (key values, a LIMIT) caps the count.
    #[must_use]
    pub fn capped(self, bound: u64) -> Persons {
        match self {
            Persons::Exact(n) if n <= bound => Persons::Exact(n),
            Persons::Exact(n) | Persons::AtMost(n) => Persons::AtMost(n.min(bound)),
            Persons::AtLeast(_) | Persons::Unknown => Persons::AtMost(bound),
        }
    }
}

impl Default for Persons {
    fn default() -> Persons {
        Persons::NOBODY
    }
}

/// Snapshots keep persons as a pair: their encoding does not describe itself, so the contract's JSON shape cannot be read back.
impl Persons {
    fn packed(self) -> (u8, u64) {
        match self {
            Persons::Exact(n) => (0, n),
            Persons::AtMost(n) => (1, n),
            Persons::AtLeast(n) => (2, n),
            Persons::Unknown => (3, 0),
        }
    }

    fn unpacked((tag, n): (u8, u64)) -> Persons {
        match tag {
            0 => Persons::Exact(n),
            1 => Persons::AtMost(n),
            2 => Persons::AtLeast(n),
            _ => Persons::Unknown,
        }
    }
}

impl fmt::Display for Persons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Persons::Exact(n) => write!(f, "{n}"),
            Persons::AtMost(n) => write!(f, "at most {n}"),
            Persons::AtLeast(n) => write!(f, "at least {n}"),
            Persons::Unknown => f.write_str("an unknown number of"),
        }
    }
}

impl Serialize for Persons {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        if !to.is_human_readable() {
            return self.packed().serialize(to);
        }
        let (key, n) = match self {
            Persons::Exact(n) => ("exact", n),
            Persons::AtMost(n) => ("at_most", n),
            Persons::AtLeast(n) => ("at_least", n),
            Persons::Unknown => return to.serialize_str("unknown"),
        };
        let mut map = to.serialize_map(Some(1))?;
        map.serialize_entry(key, n)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Persons {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return <(u8, u64)>::deserialize(from).map(Persons::unpacked);
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Known {
            Exact(u64),
            AtMost(u64),
            AtLeast(u64),
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Known(Known),
            Word(String),
        }
        match Wire::deserialize(from)? {
            Wire::Known(Known::Exact(n)) => Ok(Persons::Exact(n)),
            Wire::Known(Known::AtMost(n)) => Ok(Persons::AtMost(n)),
            Wire::Known(Known::AtLeast(n)) => Ok(Persons::AtLeast(n)),
            Wire::Word(word) if word == "unknown" => Ok(Persons::Unknown),
            Wire::Word(_) => Err(D::Error::custom("persons must be exact, at_most, at_least or \"unknown\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_the_contract_writes_it() {
        for (persons, text) in [
            (Persons::Exact(3), r#"{"exact":3}"#),
            (Persons::AtMost(3), r#"{"at_most":3}"#),
            (Persons::AtLeast(3), r#"{"at_least":3}"#),
            (Persons::Unknown, r#""unknown""#),
        ] {
            assert_eq!(serde_json::to_string(&persons).expect("writes"), text);
            assert_eq!(serde_json::from_str::<Persons>(text).expect("reads"), persons);
        }
    }

    #[test]
    fn a_bound_below_the_count_makes_it_unsure() {
        assert_eq!(Persons::Exact(5).capped(9), Persons::Exact(5));
        assert_eq!(Persons::Exact(5).capped(3), Persons::AtMost(3));
        assert_eq!(Persons::Unknown.capped(3), Persons::AtMost(3));
        assert_eq!(Persons::Exact(0).at_most(), Persons::NOBODY);
    }
}
