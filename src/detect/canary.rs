//! `canary`: a planted record was read, which no business needs.
//!
//! ## What it detects
//!
//! Subjects that are tagged `canary` among the people of an access without a known reason.
//!
//! ## In the Notice
//!
//! Any reading of customers' records without business, as done for sale: whoever walks through customers that are not theirs
//! reaches a planted one sooner or later. Grave by nature, whatever the volume.
//!
//! ## Data it needs
//!
//! `subjects` (the ids of the people disclosed), and `canary` tags in `subjects.csv`.
//!
//! ## How it is measured
//!
//! No baseline: reading a planted record is unusual by itself. The weight depends on how targeted the access is, from 30 bits
//! for one person down to 20 for a list of a hundred and more, and 2 bits more for each doubling of planted records. One touch opens an
//! alert however large the company, and however often planted records are touched there.
//!
//! ## Innocent look-alikes
//!
//! Deduplication, migrations and other sweeps over a whole table: they touch every planted record. Record them as an
//! explanation of kind `batch`.
//!
//! ## What it cannot see
//!
//! Readers who know which records are planted, and logs that name no subjects.
//!
//! ## Example
//!
//! A list of 50 customers, looked up by id, contains one planted record.

use crate::classify::subjects::Tag;
use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::Canary,
    family: EvidenceFamily::Subject,
    requirements: &[DataRequirement::Tags, DataRequirement::Subjects],
    floor: 1,
    floor_counts: "planted records in one access",
    listens_to: Listens::Always,
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    // Where nothing is planted, subjects need not be looked up.
    if context.subjects.canaries() == 0 {
        return None;
    }
    let uncovered = context.access.subjects.iter().enumerate().filter(|(at, _)| context.justification.unexplained.is_unexplained(*at));
    let touched = uncovered.filter(|(_, subject)| context.subjects.tag(**subject) == Tag::Canary).count() as u64;
    if touched < context.floor {
        return None;
    }
    let all = context.access.subjects.len() as f64;
    // From 30 bits for a look at one person down to 20 for a list of a hundred and more.
    let bits = 5.0f64.mul_add(-all.log10(), 30.0).max(20.0) + 2.0 * (touched as f64).log2();
    Some(Finding {
        typology: Typology::Canary,
        window: Window::H24,
        count: touched,
        unknown: 0,
        measure: Measure::Unexplained,
        bits,
        particular: format!("planted records in an access to {all} without a known reason: {touched}"),
        related: Vec::new(),
        group: None,
    })
}
