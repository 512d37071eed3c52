//! A simulated company by its name: what it assumes, its seed and, where nobody takes anything, what befalls it.

use leakwarden::simulate::{Assume, Innocent, Options};
use std::fmt;
use std::str::FromStr;

/// A simulated company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    assume: Assume,
    seed: u64,
    innocent: Option<Innocent>,
}

impl Named {
    /// How it is simulated.
    pub fn options(self, employees: u32, days: u32) -> Options {
        Options { employees, days, seed: self.seed, assume: self.assume, innocent: self.innocent, ..Options::default() }
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Named, String> {
        let mut parts = text.split(':');
        let assume = parts.next().and_then(|name| Assume::ALL.into_iter().find(|assume| assume.name() == name));
        let seed = parts.next().and_then(|seed| seed.parse().ok());
        let innocent = parts.next().map(|name| Innocent::ALL.into_iter().find(|innocent| innocent.name() == name));
        match (assume, seed, innocent, parts.next()) {
            (Some(assume), Some(seed), None, None) => Ok(Named { assume, seed, innocent: None }),
            (Some(assume), Some(seed), Some(Some(kind)), None) => Ok(Named { assume, seed, innocent: Some(kind) }),
            _ => Err("must be ASSUME:SEED or ASSUME:SEED:KIND, such as plain:302 or hard:304:ordinary".to_owned()),
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.assume.name(), self.seed)?;
        self.innocent.map_or(Ok(()), |innocent| write!(f, ":{}", innocent.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_read_as_it_is_written_and_nothing_else_is() {
        for name in ["plain:302", "hard:303", "plain:304:ordinary", "hard:305:ticket_outage"] {
            assert_eq!(name.parse::<Named>().map(|named| named.to_string()).as_deref(), Ok(name));
        }
        for wrong in ["", "plain", "plain:", "soft:1", "plain:1:nothing", "plain:1:vendor:2", "plain:-1"] {
            assert!(wrong.parse::<Named>().is_err(), "{wrong}");
        }
    }
}
