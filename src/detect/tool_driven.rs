//! `tool_driven`: a program clicks, not a person.
//!
//! **What it does.** Finds stretches of accesses with even gaps, or without a pause for longer than anybody works by hand, and counts the
//! accesses in them, in a day and in a week, against the employee's own days and the peers. They must have shown people without a
//! known reason.
//!
//! **Why.** Couriers' rented accounts were driven by third-party tools around the clock.
//!
//! **Example.** A waybill every two seconds for three hours; every 6 to 14 seconds, without a pause.
//!
//! **Known false positives.** Approved robots under a personal login: give them a `batch`, or better an account of their own.
//!
//! **Needs.** Times finer than the gaps: milliseconds for fast tools, seconds for slow ones.

use crate::detect::{AccessContext, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::ToolDriven,
    requirements: &[DataRequirement::FineTimes],
    floor: 60,
    floor_counts: "accesses in a machine's rhythm, in a day or a week",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Mechanical) == 0 || context.profile.today_figure(Measure::Unexplained) == 0 {
        return None;
    }
    let mut excess = context.most_unusual_window(Measure::Mechanical, &[Window::H24, Window::D7])?;
    let open = context.total(Measure::Unexplained, excess.window).1;
    let all = context.total(Measure::Persons, excess.window).1;
    // A robot at work on what it has a reason for is an approved robot.
    excess.bits *= (2.0 * open as f64 / all.max(1) as f64).min(1.0);
    let particular = format!("{} accesses came in the rhythm of a machine, and {open} of {all} people had no known reason", excess.count);
    Some(context.finding(Typology::ToolDriven, Measure::Mechanical, excess, particular))
}
