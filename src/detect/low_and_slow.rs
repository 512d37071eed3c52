//! `low_and_slow`: a little too much every day, for weeks.
//!
//! ## What it detects
//!
//! People without a known reason whose sum over 7, 30 or 90 days is too large, although no single day is.
//!
//! ## In the Notice
//!
//! Continuous sale in small amounts. In a published case 915 credit reports were read in 15 months, about 60 a month: no single
//! day was unusual.
//!
//! ## Data it needs
//!
//! Nothing beyond who, when and whose records; some days of history. Explanations make it much more sensitive.
//!
//! ## How it is measured
//!
//! The sum of the window without its largest day is held against the employee's days before that window and against the peer
//! group, over as many days of activity. Judging a window by what lies before it keeps a leak of several weeks from becoming
//! its own baseline, and the peer group shows a slow rise. It weighs less where the total volume is usual, or where the share
//! of people without a reason has not risen.
//!
//! Once a day a slow ceiling is held over stretches of two weeks to a year, whatever their days were like: of people without a known
//! reason, and of those of them looked up one by one (`fabricated_business` and `out_of_territory` do the same with theirs). Each is compared with
//! all that lies before it and with what the peer group did more or less of in the same weeks, so that a baseline that its owner moved
//! along is held against a group whose own did not move, and several ways at once add up. A day counts up to a bound, and what is above
//! the usual must come to an eighth of the floor.
//!
//! ## Innocent look-alikes
//!
//! A territory that grew, a second territory, a changed role: record the assignment, or update the directory.
//!
//! ## What it cannot see
//!
//! Sale that began before the first day of history and stays within what the peer group does, and what lies below the ceiling:
//! `leakwarden evaluate quota` says how much that is here.
//!
//! ## Example
//!
//! 30 unrelated people a day for 25 days, beside the usual 40.

use crate::detect::{AccessContext, Detector, EvidenceFamily, Finding, GroupFinding, Listens};
use crate::model::typology::Typology;
use crate::population::comparison::DayComparison;
use crate::population::long_run::{LongExcess, excesses};
use crate::population::summary::Summary;
use crate::population::{SMALLEST_GROUP, Share};
use crate::profile::counts::CountScope;
use crate::profile::long_run::KEPT_MEASURES;
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use std::collections::BTreeMap;
use std::sync::Arc;

pub const DETECTOR: Detector = Detector {
    typology: Typology::LowAndSlow,
    family: EvidenceFamily::Volume,
    requirements: &[],
    floor: 120,
    floor_counts: "people without a known reason in the window",
    listens_to: Listens::To(&[Measure::Unexplained]),
    on_access: Some(on_access),
    on_day_closed: Some(on_day_closed),
};

/// The part of the floor that the slow ceiling must be exceeded by.
const ABOVE: f64 = 1.0 / 8.0;

/// Days of activity that a window must have.
const FEWEST_DAYS: u32 = 4;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let windows = [Window::D7, Window::D30, Window::D90];
    windows.into_iter().filter_map(|window| look_at(context, window)).max_by(|a, b| a.bits.total_cmp(&b.bits))
}

fn look_at(context: &AccessContext<'_>, window: Window) -> Option<Finding> {
    let (profile, before) = (context.profile, context.sums(window));
    let days = before.days + 1;
    if days < FEWEST_DAYS {
        return None;
    }
    // What costs least is asked first: most windows end here, with a look-up and a comparison.
    let unexplained_today = context.of_today(Measure::Unexplained);
    let unexplained = before.sum(Measure::Unexplained) + unexplained_today;
    // A single large day is for `bulk_extract`: the sum must be too large without it.
    let slow = unexplained - before.largest(Measure::Unexplained).max(unexplained_today);
    let of_unexplained = context.expected_before(Measure::Unexplained, window, days - 1).bits(slow);
    if of_unexplained <= 0.0 || of_unexplained < context.quiet {
        return None;
    }
    let distinct = profile.figure(window, context.change.end, CountScope::Unexplained);
    if distinct < context.floor {
        return None;
    }
    let persons_today = context.of_today(Measure::Persons);
    let persons_before = before.sum(Measure::Persons);
    let persons = persons_before + persons_today - before.largest(Measure::Persons).max(persons_today);
    let of_persons = context.expected_before(Measure::Persons, window, days - 1).bits(persons);
    // A usual volume of all people lowers the weight and does not remove it: what is sold may take the place of work.
    let bits = of_unexplained.min(0.6f64.mul_add(of_unexplained, of_persons));
    // A larger volume with the usual share of reasons is more work.
    let of_share = context.share_bits(Share::Unexplained, window, unexplained, persons_before + persons_today);
    let bits = bits.min(0.5f64.mul_add(bits, 1.5 * of_share));
    (bits > 0.0 && bits >= context.quiet).then(|| Finding {
        typology: Typology::LowAndSlow,
        window,
        count: distinct,
        unknown: context.told_in(Measure::Unexplained, window, distinct).unknown,
        measure: Measure::Persons,
        bits,
        particular: format!(
            "over {days} days of activity, {} without a known reason add up, and no single day stands out",
            profile.people(window, context.change.end, CountScope::Unexplained).different()
        ),
        related: Vec::new(),
        group: None,
    })
}

fn on_day_closed(comparison: &DayComparison<'_>, floor: u64) -> Vec<GroupFinding> {
    slow_ceiling(comparison, Typology::LowAndSlow, &[Measure::Unexplained, Measure::Singly], ABOVE * floor as f64)
}

/// Who took more of some measures over weeks or months than what lay before and the peers explain, by at least so many people.
pub fn slow_ceiling(comparison: &DayComparison<'_>, typology: Typology, measures: &[Measure], above: f64) -> Vec<GroupFinding> {
    let ways: Vec<usize> = (0..KEPT_MEASURES.len()).filter(|way| measures.contains(&KEPT_MEASURES[*way])).collect();
    let ceiling = |member: &Summary, excess: &LongExcess| ceiling(member, excess, typology, above);
    let mut groups: BTreeMap<&Arc<str>, Vec<&Summary>> = BTreeMap::new();
    for member in comparison.members {
        groups.entry(&member.group).or_default().push(member);
    }
    // Groups too small to compare within are judged with everybody.
    let (large, small): (Vec<_>, Vec<_>) = groups.into_values().partition(|members| members.len() >= SMALLEST_GROUP as usize);
    let mut findings: Vec<GroupFinding> = Vec::new();
    for members in &large {
        findings.extend(members.iter().zip(excesses(members, &ways)).filter_map(|(member, excess)| ceiling(member, &excess?)));
    }
    if !small.is_empty() {
        let everybody: Vec<&Summary> = comparison.members.iter().collect();
        let is_small = |member: &Summary| small.iter().any(|members| members[0].group == member.group);
        let all = everybody.iter().zip(excesses(&everybody, &ways)).filter(|(member, _)| is_small(member));
        findings.extend(all.filter_map(|(member, excess)| ceiling(member, &excess?)));
    }
    findings
}

fn ceiling(member: &Summary, excess: &LongExcess, typology: Typology, above: f64) -> Option<GroupFinding> {
    if excess.count as f64 - excess.usual < above {
        return None;
    }
    let measure = KEPT_MEASURES[excess.way];
    let finding = Finding {
        typology,
        window: Window::D90,
        count: excess.count,
        unknown: 0,
        measure,
        bits: excess.bits,
        particular: format!(
            "over {} days of activity, {} {} add up, where the days before and the peers make {:.0} usual; a day counts up to a bound",
            excess.days,
            excess.count,
            measure.words(),
            excess.usual
        ),
        related: Vec::new(),
        group: None,
    };
    Some(GroupFinding { actor: member.actor.clone(), finding })
}
