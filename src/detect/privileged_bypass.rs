//! `privileged_bypass`: people are read with direct database tools.
//!
//! ## What it detects
//!
//! People read without a known reason with a console, a desktop tool or a dump instead of through an application.
//!
//! ## In the Notice
//!
//! Acquisition by those who administer the database, past every mask and limit of the applications (points 1 and 2 of the
//! Notice).
//!
//! ## Data it needs
//!
//! `client.app`, such as `application_name` of PostgreSQL.
//!
//! ## How it is measured
//!
//! The number of people per day, week and month is held against the employee's own closed days and the peer group.
//!
//! ## Innocent look-alikes
//!
//! Repairs and outages: record the ticket. Analysts whose tool it is: their own days and their peers show it.
//!
//! ## What it cannot see
//!
//! A tool that names itself like the application: the client chooses its name.
//!
//! ## Example
//!
//! `pg_dump -t customers` by a database administrator at noon; 3,000 customers in DBeaver by a developer.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;

pub const DETECTOR: Detector = Detector {
    typology: Typology::PrivilegedBypass,
    family: EvidenceFamily::Manner,
    requirements: &[DataRequirement::Programs],
    floor: 20,
    floor_counts: "people read with direct tools without a known reason, in a day, a week or a month",
    listens_to: Listens::To(&[Measure::Direct]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let deviation = context.most_unusual_window(Measure::Direct, DAY_WEEK_MONTH)?;
    let particular = format!(
        "{} were read by a program that talks to the database directly, without a known reason",
        context.told(Measure::Direct, deviation).counted("people")
    );
    Some(context.finding(Typology::PrivilegedBypass, Measure::Direct, deviation, particular))
}
