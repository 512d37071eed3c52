//! Signs of tampering: what a record shows that can only be meant against the record itself.
//!
//! Unlike a doubt, which is the log's own weakness, a sign is of somebody's making: a client that writes what looks like a header, an id
//! that comes twice with another content, a time that nobody lives in. Decoders, classification and the engine set them; the detector
//! `tampering` reads them.

use serde::{Deserialize, Serialize};

/// Several signs, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signs(u16);

impl Signs {
    /// A text that a client chose splits the line in more ways than one, or looks like the head of another record.
    pub const FORGED_HEADER: Signs = Signs(1);
    /// The record's id was there before with another content.
    pub const ID_CONFLICT: Signs = Signs(1 << 1);
    /// Its time lies beyond what the clock allows.
    pub const FUTURE_TIME: Signs = Signs(1 << 2);
    /// The statement is longer than a record may be, and its middle is not known.
    pub const CUT_TEXT: Signs = Signs(1 << 3);
    /// A field is longer than any honest one.
    pub const OVERLONG_FIELD: Signs = Signs(1 << 4);
    /// A login or name that is to be taken for another: other scripts, blanks, characters that do not show.
    pub const CONFUSABLE_NAME: Signs = Signs(1 << 5);
    /// A claim to be somebody, of a login or from a host that may not make it.
    pub const REJECTED_CLAIM: Signs = Signs(1 << 6);
    /// A record that cannot be decoded, and names somebody of the directory.
    pub const NAMED_LETTER: Signs = Signs(1 << 7);

    /// Each with its name in output.
    pub const ALL: [(Signs, &'static str); 8] = [
        (Signs::FORGED_HEADER, "forged_header"),
        (Signs::ID_CONFLICT, "id_conflict"),
        (Signs::FUTURE_TIME, "future_time"),
        (Signs::CUT_TEXT, "cut_text"),
        (Signs::OVERLONG_FIELD, "overlong_field"),
        (Signs::CONFUSABLE_NAME, "confusable_name"),
        (Signs::REJECTED_CLAIM, "rejected_claim"),
        (Signs::NAMED_LETTER, "named_letter"),
    ];

    /// Both together.
    #[must_use]
    pub fn and(self, other: Signs) -> Signs {
        Signs(self.0 | other.0)
    }

    /// This one if the condition holds.
    #[must_use]
    pub fn if_so(self, condition: bool) -> Signs {
        if condition { self } else { Signs::default() }
    }

    /// Whether all of these are there.
    pub fn has(self, other: Signs) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Signs::ALL.into_iter().filter(move |(sign, _)| self.has(*sign)).map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_add_up_and_have_names() {
        let both = Signs::ID_CONFLICT.and(Signs::CUT_TEXT.if_so(true)).and(Signs::FUTURE_TIME.if_so(false));
        assert_eq!(both.names().collect::<Vec<_>>(), ["id_conflict", "cut_text"]);
        assert!(Signs::default().is_empty() && !both.is_empty());
        assert!(both.has(Signs::CUT_TEXT) && !Signs::CUT_TEXT.has(both));
    }

    #[test]
    fn every_sign_has_a_bit_of_its_own() {
        let all = Signs::ALL.into_iter().fold(0u16, |bits, (sign, _)| bits + sign.0);
        assert_eq!(all, Signs::ALL.into_iter().fold(0, |bits, (sign, _)| bits | sign.0));
    }
}
