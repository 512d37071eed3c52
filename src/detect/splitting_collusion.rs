//! `splitting_collusion`: several colleagues, each a little above the usual, at the same time.
//!
//! **What it does.** Once a day has closed, looks within each unit for the few members who looked up too many people one by one for the
//! first time without a known or claimed reason in the last seven days, each by little: the sum of what each of them is surprising by
//! among all employees, less what it takes to choose so many of so many members (a scan statistic: Kulldorff 1997; Donoho and Jin,
//! "Higher criticism", 2004). A surge of the whole unit takes the member at its upper quartile along and is taken off. Each of them gets
//! an alert that names the others.
//!
//! **Why.** A list is split so that nobody stands out.
//!
//! **Example.** Four of thirty tellers each look at 15 strangers a day more than they used to, in the same week, and never at the same ones.
//!
//! **Known false positives.** A queue that some of a unit took over: its assignment explains it.
//!
//! **Needs.** Units of at least four times as many as share the list, some hundred employees to compare with, some days of history.

use crate::detect::{DataRequirement, Detector, Finding, GroupFinding};
use crate::model::access::Actor;
use crate::model::typology::Typology;
use crate::population::lookups::DayComparison;
use crate::population::summary::Summary;
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use std::collections::BTreeMap;
use std::sync::Arc;

pub const DETECTOR: Detector = Detector {
    typology: Typology::SplittingCollusion,
    requirements: &[DataRequirement::Units],
    floor: 40,
    floor_counts: "people of several colleagues together without a known reason in seven days, each above the usual",
    on_access: None,
    on_day_closed: Some(on_day_closed),
};

/// Colleagues at the least and at the most.
const FEWEST: usize = 3;
const MOST: usize = 8;
/// What one member contributes at the most, in bits: more speaks for itself.
const OF_ONE: f64 = 12.0;
/// What one member contributes at the least, and is above the usual by the model: where nobody is, somebody still is the first.
const LEAST: f64 = 2.5;
/// Above a sum of so many bits the group is worth telling.
const TELL: f64 = 12.0;

fn on_day_closed(tick: &DayComparison<'_>, floor: u64) -> Vec<GroupFinding> {
    let mut units: BTreeMap<&Arc<str>, Vec<&Summary>> = BTreeMap::new();
    for member in tick.members {
        if let (Some(unit), Actor::Employee(_)) = (&member.unit, &member.actor) {
            units.entry(unit).or_default().push(member);
        }
    }
    let everybody = Ranks::of(tick.members);
    units.into_values().flat_map(|members| of_unit(members, &everybody, floor)).collect()
}

/// Where an excess stands among all employees: what it is surprising by is measured, whatever the model says.
struct Ranks(Vec<f64>);

impl Ranks {
    fn of(members: &[Summary]) -> Ranks {
        let mut bits: Vec<f64> = members.iter().map(|member| member.excess.bits).collect();
        bits.sort_by(f64::total_cmp);
        Ranks(bits)
    }

    /// -log2 of the share of employees with as much or more.
    fn bits(&self, excess: f64) -> f64 {
        let below = self.0.partition_point(|other| *other < excess);
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
    // Without a surge of the whole unit the member at the upper quartile is surprising by two bits. Where few are above the usual at all,
    // a little above it is rare and no surge, so the model has its say.
    let quartile = members[n / 4].excess.bits;
    let surge = (everybody.bits(quartile).min(quartile) - 2.0).max(0.0);
    let weight = |member: &Summary| (everybody.bits(member.excess.bits) - surge).min(OF_ONE);
    let most = members.iter().take(MOST.min(n / 2)).take_while(|member| weight(member).min(member.excess.bits) >= LEAST).count();
    let (mut sum, mut choices, mut best) = (0.0, 0.0, None::<(usize, f64)>);
    for (at, member) in members.iter().take(most).enumerate() {
        sum += weight(member);
        // log2 of how many ways there are to choose so many.
        choices += ((n - at) as f64 / (at + 1) as f64).log2();
        let bits = sum - choices;
        if at + 1 >= FEWEST && best.is_none_or(|(_, of_best)| bits > of_best) {
            best = Some((at + 1, bits));
        }
    }
    let Some((size, bits)) = best.filter(|(_, bits)| *bits >= TELL) else { return Vec::new() };
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
            measure: Measure::Fresh,
            bits,
            particular,
            related,
        };
        GroupFinding { actor: member.actor.clone(), finding }
    };
    group.iter().map(one).collect()
}
