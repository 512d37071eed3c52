//! `enumeration`: people are read in sequence instead of being looked up.
//!
//! ## What it detects
//!
//! People reached without a known reason by stepping from one id to its neighbour, by prefixes and wildcards (`LIKE '138%'`),
//! by offsets, and by ranges of the key.
//!
//! ## In the Notice
//!
//! Collecting stock for sale without a list of names (points 1 and 2 of the Notice): whoever wants everybody takes them in
//! turn.
//!
//! ## Data it needs
//!
//! `subjects` with ids that have neighbours, or `statement`.
//!
//! ## How it is measured
//!
//! The number of people so reached in a day and in a week is held against the employee's own closed days and the peer group.
//! Ids are compared as keyed hashes of an id and of the one before it, with the last 16 ids; other work in between hides
//! nothing.
//!
//! ## Innocent look-alikes
//!
//! Deduplication and tests: record them as a `batch`. Work through a queue that is sorted by number: the peers do so as well.
//!
//! ## What it cannot see
//!
//! Ids that are random, counted in larger steps, or end in a check digit: they have no neighbours.
//!
//! ## Example
//!
//! Customers 10,001 to 10,400, one after the other, between other work.

use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::Enumeration,
    family: EvidenceFamily::Manner,
    requirements: &[DataRequirement::Subjects],
    floor: 15,
    floor_counts: "people reached by enumeration without a known reason, in a day or a week",
    listens_to: Listens::To(&[Measure::Enumerated]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let deviation = context.most_unusual_window(Measure::Enumerated, &[Window::H24, Window::D7])?;
    let particular = format!(
        "{} were reached by counting ids, by prefixes or page by page, without a known reason",
        context.told(Measure::Enumerated, deviation).counted("people")
    );
    Some(context.finding(Typology::Enumeration, Measure::Enumerated, deviation, particular))
}
