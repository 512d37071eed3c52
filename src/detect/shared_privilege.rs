//! `shared_privilege`: one login, several terminals at once.
//!
//! **What it does.** Counts how often a personal account changes its terminal within ten minutes, in a day and in a week, against own
//! days and peers.
//!
//! **Why.** 12,716 items in a month went through one privileged account that three people used: nobody could say who read what.
//!
//! **Example.** A supervisor's account on three terminals of one hall, in turns, all day.
//!
//! **Known false positives.** Kiosks and counters with rotating seats (peers change as often), a laptop beside a desktop.
//!
//! **Needs.** Addresses or host names of clients. Pooled accounts are named in `accounts.csv` and are not judged here.

use crate::detect::{AccessContext, DataRequirement, Detector, Finding};
use crate::model::access::Actor;
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::SharedPrivilege,
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
    let excess = context.most_unusual_window(Measure::Switches, &[Window::H24, Window::D7])?;
    let particular = format!("the terminal changed {} times within minutes", excess.count);
    Some(context.finding(Typology::SharedPrivilege, Measure::Switches, excess, particular))
}
