//! `borrowed_account`: the account works from a place where its owner never worked.
//!
//! **What it does.** Counts people without a known reason who were touched from a device that this employee has used for less than a
//! week while others are familiar, in a day and in a week, against own days and peers. What else does not fit adds to it: more people
//! than usual, another device in use within the same minutes, and hours off duty.
//!
//! **Why.** Accounts are rented out by the day. The borrower has the password, and neither the desk nor the habits.
//!
//! **Example.** At 22:40, from an address never seen before, 70 people; the owner's own terminal is in use meanwhile.
//!
//! **Known false positives.** A new workplace computer, remote work: without further signs they weigh little.
//!
//! **Needs.** Addresses or host names of clients.

use crate::classify::duty::Duty;
use crate::detect::{AccessContext, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::BorrowedAccount,
    requirements: &[DataRequirement::Clients],
    floor: 8,
    floor_counts: "people from a new device without a known reason, in a day or a week",
    on_access: Some(on_access),
    on_day_closed: None,
};

/// What a device in use at two places at once adds, in bits.
const AT_ONCE: f64 = 4.0;
/// What hours off duty add.
const OFF_DUTY: f64 = 5.0;
/// A new device alone happens to everybody, every other year: in a fortnight that is one in 2^6 at the most.
const ALONE: f64 = 6.0;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::NewPlace) == 0 {
        return None;
    }
    let mut excess = context.most_unusual_window(Measure::NewPlace, &[Window::H24, Window::D7])?;
    // As much as usual from a new device is a new device; more than usual is somebody else's work.
    let volume = context.most_unusual_window(Measure::Unexplained, &[Window::H24, Window::D7]).map_or(0.0, |volume| volume.bits);
    let at_once = context.profile.today_figure(Measure::Switches) > 0;
    let off_duty = context.change.duty != Duty::On;
    let signs = volume + if at_once { AT_ONCE } else { 0.0 } + if off_duty { OFF_DUTY } else { 0.0 };
    excess.bits = excess.bits.min(ALONE) + signs.min(2.0 * excess.bits);
    let more = match (at_once, off_duty) {
        (true, true) => ", off duty, while another terminal was in use",
        (true, false) => ", while another terminal was in use",
        (false, true) => ", off duty",
        (false, false) => "",
    };
    let particular =
        format!("{} people without a known reason were touched from a device that is new for this employee{more}", excess.count);
    Some(context.finding(Typology::BorrowedAccount, Measure::NewPlace, excess, particular))
}
