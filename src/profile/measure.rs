//! What is counted per day and held against history.

use serde::{Deserialize, Serialize};

/// A daily count of one employee.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[repr(u8)]
pub enum Measure {
    /// Distinct people touched.
    Persons,
    /// Distinct people touched without a known reason.
    Unexplained,
    /// Those of them touched off duty.
    OffDuty,
    /// Subjects put together from several places and kinds without a known reason.
    Dossiers,
}

impl Measure {
    /// How many measures there are.
    pub const COUNT: usize = 4;
    /// Every measure; `ALL[m as usize] == m`.
    pub const ALL: [Measure; Measure::COUNT] = [Measure::Persons, Measure::Unexplained, Measure::OffDuty, Measure::Dossiers];
}

/// One figure for each measure.
pub type Figures = [u32; Measure::COUNT];
