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
//! against how often two employees of different units read the same person by chance, times four, since agents of one employer
//! share a queue.
//!
//! ## Innocent look-alikes
//!
//! A peak of calls that passes between agents: its tickets or assignment explain it.
//!
//! ## What it cannot see
//!
//! Agents whose employer the directory does not name, and lists split so that no two agents read the same person.
//!
//! ## Example
//!
//! Five agents of one vendor, with 30 strangers in common within a week.

use crate::detect::{DataRequirement, Detector, EvidenceFamily, Finding, GroupFinding, group_key};
use crate::model::typology::Typology;
use crate::population::lookups::{DayComparison, Lookup};
use crate::profile::baseline::Prediction;
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub const DETECTOR: Detector = Detector {
    typology: Typology::VendorCohort,
    family: EvidenceFamily::Volume,
    requirements: &[DataRequirement::Employers, DataRequirement::Subjects],
    floor: 6,
    floor_counts: "people whom others of the same employer looked at too, without a known reason, in seven days",
    on_access: None,
    on_day_closed: Some(on_day_closed),
};

/// What one agent shares with others of the employer.
#[derive(Default)]
struct Shared {
    people: u64,
    with: BTreeSet<Arc<str>>,
}

fn on_day_closed(comparison: &DayComparison<'_>, floor: u64) -> Vec<GroupFinding> {
    let employer = |look: &Lookup| comparison.member(comparison.actor(look)).and_then(|member| member.employer.as_ref());
    let unit = |look: &Lookup| comparison.member(comparison.actor(look)).and_then(|member| member.unit.as_ref());
    let mut looked: BTreeMap<u32, u64> = BTreeMap::new();
    let mut of_employer: BTreeMap<&Arc<str>, u64> = BTreeMap::new();
    let mut shared: BTreeMap<u32, Shared> = BTreeMap::new();
    // Pairs of employees without a common outside employer who read the same subject, and all pairs of readings.
    let (mut met, mut all) = (0.0, 0.0);
    for looks in comparison.by_subject() {
        for look in looks {
            *looked.entry(look.who).or_default() += 1;
            if let Some(employer) = employer(look) {
                *of_employer.entry(employer).or_default() += 1;
            }
        }
        all += looks.len() as f64;
        for (at, one) in looks.iter().enumerate() {
            for other in &looks[at + 1..] {
                match (employer(one), employer(other)) {
                    (Some(a), Some(b)) if a == b => {
                        for (who, with) in [(one, other), (other, one)] {
                            shared.entry(who.who).or_default().with.insert(comparison.actor(with).name().clone());
                        }
                    }
                    // Colleagues of one unit meet at its own customers: such pairs are not chance.
                    _ => met += f64::from(u8::from(unit(one) != unit(other) || unit(one).is_none())),
                }
            }
        }
        for look in looks {
            let own = employer(look);
            let others = looks.iter().any(|other| other.who != look.who && own.is_some() && employer(other) == own);
            if others {
                shared.entry(look.who).or_default().people += 1;
            }
        }
    }
    let chance = if all > 1.0 { met / (all * (all - 1.0) / 2.0) } else { 0.0 };
    let mut found = Vec::new();
    for (who, shared) in shared.into_iter().filter(|(_, shared)| shared.people >= floor) {
        let look = Lookup { subject: 0, who };
        let own = looked.get(&who).copied().unwrap_or(0);
        let others = employer(&look).and_then(|employer| of_employer.get(employer)).map_or(0, |all| all - own);
        // Agents of one employer share a queue, so they meet more often than by chance.
        let mean = (own as f64 * others as f64 * chance * QUEUE).max(0.02 * own as f64);
        let bits = Prediction { mean, variance: mean + 0.5 * mean * mean + 0.1 }.bits(shared.people);
        let actor = comparison.actor(&look).clone();
        let particular = format!(
            "{} of {own} people looked at within seven days without a known reason were looked at by {} others of the same outside employer too",
            shared.people,
            shared.with.len()
        );
        let finding = Finding {
            typology: Typology::VendorCohort,
            window: Window::D7,
            count: shared.people,
            unknown: 0,
            measure: Measure::Orders,
            bits,
            particular,
            related: shared.with.into_iter().collect(),
            group: employer(&look).map(|employer| group_key(&[employer])),
        };
        found.extend((bits > 0.0).then_some(GroupFinding { actor, finding }));
    }
    found
}

/// How much more often agents of one employer meet than any two employees.
const QUEUE: f64 = 4.0;
