//! `celebrity`: everybody looks at the same person, or somebody at a person of public interest.
//!
//! **What it does.** Two things. Counts subjects tagged `vip` or `employee` that an employee looked at without a known reason, over a
//! day, a week and a month. And, once a day has closed, finds subjects whom five or more employees of three or more units looked at
//! one by one without a known reason within seven days, against how many units look at anybody else; each of them gets an alert that
//! names the others.
//!
//! **Why.** A face from the news draws looks, and some of them are paid for.
//!
//! **Example.** Twelve employees of five branches read one singer's account in two days.
//!
//! **Known false positives.** A care team, a customer whose case is passed on: their reasons explain them.
//!
//! **Needs.** `vip` tags in `subjects.csv` for the first; subject ids in the log for both.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, Finding, GroupFinding};
use crate::model::typology::Typology;
use crate::population::lookups::{self, DayComparison};
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use std::collections::BTreeSet;
use std::sync::Arc;

pub const DETECTOR: Detector = Detector {
    typology: Typology::Celebrity,
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
    let excess = context.most_unusual_window(Measure::Vips, DAY_WEEK_MONTH)?;
    let particular = format!("{} people of public interest or colleagues were looked at without a known reason", excess.count);
    Some(context.finding(Typology::Celebrity, Measure::Vips, excess, particular))
}

/// Employees at one subject before it is a crowd.
const CROWD: usize = 5;
/// Most others that a finding names.
const NAMED: usize = 50;

fn on_day_closed(tick: &DayComparison<'_>, floor: u64) -> Vec<GroupFinding> {
    let units = |looks: &[lookups::Lookup]| {
        let units = looks.iter().map(|look| tick.member(tick.actor(look)).and_then(|member| member.unit.as_ref()));
        units.collect::<BTreeSet<Option<&Arc<str>>>>().len()
    };
    // Colleagues of one unit meet at the same customers; units do not. How the number of subjects falls from so many units to one more
    // is measured among the small numbers that are everybody's: a crowd of k units is as surprising as k - 1 such steps, and each
    // employee looks at many people of whom any might have been a crowd's.
    let (mut one, mut two, mut three) = (0.0, 0.0, 0.0);
    // What is judged is no part of what it is held against.
    for looks in tick.by_subject().filter(|looks| looks.len() < CROWD) {
        let of = if looks.len() == 1 { 1 } else { units(looks) };
        one += 1.0;
        two += f64::from(u8::from(of >= 2));
        three += f64::from(u8::from(of >= 3));
    }
    if one == 0.0 {
        return Vec::new();
    }
    // Where hardly anybody meets, the first step has to stand for the second.
    let first = (two + 1.0) / (one + 2.0);
    let step = f64::max(first, (three + first) / (two + 1.0)).min(0.9);
    let tried = (one / tick.members.len().max(1) as f64).max(1.0).log2();
    let mut found = Vec::new();
    for looks in tick.by_subject().filter(|looks| looks.len() >= CROWD) {
        let units = units(looks);
        let bits = (units as f64 - 1.0) * -step.log2() - tried;
        if (units as u64) < floor || bits <= 0.0 {
            continue;
        }
        let names: Vec<Arc<str>> = looks.iter().map(|look| tick.actor(look).name().clone()).collect();
        for look in looks {
            let actor = tick.actor(look).clone();
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
                measure: Measure::Unexplained,
                bits,
                particular,
                related,
            };
            found.push(GroupFinding { actor, finding });
        }
    }
    found
}
