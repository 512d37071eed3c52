//! A gap of a source as an alert: the same episode, grade and budget as for people, written without anybody.

use crate::classify::directory::{DayKind, Directory};
use crate::detect::SourceFinding;
use crate::model::alert::{
    Alert, Evidence, Expected, InnocentReason, MadeBy, Observed, OwnExpectation, SourceRange, Statute as StatuteFigures, StatuteScore,
};
use crate::model::identity::Identity;
use crate::model::persons::Persons;
use crate::model::severity::Severity;
use crate::model::statute::Statute;
use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use crate::population::finding_calibration::FindingCalibration;
use crate::population::sources::{LocatedRecord, VolumeDrop};
use crate::population::volume::begin;
use crate::profile::trail::Stretch;
use crate::profile::window::day_number;
use crate::triage::case::features::{CaseFeatures, Circumstance};
use crate::triage::case::weights::CaseWeights;
use crate::triage::case::{CaseView, case_id};
use crate::triage::report::hex;
use crate::triage::standing::Standing;
use crate::triage::{AlertSettings, Decision, Episode, FindingContext, Peak, RevisionCause, wording};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The gap of one source.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SourceEpisode {
    /// The source.
    pub source: Arc<str>,
    /// The episode.
    pub episode: Episode,
    /// What was seen at its strongest.
    pub low: VolumeDrop,
    /// The first record after it.
    pub after: Option<LocatedRecord>,
}

/// What a case is written with, apart from itself.
pub struct SourceWriter<'a> {
    /// The calendar, and the zone in which days are reckoned.
    pub directory: &'a Directory,
    /// The weights of kinds.
    pub statute: &'a Statute,
    /// Whether any source of explanations is configured.
    pub explanations_configured: bool,
    /// Hash of the configuration.
    pub config: &'a str,
    /// Version of the peer baselines.
    pub baseline: &'a str,
    /// Version of the weights of cases.
    pub calibration: &'a str,
}

impl SourceEpisode {
    /// Takes a finding in, beginning a case if there is none. `now` is the hour at which it was made.
    pub fn take(
        known: Option<SourceEpisode>,
        found: &SourceFinding,
        settings: &AlertSettings,
        now: Timestamp,
    ) -> Option<(SourceEpisode, Decision)> {
        let SourceFinding { low, finding } = found;
        let (time, hash) = low.before.as_ref().map_or((begin(low.from), [0; 32]), |(_, edge)| (edge.time, edge.hash));
        // How loud it is of sources nobody can measure: few are there, and bits are taken at their word.
        let calibration = &FindingCalibration::default();
        let day = day_number(now.utc_day());
        let at = |time| FindingContext {
            time,
            found: now,
            hash,
            day,
            weight: 1,
            band: None,
            calibration,
            group: "(sources)",
            corroboration: 0.0,
            standing: Standing::default(),
        };
        let peak = || Peak {
            window: finding.window,
            count: finding.count,
            unknown: 0,
            measure: finding.measure,
            particular: finding.particular.clone(),
            observed: Observed { accesses: low.records, records: low.records, persons: Persons::NOBODY, ..Observed::default() },
            bits: finding.bits,
            identity: Identity::default(),
            learnt_to: 0,
            days: 1,
        };
        let mut case = match known {
            Some(case) => case,
            None => {
                let evidence = Stretch { first_ms: time.0, last_ms: now.0, ..Stretch::default() };
                let episode = Episode::begin(finding, &at(time), evidence, peak())?;
                SourceEpisode { source: low.source.clone(), episode, low: low.clone(), after: low.after.clone() }
            }
        };
        let shown = case.episode.peak.clone();
        let decision = case.episode.absorb(settings, finding, &at(now), peak);
        if finding.bits >= shown.bits {
            (case.low, case.after) = (low.clone(), low.after.clone());
        } else {
            // A longer stretch lacks more, and is the less to the point the less it surprises.
            case.episode.peak = shown;
        }
        case.episode.evidence.last_ms = now.0;
        Some((case, decision))
    }

    /// The case that it is, by weights.
    pub fn view(&self, weights: &CaseWeights) -> CaseView {
        let mut features = CaseFeatures::of([&self.episode], |_| 1);
        // There are few sources, and bits about them are taken as where there are few employees.
        features.set(Circumstance::Unmeasured, 1.0);
        CaseView::new(case_id(&self.source, self.episode.first), features, weights, self.episode.standing)
    }

    /// The source speaks again.
    pub fn resume(&mut self, at: &LocatedRecord) {
        if self.after.is_none() {
            self.after = Some(at.clone());
            self.episode.dirty = true;
        }
    }
}

impl SourceWriter<'_> {
    /// Writes the next revision. `shown_at` is filled in by the budget.
    pub fn write(&self, case: &mut SourceEpisode, view: &CaseView, why: RevisionCause) -> Alert {
        let (state, closed_by) = (why.state(), why.closed_by());
        let revision = case.episode.emit();
        let SourceEpisode { source, episode, low, after } = case;
        let score = |statute: &Statute| {
            let band = statute.band(0, true).name().to_owned();
            StatuteScore { band: band.clone(), band_a: band.clone(), band_ordinary: band, ..StatuteScore::default() }
        };
        let reached = Severity::ALL.into_iter().filter(|grade| *grade > Severity::Low);
        let raised = episode.raised_at.unwrap_or(episode.first.0);
        let usual = &low.usual;
        Alert {
            id: episode.id(source),
            revision,
            provisional: None,
            state,
            closed_by,
            settled: true,
            typology: Typology::LogGap,
            severity: episode.severity,
            score: episode.score,
            case: view.id.clone(),
            case_score: view.score(),
            employee: None,
            account: None,
            identity: None,
            source: Some(source.to_string()),
            unit: None,
            role: None,
            in_directory: false,
            related: Vec::new(),
            raised_at: raised.to_string(),
            reached: reached.filter_map(|grade| episode.reached[grade as usize].map(|at| (grade, at.to_string()))).collect(),
            shown_at: None,
            shown_again: None,
            first_access: episode.first.0.to_string(),
            last_access: after.as_ref().map_or(begin(low.to), |(_, edge)| edge.time).to_string(),
            window: format!("{}h", low.to - low.from),
            observed: episode.peak.observed.clone(),
            expected: Expected {
                own: Some(OwnExpectation { median: usual.median as u64, p99: u64::from(usual.p99), days: usual.days }),
                peers: None,
            },
            statute: StatuteFigures {
                jurisdiction: self.statute.jurisdiction.clone(),
                exposure: score(self.statute),
                unexplained: score(self.statute),
            },
            explanation: explain(source, episode, low, after.as_ref()),
            innocent_reasons: self.innocent_reasons(low),
            evidence: evidence(low, after.as_ref()),
            made_by: MadeBy {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                config: self.config.to_owned(),
                baseline: self.baseline.to_owned(),
                calibration: self.calibration.to_owned(),
            },
        }
    }

    fn innocent_reasons(&self, low: &VolumeDrop) -> Vec<InnocentReason> {
        let reason =
            |reason: &str, tested: bool, holds: bool, detail: String| InnocentReason { reason: reason.to_owned(), tested, holds, detail };
        let maintenance = if self.explanations_configured {
            "no reason on file covers the source in these hours".to_owned()
        } else {
            "no explanations are configured".to_owned()
        };
        let day = self.directory.zone_of(None).local(begin(low.to - 1)).day;
        let has_calendar = self.directory.calendar_days() > 0;
        let holiday = self.directory.day_kind(day) == Some(DayKind::Holiday);
        let calendar = match (has_calendar, holiday) {
            (false, _) => "no calendar is configured: days of rest are told by the weekday".to_owned(),
            (true, true) => format!("{day} is a holiday, and was held against days of rest"),
            (true, false) => format!("{day} is no holiday of the calendar"),
        };
        let shared = match low.others {
            0 => "there is no other source to tell by".to_owned(),
            n => format!(
                "{} gave {:.0} % of what is usual for them",
                wording::plural(n as u64, "other source", "other sources"),
                low.share * 100.0
            ),
        };
        let usual = format!("{} of {} earlier days of the kind were as low", low.usual.as_low, low.usual.days);
        vec![
            reason("maintenance", self.explanations_configured, false, maintenance),
            reason("holiday", has_calendar, holiday, calendar),
            reason("shared_by_other_sources", low.others > 0, low.others > 0 && low.share <= 0.5, shared),
            reason("usual_for_the_source", true, false, usual),
        ]
    }
}

fn explain(source: &str, episode: &Episode, low: &VolumeDrop, after: Option<&LocatedRecord>) -> String {
    let what = match &low.partition {
        Some(partition) => format!("Source {}, partition {},", wording::plain(source), wording::plain(partition)),
        None => format!("Source {}", wording::plain(source)),
    };
    if low.missing.is_some() {
        return format!(
            "{what} lacks records between {} and {}: {}. {} before it were learnt from. The model puts so many at {}. What they told is not in the \
             log: whoever works in this source is only partly evaluated for these hours.",
            low.before.as_ref().map_or(begin(low.from), |(_, edge)| edge.time),
            begin(low.to),
            episode.peak.particular,
            wording::plural(u64::from(low.usual.days), "day", "days"),
            wording::rarity(low.bits),
        );
    }
    if low.ahead.is_some() {
        return format!(
            "{what} has a clock that runs ahead, or somebody writes times into it that have not come: between {} and {}, {}. Windows and days of \
             whoever works in this source may be told wrongly for these hours.",
            begin(low.from),
            begin(low.to),
            episode.peak.particular,
        );
    }
    let until = after.map_or(String::new(), |(_, edge)| format!(" It spoke again at {}.", edge.time));
    let usual = &low.usual;
    format!(
        "{what} gave {} from {} to {}; {}. For comparison, the same hours of {} of the kind gave a median of {:.0}, a 1st percentile of {} and \
         a 99th of {} records. The model puts so little at {}.{until} What was done meanwhile is not in the log: whoever works in this source is \
         not, or only partly, evaluated for these hours.",
        wording::plural(low.records, "record", "records"),
        begin(low.from),
        begin(low.to),
        episode.peak.particular,
        wording::plural(u64::from(usual.days), "earlier day", "earlier days"),
        usual.median,
        usual.p1,
        usual.p99,
        wording::rarity(low.bits),
    )
}

/// The records at both edges: by them the hole is found at the source.
fn evidence(low: &VolumeDrop, after: Option<&LocatedRecord>) -> Evidence {
    let mut sources: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut root = blake3::Hasher::new();
    let edges: Vec<&LocatedRecord> = low.before.iter().chain(after).collect();
    for (partition, edge) in &edges {
        root.update(&edge.hash);
        let range = sources.entry(partition).or_insert((edge.position, edge.position));
        *range = (range.0.min(edge.position), range.1.max(edge.position));
    }
    let ranges = sources.into_iter().map(|(source, (first, last))| SourceRange { source: source.to_owned(), first, last });
    Evidence { records: edges.len() as u64, sources: ranges.collect(), root: hex(root.finalize().as_bytes()), inferred: Vec::new() }
}
