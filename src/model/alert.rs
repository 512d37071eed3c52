//! The alert as an investigator and other programs see it (docs/contract.md §8): one JSON object per revision, every key always present.

use crate::model::identity::Identity;
use crate::model::kind::Kind;
use crate::model::persons::Persons;
use crate::model::severity::Severity;
use crate::model::typology::Typology;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One revision of an alert.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// Hash of actor, typology and the settled first finding: the same for the same input, for ever.
    pub id: String,
    /// Counts settled revisions, up from 1. One that is not settled has that of the settled one which it goes on from; 0 where there is none.
    pub revision: u32,
    /// The number of a revision that is not settled, which no other of the alert has: by the time of day in milliseconds, ascending. Null of
    /// settled ones.
    #[serde(default)]
    pub provisional: Option<u64>,
    /// Where the episode stands.
    pub state: AlertState,
    /// What closed it; null while it is open, and of one that was retracted.
    #[serde(default)]
    pub closed_by: Option<ClosedBy>,
    /// Whether the records behind this revision have settled.
    pub settled: bool,
    /// The pattern it looks like.
    pub typology: Typology,
    /// How grave.
    pub severity: Severity,
    /// 0 to 100, comparable across typologies: the order in which to look.
    pub score: f64,
    /// The case that it belongs to: that of the person (account, source), or of the group.
    #[serde(default)]
    pub case: String,
    /// 0 to 100, of the case as of this revision: so many of a hundred cases like it are expected to be true.
    #[serde(default)]
    pub case_score: f64,
    /// The person; null where only an account or source can be named.
    pub employee: Option<String>,
    /// The account, where it cannot be told whose it is, or only it says for whom it asks.
    pub account: Option<String>,
    /// How the person is known; null where nobody is.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// The source that a gap is told of; null where somebody can be named.
    pub source: Option<String>,
    /// Unit of the person.
    pub unit: Option<String>,
    /// Role of the person.
    pub role: Option<String>,
    /// Whether the directory lists the person.
    pub in_directory: bool,
    /// The other employees of a group finding.
    pub related: Vec<String>,
    /// Event time of the access that opened it.
    pub raised_at: String,
    /// Event time at which each severity was reached.
    pub reached: BTreeMap<Severity, String>,
    /// When its case was shown within the day's budget, or it joined one that was; null where the case is over budget or not worth a look.
    pub shown_at: Option<String>,
    /// When the case was last shown again by it: graver than before, of another family, or of ten times as many people.
    #[serde(default)]
    pub shown_again: Option<String>,
    /// First access of the episode.
    pub first_access: String,
    /// Last access of the episode.
    pub last_access: String,
    /// The window of `observed` and `expected`.
    pub window: String,
    /// What was seen in the window.
    pub observed: Observed,
    /// What would have been usual there.
    pub expected: Expected,
    /// The statutory counter.
    pub statute: Statute,
    /// One plain paragraph with the numbers.
    pub explanation: String,
    /// Innocent reasons that were looked for.
    pub innocent_reasons: Vec<InnocentReason>,
    /// What proves it.
    pub evidence: Evidence,
    /// What made it.
    pub made_by: MadeBy,
}

/// Where an episode stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Findings may still come.
    Open,
    /// Quiet for long enough.
    Closed,
    /// Shown before it settled, and it did not settle.
    Retracted,
}

/// What closes an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// Nothing was found for long enough.
    Quiet,
    /// Somebody has decided about it.
    Verdict,
}

/// What was seen in the window.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Observed {
    /// Accesses that disclosed somebody.
    pub accesses: u64,
    /// Rows, where the log gives them.
    pub records: u64,
    /// Distinct people.
    pub persons: Persons,
    /// Those of them who can be told apart by their ids.
    pub named: Persons,
    /// Sum of the figures of accesses that name nobody: the same people may be in several.
    pub counted: u64,
    /// Accesses that do not tell how many people they disclosed.
    pub unknown_accesses: u32,
    /// Distinct people by kind.
    pub kinds: BTreeMap<Kind, Persons>,
}

/// What would have been usual.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Expected {
    /// The employee's own closed days; null without any.
    pub own: Option<OwnExpectation>,
    /// The peer group; null without one.
    pub peers: Option<PeerExpectation>,
}

/// The employee's own history.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OwnExpectation {
    /// Median of the measure per window.
    pub median: u64,
    /// 99th percentile.
    pub p99: u64,
    /// Days learnt from.
    pub days: u32,
}

/// The peer group's history.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PeerExpectation {
    /// Median of the measure per window.
    pub median: u64,
    /// 99th percentile.
    pub p99: u64,
    /// Members of the group.
    pub members: u32,
}

/// The statutory counter of both scores.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Statute {
    /// Which statute file counted.
    pub jurisdiction: String,
    /// Everything touched.
    pub exposure: StatuteScore,
    /// What no known reason covers.
    pub unexplained: StatuteScore,
}

/// One score under both readings.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct StatuteScore {
    /// Reading B: each subject once, at its gravest tier.
    pub b: u64,
    /// Reading A: each subject and kind once, identity kinds together.
    pub a: u64,
    /// Band of `b` for information obtained on duty.
    pub band: String,
    /// Band of `a` for information obtained on duty.
    pub band_a: String,
    /// Band of `b` where the duty rule does not apply.
    pub band_ordinary: String,
    /// Something came on top whose people, tables or kinds are not known.
    pub incomplete: bool,
    /// The set outgrew its exact bound: the figures are lower bounds.
    pub at_least: bool,
}

/// An innocent reason, and whether it was found to hold.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct InnocentReason {
    /// Which.
    pub reason: String,
    /// Whether there was data to test it with.
    pub tested: bool,
    /// Whether it covers the observation.
    pub holds: bool,
    /// The figures.
    pub detail: String,
}

/// What proves the observation: enough to find the records again and to see that none was changed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// How many records.
    pub records: u64,
    /// Where they stand.
    pub sources: Vec<SourceRange>,
    /// Chained hash of the records in settled order.
    pub root: String,
    /// Tables that the catalog does not list, and from what it was concluded what they hold.
    #[serde(default)]
    pub inferred: Vec<String>,
}

/// A range of records of a source partition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SourceRange {
    /// `source/partition`, or the file.
    pub source: String,
    /// First line or offset.
    pub first: u64,
    /// Last line or offset.
    pub last: u64,
}

/// What made an alert.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MadeBy {
    /// Program version.
    pub version: String,
    /// Hash of everything configured that influences results.
    pub config: String,
    /// Version of the peer baselines used.
    pub baseline: String,
    /// Version of the weights by which cases are judged.
    #[serde(default)]
    pub calibration: String,
}

impl Alert {
    /// Whom or what it is about, by the id of the employee, the account or the source.
    pub fn about(&self) -> &str {
        [&self.employee, &self.account, &self.source].into_iter().find_map(|name| name.as_deref()).unwrap_or_default()
    }
}
