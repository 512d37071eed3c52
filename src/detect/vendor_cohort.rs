//! `vendor_cohort`: agents of one outside employer read the same people.
//!
//! ## What it detects
//!
//! People whom several agents of the same outside employer looked up one by one within seven days, without a known reason. Each
//! agent gets an alert that names those with whom people are shared.
//!
//! ## In the Notice
//!
//! Joint sale by staff of a contractor (points 1 and 2 of the Notice): agents who sell together work through one list, check
//! each other's finds, and repeat each other's orders.
//!
//! ## Data it needs
//!
//! `subjects`, and `employer` in `employees.csv`.
//!
//! ## How it is measured
//!
//! Computed once a day has closed everywhere. The number of people that an agent shares with others of the employer is held
//! against how often pairs of colleagues of one unit, and pairs of different units, who are not both of this employer read the
//! same person, at the customers of each unit apart, and against how much that scatters among employees (method of moments).
//! Own customers of an agent's unit are left out where owners are known. An employer whose agents have met more often for weeks
//! without a finding has that as its habit.
//!
//! ## Innocent look-alikes
//!
//! A peak of calls that passes between agents: its tickets or assignment explain it. A vendor that sits as one unit and serves
//! customers of its own: they meet as colleagues of other units do.
//!
//! ## What it cannot see
//!
//! Agents whose employer the directory does not name, lists split so that no two agents read the same person, and lists of the
//! own customers of the agents' unit.
//!
//! ## Example
//!
//! Five agents of one vendor, with 30 strangers in common within a week.

use crate::detect::{DataRequirement, Detector, EvidenceFamily, Finding, GroupFinding, Listens};
use crate::model::typology::Typology;
use crate::population::comparison::DayComparison;
use crate::population::meetings::AgentMeetings;
use crate::profile::baseline::Prediction;
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use std::sync::Arc;

pub const DETECTOR: Detector = Detector {
    typology: Typology::VendorCohort,
    family: EvidenceFamily::Volume,
    requirements: &[DataRequirement::Employers, DataRequirement::Subjects],
    floor: 6,
    floor_counts: "people whom others of the same employer looked at too, without a known reason, in seven days",
    listens_to: Listens::To(&[]),
    on_access: None,
    on_day_closed: Some(on_day_closed),
};

fn on_day_closed(comparison: &DayComparison<'_>, floor: u64) -> Vec<GroupFinding> {
    let agents = comparison.meetings.iter().flat_map(|employer| &employer.agents);
    agents.filter(|agent| agent.people >= floor).filter_map(|agent| find(comparison, agent)).collect()
}

fn find(comparison: &DayComparison<'_>, agent: &AgentMeetings) -> Option<GroupFinding> {
    let name = |who: u32| comparison.recent.actors()[who as usize].name().clone();
    let bits = Prediction { mean: agent.usual, variance: agent.variance }.bits(agent.people);
    let particular = format!(
        "{} of {} people looked at within seven days without a known reason were looked at by others of the same outside employer too, most of \
         them by {} of these; {:.0} would be usual",
        agent.people,
        agent.looked,
        agent.with.len(),
        agent.usual
    );
    let finding = Finding {
        typology: Typology::VendorCohort,
        window: Window::D7,
        count: agent.people,
        unknown: 0,
        measure: Measure::Orders,
        bits,
        particular,
        related: agent.with.iter().map(|who| name(*who)).collect::<Vec<Arc<str>>>(),
        group: Some(comparison.survey.employer(agent.who)),
    };
    (bits > 0.0).then(|| GroupFinding { actor: comparison.recent.actors()[agent.who as usize].clone(), finding })
}
