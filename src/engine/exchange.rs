//! What the two stages tell each other as an hour or a day of event time begins.

use crate::detect::GroupFinding;
use crate::engine::decisions::Effects;
use crate::population::group_activity::GroupActivity;
use crate::population::sources::outages::SourceOutages;
use crate::population::volume::VolumeReport;
use crate::population::{Models, Summary};
use serde::{Deserialize, Serialize};

/// What a keyed stage reports as a UTC hour begins.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StageReport {
    /// The hour, in hours since 1970.
    pub hour: i64,
    /// What its employees have done on the days that are open.
    pub activity: GroupActivity,
    /// Records of each partition since the last report.
    pub volumes: Vec<VolumeReport>,
    /// Where a day begins with it: summaries of its employees, in the order of their actors.
    pub day: Option<Vec<Summary>>,
}

/// The reply of the global stage, the same to all keyed stages.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StageReply {
    /// The hour, in hours since 1970.
    pub hour: i64,
    /// What everybody has done on the days that are open.
    pub activity: GroupActivity,
    /// Outages of the sources.
    pub outages: SourceOutages,
    /// What people's decisions mean for employees from this hour on.
    pub effects: Effects,
    /// Where a day begins.
    pub day: Option<DayReply>,
}

/// What was learnt from the days that have closed everywhere.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DayReply {
    /// The baselines of the peer groups.
    pub models: Models,
    /// Findings about employees who have something in common.
    pub findings: Vec<GroupFinding>,
}

impl StageReply {
    /// Whether revisions may come of it, which come before all later ones.
    pub fn is_answered(&self) -> bool {
        self.day.is_some() || !self.effects.is_nothing()
    }
}
