//! `list_matching`: a long list from elsewhere is held against the data.
//!
//! **What it does.** Counts look-ups by key that found nobody and have no known reason, in a day and in a week, against the employee's
//! own days and the peers.
//!
//! **Why.** Who buys a list of telephone numbers wants the names to them. Many of the numbers belong to no customer, so the log fills
//! with uniform look-ups that miss; somebody who serves customers misses only by a slip.
//!
//! **Example.** 900 look-ups by telephone number in an afternoon, 640 of which find nobody.
//!
//! **Known false positives.** Cleaning of data, migrations (give them a `batch`), a form that searches as one types.
//!
//! **Needs.** Numbers of rows, also of look-ups that find nobody.

use crate::detect::{AccessContext, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::ListMatching,
    requirements: &[DataRequirement::Rows],
    floor: 25,
    floor_counts: "look-ups that found nobody without a known reason, in a day or a week",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Misses) == 0 {
        return None;
    }
    let excess = context.most_unusual_window(Measure::Misses, &[Window::H24, Window::D7])?;
    let found = context.total(Measure::Persons, excess.window).1;
    let particular = format!("{} look-ups by key without a known reason found nobody, beside {found} people who were found", excess.count);
    Some(context.finding(Typology::ListMatching, Measure::Misses, excess, particular))
}
