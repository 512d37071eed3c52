//! `shared_privilege`: one account is used on several terminals at once, or speaks for more people than it ever did.
//!
//! ## What it detects
//!
//! Changes of the terminal of a personal account within ten minutes. Of a login that the directory calls a program's or shared: for how
//! many employees it says that it asks, and how many names it gives that are nobody's.
//!
//! ## In the Notice
//!
//! A privileged account used by several people. In a published case 12,716 items in a month went through one account that three
//! people used, and nobody could say who read what.
//!
//! ## Data it needs
//!
//! `client.host` or `client.ip`; for logins that ask for others, the names that they give.
//!
//! ## How it is measured
//!
//! The number of changes in a day and in a week is held against the employee's own closed days and the peer group. Of pooled and programs'
//! logins, which `accounts.csv` names, the changes are not judged; the people spoken for and the names that were not believed are held
//! against the login's own closed days, from the fifth on.
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

use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, LOGIN_KNOWN, Listens};
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
    listens_to: Listens::To(&[Measure::Switches, Measure::SpokenFor, Measure::RejectedNames]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if matches!(context.access.actor, Actor::Account(_)) {
        return of_login(context);
    }
    if context.added(Measure::Switches) == 0 {
        return None;
    }
    let deviation = context.most_unusual_window(Measure::Switches, &[Window::H24, Window::D7])?;
    let particular = format!("the terminal changed {} times within minutes", deviation.count);
    Some(context.finding(Typology::SharedPrivilege, Measure::Switches, deviation, particular))
}

/// A login that asks for others: for how many, and how many names were not believed.
fn of_login(context: &AccessContext<'_>) -> Option<Finding> {
    let of = |measure: Measure| {
        if context.added(measure) == 0 || context.own[measure as usize].days < LOGIN_KNOWN {
            return None;
        }
        let deviation = context.most_unusual_window(measure, &[Window::H24])?;
        let particular = match measure {
            Measure::RejectedNames => {
                format!("it says that it asks for {} names that are nobody's or that it may not speak for", deviation.count)
            }
            _ => format!("it says that it asks for {} employees", deviation.count),
        };
        Some(context.finding(Typology::SharedPrivilege, measure, deviation, particular))
    };
    [of(Measure::SpokenFor), of(Measure::RejectedNames)].into_iter().flatten().max_by(|a, b| a.bits.total_cmp(&b.bits))
}
