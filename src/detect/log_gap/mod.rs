//! `log_gap`: auditing was switched off, or a source gives far too few records.
//!
//! ## What it detects
//!
//! Every statement that switches auditing off or narrows it, whoever gives it and whether or not it works. And sources that
//! fall silent, give far fewer records than on such days and at such hours, or whose own numbering has holes, while other
//! sources go on, and sources whose clock runs ahead. An alert about a source names the source and no employee.
//!
//! ## In the Notice
//!
//! Concealment of any of the other patterns. The Notice (point 4) asks organisations to find and report such weaknesses. By a
//! person it is grave by nature.
//!
//! ## Data it needs
//!
//! `statement` of administration. For sources: five earlier days of the same kind, and a second source that keeps the time when
//! the first is silent.
//!
//! ## How it is measured
//!
//! A statement has no baseline: 45 bits, or 25 where it failed. A source or partition is judged every hour over stretches of 1,
//! 3, 6, 12 and 24 hours against the median of like hours, less the share by which all other sources are lower too.
//!
//! ## Innocent look-alikes
//!
//! Maintenance: record an explanation that covers the employee or the source. A source that was ended for good is reported
//! once. Holidays come from the calendar, or show in the other sources.
//!
//! ## What it cannot see
//!
//! A superuser of PostgreSQL can switch pgaudit off without a record; what was read meanwhile is in no log. A source that is
//! silent from the start has no usual volume.
//!
//! ## Example
//!
//! `SET pgaudit.log = '-read'` within a `DO` block, `SET GLOBAL server_audit_logging = OFF`, `ALTER SERVER AUDIT … STATE = OFF`. A core system that
//! writes 5,000 records between nine and twelve writes none on a Tuesday.

pub mod source;

use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::access::Indicators;
use crate::model::typology::Typology;
use crate::profile::justification::UnexplainedSubjects;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::LogGap,
    family: EvidenceFamily::Act,
    requirements: &[DataRequirement::Statements],
    floor: 1,
    floor_counts: "statements that switch auditing off",
    listens_to: Listens::Always,
    on_access: Some(on_access),
    on_day_closed: None,
};

/// What such a statement weighs, in bits; one that failed weighs less.
const WEIGHS: f64 = 45.0;
const FAILED: f64 = 25.0;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if !context.access.indicators.has(Indicators::AUDIT_OFF) || context.justification.unexplained == UnexplainedSubjects::Nobody {
        return None;
    }
    let (bits, how) = if context.access.success { (WEIGHS, "switched off or narrowed") } else { (FAILED, "tried to be switched off") };
    Some(Finding {
        typology: Typology::LogGap,
        window: Window::H24,
        count: 1,
        unknown: 0,
        measure: Measure::Unexplained,
        bits,
        particular: format!("auditing was {how} by a statement, without a known reason; what came after may not be in the log"),
        related: Vec::new(),
        group: None,
    })
}
