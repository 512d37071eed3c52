//! What looks like sale or provision. One file per typology, one row each in [`DETECTORS`].
//!
//! A detector is a function of what is known at one access: it holds a count against what would have been usual and says
//! how surprising it is, in bits. It keeps no state of its own. Grading, grouping and wording belong to [`crate::triage`].

mod bulk_extract;
mod canary;
mod dossier_assembly;
mod ghost_leaver;
mod low_and_slow;
mod off_duty;

use crate::classify::directory::Employee;
use crate::classify::subjects::Subjects;
use crate::model::access::Access;
use crate::model::statute::Statute;
use crate::model::typology::Typology;
use crate::population::GroupModel;
use crate::profile::baseline::{Prediction, predict};
use crate::profile::coverage::Coverage;
use crate::profile::history::Moments;
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use crate::profile::{Profile, Step};
use std::collections::BTreeMap;

/// Every detector. Adding one is a file and a row.
pub const DETECTORS: &[Detector] = &[
    bulk_extract::DETECTOR,
    low_and_slow::DETECTOR,
    dossier_assembly::DETECTOR,
    ghost_leaver::DETECTOR,
    off_duty::DETECTOR,
    canary::DETECTOR,
];

/// One detector.
pub struct Detector {
    /// What it looks for.
    pub typology: Typology,
    /// Data that it needs beyond who, when, what and whose.
    pub needs: &'static [Need],
    /// Its smallest count that is worth a look, where nothing else is configured.
    pub floor: u64,
    /// What `floor` counts.
    pub floor_counts: &'static str,
    /// Looks at one access that disclosed somebody.
    pub look: fn(&Look<'_>) -> Option<Finding>,
}

/// Data beyond the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Hiring and leaving dates, or absences.
    Employment,
    /// Shifts or a calendar.
    WorkingTime,
    /// Tagged subjects.
    Tags,
    /// Subject ids in the log.
    Subjects,
}

/// What a detector says of one employee at one event time.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// The pattern.
    pub typology: Typology,
    /// The window of the count.
    pub window: Window,
    /// The count, in the unit of `measure`.
    pub count: u64,
    /// What was counted.
    pub measure: Measure,
    /// Weight of evidence: -log2 of how often such a count comes about innocently.
    pub bits: f64,
    /// What is particular about it: a clause for the explanation, in numbers, without a name of a subject.
    pub particular: String,
}

/// How a detector is set.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Setting {
    /// Whether it runs.
    pub enabled: bool,
    /// The smallest count that is worth a look.
    pub floor: u64,
}

/// The settings of all detectors.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings(BTreeMap<Typology, Setting>);

impl Default for Settings {
    fn default() -> Settings {
        Settings(DETECTORS.iter().map(|detector| (detector.typology, Setting { enabled: true, floor: detector.floor })).collect())
    }
}

impl Settings {
    /// Changes how a detector is set.
    pub fn set(&mut self, typology: Typology, setting: Setting) {
        self.0.insert(typology, setting);
    }

    /// How a detector is set.
    pub fn of(&self, typology: Typology) -> Setting {
        self.0.get(&typology).copied().unwrap_or(Setting { enabled: false, floor: 0 })
    }
}

/// Everything that a detector may look at.
pub struct Look<'a> {
    /// The access.
    pub access: &'a Access,
    /// What it did to the profile.
    pub step: &'a Step,
    /// Which part of it a known reason covers.
    pub coverage: &'a Coverage,
    /// The profile, with the access applied.
    pub profile: &'a Profile,
    /// The person, where the directory lists them.
    pub employee: Option<&'a Employee>,
    /// The peer group as learnt.
    pub group: &'a GroupModel,
    /// The own closed days before today, of each measure.
    pub own: &'a [Moments; Measure::COUNT],
    /// Tags of subjects.
    pub subjects: &'a Subjects,
    /// Weights of kinds.
    pub statute: &'a Statute,
    /// The smallest count that is worth a look.
    pub floor: u64,
}

impl Look<'_> {
    /// What would be usual for a measure over so many days of activity, from the closed days before today.
    pub fn usual(&self, measure: Measure, days: u32) -> Prediction {
        predict(self.own[measure as usize], self.group.measures[measure as usize].moments, f64::from(days.max(1)))
    }

    /// The same from days before the window only, so that what grows slowly is not held against itself.
    pub fn usual_before(&self, measure: Measure, window: Window, days: u32) -> Prediction {
        let last = self.profile.today().saturating_sub(window.days());
        let own = self.profile.history.moments(measure, last);
        predict(own, self.group.measures[measure as usize].moments, f64::from(days.max(1)))
    }
}

/// Asks every enabled detector about an access.
pub fn look_all(settings: &Settings, look: &Look<'_>, found: &mut Vec<Finding>) {
    for detector in DETECTORS {
        let setting = settings.of(detector.typology);
        if setting.enabled {
            let look = Look { floor: setting.floor, ..*look };
            found.extend((detector.look)(&look));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_typology_stands_once_in_the_table() {
        let mut seen: Vec<Typology> = DETECTORS.iter().map(|detector| detector.typology).collect();
        seen.sort_unstable();
        let count = seen.len();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }
}
