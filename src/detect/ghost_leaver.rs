//! `ghost_leaver`: an account is used although its owner has left or is away.
//!
//! ## What it detects
//!
//! People read without a known reason after the last day of employment, before the first, or on a day of leave or sickness.
//!
//! ## In the Notice
//!
//! Accounts of people who left are lent, rented and sold, because nobody misses them: access without authority (point 2 of the
//! Notice). After the last day it is grave by nature.
//!
//! ## Data it needs
//!
//! `hired` and `left` in `employees.csv`, or `absences.csv`.
//!
//! ## How it is measured
//!
//! No baseline. After the last day one such person weighs 22 bits, during an absence 4; each doubling of the volume adds 4. One look after
//! the last day opens an alert, however small the company and however often that comes about there. Before the first day that the
//! directory has, one person weighs 8 and nothing is grave: personnel offices date hires late more often than accounts are used early.
//!
//! ## Innocent look-alikes
//!
//! A late feed from the personnel department, cover duty, and the two customers that somebody looks up while on leave: an
//! absence needs volume. Training counts as work. Whoever is listed as absent, or as not hired yet, and has reasons on file for most of a
//! day's people, as is usual, is at work.
//!
//! ## What it cannot see
//!
//! Employees whose dates the directory does not have, and shared accounts whose owner is still employed.
//!
//! ## Example
//!
//! Left on 31 March; on 9 April the account reads 60 people.

use crate::classify::directory::Absence;
use crate::classify::duty::Duty;
use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::counts::CountScope;
use crate::profile::measure::Measure;
use crate::profile::window::{Window, day_number};

pub const DETECTOR: Detector = Detector {
    typology: Typology::GhostLeaver,
    family: EvidenceFamily::Time,
    requirements: &[DataRequirement::Employment],
    floor: 1,
    floor_counts: "people without a known reason after leaving",
    listens_to: Listens::To(&[Measure::Unexplained]),
    on_access: Some(on_access),
    on_day_closed: None,
};

/// Weight of one person read after the last day, in bits: rarely innocent.
const AFTER_LEAVING: f64 = 22.0;
/// Weight of one person read before the first day, in bits: mostly the personnel office has the date late, and whoever is new works as
/// the others do.
const BEFORE_HIRE: f64 = 8.0;
/// Weight of one person read during an absence, in bits: often innocent.
const WHILE_ABSENT: f64 = 4.0;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    match context.change.duty {
        Duty::NotEmployed => {
            let left = context.employee.and_then(|employee| employee.left).map(day_number);
            let since = left.map_or(0, |left| context.change.day.saturating_sub(left));
            let window = Window::ALL.into_iter().skip(1).find(|window| window.days() >= since).unwrap_or(Window::D90);
            // A window that reaches back beyond the last day would count regular work: the largest that does not is taken.
            let window = if window.days() > since { smaller(window) } else { window };
            let count = context.profile.figure(window, context.change.end, CountScope::Unexplained).max(context.change.newly_unexplained);
            (count >= context.floor).then(|| finding(context, window, count, AFTER_LEAVING, "after the last day of employment"))
        }
        Duty::BeforeHire => {
            let count = context.of_today(Measure::Unexplained);
            let when = "before the first day of employment that the directory has";
            (count >= context.floor).then(|| finding(context, Window::H24, count, BEFORE_HIRE, when))
        }
        Duty::Absent(Absence::Leave | Absence::Sick) => {
            let count = context.of_today(Measure::Unexplained);
            (count >= context.floor).then(|| finding(context, Window::H24, count, WHILE_ABSENT, "on a day of leave or sickness"))
        }
        Duty::Absent(Absence::Training) | Duty::On | Duty::OutsideShift | Duty::Holiday => None,
    }
}

fn smaller(window: Window) -> Window {
    match window {
        Window::H1 | Window::H24 | Window::D7 => Window::H24,
        Window::D30 => Window::D7,
        Window::D90 => Window::D30,
    }
}

fn finding(context: &AccessContext<'_>, window: Window, count: u64, base: f64, when: &str) -> Finding {
    let told = context.told_in(Measure::Unexplained, window, count);
    Finding {
        typology: Typology::GhostLeaver,
        window,
        count,
        unknown: told.unknown,
        measure: Measure::Unexplained,
        bits: 4.0f64.mul_add((count as f64 / 4.0 + 1.0).log2(), base),
        particular: format!("{when} and without a known reason: {}", told.number()),
        related: Vec::new(),
        group: None,
    }
}
