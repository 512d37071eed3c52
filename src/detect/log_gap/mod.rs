//! `log_gap`: somebody switched the light off.
//!
//! **What it does.** Tells of every statement that switches auditing off or narrows it, whoever gives it and whether or not it worked. And
//! of sources ([`source`]): one that falls silent or gives far less than it does on such days and at such hours, while time goes on
//! elsewhere. Such an alert names the source and no employee.
//!
//! **Why.** What follows is not in the log. It is the one act of which the log itself shows only the beginning, or nothing but the hole.
//!
//! **Example.** `SET pgaudit.log = 'none'`, `SET GLOBAL server_audit_logging = OFF`, `ALTER SERVER AUDIT … STATE = OFF`. A core system
//! that writes 5,000 records between nine and twelve, and none on a Tuesday.
//!
//! **Known false positives.** Maintenance: a reason that covers the employee, or the source, explains it. A source that was switched off
//! for good is told once; a holiday is known from the calendar, or from the other sources.
//!
//! **Needs.** Statement texts of administration in the log. A superuser of PostgreSQL can switch pgaudit off unseen. For sources, five
//! earlier days of the same kind, and a second source to keep time where the first falls silent.

pub mod source;

use crate::detect::{AccessContext, DataRequirement, Detector, Finding};
use crate::model::access::Indicators;
use crate::model::typology::Typology;
use crate::profile::justification::UnexplainedSubjects;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::LogGap,
    requirements: &[DataRequirement::Statements],
    floor: 1,
    floor_counts: "statements that switch auditing off",
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
        measure: Measure::Unexplained,
        bits,
        particular: format!("auditing was {how} by a statement, without a known reason; what came after may not be in the log"),
        related: Vec::new(),
    })
}
