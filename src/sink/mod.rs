//! Where alerts go. One file and one row of [`SINKS`] each; one retry for all.
//!
//! A sink blocks and runs on a thread of its own. It says whether a failure may pass; [`retry`] does the rest.

pub mod append;
pub mod dead_letters;
pub mod jsonl;
pub mod kafka;
pub mod payload;
pub mod produce;
pub mod retry;

use crate::kafka::settings::Cluster;
use crate::model::alert::Alert;
use std::path::PathBuf;
use std::sync::Arc;

/// Takes alerts.
pub trait Sink: Send {
    /// Its name, for metrics and messages.
    fn name(&self) -> &str;

    /// Delivers all of them. `Ok` means acknowledged: whatever happens to this process now, they are there. After an error
    /// some of them may be there too; receivers know repeats by id and revision.
    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Result<(), SinkError>;

    /// Called now and then while there is nothing to deliver: what keeps a connection good belongs here.
    fn idle(&mut self) {}
}

/// Why a delivery failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct SinkError {
    /// Whether trying again can help.
    pub retryable: bool,
    /// Place, rule and value; never the alert's content.
    pub message: String,
}

impl SinkError {
    /// A failure that trying again may mend: a full disk, a broker that is away.
    pub fn transient(message: impl Into<String>) -> SinkError {
        SinkError { retryable: true, message: message.into() }
    }

    /// A failure that trying again does not mend.
    pub fn permanent(message: impl Into<String>) -> SinkError {
        SinkError { retryable: false, message: message.into() }
    }
}

/// What a configuration may say of a sink; each kind takes what it needs and refuses to do without.
#[derive(Clone, Debug, Default)]
pub struct SinkSettings {
    /// Its name; the kind where none is given.
    pub name: String,
    /// The file, of kinds that write one.
    pub path: Option<PathBuf>,
    /// The topic, of kinds that write to Kafka.
    pub topic: Option<String>,
    /// The cluster, of kinds that write to Kafka.
    pub cluster: Option<Cluster>,
}

/// A kind of sink.
pub struct SinkKind {
    /// Its name in configurations.
    pub name: &'static str,
    /// Makes one.
    pub build: fn(&SinkSettings) -> Result<Box<dyn Sink>, SinkError>,
}

/// Every kind.
pub const SINKS: &[SinkKind] = &[jsonl::KIND, kafka::KIND];

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static SinkKind> {
    SINKS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::alert::*;
    use crate::model::persons::Persons;
    use crate::model::severity::Severity;
    use crate::model::typology::Typology;
    use std::collections::BTreeMap;

    /// An alert of that id.
    pub(crate) fn alert(id: &str) -> Arc<Alert> {
        let time = "2026-03-02T09:14:05Z".to_owned();
        let nothing =
            Statute { jurisdiction: "cn-2017".to_owned(), exposure: StatuteScore::default(), unexplained: StatuteScore::default() };
        Arc::new(Alert {
            id: id.to_owned(),
            revision: 1,
            state: AlertState::Open,
            settled: true,
            typology: Typology::BulkExtract,
            severity: Severity::High,
            score: 71.4,
            employee: Some("E0042".to_owned()),
            account: None,
            source: None,
            unit: None,
            role: None,
            in_directory: true,
            related: vec![],
            raised_at: time.clone(),
            reached: BTreeMap::from([(Severity::High, time.clone())]),
            shown_at: None,
            first_access: time.clone(),
            last_access: time,
            window: "24h".to_owned(),
            observed: Observed { accesses: 1, records: 1, persons: Persons::Exact(1), kinds: BTreeMap::new() },
            expected: Expected::default(),
            statute: nothing,
            explanation: "many people\nat once".to_owned(),
            innocent_reasons: vec![],
            evidence: Evidence { records: 1, sources: vec![], root: String::new() },
            made_by: MadeBy { version: "0".to_owned(), config: String::new(), baseline: String::new() },
        })
    }

    #[test]
    fn every_kind_is_found_by_its_name_and_refuses_to_do_without_what_it_needs() {
        for row in SINKS {
            assert!(kind(row.name).is_some_and(|found| found.name == row.name));
            let error = (row.build)(&SinkSettings::default()).err().expect("refused");
            assert!(!error.retryable && error.message.contains("must"), "{error}");
        }
        assert!(kind("carrier_pigeon").is_none());
    }
}
