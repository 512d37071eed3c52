//! `tracked_person`: one person's movements, calls, stays or payments are followed.
//!
//! ## What it detects
//!
//! A subject whose location, communication, accommodation or transactions an employee reads in several different hours of a
//! week, without a known reason.
//!
//! ## In the Notice
//!
//! Tracking for hire (point 1 of the Notice: illegal investigators). Where somebody is now is worth more than where they live;
//! the Interpretation sets its lowest threshold, 50 items, for location and the content of communication. With kinds of that
//! tier it is grave by nature.
//!
//! ## Data it needs
//!
//! `subjects`, and columns of such kinds in the catalog.
//!
//! ## How it is measured
//!
//! The number of different hours of the last seven days in which the most followed subject was read is held against the
//! employee's own days and the peer group. The last 16 subjects are followed.
//!
//! ## Innocent look-alikes
//!
//! Emergencies and fraud watch: a ticket that names the person explains them.
//!
//! ## What it cannot see
//!
//! Tracking shared by several employees, and a single look, which may suffice for harm.
//!
//! ## Example
//!
//! One customer's location, every two hours, for three days.

use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens, WindowDeviation};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::TrackedPerson,
    family: EvidenceFamily::Subject,
    requirements: &[DataRequirement::Subjects],
    floor: 4,
    floor_counts: "hours of a week in which one subject's movements, calls, stays or payments were looked at without a known reason",
    listens_to: Listens::To(&[Measure::Polls]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let hours = context.added(Measure::Polls);
    if hours < context.floor {
        return None;
    }
    let bits = context.expected_before(Measure::Polls, Window::D7, 1).bits(hours);
    let deviation = WindowDeviation { window: Window::D7, days: 1, count: hours, bits };
    let particular = format!("one person was looked at in {hours} different hours of the last seven days, without a known reason");
    (bits > 0.0).then(|| context.finding(Typology::TrackedPerson, Measure::Polls, deviation, particular))
}
