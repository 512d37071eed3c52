//! An episode as the alert that people and programs read (docs/contract.md §8): numbers, and never a word of guilt, intent or sale.

use crate::model::access::Actor;
use crate::model::alert::{
    Alert, Evidence, Expected, InnocentReason, MadeBy, OwnExpectation, PeerExpectation, SourceRange, Statute as StatuteFigures,
};
use crate::model::identity::Identity;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::profile::counts::CountScope;
use crate::profile::history::quantile;
use crate::profile::told::Told;
pub use crate::triage::writer::Writer;
use crate::triage::{Episode, RevisionCause, wording};
use std::collections::BTreeMap;

impl Writer<'_> {
    /// Writes a revision. `shown_at` is filled in by the budget.
    pub fn write(&self, episode: &Episode, revision: u32, why: RevisionCause, settled: bool) -> Alert {
        let (state, closed_by) = (why.state(), why.closed_by());
        let identity = episode.peak.identity;
        let login = || self.profile.claims.as_ref().and_then(|claims| claims.login()).map(ToString::to_string);
        let (employee, account) = match &self.profile.actor {
            // Whoever is claimed, the login is told beside them.
            Actor::Employee(id) => (Some(id.to_string()), if identity == Identity::Claimed { login() } else { None }),
            Actor::Account(id) => (None, Some(id.to_string())),
        };
        let statute = StatuteFigures {
            jurisdiction: self.statute.jurisdiction.clone(),
            exposure: self.profile.statute_score(CountScope::Exposure, self.statute),
            unexplained: self.profile.statute_score(CountScope::Unexplained, self.statute),
        };
        let expected = self.expected(episode);
        let raised = episode.raised_at.unwrap_or(episode.first.0);
        let reached = Severity::ALL.into_iter().filter(|grade| *grade > Severity::Low);
        let reached: BTreeMap<Severity, String> =
            reached.filter_map(|grade| episode.reached[grade as usize].map(|at| (grade, at.to_string()))).collect();
        Alert {
            id: episode.id(self.profile.actor.name()),
            revision,
            provisional: None,
            state,
            closed_by,
            settled,
            typology: episode.typology,
            severity: episode.severity,
            score: episode.score,
            case: self.case.id.clone(),
            case_score: self.case.score(),
            identity: employee.is_some().then_some(identity),
            employee,
            account,
            source: None,
            unit: self.employee.and_then(|e| e.unit.as_deref()).map(str::to_owned),
            role: self.employee.and_then(|e| e.role.as_deref()).map(str::to_owned),
            in_directory: self.employee.is_some(),
            related: episode.related.iter().map(|name| name.to_string()).collect(),
            raised_at: raised.to_string(),
            reached,
            shown_at: None,
            shown_again: None,
            first_access: Timestamp(episode.evidence.first_ms).to_string(),
            last_access: Timestamp(episode.evidence.last_ms).to_string(),
            window: episode.peak.window.name().to_owned(),
            observed: episode.peak.observed.clone(),
            explanation: wording::explain(self, episode, &expected, &statute),
            innocent_reasons: self.innocent_reasons(episode, &expected),
            expected,
            statute,
            evidence: self.evidence(episode),
            made_by: MadeBy {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                config: self.config.to_owned(),
                baseline: self.baseline.to_owned(),
                calibration: self.calibration.to_owned(),
            },
        }
    }

    /// Own and peer days, as many as the window has days of activity.
    fn expected(&self, episode: &Episode) -> Expected {
        let peak = &episode.peak;
        let days = u64::from(peak.days.max(1));
        let own = self.profile.known_sorted(peak.measure, peak.learnt_to);
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

    fn innocent_reasons(&self, episode: &Episode, expected: &Expected) -> Vec<InnocentReason> {
        let told = Told::of(episode.peak.count, episode.peak.unknown);
        let (count, unknown) = (told.number(), told.unknown > 0);
        // What is unknown is usual for nobody.
        let within = |p99: u64| !unknown && told.known <= p99;
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
            holds: expected.own.as_ref().is_some_and(|own| within(own.p99)),
            detail: expected
                .own
                .as_ref()
                .map_or("no closed days yet".to_owned(), |own| format!("{count} against a 99th percentile of {}", own.p99)),
        };
        let peers = InnocentReason {
            reason: "usual_for_peers".to_owned(),
            tested: expected.peers.is_some(),
            holds: expected.peers.as_ref().is_some_and(|peers| within(peers.p99)),
            detail: expected
                .peers
                .as_ref()
                .map_or("no peer group yet".to_owned(), |p| format!("{count} against a 99th percentile of {}", p.p99)),
        };
        [known, own, peers].into_iter().chain(self.circumstances(episode)).collect()
    }

    fn evidence(&self, episode: &Episode) -> Evidence {
        let mut sources: Vec<SourceRange> = episode
            .evidence
            .ranges
            .iter()
            .map(|(partition, first, last)| SourceRange { source: (self.partition_name)(*partition), first: *first, last: *last })
            .collect();
        sources.sort_by(|a, b| a.source.cmp(&b.source));
        let inferred = episode.evidence.told_tables().map(wording::plain_text).collect();
        Evidence { records: episode.evidence.records, sources, root: hex(&episode.evidence.root), inferred }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    blake3::Hash::from_slice(bytes).map_or_else(|_| String::new(), |hash| hash.to_hex().to_string())
}
