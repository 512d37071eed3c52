//! The detectors: one file per typology, one row each in [`DETECTORS`].
//!
//! A detector is a function of what is known at one access, or of what employees have in common once a day has closed: it compares
//! a count with what is expected and reports how surprising it is, in bits. It keeps no state of its own. Grading, grouping and
//! wording belong to [`crate::triage`].
//!
//! The head of each file is the detector's user documentation, from which `docs/detectors/` is made. A new detector is a file, a row,
//! and a folder of cases in `tests/detectors/`; a new pattern is a variant of [`Typology`] besides.

mod borrowed_account;
mod bulk_extract;
mod canary;
mod celebrity;
mod control_change_then_lookup;
mod departure_hoarding;
mod dossier_assembly;
mod enumeration;
mod fabricated_business;
mod ghost_leaver;
mod list_matching;
mod log_gap;
mod lookup_to_order;
mod low_and_slow;
mod off_duty;
mod out_of_territory;
mod privileged_bypass;
mod role_without_need;
mod segment_skim;
mod shared_privilege;
mod splitting_collusion;
mod subscription_harvest;
mod tampering;
mod threshold_hugging;
mod tool_driven;
mod tracked_person;
mod vendor_cohort;

use crate::classify::directory::Employee;
use crate::classify::notice::Notice;
use crate::classify::subjects::Subjects;
use crate::model::access::{Access, Actor};
use crate::model::statute::Statute;
use crate::model::typology::Typology;
use crate::population::comparison::DayComparison;
use crate::population::rise::{Rise, Rises};
use crate::population::sources::VolumeDrop;
use crate::population::{GroupModel, Share};
use crate::profile::baseline::{Prediction, predict, predict_share};
use crate::profile::before::{Before, WindowSums};
use crate::profile::history::AllMoments;
use crate::profile::justification::Justification;
use crate::profile::lapses::{self, Lapses};
use crate::profile::measure::Measure;
use crate::profile::told::Told;
use crate::profile::window::Window;
use crate::profile::{Profile, ProfileChange};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Every detector. Adding one is a file and a row.
pub const DETECTORS: &[Detector] = &[
    bulk_extract::DETECTOR,
    low_and_slow::DETECTOR,
    subscription_harvest::DETECTOR,
    enumeration::DETECTOR,
    tool_driven::DETECTOR,
    list_matching::DETECTOR,
    lookup_to_order::DETECTOR,
    dossier_assembly::DETECTOR,
    fabricated_business::DETECTOR,
    out_of_territory::DETECTOR,
    borrowed_account::DETECTOR,
    shared_privilege::DETECTOR,
    ghost_leaver::DETECTOR,
    off_duty::DETECTOR,
    role_without_need::DETECTOR,
    segment_skim::DETECTOR,
    tracked_person::DETECTOR,
    celebrity::DETECTOR,
    control_change_then_lookup::DETECTOR,
    privileged_bypass::DETECTOR,
    log_gap::DETECTOR,
    threshold_hugging::DETECTOR,
    splitting_collusion::DETECTOR,
    vendor_cohort::DETECTOR,
    canary::DETECTOR,
    departure_hoarding::DETECTOR,
    tampering::DETECTOR,
];

/// One detector.
pub struct Detector {
    /// What it looks for.
    pub typology: Typology,
    /// What its findings rest on: those of one family do not corroborate one another.
    pub family: EvidenceFamily,
    /// Data that it needs beyond who, when, what and whose; `check` says which of it is missing.
    pub requirements: &'static [DataRequirement],
    /// The smallest count that it reports, unless the configuration says otherwise.
    pub floor: u64,
    /// What `floor` counts.
    pub floor_counts: &'static str,
    /// What must have been counted for an access to be judged.
    pub listens_to: Listens,
    /// Judges one access of one employee, when it settles and is listened to.
    pub on_access: Option<fn(&AccessContext<'_>) -> Option<Finding>>,
    /// Compares employees once a day has closed everywhere; gets the floor.
    pub on_day_closed: Option<fn(&DayComparison<'_>, u64) -> Vec<GroupFinding>>,
}

/// What must have been counted for a detector to judge an access.
#[derive(Clone, Copy, Debug)]
pub enum Listens {
    /// Nothing: it looks at what is counted nowhere.
    Always,
    /// At least one of these measures.
    To(&'static [Measure]),
}

/// What findings rest on. Findings of different families are taken for nearly independent of one another, those of one family are not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EvidenceFamily {
    /// How many people without a reason, whoever they are and whatever was claimed.
    Volume,
    /// How they were reached.
    Manner,
    /// From where, and by whom.
    Place,
    /// When.
    Time,
    /// Who the people are, and what of them.
    Subject,
    /// What was done to get at them.
    Act,
}

/// The family of a typology's findings.
pub fn family(typology: Typology) -> EvidenceFamily {
    let detector = DETECTORS.iter().find(|detector| detector.typology == typology);
    detector.expect("every typology has a detector").family
}

/// Data that some detectors need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataRequirement {
    /// Hiring and leaving dates, or absences.
    Employment,
    /// Shifts or a calendar.
    WorkingTime,
    /// Planted records.
    Tags,
    /// Subjects of public interest, and colleagues.
    Vips,
    /// Subject ids in the log.
    Subjects,
    /// Owners of subjects.
    Territories,
    /// Known reasons, and claimed purposes.
    Purposes,
    /// Statement texts.
    Statements,
    /// Numbers of rows, also of look-ups that found nobody.
    Rows,
    /// Addresses or host names of clients.
    Clients,
    /// Names of client programs.
    Programs,
    /// Times finer than a second.
    FineTimes,
    /// Outside employers.
    Employers,
    /// Roles of employees.
    Roles,
    /// Units of employees.
    Units,
    /// Writes and administration, with whom they are about.
    Writes,
}

/// What a detector reports of one employee at one event time.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The pattern.
    pub typology: Typology,
    /// The window of the count.
    pub window: Window,
    /// The count, in the unit of `measure`: what is compared.
    pub count: u64,
    /// Accesses of unknown size for which something stands in the count.
    pub unknown: u32,
    /// What was counted.
    pub measure: Measure,
    /// Weight of evidence: -log2 of how often such a count comes about innocently.
    pub bits: f64,
    /// What is particular about it: a clause for the explanation, in numbers, without a name of a subject.
    pub particular: String,
    /// The other employees of a group finding, by name.
    pub related: Vec<Arc<str>>,
    /// A key of the group of a group finding: the same for all its members, and while it grows.
    pub group: Option<u64>,
}

/// A finding of the global stage, about one of several employees.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GroupFinding {
    /// Whom it is about.
    pub actor: Actor,
    /// What is reported.
    pub finding: Finding,
}

/// The key of a group that is known by these words.
pub fn group_key(of: &[&str]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    of.iter().for_each(|word| _ = hasher.update(word.as_bytes()).update(&[0]));
    u64::from_le_bytes(hasher.finalize().as_bytes()[..8].try_into().expect("a hash is longer"))
}

/// A finding about a source, for which no employee is responsible.
#[derive(Clone, PartialEq, Debug)]
pub struct SourceFinding {
    /// What was seen of the source.
    pub low: VolumeDrop,
    /// What is reported.
    pub finding: Finding,
}

/// The setting of a detector.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DetectorSetting {
    /// Whether it runs.
    pub enabled: bool,
    /// The smallest count that is reported.
    pub floor: u64,
}

/// The settings of all detectors, by their places in the table.
#[derive(Clone, PartialEq, Debug)]
pub struct DetectorSettings([DetectorSetting; DETECTORS.len()]);

impl Default for DetectorSettings {
    fn default() -> DetectorSettings {
        DetectorSettings(std::array::from_fn(|at| DetectorSetting { enabled: true, floor: DETECTORS[at].floor }))
    }
}

impl DetectorSettings {
    /// Sets a detector.
    pub fn set(&mut self, typology: Typology, setting: DetectorSetting) {
        self.0[typology as usize] = setting;
    }

    /// The setting of a detector.
    pub fn of(&self, typology: Typology) -> DetectorSetting {
        self.0[typology as usize]
    }
}

/// Everything that a detector may use to judge an access.
pub struct AccessContext<'a> {
    /// The access.
    pub access: &'a Access,
    /// What it did to the profile.
    pub change: &'a ProfileChange,
    /// Which part of it a known reason covers.
    pub justification: &'a Justification,
    /// The profile, with the access applied.
    pub profile: &'a Profile,
    /// The person, where the directory lists them.
    pub employee: Option<&'a Employee>,
    /// The weeks of notice, where somebody is about to leave.
    pub notice: Option<Notice>,
    /// The peer group as learnt.
    pub group: &'a GroupModel,
    /// The own closed days before today, of each measure.
    pub own: &'a AllMoments,
    /// The own closed days before each window and within it, of each measure.
    pub before: &'a Before,
    /// How much of an ordinary day the others of the group or unit have done.
    pub rise: Rise,
    /// The same of the day before, whose evening the last 24 hours still hold.
    pub rise_before: Rise,
    /// The same of the last days, for windows that hold them.
    pub rises: &'a Rises,
    /// The last days on which hardly anybody of the group or unit had reasons on file.
    pub lapses: &'a Lapses,
    /// Tags of subjects.
    pub subjects: &'a Subjects,
    /// Weights of kinds.
    pub statute: &'a Statute,
    /// The smallest count that is reported.
    pub floor: u64,
    /// A finding of fewer bits changes nothing: a detector need not make it.
    pub quiet: f64,
}

/// A count that is more than usual.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WindowDeviation {
    /// The window.
    pub window: Window,
    /// Days of activity in it.
    pub days: u32,
    /// The count.
    pub count: u64,
    /// The surprise, in bits.
    pub bits: f64,
}

impl AccessContext<'_> {
    /// What this access added to a measure.
    pub fn added(&self, measure: Measure) -> u64 {
        self.change.signals[measure as usize]
    }

    /// The figure of a measure on the day by which the access is judged: today, or its own where it came late.
    pub fn of_today(&self, measure: Measure) -> u64 {
        self.profile.day_figure(measure, self.change.day)
    }

    /// What is expected of a measure today, from the closed days before today and the peers.
    pub fn expected(&self, measure: Measure) -> Prediction {
        self.predicted(measure, self.own, Window::H24, 1)
    }

    /// The same for the last 24 hours, which hold yesterday's evening: a peak that the group shared yesterday raises it as well.
    pub fn expected_in_24_hours(&self, measure: Measure) -> Prediction {
        let context = AccessContext { rise: self.rise.or(self.rise_before), ..*self };
        context.expected(measure)
    }

    /// The same for a window of days, from days before the window only, so that a slow rise is not compared with itself.
    pub fn expected_before(&self, measure: Measure, window: Window, days: u32) -> Prediction {
        self.predicted(measure, self.moments_before(window), window, days.max(1))
    }

    /// The own closed days before a window that ends today.
    pub fn moments_before(&self, window: Window) -> &AllMoments {
        self.before.moments(&self.profile.history, self.change.day, window).unwrap_or(self.own)
    }

    /// The own days before today of a window that ends today.
    pub fn sums(&self, window: Window) -> &WindowSums {
        self.before.sums(self.profile, self.change.day, window)
    }

    /// How many days of a window that ends today are lapses.
    pub fn lapses_in(&self, window: Window) -> u32 {
        self.lapses.within(self.change.day, window.days().max(1))
    }

    fn predicted(&self, measure: Measure, own: &AllMoments, window: Window, days: u32) -> Prediction {
        let lapsed = if measure.rests_on_reasons() { self.lapses_in(window).min(days) } else { 0 };
        let together = if measure.rises_together() { self.together(measure, window, days, lapsed > 0) } else { 1.0 };
        let days = f64::from(days);
        let usual = predict(own[measure as usize], self.group.measures[measure as usize].moments, days);
        // And what reasons would have covered is without one on days on which nobody has any.
        let without = if lapsed > 0 { 1.0 + (lapses::rise(own) - 1.0) * f64::from(lapsed) / days } else { 1.0 };
        if together * without > 1.0 { usual.scaled(together * without) } else { usual }
    }

    /// A window is expected to be as much larger as the days of the others within it were, and today's part of it as theirs is. On days
    /// without reasons only how many people there are says that they have more to do.
    fn together(&self, measure: Measure, window: Window, days: u32, lapsed: bool) -> f64 {
        let of = |rise: Rise| if lapsed { Rise { open: 1.0, ..rise } } else { rise }.of(measure);
        let of_today = 1.0 + (of(self.rise) - 1.0) / f64::from(days);
        if window.days() > 1 { of_today.max(of(self.rises.over(self.change.day, window.days(), days))) } else { of_today }
    }

    /// Days of activity in a window that ends today, and the sum of a measure over them.
    pub fn total(&self, measure: Measure, window: Window) -> (u32, u64) {
        let before = self.sums(window);
        (before.days + 1, before.sum(measure) + self.of_today(measure))
    }

    /// The most surprising of the windows in which a daily measure reaches the floor.
    pub fn most_unusual_window(&self, measure: Measure, windows: &[Window]) -> Option<WindowDeviation> {
        let of = |window: &Window| {
            let (days, count) = self.total(measure, *window);
            if count < self.floor {
                return None;
            }
            let usual = if window.days() == 1 { self.expected(measure) } else { self.expected_before(measure, *window, days) };
            Some(WindowDeviation { window: *window, days, count, bits: usual.bits(count) })
        };
        windows.iter().filter_map(of).filter(|deviation| deviation.bits > 0.0).max_by(|a, b| a.bits.total_cmp(&b.bits))
    }

    /// How surprising it is that so many of `n` in a window have the property of a share.
    pub fn share_bits(&self, share: Share, window: Window, count: u64, n: u64) -> f64 {
        if share == Share::Unexplained && self.lapses_in(window) > 0 {
            return 0.0;
        }
        let own = if window.days() == 1 { self.own } else { self.moments_before(window) };
        predict_share(share.sums(own), self.group.shares[share as usize], n as f64).bits(count)
    }

    /// The count of a deviation as it may be told.
    pub fn told(&self, measure: Measure, deviation: WindowDeviation) -> Told {
        self.told_in(measure, deviation.window, deviation.count)
    }

    /// A figure of a measure over a window as it may be told: without what stands in for accesses of unknown size.
    pub fn told_in(&self, measure: Measure, window: Window, figure: u64) -> Told {
        self.profile.told(measure, window, self.change.end, figure)
    }

    /// The finding of a deviation.
    pub fn finding(&self, typology: Typology, measure: Measure, deviation: WindowDeviation, particular: String) -> Finding {
        Finding {
            typology,
            window: deviation.window,
            count: deviation.count,
            unknown: self.told(measure, deviation).unknown,
            measure,
            bits: deviation.bits,
            particular,
            related: Vec::new(),
            group: None,
        }
    }
}

/// The three windows over days, after today's.
pub const DAY_WEEK_MONTH: &[Window] = &[Window::H24, Window::D7, Window::D30];

/// Closed days of its own by which a login is known that acts for others: no other login is its peer.
pub const LOGIN_KNOWN: f64 = 5.0;

/// Runs the enabled ones of the detectors that an access concerns, by their places in the table. `quiet` says of a typology below how many
/// bits a finding begins nothing and joins nothing.
pub fn evaluate_access(
    settings: &DetectorSettings,
    concerned: impl Iterator<Item = usize>,
    mut context: AccessContext<'_>,
    quiet: &dyn Fn(Typology) -> f64,
    found: &mut Vec<Finding>,
) {
    for at in concerned {
        let (detector, setting) = (&DETECTORS[at], settings.0[at]);
        if setting.enabled {
            (context.floor, context.quiet) = (setting.floor, quiet(detector.typology));
            found.extend(detector.on_access.and_then(|on_access| on_access(&context)));
        }
    }
}

/// Runs every enabled detector that compares employees.
pub fn compare_employees(settings: &DetectorSettings, comparison: &DayComparison<'_>) -> Vec<GroupFinding> {
    let enabled = DETECTORS.iter().map(|detector| (detector, settings.of(detector.typology))).filter(|(_, setting)| setting.enabled);
    enabled.filter_map(|(detector, setting)| Some(detector.on_day_closed?(comparison, setting.floor))).flatten().collect()
}

/// The findings about sources that gave too little.
pub fn source_findings(settings: &DetectorSettings, lows: Vec<VolumeDrop>) -> Vec<SourceFinding> {
    let setting = settings.of(Typology::LogGap);
    if !setting.enabled {
        return Vec::new();
    }
    lows.into_iter().filter(|low| low.is_news).map(log_gap::source::find).collect()
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
        assert_eq!(seen, Typology::ALL, "no typology is without a detector");
        assert!(DETECTORS.iter().enumerate().all(|(at, detector)| detector.typology as usize == at), "settings are found by the typology");
        assert!(DETECTORS.iter().all(|detector| detector.on_access.is_some() || detector.on_day_closed.is_some()));
    }
}
