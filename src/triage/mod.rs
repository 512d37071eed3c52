//! Findings become alerts: one evolving episode per actor and typology, graded, closed when quiet.
//!
//! Every decision is a named [`Decision`]. Wording belongs to [`report`], the daily budget to [`budget`].

pub mod budget;
pub mod case;
pub mod corroboration;
pub mod innocent_reasons;
pub mod judged;
mod memory;
pub mod open_alerts;
pub mod precision;
pub mod report;
mod score;
pub mod silences;
pub mod source;
pub mod standing;
pub mod traits;
mod wording;
mod writer;

use crate::detect::Finding;
use crate::model::alert::{AlertState, ClosedBy, Observed};
use crate::model::identity::Identity;
use crate::model::severity::Severity;
use crate::model::statute::Band;
use crate::model::time::{Span, Timestamp};
use crate::model::typology::Typology;
use crate::population::finding_calibration::{FindingCalibration, FindingStrength};
use crate::profile::measure::Measure;
use crate::profile::trail::Stretch;
use crate::profile::window::Window;
use memory::FindingMemory;
use serde::{Deserialize, Serialize};
use standing::Standing;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How alerts are made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AlertSettings {
    /// Cases that are shown a day, at the most.
    pub budget_per_day: u32,
    /// The expected share of true ones from which on a case is shown.
    pub show_at: f64,
    /// An episode closes after so long without findings.
    pub quiet: Span,
    /// The grade at which an alert opens.
    pub open_at: Severity,
    /// Whether verdicts about a typology move its cases in the ranking.
    pub learn_from_verdicts: bool,
}

/// From which expected share of true ones on a case is shown, unless configured otherwise.
const SHOW_AT: f64 = 0.2;

impl Default for AlertSettings {
    fn default() -> AlertSettings {
        AlertSettings { budget_per_day: 3, show_at: SHOW_AT, quiet: Span::days(7), open_at: Severity::Medium, learn_from_verdicts: true }
    }
}

/// What triage made of a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Too weak to begin an episode.
    Ignored,
    /// Noted; no alert is open.
    Noted,
    /// It opened an alert.
    Opened,
    /// The open alert became graver.
    Raised,
    /// The open alert grew much.
    Grew,
    /// It joined the open alert.
    Joined,
}

/// The weakest finding that begins an episode, in bits: weaker ones happen to everybody every other week.
pub const WEAKEST: f64 = 6.0;

/// Bits with which an alert opens at the default grade.
const ENOUGH: f64 = 20.0;

/// Up to this score an alert is an ordinary one, as innocent people have them; from the other on it is hardly theirs.
const ORDINARY: f64 = 52.0;
const GRAVE: f64 = 68.0;

/// Days for which an episode keeps the days on which it goes on out of learning.
const HELD_OUT_DAYS: u32 = 28;

/// An alert that grew by this factor since its last revision gets another.
const GROWTH: f64 = 1.5;

/// A stretch of conduct that looks like one typology.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Episode {
    /// The pattern.
    pub typology: Typology,
    /// Event time and record of the first finding: what the alert's id is made of.
    pub first: (Timestamp, [u8; 32]),
    /// When the alert opened; `None` while its findings are weak.
    pub raised_at: Option<Timestamp>,
    /// When each grade was reached.
    pub reached: [Option<Timestamp>; 4],
    /// 0 to 100.
    pub score: f64,
    /// The grade.
    pub severity: Severity,
    /// Revisions emitted.
    pub revision: u32,
    /// Whether something changed since.
    pub dirty: bool,
    /// The strongest observation.
    pub peak: Peak,
    /// Where the records stand.
    pub evidence: Stretch,
    /// The other employees of a group finding.
    pub related: BTreeSet<Arc<str>>,
    /// The group that it is about, by the key that the global stage gives.
    pub group: Option<u64>,
    /// What other patterns said at its strongest, in bits.
    pub corroboration: f64,
    /// What its findings are worth here, in bits.
    pub worth: f64,
    /// Where it stands among others, whatever its score.
    pub standing: Standing,
    last_finding: Timestamp,
    /// Number of the local day of the first finding.
    first_day: u32,
    /// Number of the local day of the last finding.
    last_day: u32,
    /// What was found of late.
    found: FindingMemory,
    emitted_count: u64,
}

/// The observation that an alert shows: the window at its largest count.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Peak {
    /// The window.
    pub window: Window,
    /// The count that the detector compared.
    pub count: u64,
    /// Accesses of unknown size for which something stands in it.
    pub unknown: u32,
    /// What it counted.
    pub measure: Measure,
    /// What is particular about it.
    pub particular: String,
    /// What was seen in the window.
    pub observed: Observed,
    /// Surprise of the strongest finding, in bits.
    pub bits: f64,
    /// How the person is known in it.
    pub identity: Identity,
    /// Closed days before it, by which the own expectation is stated.
    pub learnt_to: u32,
    /// Days of activity in the window.
    pub days: u32,
}

/// What triage needs to know of the access that a finding is attributed to.
#[derive(Clone, Copy, Debug)]
pub struct FindingContext<'a> {
    /// Its event time.
    pub time: Timestamp,
    /// When the finding was made: with the access, or at the end of a later day by comparing employees.
    pub found: Timestamp,
    /// Hash of its record.
    pub hash: [u8; 32],
    /// Number of its local day.
    pub day: u32,
    /// Weight of the gravest kind touched (1, 10 or 100).
    pub weight: u64,
    /// Band of the unexplained score, where explanations are configured.
    pub band: Option<Band>,
    /// How loud the detectors are here: by it, what a finding is worth.
    pub calibration: &'a FindingCalibration,
    /// The peer group.
    pub group: &'a str,
    /// What other patterns say of the same employee, in bits.
    pub corroboration: f64,
    /// Where the finding stands among others.
    pub standing: Standing,
}

/// Whether the window of a finding of one day is the last 24 hours, of which two days hold a part, and not the day itself.
pub fn rolls_over(finding: &Finding) -> bool {
    finding.typology == Typology::BulkExtract
}

impl Episode {
    /// Begins an episode, if the finding is strong enough.
    pub fn begin(finding: &Finding, at: &FindingContext<'_>, evidence: Stretch, peak: Peak) -> Option<Episode> {
        (finding.bits >= WEAKEST).then(|| Episode {
            typology: finding.typology,
            first: (at.time, at.hash),
            raised_at: None,
            reached: [None; 4],
            score: 0.0,
            severity: Severity::Low,
            revision: 0,
            dirty: false,
            peak,
            evidence,
            related: BTreeSet::new(),
            group: finding.group,
            corroboration: 0.0,
            worth: 0.0,
            standing: at.standing,
            last_finding: at.found,
            first_day: at.day,
            last_day: at.day,
            found: FindingMemory::default(),
            emitted_count: 0,
        })
    }

    /// On how many of the days that it remembers, or in how many weeks of them, something was found.
    pub fn days_with_findings(&self) -> u32 {
        self.found.len() as u32
    }

    /// Number of the local day of its first finding.
    pub fn first_day(&self) -> u32 {
        self.first_day
    }

    /// Number of the local day of its last finding.
    pub fn last_day(&self) -> u32 {
        self.last_day
    }

    /// Whether it has been without findings for long enough to be over at that time.
    pub fn is_over(&self, settings: &AlertSettings, now: Timestamp) -> bool {
        now - self.last_finding >= settings.quiet
    }

    /// Takes a finding in and grades anew. `peak` is called when the finding's observation is the one to show.
    pub fn absorb(
        &mut self,
        settings: &AlertSettings,
        finding: &Finding,
        at: &FindingContext<'_>,
        peak: impl FnOnce() -> Peak,
    ) -> Decision {
        // The other employees of the same group finding do not count against it: they rest on the same accesses.
        let alone = self.strength();
        let own = FindingStrength { weight: alone.weight * (self.related.len() as f64 + 1.0), ..alone };
        self.last_finding = self.last_finding.max(at.found);
        self.last_day = self.last_day.max(at.day);
        self.found.take(finding.window, at.day, finding.bits);
        let shown = (self.peak.window, self.peak.measure) == (finding.window, finding.measure);
        if finding.bits >= self.peak.bits || (shown && finding.count >= self.peak.count) {
            self.peak = peak();
        }
        self.dirty = true;
        self.related.extend(finding.related.iter().cloned());
        if self.revision == 0 {
            // Once it was told of, an alert stays in its case.
            self.group = self.group.or(finding.group);
        }
        self.corroboration = self.corroboration.max(at.corroboration);
        self.standing = self.standing.with(at.standing);
        let said = self.found.evidence();
        self.worth = at.calibration.calibrated_bits(at.group, self.typology, said, own);
        if self.standing.grave && standing::speaks_alone(self.typology) {
            self.worth = self.worth.max(said.min(ENOUGH));
        }
        let score = score::score(self.worth, at.corroboration, (self.peak.count, self.peak.unknown), at.weight);
        self.score = self.score.max(score);
        let severity = score::severity(self.score, at.band);
        let before = self.severity;
        self.severity = before.max(severity);
        for grade in Severity::ALL.into_iter().filter(|grade| *grade <= self.severity) {
            self.reached[grade as usize].get_or_insert(at.time);
        }
        let grew = self.peak.count as f64 >= self.emitted_count as f64 * GROWTH;
        match self.raised_at {
            None if self.severity < settings.open_at => Decision::Noted,
            None => {
                self.raised_at = Some(at.time);
                Decision::Opened
            }
            Some(_) if self.severity > before => Decision::Raised,
            Some(_) if grew => Decision::Grew,
            Some(_) => Decision::Joined,
        }
    }

    /// How strongly its typology speaks of this employee, before what that is worth here is taken into account. The graver the alert,
    /// the less it says about how often the detector reports innocent employees.
    pub fn strength(&self) -> FindingStrength {
        let innocent = ((GRAVE - self.score) / (GRAVE - ORDINARY)).clamp(0.0, 1.0);
        let crowd = self.related.len() as f64 + 1.0;
        FindingStrength { typology: self.typology, bits: self.found.evidence(), weight: innocent / crowd }
    }

    /// Whether a day on which it goes on is kept out of learning: while it is grave, and for some weeks. What goes on for longer and
    /// nobody has put an end to is how this employee works; from then on only what goes beyond it is news.
    pub fn holds_out(&self, day: u32) -> bool {
        self.is_alert() && self.severity >= Severity::High && day < self.first_day + HELD_OUT_DAYS
    }

    /// Whether an alert is open for it.
    pub fn is_alert(&self) -> bool {
        self.raised_at.is_some()
    }

    /// Counts a revision up; what changed before is now published.
    pub fn emit(&mut self) -> u32 {
        self.revision += 1;
        self.dirty = false;
        self.emitted_count = self.peak.count;
        self.revision
    }

    /// The alert's id: the same for the same input, for ever.
    pub fn id(&self, actor: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(actor.as_bytes()).update(&[0]).update(self.typology.name().as_bytes()).update(&[0]);
        hasher.update(&self.first.0.0.to_le_bytes()).update(&self.first.1);
        hasher.finalize().to_hex()[..24].to_owned()
    }
}

/// RevisionCause a revision is emitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RevisionCause {
    /// A decision on a finding.
    Decided(Decision),
    /// The day ended, or the input.
    Settled,
    /// The episode is over.
    Over,
    /// Somebody has decided about it.
    Verdict,
}

impl RevisionCause {
    /// The state that the alert is in after it.
    pub fn state(self) -> AlertState {
        match self {
            RevisionCause::Decided(_) | RevisionCause::Settled => AlertState::Open,
            RevisionCause::Over | RevisionCause::Verdict => AlertState::Closed,
        }
    }

    /// What closes the alert with it.
    pub fn closed_by(self) -> Option<ClosedBy> {
        match self {
            RevisionCause::Decided(_) | RevisionCause::Settled => None,
            RevisionCause::Over => Some(ClosedBy::Quiet),
            RevisionCause::Verdict => Some(ClosedBy::Verdict),
        }
    }
}
