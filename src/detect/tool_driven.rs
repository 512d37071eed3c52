//! `tool_driven`: accesses follow one another in the rhythm of a program.
//!
//! ## What it detects
//!
//! Stretches of accesses with even gaps, or without a pause for longer than anybody works by hand, that show people without a
//! known reason.
//!
//! ## In the Notice
//!
//! Collection by a program under a personal login. In published cases rented accounts of couriers were driven by third-party
//! tools around the clock.
//!
//! ## Data it needs
//!
//! `time` finer than the gaps: milliseconds for fast tools, seconds for slow ones.
//!
//! ## How it is measured
//!
//! A stretch ends with a pause of 90 seconds. It is a program's after 40 accesses if the logarithms of its gaps deviate by less
//! than 0.45 (random gaps of 6 to 14 seconds give 0.24, people at work about 1), or after 400 accesses in any case; accesses
//! within 250 ms are one click. The number of such accesses in a day and in a week is held against own days and peers, and
//! weighs less where most people had a known reason.
//!
//! ## Innocent look-alikes
//!
//! Approved robots under a personal login: record a `batch`, or better give them an account of their own. A hurry is uneven.
//!
//! ## What it cannot see
//!
//! Programs with pauses like those of a person, and logs whose times are rounded to minutes.
//!
//! ## Example
//!
//! A waybill every two seconds for three hours; one every 6 to 14 seconds, without a pause.

use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::ToolDriven,
    family: EvidenceFamily::Manner,
    requirements: &[DataRequirement::FineTimes],
    floor: 60,
    floor_counts: "accesses in a machine's rhythm, in a day or a week",
    listens_to: Listens::To(&[Measure::Mechanical]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.of_today(Measure::Unexplained) == 0 {
        return None;
    }
    let mut deviation = context.most_unusual_window(Measure::Mechanical, &[Window::H24, Window::D7])?;
    let open = context.total(Measure::Unexplained, deviation.window).1;
    let all = context.total(Measure::Persons, deviation.window).1;
    // A program whose accesses have a known reason is an approved robot.
    deviation.bits *= (2.0 * open as f64 / all.max(1) as f64).min(1.0);
    let particular = format!(
        "{} accesses came in the rhythm of a machine, and {} of {} had no known reason",
        deviation.count,
        context.told_in(Measure::Unexplained, deviation.window, open).number(),
        context.told_in(Measure::Persons, deviation.window, all).counted("people")
    );
    Some(context.finding(Typology::ToolDriven, Measure::Mechanical, deviation, particular))
}
