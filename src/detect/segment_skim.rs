//! `segment_skim`: everybody to whom something has just happened.
//!
//! **What it does.** Counts people without a known reason who were chosen by a condition on something that is no key (a date, an event, a
//! balance) and shown with data by which they can be reached, over a day, a week and a month, against own days and peers.
//!
//! **Why.** Newborns, new loans, new flats, high balances: a segment with telephone numbers is what sellers of milk powder, loans and
//! renovations pay for. A public-health office sold 7,000 to 8,000 newborn records every fortnight, for two years.
//!
//! **Example.** `SELECT name, phone FROM births WHERE born_on > '2026-03-01'`.
//!
//! **Known false positives.** Campaigns and recalls (give them a reason).
//!
//! **Needs.** Statement texts, and a catalog that knows which columns are contact data.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::SegmentSkim,
    requirements: &[DataRequirement::Statements],
    floor: 30,
    floor_counts: "people chosen by a condition and shown with contact data, without a known reason, in a day, a week or a month",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Segment) == 0 {
        return None;
    }
    let excess = context.most_unusual_window(Measure::Segment, DAY_WEEK_MONTH)?;
    let particular = format!(
        "{} people were chosen by a condition on events or values and shown with contact data, without a known reason",
        excess.count
    );
    Some(context.finding(Typology::SegmentSkim, Measure::Segment, excess, particular))
}
