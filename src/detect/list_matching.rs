//! `list_matching`: a list from elsewhere is matched against the data.
//!
//! ## What it detects
//!
//! Look-ups by key that find nobody, without a known reason.
//!
//! ## In the Notice
//!
//! Enriching a bought list for resale (points 1 and 2 of the Notice): who buys telephone numbers wants the names. Many numbers
//! belong to no customer, so the log fills with look-ups that miss; somebody who serves customers misses only by a slip.
//!
//! ## Data it needs
//!
//! `rows`, also of look-ups that find nobody (0).
//!
//! ## How it is measured
//!
//! The number of misses in a day and in a week is held against the employee's own closed days and the peer group.
//!
//! ## Innocent look-alikes
//!
//! Cleaning of data and migrations: record them as a `batch`. A form that searches while one types misses for everybody, so
//! peers show it.
//!
//! ## What it cannot see
//!
//! Lists of which nearly every entry is a customer, and logs that give no number of rows.
//!
//! ## Example
//!
//! 900 look-ups by telephone number in an afternoon, of which 640 find nobody.

use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::ListMatching,
    family: EvidenceFamily::Manner,
    requirements: &[DataRequirement::Rows],
    floor: 25,
    floor_counts: "look-ups that found nobody without a known reason, in a day or a week",
    listens_to: Listens::To(&[Measure::Misses]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let deviation = context.most_unusual_window(Measure::Misses, &[Window::H24, Window::D7])?;
    let found = context.total(Measure::Persons, deviation.window).1;
    let particular = format!(
        "{} look-ups by key without a known reason found nobody, beside {} who were found",
        deviation.count,
        context.told_in(Measure::Persons, deviation.window, found).counted("people")
    );
    Some(context.finding(Typology::ListMatching, Measure::Misses, deviation, particular))
}
