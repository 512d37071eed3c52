//! What is wrong with a file that a person wrote: place, rule, value. Loading collects all of them, not the first.

use std::fmt;

/// One mistake in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// File, and line where known.
    pub place: String,
    /// What must hold there.
    pub rule: String,
    /// What stands there instead.
    pub value: Option<String>,
}

impl Problem {
    /// A mistake at a place, with the value found there.
    pub fn new(place: impl Into<String>, rule: impl Into<String>, value: impl fmt::Display) -> Problem {
        Problem { place: place.into(), rule: rule.into(), value: Some(value.to_string()) }
    }

    /// A mistake where no single value is to blame.
    pub fn plain(place: impl Into<String>, rule: impl Into<String>) -> Problem {
        Problem { place: place.into(), rule: rule.into(), value: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.rule)?;
        if let Some(value) = &self.value {
            f.write_str(", got ")?;
            for c in value.chars().take(80) {
                // Quotes are no danger to a terminal; control and bidirectional characters are.
                match c {
                    '"' | '\'' | '\\' => write!(f, "{c}")?,
                    other => write!(f, "{}", other.escape_debug())?,
                }
            }
        }
        Ok(())
    }
}
