//! `privileged_bypass`: those who run the database read it.
//!
//! **What it does.** Counts people without a known reason who were read with a console, a desktop tool or a dump, instead of through an
//! application, over a day, a week and a month, against own days and peers.
//!
//! **Why.** Administrators pass by every mask and limit of the applications.
//!
//! **Example.** `pg_dump -t customers` by a database administrator at noon; 3,000 customers in DBeaver by a developer.
//!
//! **Known false positives.** Repairs and outages (give them a ticket), analysts whose tool it is (their own days and peers show it).
//!
//! **Needs.** Names of client programs (`client.app`, `application_name`). A program may name itself as it likes.

use crate::detect::{DAYS_WEEKS_MONTHS, Detector, Finding, Look, Need};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::PrivilegedBypass,
    needs: &[Need::Programs],
    floor: 20,
    floor_counts: "people read with direct tools without a known reason, in a day, a week or a month",
    look: Some(look),
    compare: None,
};

fn look(look: &Look<'_>) -> Option<Finding> {
    if look.added(Measure::Direct) == 0 {
        return None;
    }
    let excess = look.excess(Measure::Direct, DAYS_WEEKS_MONTHS)?;
    let particular = format!("{} people were read by a program that talks to the database directly, without a known reason", excess.count);
    Some(look.finding(Typology::PrivilegedBypass, Measure::Direct, excess, particular))
}
