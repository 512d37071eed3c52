//! `shared_privilege`: one account is used on several terminals at once.
//!
//! ## What it detects
//!
//! Changes of the terminal of a personal account within ten minutes.
//!
//! ## In the Notice
//!
//! A privileged account used by several people. In a published case 12,716 items in a month went through one account that three
//! people used, and nobody could say who read what.
//!
//! ## Data it needs
//!
//! `client.host` or `client.ip`.
//!
//! ## How it is measured
//!
//! The number of changes in a day and in a week is held against the employee's own closed days and the peer group. Pooled
//! accounts, which `accounts.csv` names, are not judged here.
//!
//! ## Innocent look-alikes
//!
//! Kiosks and counters with rotating seats: the peers change as often. A laptop beside a desktop: the own days show it.
//!
//! ## What it cannot see
//!
//! People who share one terminal, and clients behind one address.
//!
//! ## Example
//!
//! A supervisor's account on three terminals of one hall, in turns, all day.

use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding};
use crate::model::access::Actor;
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::SharedPrivilege,
    family: EvidenceFamily::Place,
    requirements: &[DataRequirement::Clients],
    floor: 6,
    floor_counts: "changes of terminal within minutes, in a day or a week",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Switches) == 0 || matches!(context.access.actor, Actor::Account(_)) {
        return None;
    }
    let deviation = context.most_unusual_window(Measure::Switches, &[Window::H24, Window::D7])?;
    let particular = format!("the terminal changed {} times within minutes", deviation.count);
    Some(context.finding(Typology::SharedPrivilege, Measure::Switches, deviation, particular))
}
