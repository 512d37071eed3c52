//! What is learnt from: natural cases, and planted schemes with what became of them.

use crate::evaluate::calibrate::fit::Truth;
use crate::evaluate::calibrate::traces::CaseTrace;
use crate::evaluate::inject::strength::Strength;
use crate::model::typology::Typology;
use serde::{Deserialize, Serialize};

/// A planted scheme and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlantedCases {
    /// The pattern.
    pub typology: Typology,
    /// How plain it is.
    pub strength: Strength,
    /// Cases about those who act, while they do and a week after.
    pub cases: Vec<CaseTrace>,
    /// Its block of cross-validation.
    pub block: u8,
}

/// What is learnt from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Natural cases, and what is known of each.
    pub natural: Vec<(CaseTrace, Truth)>,
    /// Planted schemes.
    pub planted: Vec<PlantedCases>,
    /// First and last day, since 1970, of that time.
    pub days: (i64, i64),
    /// Employees in the log.
    pub employees: usize,
}
