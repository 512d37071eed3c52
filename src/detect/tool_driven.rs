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

use crate::detect::{Detector, Finding, Look, Need};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::ToolDriven,
    needs: &[Need::FineTimes],
    floor: 60,
    floor_counts: "accesses in a machine's rhythm, in a day or a week",
    look: Some(look),
    compare: None,
};

fn look(look: &Look<'_>) -> Option<Finding> {
    if look.added(Measure::Mechanical) == 0 || look.profile.today_figure(Measure::Unexplained) == 0 {
        return None;
    }
    let mut excess = look.excess(Measure::Mechanical, &[Window::H24, Window::D7])?;
    let open = look.total(Measure::Unexplained, excess.window).1;
    let all = look.total(Measure::Persons, excess.window).1;
    // A robot at work on what it has a reason for is an approved robot.
    excess.bits *= (2.0 * open as f64 / all.max(1) as f64).min(1.0);
    let particular = format!("{} accesses came in the rhythm of a machine, and {open} of {all} people had no known reason", excess.count);
    Some(look.finding(Typology::ToolDriven, Measure::Mechanical, excess, particular))
}
