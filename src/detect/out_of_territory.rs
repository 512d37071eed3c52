//! `out_of_territory`: a growing share of people belongs to other units.
//!
//! ## What it detects
//!
//! People with a known owner, of other units and employees, without a known reason.
//!
//! ## In the Notice
//!
//! Sale of what is out of the own reach (points 1 and 2 of the Notice): courier accounts that query other outlets' waybills,
//! clerks who read other branches' customers. One's own territory is soon read completely, and buyers want the rest.
//!
//! ## Data it needs
//!
//! `subjects`, `owner` in `subjects.csv`, `unit` in `employees.csv`.
//!
//! ## How it is measured
//!
//! Two figures of a day, a week and a month must both be unusual against the employee's own days and the peer group: the number
//! of such people, and their share of all people with a known owner.
//!
//! ## Innocent look-alikes
//!
//! Claims between branches: record the assignment. A territory that was redrawn: update the file. Visitors of other branches
//! stay within the usual share.
//!
//! ## What it cannot see
//!
//! Subjects without a known owner.
//!
//! ## Example
//!
//! Half of a week's customers belong to other branches, where it used to be one in twenty.

use crate::detect::low_and_slow::slow_ceiling;
use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::population::Share;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::OutOfTerritory,
    family: EvidenceFamily::Volume,
    requirements: &[DataRequirement::Territories, DataRequirement::Subjects],
    floor: 12,
    floor_counts: "people of other territories without a known reason, in a day, a week or a month",
    listens_to: Listens::To(&[Measure::Foreign]),
    on_access: Some(on_access),
    on_day_closed: Some(|comparison, floor| slow_ceiling(comparison, Typology::OutOfTerritory, &[Measure::Foreign], floor as f64)),
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let mut deviation = context.most_unusual_window(Measure::Foreign, DAY_WEEK_MONTH)?;
    let owned = context.total(Measure::Owned, deviation.window).1;
    let of_share = context.share_bits(Share::Foreign, deviation.window, deviation.count, owned);
    deviation.bits = deviation.bits.min(2.0 * of_share);
    let particular = format!(
        "{} of {owned} people with a known territory belong to others and have no known reason ({} per cent, peers {:.0})",
        deviation.count,
        100 * deviation.count / owned.max(1),
        100.0 * context.group.shares[Share::Foreign as usize].rate
    );
    (deviation.bits > 0.0).then(|| context.finding(Typology::OutOfTerritory, Measure::Foreign, deviation, particular))
}
