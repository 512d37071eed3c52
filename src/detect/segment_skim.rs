//! `segment_skim`: everybody with a certain recent event or value is read, with contact data.
//!
//! ## What it detects
//!
//! People without a known reason who were chosen by a condition on something other than a key (a date, an event, a balance) and
//! shown with data by which they can be reached.
//!
//! ## In the Notice
//!
//! Sale of segments to marketers (points 1 and 2 of the Notice): newborns, new loans, new flats, high balances. In a published
//! case a public-health office sold 7,000 to 8,000 newborn records every fortnight for two years.
//!
//! ## Data it needs
//!
//! `statement`, and a catalog that says which columns are contact data.
//!
//! ## How it is measured
//!
//! The number of people per day, week and month is held against the employee's own closed days and the peer group.
//!
//! ## Innocent look-alikes
//!
//! Campaigns and recalls: record them as a `campaign`. Look-ups by the number of an event are look-ups by key and do not count.
//!
//! ## What it cannot see
//!
//! Conditions inside views, functions and applications that the log does not show.
//!
//! ## Example
//!
//! `SELECT name, phone FROM births WHERE born_on > '2026-03-01'`.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::SegmentSkim,
    family: EvidenceFamily::Manner,
    requirements: &[DataRequirement::Statements],
    floor: 30,
    floor_counts: "people chosen by a condition and shown with contact data, without a known reason, in a day, a week or a month",
    listens_to: Listens::To(&[Measure::Segment]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let deviation = context.most_unusual_window(Measure::Segment, DAY_WEEK_MONTH)?;
    let particular = format!(
        "{} were chosen by a condition on events or values and shown with contact data, without a known reason",
        context.told(Measure::Segment, deviation).counted("people")
    );
    Some(context.finding(Typology::SegmentSkim, Measure::Segment, deviation, particular))
}
