//! What the global stage gets of one employee as a day begins: small, and of closed days only.

use crate::model::access::Actor;
use crate::population::finding_calibration::FindingStrength;
use crate::profile::conduct::familiar::Ground;
use crate::profile::conduct::touched::People;
use crate::profile::history::{AllMoments, ClosedDay};
use crate::profile::long_run::Stretches;
use crate::profile::worked_hours::HoursOfDay;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One employee's contribution.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Whose it is.
    pub actor: Actor,
    /// The peer group.
    pub group: Arc<str>,
    /// The organisational unit.
    pub unit: Option<Arc<str>>,
    /// The outside employer.
    pub employer: Option<Arc<str>>,
    /// Discounted moments of each measure over the days that may be learnt from.
    pub moments: AllMoments,
    /// Days that became old enough since the last tick.
    pub days: Vec<ClosedDay>,
    /// The hours of those days in which anything was done, as far as they are kept.
    pub hours: Vec<HoursOfDay>,
    /// Places and kinds touched of late.
    pub familiar: Vec<Ground>,
    /// People looked at one by one without a known reason on days that became old enough.
    pub touched: Vec<People>,
    /// What the last seven closed days have too much of, against what lies before them.
    pub excess: Excess,
    /// The newest stretches of weeks and months, and what lies before each.
    pub long_run: Stretches,
    /// The strongest finding of each typology that is remembered, in bits.
    pub strengths: Vec<FindingStrength>,
}

/// Seven closed days against what would have been usual.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Excess {
    /// People looked up one by one for the first time without a known or claimed reason, all or those of no own territory.
    pub count: u64,
    /// Surprise, in bits.
    pub bits: f64,
}
