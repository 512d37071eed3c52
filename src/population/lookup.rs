//! One employee's look at one person.

use serde::{Deserialize, Serialize};

/// One employee's look at a subject.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Lookup {
    /// The subject.
    pub subject: u64,
    /// The employee, by number.
    pub who: u32,
}
