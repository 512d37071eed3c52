//! What a decoder had to leave open of a record: flags that go along with it and are shown where it is shown.

/// Several doubts, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Doubts(u8);

impl Doubts {
    /// The local time came twice, or never: which hour it was the records before it do not tell.
    pub const TIME: Doubts = Doubts(1);
    /// The statement was cut, blanked or pushed out by its logger.
    pub const TEXT: Doubts = Doubts(1 << 1);
    /// A field of it was not understood.
    pub const FIELD: Doubts = Doubts(1 << 2);
    /// The list of people has parts that were not understood, or no end.
    pub const PEOPLE: Doubts = Doubts(1 << 3);

    /// Each with its name in output.
    const NAMES: [(Doubts, &'static str); 4] =
        [(Doubts::TIME, "ambiguous_time"), (Doubts::TEXT, "text_lost"), (Doubts::FIELD, "not_understood"), (Doubts::PEOPLE, "people_lost")];

    /// Both together.
    #[must_use]
    pub fn and(self, other: Doubts) -> Doubts {
        Doubts(self.0 | other.0)
    }

    /// This one if the condition holds.
    #[must_use]
    pub fn if_so(self, condition: bool) -> Doubts {
        if condition { self } else { Doubts::default() }
    }

    /// Whether all of these are there.
    pub fn has(self, other: Doubts) -> bool {
        self.0 & other.0 == other.0
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Doubts::NAMES.into_iter().filter(move |(doubt, _)| self.has(*doubt)).map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubts_add_up_and_have_names() {
        let both = Doubts::TIME.and(Doubts::TEXT.if_so(true)).and(Doubts::TIME.if_so(false));
        assert_eq!(both.names().collect::<Vec<_>>(), ["ambiguous_time", "text_lost"]);
        assert_eq!(Doubts::default().names().count(), 0);
        assert!(both.has(Doubts::TEXT) && !Doubts::TEXT.has(both));
    }
}
