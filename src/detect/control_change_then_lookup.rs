//! `control_change_then_lookup`: the lock is opened, then the drawer.
//!
//! **What it does.** Counts people who were looked at within an hour after the same employee had changed what protects them (a mask taken
//! off, a telephone number or password changed), without a known reason, over a day, a week and a month.
//!
//! **Why.** Masks, second factors and limits protect customers from employees too, until an employee resets them.
//!
//! **Example.** A telephone number is changed, the account is read two minutes later, and no customer had called.
//!
//! **Known false positives.** Genuine resets: they follow a ticket.
//!
//! **Needs.** Writes and administration with the ids of those they are about.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::ControlChangeThenLookup,
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
    let excess = context.most_unusual_window(Measure::Controls, DAY_WEEK_MONTH)?;
    let particular =
        format!("{} people were looked at right after their protection had been changed, without a known reason", excess.count);
    Some(context.finding(Typology::ControlChangeThenLookup, Measure::Controls, excess, particular))
}
