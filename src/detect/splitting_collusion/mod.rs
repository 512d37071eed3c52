//! `splitting_collusion`: several colleagues of one unit are each a little above the usual, in the same week.
//!
//! ## What it detects
//!
//! A few members of a unit who, in the last seven days, each looked up more people of one unit one by one and without a
//! known reason than they used to; where nobody says whose the people are, more people for the first time and without a known or
//! claimed reason. Each of them gets an alert that names the others.
//!
//! ## In the Notice
//!
//! Joint sale (points 1 and 2 of the Notice): a list is split so that no single employee is unusual.
//!
//! ## Data it needs
//!
//! `unit` in `employees.csv`, with units at least four times as large as the group that shares the list; some hundred employees
//! to compare with; some days of history. `owner` in `subjects.csv` tells whose the people are.
//!
//! ## How it is measured
//!
//! Computed once a day has closed everywhere. With owners, each flow of looks from the readers' unit to the subjects' unit is
//! taken by itself: what a member had at the people of that unit is held against the own past weeks and those of the flow, more
//! where the member is busier elsewhere too, and believed as far as one in ten of all such figures is as surprising as that.
//! Without owners, each member's deviation is ranked among all employees. The surprise of the three to
//! eight highest of a unit is added up, at most 12 bits each, less what it takes to choose so many of so many members (a scan
//! statistic: Kulldorff 1997; Donoho and Jin, "Higher criticism", 2004). A rise of the whole unit is taken off by its member at
//! the upper quartile, and one of those who do the same work by the member behind whom half of them are. A sum of 12 bits is
//! reported, with owners one of 20.
//!
//! ## Innocent look-alikes
//!
//! A queue that some members of a unit took over: record the assignment. A surge of the whole unit is taken off. Colleagues who
//! each happen to have a busy week, at the people of different units.
//!
//! ## What it cannot see
//!
//! Groups across units, and groups of two.
//!
//! ## Example
//!
//! Four of thirty tellers each look up 15 strangers a day more than they used to, in the same week, and never the same ones.

mod by_destination;
mod scan;

use crate::detect::{DataRequirement, Detector, EvidenceFamily, Finding, GroupFinding, Listens, group_key};
use crate::model::access::Actor;
use crate::model::typology::Typology;
use crate::population::comparison::DayComparison;
use crate::population::homes::NONE;
use crate::population::summary::Summary;
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use scan::{FEWEST, MOST, OF_ONE, scan};
use std::collections::BTreeMap;
use std::sync::Arc;

pub const DETECTOR: Detector = Detector {
    typology: Typology::SplittingCollusion,
    family: EvidenceFamily::Volume,
    requirements: &[DataRequirement::Units],
    floor: 40,
    floor_counts: "people of several colleagues together without a known reason in seven days, each above the usual",
    listens_to: Listens::To(&[]),
    on_access: None,
    on_day_closed: Some(on_day_closed),
};

/// The least that a member of the group contributes, by rank and by the model: somebody is always first by rank.
const LEAST: f64 = 2.5;
/// The smallest sum that is reported, in bits.
const TELL: f64 = 12.0;

fn on_day_closed(comparison: &DayComparison<'_>, floor: u64) -> Vec<GroupFinding> {
    if comparison.survey.homes.iter().any(|home| *home != NONE) {
        return by_destination::find(comparison, floor);
    }
    let mut units: BTreeMap<&Arc<str>, Vec<&Summary>> = BTreeMap::new();
    for member in comparison.members {
        if let (Some(unit), Actor::Employee(_)) = (&member.unit, &member.actor) {
            units.entry(unit).or_default().push(member);
        }
    }
    let everybody = Ranks::of(comparison.members.iter().map(|member| member.excess.bits).collect());
    units.into_values().flat_map(|members| of_unit(members, &everybody, floor)).collect()
}

/// The rank of an excess among all employees: its surprise is measured, so that it does not depend on how well the model fits.
struct Ranks(Vec<f64>);

impl Ranks {
    fn of(mut bits: Vec<f64>) -> Ranks {
        bits.sort_by(f64::total_cmp);
        Ranks(bits)
    }

    /// -log2 of the share of employees with as much or more.
    fn bits(&self, deviation: f64) -> f64 {
        let below = self.0.partition_point(|other| *other < deviation);
        let share = (self.0.len() - below) as f64 / self.0.len().max(1) as f64;
        -share.max(0.5 / self.0.len().max(1) as f64).log2()
    }
}

fn of_unit(mut members: Vec<&Summary>, everybody: &Ranks, floor: u64) -> Vec<GroupFinding> {
    let n = members.len();
    if n < 2 * FEWEST {
        return Vec::new();
    }
    members.sort_by(|a, b| b.excess.bits.total_cmp(&a.excess.bits).then_with(|| a.actor.cmp(&b.actor)));
    // Without a surge of the whole unit, the member at the upper quartile has two bits by rank. Where few employees have any excess, a
    // small one is rare without being a surge: so it is no more than the model says.
    let quartile = members[n / 4].excess.bits;
    let surge = (everybody.bits(quartile).min(quartile) - 2.0).max(0.0);
    let weight = |member: &Summary| (everybody.bits(member.excess.bits) - surge).min(OF_ONE);
    let most = members.iter().take(MOST.min(n / 2)).take_while(|member| weight(member).min(member.excess.bits) >= LEAST).count();
    let Some((size, bits)) = scan(members.iter().take(most).map(|member| weight(member)), n, 0.0).filter(|(_, bits)| *bits >= TELL) else {
        return Vec::new();
    };
    let group = &members[..size];
    let people: u64 = group.iter().map(|member| member.excess.count).sum();
    if people < floor {
        return Vec::new();
    }
    let one = |member: &&Summary| {
        let related = group.iter().filter(|other| other.actor != member.actor).map(|other| other.actor.name().clone()).collect();
        let particular = format!(
            "{size} of {n} colleagues of one unit were each above the usual within seven days, {people} people looked up one by one for the first time without a known reason together"
        );
        let finding = Finding {
            typology: Typology::SplittingCollusion,
            window: Window::D7,
            count: member.excess.count,
            unknown: 0,
            measure: Measure::Fresh,
            bits,
            particular,
            related,
            group: member.unit.as_deref().map(|unit| group_key(&[unit])),
        };
        GroupFinding { actor: member.actor.clone(), finding }
    };
    group.iter().map(one).collect()
}
