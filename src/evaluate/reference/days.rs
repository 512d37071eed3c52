//! What reference detectors score: the figures of each employee's days, in order.

use crate::engine::Engine;
use crate::evaluate::reference::{end_of, in_order};
use crate::model::time::Timestamp;
use crate::profile::Profile;
use crate::profile::measure::{Figures, Measure};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One employee's day.
#[derive(Clone, Debug)]
pub struct EmployeeDay {
    /// The employee.
    pub who: Arc<str>,
    /// Their peer group.
    pub group: Arc<str>,
    /// Number of the local day.
    pub day: u32,
    /// When the day ended.
    pub ends: Timestamp,
    /// The figures by measure.
    pub figures: Figures,
}

/// The days of all employees in an engine, as far as they are kept (the last ninety active days of each).
pub fn days(engine: &Engine) -> Vec<EmployeeDay> {
    let context = engine.context();
    let directory = &context.classifier.directory;
    let mut days = Vec::new();
    for tracked in engine.profiles().iter() {
        let actor = &tracked.profile.actor;
        let zone = directory.zone_of(directory.employee(actor.name()));
        for (day, figures) in of(&tracked.profile) {
            let ends = end_of(day, |time| zone.local(time));
            days.push(EmployeeDay { who: actor.name().clone(), group: tracked.group.clone(), day, ends, figures });
        }
    }
    days.sort_by(in_order);
    days
}

fn of(profile: &Profile) -> BTreeMap<u32, Figures> {
    let mut days: BTreeMap<u32, Figures> = BTreeMap::new();
    let (today, history) = (profile.today(), &profile.history);
    for measure in Measure::ALL {
        for (day, figure) in history.days(measure, today, today) {
            days.entry(day).or_insert([0; Measure::COUNT])[measure as usize] = u32::try_from(figure).unwrap_or(u32::MAX);
        }
    }
    // The newest day stands apart until it closes.
    if today > 0 {
        days.entry(today).or_insert_with(|| Measure::ALL.map(|measure| u32::try_from(profile.today_figure(measure)).unwrap_or(u32::MAX)));
    }
    days
}
