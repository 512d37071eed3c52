//! Where it is known whose the customers are: the looks of a unit's members at the people of one unit, each against the own past and
//! that of the flow between the two units, and those who rose together.

use super::scan::{FEWEST, MOST, OF_ONE, scan};
use crate::detect::{Finding, GroupFinding};
use crate::model::access::Actor;
use crate::model::typology::Typology;
use crate::population::comparison::DayComparison;
use crate::population::homes::NONE;
use crate::population::survey::overdispersion;
use crate::profile::baseline::Prediction;
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use std::collections::BTreeMap;

/// Days that must lie before the days compared.
const FEWEST_DAYS: f64 = 5.0;
/// Weeks that the mean of the flow weighs beside the own past.
const FLOW_WEEKS: f64 = 1.0;
/// The smallest expectation of a week.
const LEAST_USUAL: f64 = 0.2;
/// By how much of a busier week elsewhere the expectation rises at the most.
const BUSIER: f64 = 3.0;

/// The least that a member of the group contributes.
const LEAST: f64 = 5.0;
/// The smallest sum that is reported, in bits: there are many more flows than units.
const TELL: f64 = 20.0;
/// Of fewer members who do the same work it is not told what they have in common.
const FEWEST_PEERS: usize = 5;

/// Looks of one employee at the people of one unit.
struct Cell {
    who: u32,
    people: f64,
    usual: f64,
    bits: f64,
}

pub(super) fn find(comparison: &DayComparison<'_>, floor: u64) -> Vec<GroupFinding> {
    let (survey, past) = (comparison.survey, comparison.recent.past());
    if past.days < FEWEST_DAYS {
        return Vec::new();
    }
    let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
    for (who, unit) in survey.units.iter().enumerate().filter(|(_, unit)| **unit != NONE) {
        *sizes.entry(*unit).or_default() += usize::from(matches!(comparison.recent.actors()[who], Actor::Employee(_)));
    }
    let mut peers = Peers::new();
    for who in 0..survey.units.len() as u32 {
        *peers.entry((survey.unit(who), survey.group(who))).or_default() += 1;
    }
    // What each unit's members had at the people of each other unit in a week, all together.
    let mut flows: BTreeMap<(u64, u64), f64> = BTreeMap::new();
    let mut cells: BTreeMap<(u32, u64), f64> = BTreeMap::new();
    for (who, home, _) in past.flows().filter(|(who, home, _)| *home != NONE && survey.unit(*who) != NONE) {
        *flows.entry((survey.unit(who), home)).or_default() += past.weekly(who, home);
        cells.insert((who, home), 0.0);
    }
    for ((who, home), people) in survey.sorted_looks() {
        if home != NONE && survey.unit(who) != NONE {
            cells.insert((who, home), f64::from(people));
        }
    }
    let weeks = past.days / 7.0;
    let usual = |who: u32, home: u64| {
        let unit = survey.unit(who);
        let flow = flows.get(&(unit, home)).copied().unwrap_or(0.0) / sizes.get(&unit).copied().unwrap_or(1).max(1) as f64;
        ((past.weekly(who, home) * weeks + flow * FLOW_WEEKS) / (weeks + FLOW_WEEKS)).max(LEAST_USUAL)
    };
    let mut totals: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for ((who, home), people) in &cells {
        let total = totals.entry(*who).or_default();
        (total.0, total.1) = (total.0 + people, total.1 + usual(*who, *home));
    }
    let spread = overdispersion(cells.iter().map(|((who, home), people)| (*people, usual(*who, *home))));
    let mut groups: BTreeMap<(u64, u64), Vec<Cell>> = BTreeMap::new();
    for ((who, home), people) in &cells {
        let (mine, total) = (usual(*who, *home), totals[who]);
        // Whoever has more to do everywhere has more to do here.
        let busier = ((total.0 - people + 5.0) / (total.1 - mine + 5.0)).clamp(1.0, BUSIER);
        let mean = mine * busier;
        let variance = mean + (spread + 1.0 / (weeks + FLOW_WEEKS)) * mean * mean + 0.1;
        let bits = Prediction { mean, variance }.bits(*people as u64);
        groups.entry((survey.unit(*who), *home)).or_default().push(Cell { who: *who, people: *people, usual: mean, bits });
    }
    let mut destinations: BTreeMap<u64, u32> = BTreeMap::new();
    groups.keys().for_each(|(unit, _)| *destinations.entry(*unit).or_default() += 1);
    let mut bits: Vec<f64> = groups.values().flatten().map(|cell| cell.bits).collect();
    // Whoever never looked anywhere else is as good a witness.
    bits.resize(bits.len().max(comparison.members.len()), 0.0);
    let slope = slope(bits);
    groups.values_mut().flatten().for_each(|cell| cell.bits = (cell.bits * slope).min(OF_ONE));
    let tried = |unit: u64| f64::from(destinations.get(&unit).copied().unwrap_or(1)).log2();
    let found = groups.into_iter().flat_map(|((unit, home), cells)| {
        let flow =
            Flow { size: sizes.get(&unit).copied().unwrap_or(0).max(cells.len()), tried: tried(unit), key: unit ^ home.rotate_left(32) };
        of_flow(comparison, cells, &flow, &peers, floor)
    });
    found.collect()
}

/// How many bits of the model are one bit: as surprising as one in ten is here. Where the model fits it is one, and never more.
fn slope(mut bits: Vec<f64>) -> f64 {
    if bits.is_empty() {
        return 1.0;
    }
    bits.sort_by(f64::total_cmp);
    let tenth = bits[bits.len() - 1 - bits.len() / 10];
    if tenth > 0.0 { (10f64.log2() / tenth).min(1.0) } else { 1.0 }
}

/// Members of each unit by their peer group.
type Peers = BTreeMap<(u64, u64), usize>;

/// What the looks of one unit at the people of one unit are.
struct Flow {
    /// Members of the readers' unit.
    size: usize,
    /// What it takes to have looked at so many flows of the unit.
    tried: f64,
    key: u64,
}

fn of_flow(comparison: &DayComparison<'_>, mut cells: Vec<Cell>, flow: &Flow, peers: &Peers, floor: u64) -> Vec<GroupFinding> {
    let n = flow.size;
    let (people, usual) = cells.iter().fold((0.0, 0.0), |sum, cell| (sum.0 + cell.people, sum.1 + cell.usual));
    if n < 2 * FEWEST || people <= usual {
        return Vec::new();
    }
    cells.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.who.cmp(&b.who)));
    // A rise of the whole unit is taken off by its member at the upper quartile, one of those who do the same work by the one
    // behind whom there is half of them.
    let surge = cells.get(n / 4).map_or(0.0, |cell| cell.bits);
    let mut of_peers: BTreeMap<u64, f64> = BTreeMap::new();
    for ((_, group), size) in peers.range((comparison.survey.unit(cells[0].who), 0)..=(comparison.survey.unit(cells[0].who), u64::MAX)) {
        if *size >= FEWEST_PEERS {
            let peer = cells.iter().filter(|cell| comparison.survey.group(cell.who) == *group).nth((size / 2).max(FEWEST_PEERS - 1));
            of_peers.insert(*group, peer.map_or(0.0, |cell| cell.bits));
        }
    }
    for cell in &mut cells {
        let peers = of_peers.get(&comparison.survey.group(cell.who)).copied().unwrap_or(0.0);
        cell.bits -= (surge.max(peers) - 2.0).max(0.0);
    }
    cells.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.who.cmp(&b.who)));
    let most = cells.iter().take(MOST.min(n / 2)).take_while(|cell| cell.bits >= LEAST).count();
    let Some((size, bits)) = scan(cells.iter().take(most).map(|cell| cell.bits), n, flow.tried).filter(|(_, bits)| *bits >= TELL) else {
        return Vec::new();
    };
    let group = &cells[..size];
    let together: f64 = group.iter().map(|cell| cell.people).sum();
    let usual: f64 = group.iter().map(|cell| cell.usual).sum();
    if (together as u64) < floor {
        return Vec::new();
    }
    let actor = |cell: &Cell| &comparison.recent.actors()[cell.who as usize];
    let one = |cell: &Cell| {
        let related = group.iter().filter(|other| other.who != cell.who).map(|other| actor(other).name().clone()).collect();
        let particular = format!(
            "{size} of {n} colleagues of one unit looked more at the people of one unit within seven days than each of them used to: at \
             {together:.0} together without a known reason, where {usual:.0} would be usual"
        );
        let finding = Finding {
            typology: Typology::SplittingCollusion,
            window: Window::D7,
            count: cell.people as u64,
            unknown: 0,
            measure: Measure::Singly,
            bits,
            particular,
            related,
            group: Some(flow.key),
        };
        GroupFinding { actor: actor(cell).clone(), finding }
    };
    group.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_surprised_too_often_is_believed_less() {
        let fits: Vec<f64> = (1..=1_000).map(|rank| -(f64::from(rank) / 1_000.0).log2()).collect();
        assert!((slope(fits.clone()) - 1.0).abs() < 0.01);
        assert!((slope(fits.iter().map(|bits| bits * 3.0).collect()) - 1.0 / 3.0).abs() < 0.01);
        assert!((slope(vec![0.0; 50]) - 1.0).abs() < f64::EPSILON);
    }
}
