//! What applying records yields: revisions of alerts, and counts for the metrics. The core returns; the shell sends.

use crate::model::alert::Alert;
use crate::model::dossier::{AlertWithDossier, Dossier};
use crate::model::kind::{Kind, Kinds};
use crate::model::time::Timestamp;
use crate::triage::case::CaseView;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A revision of an alert and the event time at which it came about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Revision {
    /// Event time.
    pub at: Timestamp,
    /// The alert.
    pub alert: Alert,
    /// The case that it belongs to, as of this revision: for the daily budget.
    pub case: CaseView,
    /// Whether it says of an alert that it opens, or reaches a severity, what nothing has said before: neither what settled nor what was
    /// shown early.
    pub is_news: bool,
    /// What its pictures are drawn from, where somebody wants it.
    pub dossier: Option<Box<Dossier>>,
}

/// An alert for the sinks.
#[derive(Clone, Debug)]
pub struct ToldAlert {
    /// The alert.
    pub alert: Arc<Alert>,
    /// Whether it opens with it, or reaches a severity, as nobody has told before, whichever process that was.
    pub is_news: bool,
    /// What its pictures are drawn from, where somebody wants it.
    pub dossier: Option<Arc<Dossier>>,
}

impl From<Revision> for ToldAlert {
    fn from(Revision { alert, is_news, dossier, .. }: Revision) -> ToldAlert {
        ToldAlert { alert: Arc::new(alert), is_news, dossier: dossier.map(Arc::from) }
    }
}

impl From<ToldAlert> for AlertWithDossier {
    fn from(ToldAlert { alert, dossier, .. }: ToldAlert) -> AlertWithDossier {
        AlertWithDossier { alert, dossier }
    }
}

/// What a step of the engine yields.
#[derive(Default, Debug)]
pub struct Output {
    /// Revisions, in order of event time.
    pub revisions: Vec<Revision>,
    /// What was counted.
    pub counts: Counts,
}

/// Counts since the last output.
#[derive(Default, Debug)]
pub struct Counts {
    /// Records by source index.
    pub sources: Vec<SourceCounts>,
    /// People touched, by kind.
    pub by_kind: [u64; Kind::ALL.len()],
    /// People touched without a known reason, by the items of their gravest tier.
    pub unexplained_by_tier: BTreeMap<u64, u64>,
    /// Employees and accounts seen for the first time.
    pub employees: u64,
    /// Records of logins that the directory does not list.
    pub unmapped: u64,
    /// What was evicted to keep within the limits.
    pub evicted: Evictions,
}

/// Records of one source.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct SourceCounts {
    /// Applied in time.
    pub accepted: u64,
    /// Counted before.
    pub duplicate: u64,
    /// Applied after what they belong to had settled.
    pub late: u64,
    /// Dead letters that were re-driven, and are read.
    pub redriven: u64,
}

/// What was evicted to keep within the limits of memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Evictions {
    /// Profiles.
    pub employees: u64,
    /// Ids.
    pub record_ids: u64,
}

impl Evictions {
    /// Adds more.
    pub fn add(&mut self, more: Evictions) {
        (self.employees, self.record_ids) = (self.employees + more.employees, self.record_ids + more.record_ids);
    }

    /// Whether nothing was.
    pub fn is_nothing(self) -> bool {
        self == Evictions::default()
    }
}

impl Counts {
    /// The counts of a source.
    pub fn source(&mut self, index: u16) -> &mut SourceCounts {
        let index = usize::from(index);
        if self.sources.len() <= index {
            self.sources.resize(index + 1, SourceCounts::default());
        }
        &mut self.sources[index]
    }

    /// Joins other counts.
    pub fn join(&mut self, other: Counts) {
        for (index, counts) in other.sources.into_iter().enumerate() {
            let all = self.source(index as u16);
            all.accepted += counts.accepted;
            all.duplicate += counts.duplicate;
            all.late += counts.late;
            all.redriven += counts.redriven;
        }
        for (sum, n) in self.by_kind.iter_mut().zip(other.by_kind) {
            *sum = sum.saturating_add(n);
        }
        for (tier, n) in other.unexplained_by_tier {
            self.disclosed(Kinds::NONE, 0, Some(tier), n);
        }
        self.employees += other.employees;
        self.unmapped += other.unmapped;
        self.evicted.add(other.evicted);
    }

    /// Counts people of an access, by kind and, without a known reason, by tier. A log may claim any number of rows.
    pub fn disclosed(&mut self, kinds: Kinds, people: u64, tier: Option<u64>, unexplained: u64) {
        for kind in kinds.iter() {
            let sum = &mut self.by_kind[kind as usize];
            *sum = sum.saturating_add(people);
        }
        if let Some(tier) = tier {
            let sum = self.unexplained_by_tier.entry(tier).or_default();
            *sum = sum.saturating_add(unexplained);
        }
    }
}

impl Output {
    /// Joins another output.
    pub fn join(&mut self, other: Output) {
        self.revisions.extend(other.revisions);
        self.counts.join(other.counts);
    }
}
