//! `tracked_person`: one person is followed.
//!
//! **What it does.** For each subject whose movements, calls, stays or payments an employee looks at without a known reason, counts the
//! hours of a week in which that happened; holds the most followed subject against own days and peers.
//!
//! **Why.** Where somebody is now is worth more than where they live. One item of a track may suffice for harm.
//!
//! **Example.** One customer's location, every two hours, for three days.
//!
//! **Known false positives.** Emergencies, fraud watch: a reason on file explains them.
//!
//! **Needs.** Subject ids in the log, and columns of such kinds in the catalog.

use crate::detect::{AccessContext, DataRequirement, Detector, Finding, WindowDeviation};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::TrackedPerson,
    requirements: &[DataRequirement::Subjects],
    floor: 4,
    floor_counts: "hours of a week in which one subject's movements, calls, stays or payments were looked at without a known reason",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let hours = context.added(Measure::Polls);
    if hours < context.floor {
        return None;
    }
    let bits = context.expected_before(Measure::Polls, Window::D7, 1).bits(hours);
    let excess = WindowDeviation { window: Window::D7, days: 1, count: hours, bits };
    let particular = format!("one person was looked at in {hours} different hours of the last seven days, without a known reason");
    (bits > 0.0).then(|| context.finding(Typology::TrackedPerson, Measure::Polls, excess, particular))
}
