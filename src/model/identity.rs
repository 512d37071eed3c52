//! How the person behind an access is known: whoever reads an alert must be able to tell a proof from a claim.

use serde::{Deserialize, Serialize};

/// The degree to which an identity is known, the surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// The directory maps the login, or the source itself names the person.
    #[default]
    Authenticated,
    /// A login that stands for others says for whom it asks: in a comment, its application's name or the client's info.
    Claimed,
    /// Nothing maps the login, and its name is taken for a person's.
    Inferred,
}

impl Identity {
    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Identity::Authenticated => "authenticated",
            Identity::Claimed => "claimed",
            Identity::Inferred => "inferred",
        }
    }

    /// How it is put in a sentence: `E1 (claimed)`.
    pub fn remark(self) -> &'static str {
        match self {
            Identity::Authenticated => "",
            Identity::Claimed => " (claimed)",
            Identity::Inferred => " (inferred)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_is_the_least_and_names_are_as_written() {
        assert!(Identity::Authenticated < Identity::Claimed && Identity::Claimed < Identity::Inferred);
        for identity in [Identity::Authenticated, Identity::Claimed, Identity::Inferred] {
            assert_eq!(serde_json::to_value(identity).expect("writes"), identity.name());
        }
        assert_eq!(Identity::Claimed.remark(), " (claimed)");
    }
}
