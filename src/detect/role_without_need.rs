//! `role_without_need`: data is read that this role does not work with.
//!
//! ## What it detects
//!
//! People without a known reason who are read in a system, or by a kind of information, that hardly anybody of the same role
//! uses and that is new for this employee.
//!
//! ## In the Notice
//!
//! Use of rights that were granted once and never withdrawn; the Notice (point 4) asks organisations to find such weaknesses.
//! Who sells what others hold must go where the own role does not lead.
//!
//! ## Data it needs
//!
//! `role` in `employees.csv`, a group of at least eight employees, and a week to learn.
//!
//! ## How it is measured
//!
//! A system or kind counts where fewer than one in twenty peers, and fewer than twelve, read it, and where the employee worked
//! with it neither a month ago nor in the first fortnight. The number of people per day, week and month is held against own
//! days and peers.
//!
//! ## Innocent look-alikes
//!
//! A role that changed before the directory did, new hires with wide tasks, and break-glass access: record the reason, or
//! update the directory.
//!
//! ## What it cannot see
//!
//! Groups of fewer than eight, and roles so mixed that everything is usual.
//!
//! ## Example
//!
//! A cashier reads credit reports, for the first time in this role.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::RoleWithoutNeed,
    family: EvidenceFamily::Subject,
    requirements: &[DataRequirement::Roles],
    floor: 4,
    floor_counts: "people where peers do not look, without a known reason, in a day, a week or a month",
    listens_to: Listens::To(&[Measure::Rare]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let deviation = context.most_unusual_window(Measure::Rare, DAY_WEEK_MONTH)?;
    let particular = format!(
        "{} were touched in places or kinds that peers do not touch, without a known reason",
        context.told(Measure::Rare, deviation).counted("people")
    );
    Some(context.finding(Typology::RoleWithoutNeed, Measure::Rare, deviation, particular))
}
