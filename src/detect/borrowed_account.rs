//! `borrowed_account`: an account is used from a device that its owner does not use.
//!
//! ## What it detects
//!
//! People read without a known reason from a device that this employee has used for less than seven days, while other devices
//! are familiar.
//!
//! ## In the Notice
//!
//! Accounts that are lent or rented out: the Notice counts what was acquired by theft or otherwise unlawfully (point 2) beside
//! what was obtained on duty. The borrower has the password, but neither the owner's workplace nor the owner's habits.
//!
//! ## Data it needs
//!
//! `client.host` or `client.ip`. A host name is preferred, since addresses change.
//!
//! ## How it is measured
//!
//! The number of people read from the new device in a day and in a week is held against the employee's own closed days and the
//! peer group. Three signs add to the surprise: more people than usual, another device of the same account in use within ten
//! minutes, and hours off duty. A new device without any of these signs counts for at most 6 bits.
//!
//! ## Innocent look-alikes
//!
//! A new workplace computer, or remote work: the volume stays as usual, nobody works at the old device at the same time, and
//! the hours are those of the shift. Business with a known reason does not count.
//!
//! ## What it cannot see
//!
//! A borrower at the owner's own computer, or behind the same terminal server or proxy: there the log shows one address for
//! everybody.
//!
//! ## Example
//!
//! At 22:40, from an address never seen before, the account reads 70 people, while the owner's own terminal is in use.

use crate::classify::duty::Duty;
use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::BorrowedAccount,
    family: EvidenceFamily::Place,
    requirements: &[DataRequirement::Clients],
    floor: 8,
    floor_counts: "people from a new device without a known reason, in a day or a week",
    listens_to: Listens::To(&[Measure::NewPlace]),
    on_access: Some(on_access),
    on_day_closed: None,
};

/// What another device in use at the same time adds, in bits.
const AT_ONCE: f64 = 4.0;
/// What hours off duty add, in bits.
const OFF_DUTY: f64 = 5.0;
/// The most that a new device counts for without other signs: everybody gets one every other year, so one in 2^6 per fortnight.
const ALONE: f64 = 6.0;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let mut deviation = context.most_unusual_window(Measure::NewPlace, &[Window::H24, Window::D7])?;
    // The usual volume from a new device means a new device; a larger volume points to another person.
    let volume = context.most_unusual_window(Measure::Unexplained, &[Window::H24, Window::D7]).map_or(0.0, |volume| volume.bits);
    let at_once = context.of_today(Measure::Switches) > 0;
    let off_duty = context.change.duty != Duty::On;
    let signs = volume + if at_once { AT_ONCE } else { 0.0 } + if off_duty { OFF_DUTY } else { 0.0 };
    deviation.bits = deviation.bits.min(ALONE) + signs.min(2.0 * deviation.bits);
    let more = match (at_once, off_duty) {
        (true, true) => ", off duty, while another terminal was in use",
        (true, false) => ", while another terminal was in use",
        (false, true) => ", off duty",
        (false, false) => "",
    };
    let particular = format!(
        "{} without a known reason were touched from a device that is new for this employee{more}",
        context.told(Measure::NewPlace, deviation).counted("people")
    );
    Some(context.finding(Typology::BorrowedAccount, Measure::NewPlace, deviation, particular))
}
