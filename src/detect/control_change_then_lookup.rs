//! `control_change_then_lookup`: a protection of a customer was changed, and the customer was read right after.
//!
//! ## What it detects
//!
//! People who were read within an hour after the same employee had changed what protects them (took off a mask, changed a
//! telephone number or a password), without a known reason.
//!
//! ## In the Notice
//!
//! Acquiring information by going around its protection (point 2 of the Notice: "otherwise illegally acquired"). Masks, second
//! factors and limits protect customers from employees as well, until an employee resets them.
//!
//! ## Data it needs
//!
//! Writes and administration (`operation` `write` or `admin`) with `subjects`: whom the change is about; or statements whose condition
//! lists the key of the person (`UPDATE … SET phone = … WHERE id = 42`), as a literal or with its bind values.
//!
//! ## How it is measured
//!
//! The number of such people per day, week and month is held against the employee's own closed days and the peer group, and so is
//! their share of all people looked up one by one without a known reason. What is forgotten comes in days: whoever files no reasons on
//! one files none for changes either, and the share is as on any other. Whoever is after protections changes one for each whom they
//! look up. Each change counts once; the last 16 changes are remembered.
//!
//! ## Innocent look-alikes
//!
//! Genuine resets at the customer's request: they come with a ticket.
//!
//! ## What it cannot see
//!
//! Changes that are made outside of the logged systems, and changes of everybody's protection at once (a mask dropped for a
//! whole table).
//!
//! ## Example
//!
//! A telephone number is changed, the account is read two minutes later, and no customer had called.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding, Listens, WindowDeviation};
use crate::model::typology::Typology;
use crate::population::Share;
use crate::profile::baseline::GroupShare;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::ControlChangeThenLookup,
    family: EvidenceFamily::Act,
    requirements: &[DataRequirement::Writes, DataRequirement::Subjects],
    floor: 2,
    floor_counts: "people looked at after a change of their protection, without a known reason, in a day, a week or a month",
    listens_to: Listens::To(&[Measure::Controls]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let (deviation, all) =
        DAY_WEEK_MONTH.iter().filter_map(|window| of_window(context, *window)).max_by(|a, b| a.0.bits.total_cmp(&b.0.bits))?;
    let of = match context.told_in(Measure::Singly, deviation.window, all) {
        told if told.unknown == 0 => told.known.max(deviation.count).to_string(),
        _ => "an unknown number".to_owned(),
    };
    let particular = format!(
        "{} people were looked at right after their protection had been changed, without a known reason, of {of} looked up one by one \
         without one",
        deviation.count
    );
    Some(context.finding(Typology::ControlChangeThenLookup, Measure::Controls, deviation, particular))
}

/// How unusual a window is, and how many people were looked up one by one in it.
fn of_window(context: &AccessContext<'_>, window: Window) -> Option<(WindowDeviation, u64)> {
    let usual = context.most_unusual_window(Measure::Controls, &[window])?;
    let all = context.total(Measure::Singly, window).1.max(usual.count);
    let bits = if context.group.shares[Share::Controls as usize] == GroupShare::PRIOR {
        usual.bits
    } else {
        let of_share = context.share_bits(Share::Controls, window, usual.count, all);
        // More changes with the usual share are more forgotten reasons; a share that is far from usual needs no large number.
        usual.bits.min(2.0 * of_share).max(of_share)
    };
    (bits > 0.0).then_some((WindowDeviation { bits, ..usual }, all))
}
