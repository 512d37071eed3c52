//! `off_duty`: people are read when the employee is not at work.
//!
//! ## What it detects
//!
//! People read without a known reason outside of the shift, on days of rest and holidays, or while absent.
//!
//! ## In the Notice
//!
//! A circumstance of any sale (points 1 and 2 of the Notice): orders are carried out at night and on Sundays, when no colleague
//! is present.
//!
//! ## Data it needs
//!
//! Shifts in `employees.csv`, or `calendar.csv`. Where a shift is blank, the hours of the week in which the role works are learnt
//! ([how](weighing.md#hours-of-a-role)); until they are, 07:00 to 21:00 on working days is assumed. Where one is on file, the role
//! says which days of rest are worked. One hour of grace is given at both ends.
//!
//! ## How it is measured
//!
//! Today's count and the sum of seven days are held against how much this employee and the peer group do so.
//!
//! ## Innocent look-alikes
//!
//! Rotas that the directory does not know, month ends, emergencies and outages: enter the shift, or record the reason. Whoever is back
//! from leave before the personnel office says so has appointments and tickets of the day as all others have: from the third such person
//! on, and while not many more than usual are without a reason, the day counts as one of work.
//!
//! ## What it cannot see
//!
//! Whoever sells during working hours.
//!
//! ## Example
//!
//! 120 people between 23:10 and 00:40, by somebody whose shift ends at 18:00 and who never stayed before.

use crate::classify::duty::Duty;
use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::OffDuty,
    family: EvidenceFamily::Time,
    requirements: &[DataRequirement::WorkingTime],
    floor: 20,
    floor_counts: "people without a known reason off duty in a day or in seven",
    listens_to: Listens::To(&[Measure::Unexplained]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    match context.change.duty {
        Duty::On | Duty::BeforeHire | Duty::NotEmployed => return None,
        Duty::OutsideShift | Duty::Holiday | Duty::Absent(_) => {}
    }
    let today = context.of_today(Measure::OffDuty);
    let (days, week) = context.total(Measure::OffDuty, Window::D7);
    if week < context.floor {
        return None;
    }
    let of_today = if today >= context.floor { context.expected(Measure::OffDuty).bits(today) } else { 0.0 };
    let of_week = context.expected_before(Measure::OffDuty, Window::D7, days).bits(week);
    let (window, count, bits) = if of_week > of_today { (Window::D7, week, of_week) } else { (Window::H24, today, of_today) };
    let when = match context.change.duty {
        Duty::Holiday => "on a holiday",
        Duty::Absent(_) => "while absent",
        Duty::OutsideShift | Duty::On | Duty::BeforeHire | Duty::NotEmployed => "outside of working time",
    };
    let told = context.told_in(Measure::OffDuty, window, count);
    (bits > 0.0).then(|| Finding {
        typology: Typology::OffDuty,
        window,
        count,
        unknown: told.unknown,
        measure: Measure::OffDuty,
        bits,
        particular: format!("off duty and without a known reason: {}, the last of them {when}", told.number()),
        related: Vec::new(),
        group: None,
    })
}
