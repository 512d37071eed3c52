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

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::PrivilegedBypass,
    requirements: &[DataRequirement::Programs],
    floor: 20,
    floor_counts: "people read with direct tools without a known reason, in a day, a week or a month",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Direct) == 0 {
        return None;
    }
    let excess = context.most_unusual_window(Measure::Direct, DAY_WEEK_MONTH)?;
    let particular = format!("{} people were read by a program that talks to the database directly, without a known reason", excess.count);
    Some(context.finding(Typology::PrivilegedBypass, Measure::Direct, excess, particular))
}
