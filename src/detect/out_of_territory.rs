//! `out_of_territory`: ever more people who belong to others.
//!
//! **What it does.** Among the people with a known owner (`subjects.csv`), counts those of other units and employees without a known
//! reason, over a day, a week and a month. Both the count and its share must be more than this employee's own and the peers'.
//!
//! **Why.** Couriers' accounts that query other outlets' waybills, clerks who look up other branches' customers: one's own
//! territory is soon read empty, and buyers want the rest.
//!
//! **Example.** Half of a week's customers belong to other branches, where it was one in twenty.
//!
//! **Known false positives.** Inter-branch claims, a territory that was redrawn and not yet in the file.
//!
//! **Needs.** `owner` in `subjects.csv`, `unit` in `employees.csv`, subject ids in the log.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::population::Share;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::OutOfTerritory,
    requirements: &[DataRequirement::Territories, DataRequirement::Subjects],
    floor: 12,
    floor_counts: "people of other territories without a known reason, in a day, a week or a month",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Foreign) == 0 {
        return None;
    }
    let mut excess = context.most_unusual_window(Measure::Foreign, DAY_WEEK_MONTH)?;
    let owned = context.total(Measure::Owned, excess.window).1;
    let of_share = context.share_bits(Share::Foreign, excess.window, excess.count, owned);
    excess.bits = excess.bits.min(2.0 * of_share);
    let particular = format!(
        "{} of {owned} people with a known territory belong to others and have no known reason ({} per cent, peers {:.0})",
        excess.count,
        100 * excess.count / owned.max(1),
        100.0 * context.group.shares[Share::Foreign as usize].rate
    );
    (excess.bits > 0.0).then(|| context.finding(Typology::OutOfTerritory, Measure::Foreign, excess, particular))
}
