//! `lookup_to_order`: single strangers are looked up one by one, without a ticket.
//!
//! ## What it detects
//!
//! People whom the employee had never read before, who are not of the employee's territory, who are looked up one by one, and
//! for whom no reason is known or claimed.
//!
//! ## In the Notice
//!
//! Provision to illegal investigators, who order single records (point 1 of the Notice): a name today, a number tomorrow. The
//! volume stays ordinary; what differs is that nobody asked for these people at the counter.
//!
//! ## Data it needs
//!
//! `subjects`, and `explanations.jsonl` or `purpose`. Owners in `subjects.csv` tell the own territory.
//!
//! ## How it is measured
//!
//! The sum of a day, a week and a month is held against the employee's days before it and the peer group. Where the share of
//! look-ups without a reason has not risen as well, it weighs half.
//!
//! ## Innocent look-alikes
//!
//! Escalations and cases of other branches: each has a ticket. A fraud desk whose tickets are kept elsewhere: import them as
//! explanations. A volume of strangers that comes with as many reasons as ever is more business.
//!
//! ## What it cannot see
//!
//! Orders for people of the employee's own territory, or for people read before.
//!
//! ## Example
//!
//! Five strangers a day for three weeks: 92 % of this role's accesses follow a ticket, 31 % of this employee's.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::population::Share;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::LookupToOrder,
    family: EvidenceFamily::Volume,
    requirements: &[DataRequirement::Subjects, DataRequirement::Purposes],
    floor: 8,
    floor_counts: "strangers looked up one by one without a known reason, in a day, a week or a month",
    listens_to: Listens::To(&[Measure::Orders]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let mut deviation = context.most_unusual_window(Measure::Orders, DAY_WEEK_MONTH)?;
    let open = context.total(Measure::Unexplained, deviation.window).1;
    let all = context.total(Measure::Persons, deviation.window).1;
    // More strangers with the usual share of reasons are more business.
    let of_share = context.share_bits(Share::Unexplained, deviation.window, open, all);
    deviation.bits = deviation.bits.min(0.5f64.mul_add(deviation.bits, 1.5 * of_share));
    let told = [(Measure::Unexplained, open), (Measure::Persons, all)];
    let told = told.map(|(measure, figure)| context.told_in(measure, deviation.window, figure));
    let share = match told {
        [open, all] if open.unknown == 0 && all.unknown == 0 => format!("{} per cent", 100 * open.known / all.known.max(1)),
        _ => "an unknown share".to_owned(),
    };
    let peers = 100.0 * context.group.shares[Share::Unexplained as usize].rate;
    let particular = format!(
        "{} strangers were looked up one by one without a known reason in {} days of activity; {share} of all people touched had no \
         known reason, where peers have {peers:.0}",
        deviation.count, deviation.days
    );
    Some(context.finding(Typology::LookupToOrder, Measure::Orders, deviation, particular))
}
