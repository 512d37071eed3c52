//! `enumeration`: walking through people instead of looking somebody up.
//!
//! **What it does.** Counts people reached from one id to its neighbour, by prefixes and wildcards, by offsets and ranges of the key,
//! without a known reason, in a day and in a week, against the employee's own days and the peers. Ids are compared as keyed prints
//! of an id and of the one before it; other work in between hides nothing.
//!
//! **Why.** Whoever has no list of names takes everybody in turn.
//!
//! **Example.** Customers 10,001 to 10,400 one after the other; `LIKE '138%'`; `OFFSET 5000`.
//!
//! **Known false positives.** Deduplication, tests, work through a queue that is sorted by number (peers do so too).
//!
//! **Needs.** Subject ids, or statement texts. Ids that are counted in steps, or that carry a check digit, have no neighbours.

use crate::detect::{AccessContext, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::Enumeration,
    requirements: &[DataRequirement::Subjects],
    floor: 15,
    floor_counts: "people reached by enumeration without a known reason, in a day or a week",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Enumerated) == 0 {
        return None;
    }
    let excess = context.most_unusual_window(Measure::Enumerated, &[Window::H24, Window::D7])?;
    let particular = format!("{} people were reached by counting ids, by prefixes or page by page, without a known reason", excess.count);
    Some(context.finding(Typology::Enumeration, Measure::Enumerated, excess, particular))
}
