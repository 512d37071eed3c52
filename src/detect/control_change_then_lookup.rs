//! `control_change_then_lookup`: a protection of a customer was changed, and the customer was read right after.
//!
//! ## What it detects
//!
//! People who were read within an hour after the same employee had changed what protects them (took off a mask, changed a
//! telephone number or a password), without a known reason.
//!
//! ## In the Notice
//!
//! Acquiring information by going around its protection (point 2 of the Notice: "otherwise illegally acquired"). Masks, second
//! factors and limits protect customers from employees as well, until an employee resets them.
//!
//! ## Data it needs
//!
//! Writes and administration (`operation` `write` or `admin`) with `subjects`: whom the change is about; or statements whose condition
//! lists the key of the person (`UPDATE … SET phone = … WHERE id = 42`), as a literal or with its bind values.
//!
//! ## How it is measured
//!
//! The number of such people per day, week and month is held against the employee's own closed days and the peer group. Each
//! change counts once; the last 16 changes are remembered.
//!
//! ## Innocent look-alikes
//!
//! Genuine resets at the customer's request: they come with a ticket.
//!
//! ## What it cannot see
//!
//! Changes that are made outside of the logged systems, and changes of everybody's protection at once (a mask dropped for a
//! whole table).
//!
//! ## Example
//!
//! A telephone number is changed, the account is read two minutes later, and no customer had called.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::ControlChangeThenLookup,
    family: EvidenceFamily::Act,
    requirements: &[DataRequirement::Writes, DataRequirement::Subjects],
    floor: 2,
    floor_counts: "people looked at after a change of their protection, without a known reason, in a day, a week or a month",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Controls) == 0 {
        return None;
    }
    let deviation = context.most_unusual_window(Measure::Controls, DAY_WEEK_MONTH)?;
    let particular =
        format!("{} people were looked at right after their protection had been changed, without a known reason", deviation.count);
    Some(context.finding(Typology::ControlChangeThenLookup, Measure::Controls, deviation, particular))
}
