//! `lookup_to_order`: single people looked up one by one, strangers all, without a ticket.
//!
//! **What it does.** Counts people whom this employee had never looked at before, who belong to no territory of theirs, who were
//! looked up one by one and for whom no reason is known and none was claimed; holds the sums of a day, a week and a month against the
//! employee's own days before and the peers. Where the share of look-ups without a reason has not risen with it, it weighs half.
//!
//! **Why.** Illegal investigators order look-ups: a name today, a number tomorrow. The volume stays ordinary; what differs is that
//! nobody asked for these people at the counter.
//!
//! **Example.** "92 % of this role's accesses follow a ticket; this employee's 31 %": five strangers a day for three weeks.
//!
//! **Known false positives.** Escalations, a fraud desk whose tickets are kept elsewhere.
//!
//! **Needs.** Subject ids in the log; reasons (`explanations.jsonl`) make it sharp, owners (`subjects.csv`) sharper.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::population::Share;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::LookupToOrder,
    requirements: &[DataRequirement::Subjects, DataRequirement::Purposes],
    floor: 8,
    floor_counts: "strangers looked up one by one without a known reason, in a day, a week or a month",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Orders) == 0 {
        return None;
    }
    let mut excess = context.most_unusual_window(Measure::Orders, DAY_WEEK_MONTH)?;
    let open = context.total(Measure::Unexplained, excess.window).1;
    let all = context.total(Measure::Persons, excess.window).1;
    // A volume of strangers that comes with as many reasons as ever is more business.
    let of_share = context.share_bits(Share::Unexplained, excess.window, open, all);
    excess.bits = excess.bits.min(0.5f64.mul_add(excess.bits, 1.5 * of_share));
    let share = 100 * open / all.max(1);
    let peers = 100.0 * context.group.shares[Share::Unexplained as usize].rate;
    let particular = format!(
        "{} strangers were looked up one by one without a known reason in {} days of activity; {share} per cent of all people touched had no \
         known reason, where peers have {peers:.0}",
        excess.count, excess.days
    );
    Some(context.finding(Typology::LookupToOrder, Measure::Orders, excess, particular))
}
