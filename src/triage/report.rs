//! An episode as the alert that people and programs read (SPEC §8): numbers, and never a word of guilt, intent or sale.

use crate::classify::directory::Employee;
use crate::model::access::{Actor, PartitionId};
use crate::model::alert::{
    Alert, AlertState, Evidence, Expected, InnocentReason, MadeBy, OwnExpectation, PeerExpectation, SourceRange, Statute as StatuteFigures,
};
use crate::model::severity::Severity;
use crate::model::statute::Statute;
use crate::model::time::Timestamp;
use crate::population::GroupModel;
use crate::profile::Profile;
use crate::profile::history::quantile;
use crate::profile::measure::Measure;
use crate::profile::seen::Part;
use crate::triage::Episode;
use std::collections::BTreeMap;

/// What a report is written with, apart from the episode itself.
pub struct Writer<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// The person, where the directory lists them.
    pub employee: Option<&'a Employee>,
    /// The peer group.
    pub group: &'a GroupModel,
    /// The weights of kinds.
    pub statute: &'a Statute,
    /// Whether any source of explanations is configured.
    pub explanations_configured: bool,
    /// Names of source partitions.
    pub partition_name: &'a dyn Fn(PartitionId) -> String,
    /// Hash of the configuration.
    pub config: &'a str,
    /// Version of the peer baselines.
    pub baseline: &'a str,
}

impl Writer<'_> {
    /// Writes a revision. `shown_at` is filled in by the budget.
    pub fn write(&self, episode: &Episode, revision: u32, state: AlertState, settled: bool) -> Alert {
        let (employee, account) = match &self.profile.actor {
            Actor::Employee(id) => (Some(id.to_string()), None),
            Actor::Account(id) => (None, Some(id.to_string())),
        };
        let statute = StatuteFigures {
            jurisdiction: self.statute.jurisdiction.clone(),
            exposure: self.profile.statute_score(Part::Exposure, self.statute),
            unexplained: self.profile.statute_score(Part::Unexplained, self.statute),
        };
        let expected = self.expected(episode);
        let raised = episode.raised_at.unwrap_or(episode.first.0);
        let reached = Severity::ALL.into_iter().filter(|grade| *grade > Severity::Low);
        let reached: BTreeMap<Severity, String> =
            reached.filter_map(|grade| episode.reached[grade as usize].map(|at| (grade, at.to_string()))).collect();
        Alert {
            id: episode.id(self.profile.actor.name()),
            revision,
            state,
            settled,
            typology: episode.typology,
            severity: episode.severity,
            score: episode.score,
            employee,
            account,
            unit: self.employee.and_then(|e| e.unit.as_deref()).map(str::to_owned),
            role: self.employee.and_then(|e| e.role.as_deref()).map(str::to_owned),
            in_directory: self.employee.is_some(),
            related: Vec::new(),
            raised_at: raised.to_string(),
            reached,
            shown_at: None,
            first_access: Timestamp(episode.evidence.first_ms).to_string(),
            last_access: Timestamp(episode.evidence.last_ms).to_string(),
            window: episode.peak.window.name().to_owned(),
            observed: episode.peak.observed.clone(),
            explanation: self.explain(episode, &expected, &statute),
            innocent_reasons: self.innocent_reasons(episode, &expected),
            expected,
            statute,
            evidence: self.evidence(episode),
            made_by: MadeBy {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                config: self.config.to_owned(),
                baseline: self.baseline.to_owned(),
            },
        }
    }

    /// Own and peer days, as many as the window has days of activity.
    fn expected(&self, episode: &Episode) -> Expected {
        let peak = &episode.peak;
        let days = u64::from(peak.days.max(1));
        let own = self.profile.history.sorted(peak.measure, peak.learnt_to);
        let own = quantile(&own, 0.5).zip(quantile(&own, 0.99)).map(|(median, p99)| OwnExpectation {
            median: u64::from(median) * days,
            p99: u64::from(p99) * days,
            days: own.len() as u32,
        });
        let group = self.group.measures[peak.measure as usize];
        let peers = (self.group.members > 0).then(|| PeerExpectation {
            median: u64::from(group.median) * days,
            p99: u64::from(group.p99) * days,
            members: self.group.members,
        });
        Expected { own, peers }
    }

    fn explain(&self, episode: &Episode, expected: &Expected, statute: &StatuteFigures) -> String {
        let peak = &episode.peak;
        let who = match &self.profile.actor {
            Actor::Employee(id) => format!("Employee {}", plain(id)),
            Actor::Account(id) => format!("Account {} (not resolved to one person)", plain(id)),
        };
        let place = [self.employee.and_then(|e| e.role.as_deref()), self.employee.and_then(|e| e.unit.as_deref())];
        let place: Vec<String> = place.into_iter().flatten().map(plain).collect();
        let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) };
        let kinds: Vec<&str> = peak.observed.kinds.keys().map(|kind| kind.name()).collect();
        let kinds = if kinds.is_empty() { String::new() } else { format!(" (kinds: {})", kinds.join(", ")) };
        let unit = measured(peak.measure);
        let own = expected.own.as_ref().map_or("no closed days of their own yet".to_owned(), |own| {
            format!("their own {} days give a median of {} and a 99th percentile of {} {unit}", own.days, own.median, own.p99)
        });
        let peers = expected.peers.as_ref().map_or("no peer group yet".to_owned(), |peers| {
            format!("{} peers a median of {} and a 99th percentile of {}", peers.members, peers.median, peers.p99)
        });
        let score = |name: &str, s: &crate::model::alert::StatuteScore| {
            let more = if s.incomplete || s.at_least { "at least " } else { "" };
            format!("{name} {more}{} (reading B) and {more}{} (reading A), {}", s.b, s.a, comparable(&s.band, &self.statute.article))
        };
        let reasons =
            if self.explanations_configured { "" } else { " No explanations are configured, so no business reason could be checked." };
        format!(
            "{who}{place} touched {} people{kinds} in {} accesses within {}; {}. For comparison, {own}; {peers}. \
             The model puts an innocent count like this at about 1 in 2^{:.0}. Statutory counter ({}): {}; {}.{reasons}",
            peak.observed.persons,
            peak.observed.accesses,
            peak.window.name(),
            peak.particular,
            peak.bits.min(1_000.0),
            statute.jurisdiction,
            score("exposure", &statute.exposure),
            score("unexplained", &statute.unexplained),
        )
    }

    fn innocent_reasons(&self, episode: &Episode, expected: &Expected) -> Vec<InnocentReason> {
        let count = episode.peak.count;
        let known = InnocentReason {
            reason: "known_reason".to_owned(),
            tested: self.explanations_configured,
            holds: false,
            detail: if self.explanations_configured {
                format!("{count} remain after tickets, appointments, assignments, campaigns and batches were taken off")
            } else {
                "no explanations are configured".to_owned()
            },
        };
        let own = InnocentReason {
            reason: "usual_for_the_person".to_owned(),
            tested: expected.own.is_some(),
            holds: expected.own.as_ref().is_some_and(|own| count <= own.p99),
            detail: expected
                .own
                .as_ref()
                .map_or("no closed days yet".to_owned(), |own| format!("{count} against a 99th percentile of {}", own.p99)),
        };
        let peers = InnocentReason {
            reason: "usual_for_peers".to_owned(),
            tested: expected.peers.is_some(),
            holds: expected.peers.as_ref().is_some_and(|peers| count <= peers.p99),
            detail: expected
                .peers
                .as_ref()
                .map_or("no peer group yet".to_owned(), |p| format!("{count} against a 99th percentile of {}", p.p99)),
        };
        vec![known, own, peers]
    }

    fn evidence(&self, episode: &Episode) -> Evidence {
        let mut sources: Vec<SourceRange> = episode
            .evidence
            .ranges
            .iter()
            .map(|(partition, first, last)| SourceRange { source: (self.partition_name)(*partition), first: *first, last: *last })
            .collect();
        sources.sort_by(|a, b| a.source.cmp(&b.source));
        Evidence { records: episode.evidence.records, sources, root: hex(&episode.evidence.root) }
    }
}

fn measured(measure: Measure) -> &'static str {
    match measure {
        Measure::Persons => "people",
        Measure::Unexplained => "people without a known reason",
        Measure::OffDuty => "people off duty",
        Measure::Dossiers => "dossiers",
    }
}

fn comparable(band: &str, article: &str) -> String {
    match band {
        "below" => format!("below the figures of {article}"),
        band => format!("arithmetically comparable with {article}, \"{}\"", band.replace('_', " ")),
    }
}

/// A name from a log or file as part of a sentence: without control and direction characters, cut short.
fn plain(name: impl AsRef<str>) -> String {
    let bidi = |c: &char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.as_ref().chars().filter(|c| !c.is_control() && !bidi(c)).take(64).collect()
}

fn hex(bytes: &[u8]) -> String {
    blake3::Hash::from_slice(bytes).map_or_else(|_| String::new(), |hash| hash.to_hex().to_string())
}
