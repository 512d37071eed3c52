//! `bulk_extract`: far more people within a day than this employee and their peers ever look at.
//!
//! **What it does.** Counts the people touched without a known reason in the last 24 hours and the people touched at all,
//! and holds each against the employee's own closed days and the peer group. Both must be surprising: a day without tickets
//! but of usual volume is not an extraction, nor is a large campaign that is covered. A peak that the peer group or the unit shares,
//! today or yesterday, raises what is usual.
//!
//! **Why.** Whole tables, copied out on one day, are what brokers buy: 547,000 insured in nine weeks, thousands in one.
//!
//! **Example.** A teller who reads about 140 people a day exports 7,990 between 09:14 and 11:00.
//!
//! **Known false positives.** Migrations, month-end runs, audits: give them an explanation (`campaign`, `batch`).
//!
//! **Needs.** Nothing beyond the log; explanations make it quieter. A bulk statement whose rows the log cannot say counts
//! as 1,000 people.

use crate::detect::{AccessContext, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::seen::Part;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::BulkExtract,
    requirements: &[],
    floor: 100,
    floor_counts: "people without a known reason in 24 hours",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.change.newly_unexplained == 0 {
        return None;
    }
    let unit = context.change.unit;
    let unexplained = context.profile.figure(Window::H24, unit, Part::Unexplained);
    if unexplained < context.floor {
        return None;
    }
    let persons = context.profile.figure(Window::H24, unit, Part::Exposure);
    let bits = context
        .expected_in_24_hours(Measure::Unexplained)
        .bits(unexplained)
        .min(context.expected_in_24_hours(Measure::Persons).bits(persons));
    (bits > 0.0).then(|| Finding {
        typology: Typology::BulkExtract,
        window: Window::H24,
        count: unexplained,
        measure: Measure::Persons,
        bits,
        particular: format!("{unexplained} of the people touched within 24 hours have no known reason"),
        related: Vec::new(),
    })
}
