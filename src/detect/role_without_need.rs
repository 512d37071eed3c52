//! `role_without_need`: data that this role has nothing to do with.
//!
//! **What it does.** Learns which systems and kinds the members of a peer group touch. Counts people without a known reason whom an
//! employee touched where fewer than one in twenty peers (and fewer than twelve) do, and where the employee did not work before
//! either: neither a month ago, nor in the first fortnight.
//!
//! **Why.** Rights are granted once and kept for ever; who sells what others hold has to go where the role does not lead.
//!
//! **Example.** A cashier reads credit reports, for the first time in this role.
//!
//! **Known false positives.** A role that changed before the directory did, break-glass (give it a reason), new hires with wide tasks.
//!
//! **Needs.** `role` in `employees.csv`, a group of eight or more, and a week to learn.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::RoleWithoutNeed,
    requirements: &[DataRequirement::Roles],
    floor: 4,
    floor_counts: "people where peers do not look, without a known reason, in a day, a week or a month",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Rare) == 0 {
        return None;
    }
    let excess = context.most_unusual_window(Measure::Rare, DAY_WEEK_MONTH)?;
    let particular = format!("{} people were touched in places or kinds that peers do not touch, without a known reason", excess.count);
    Some(context.finding(Typology::RoleWithoutNeed, Measure::Rare, excess, particular))
}
