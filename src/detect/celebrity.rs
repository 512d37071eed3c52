//! `celebrity`: many employees read one person, or somebody reads people of public interest.
//!
//! ## What it detects
//!
//! Two patterns. One employee reads subjects tagged `vip` or `employee` without a known reason. And one subject is read by at
//! least five employees of at least three units within seven days, one by one and without a known reason; each of them gets an
//! alert that names the others.
//!
//! ## In the Notice
//!
//! Sale or provision of single records that are in demand (points 1 and 2 of the Notice): the record of a person from the news.
//!
//! ## Data it needs
//!
//! `subjects`. For the first pattern also `vip` or `employee` tags in `subjects.csv`; for the second `unit` in `employees.csv`.
//!
//! ## How it is measured
//!
//! The first is counted per day, week and month and held against the employee's own closed days and the peer group. The second
//! is computed once a day has closed everywhere: the number of units whose employees read one subject is held against how fast,
//! among all other subjects, the number of subjects falls from one unit to two and to three.
//!
//! ## Innocent look-alikes
//!
//! A care team, or a customer whose case passes from unit to unit: their tickets and assignments explain them. Colleagues of
//! one unit meet at the same customers, so units count, not employees.
//!
//! ## What it cannot see
//!
//! A person of public interest who is not tagged and is read by fewer than five employees.
//!
//! ## Example
//!
//! Twelve employees of five branches read one singer's account within two days.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding, GroupFinding};
use crate::model::typology::Typology;
use crate::population::lookups::{self, DayComparison};
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use std::collections::BTreeSet;
use std::sync::Arc;

pub const DETECTOR: Detector = Detector {
    typology: Typology::Celebrity,
    family: EvidenceFamily::Subject,
    requirements: &[DataRequirement::Subjects, DataRequirement::Vips],
    floor: 3,
    floor_counts: "people of public interest without a known reason, in a day, a week or a month; units whose employees look at one subject",
    on_access: Some(on_access),
    on_day_closed: Some(on_day_closed),
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Vips) == 0 {
        return None;
    }
    let deviation = context.most_unusual_window(Measure::Vips, DAY_WEEK_MONTH)?;
    let particular = format!("{} people of public interest or colleagues were looked at without a known reason", deviation.count);
    Some(context.finding(Typology::Celebrity, Measure::Vips, deviation, particular))
}

/// Employees who read one subject, from which on they are compared.
const CROWD: usize = 5;
/// The most other employees that a finding names.
const NAMED: usize = 50;

fn on_day_closed(comparison: &DayComparison<'_>, floor: u64) -> Vec<GroupFinding> {
    let units = |looks: &[lookups::Lookup]| {
        let units = looks.iter().map(|look| comparison.member(comparison.actor(look)).and_then(|member| member.unit.as_ref()));
        units.collect::<BTreeSet<Option<&Arc<str>>>>().len()
    };
    // Colleagues of one unit meet at the same customers, units do not. By which factor the number of subjects falls with each further
    // unit is measured at subjects with few readers: k units are as surprising as k - 1 such steps, less the number of subjects
    // that each employee reads, since any of them might have had so many readers.
    let (mut one, mut two, mut three) = (0.0, 0.0, 0.0);
    // Subjects that are judged are no part of what they are compared with.
    for looks in comparison.by_subject().filter(|looks| looks.len() < CROWD) {
        let of = if looks.len() == 1 { 1 } else { units(looks) };
        one += 1.0;
        two += f64::from(u8::from(of >= 2));
        three += f64::from(u8::from(of >= 3));
    }
    if one == 0.0 {
        return Vec::new();
    }
    // Where few subjects have readers of two units, the first step is taken for the second as well.
    let first = (two + 1.0) / (one + 2.0);
    let step = f64::max(first, (three + first) / (two + 1.0)).min(0.9);
    let tried = (one / comparison.members.len().max(1) as f64).max(1.0).log2();
    let mut found = Vec::new();
    for looks in comparison.by_subject().filter(|looks| looks.len() >= CROWD) {
        let units = units(looks);
        let bits = (units as f64 - 1.0) * -step.log2() - tried;
        if (units as u64) < floor || bits <= 0.0 {
            continue;
        }
        let names: Vec<Arc<str>> = looks.iter().map(|look| comparison.actor(look).name().clone()).collect();
        for look in looks {
            let actor = comparison.actor(look).clone();
            let related = names.iter().filter(|name| *name != actor.name()).take(NAMED).cloned().collect();
            let particular = format!(
                "one person was looked at by {} employees of {} units within seven days, without a known reason",
                looks.len(),
                units
            );
            let finding = Finding {
                typology: Typology::Celebrity,
                window: Window::D7,
                count: looks.len() as u64,
                unknown: 0,
                measure: Measure::Unexplained,
                bits,
                particular,
                related,
                group: Some(look.subject),
            };
            found.push(GroupFinding { actor, finding });
        }
    }
    found
}
