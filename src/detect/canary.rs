//! `canary`: a planted record was touched, which no business ever needs.
//!
//! **What it does.** Looks for subjects tagged `canary` among the people of an access without a known reason. A targeted
//! look weighs most; a sweep over a whole table, which touches everybody, weighs little.
//!
//! **Why.** Whoever walks through customers that are not theirs meets the planted ones sooner or later.
//!
//! **Example.** A look-up list of 50 subjects holds a planted record.
//!
//! **Known false positives.** Deduplication and migrations over the whole table: give them a `batch` explanation.
//!
//! **Needs.** `canary` tags in `subjects.csv`, and subject ids in the log.

use crate::classify::subjects::Tag;
use crate::detect::{AccessContext, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::Canary,
    requirements: &[DataRequirement::Tags, DataRequirement::Subjects],
    floor: 1,
    floor_counts: "planted records in one access",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    // Most runs plant few records or none, so the question is cheap.
    if context.subjects.canaries() == 0 {
        return None;
    }
    let uncovered = context.access.subjects.iter().enumerate().filter(|(at, _)| context.justification.unexplained.is_unexplained(*at));
    let touched = uncovered.filter(|(_, subject)| context.subjects.tag(**subject) == Tag::Canary).count() as u64;
    if touched < context.floor {
        return None;
    }
    let all = context.access.subjects.len() as f64;
    // From 30 bits for a look at one person down to 10 for a sweep over 10,000.
    let bits = 5.0f64.mul_add(-all.log10(), 30.0).max(4.0) + 2.0 * (touched as f64).log2();
    Some(Finding {
        typology: Typology::Canary,
        window: Window::H24,
        count: touched,
        measure: Measure::Unexplained,
        bits,
        particular: format!("planted records in an access to {all} without a known reason: {touched}"),
        related: Vec::new(),
    })
}
