//! Where alerts go. One file and one row of [`SINKS`] each: it declares its keys, reads its own `[[sink]]`, describes it and makes
//! the running sink. One retry for all.
//!
//! A sink blocks and runs on a thread of its own. It says whether a failure is transient; [`retry`] does the rest.

pub mod append;
pub mod dead_letters;
pub mod jsonl;
pub mod kafka;
pub mod payload;
pub mod produce;
pub mod retry;

use crate::model::alert::Alert;
use crate::model::coverage::SettledDays;
use crate::model::dossier::AlertWithDossier;
use crate::settings::{Entry, Key, Section, SettingsTable, settings};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Takes alerts.
pub trait Sink: Send {
    /// Its name, for metrics and messages.
    fn name(&self) -> &str;

    /// Delivers all of them. `Ok` means acknowledged: whatever happens to this process now, they are there. After an error
    /// some of them may be there too; receivers know repeats by id and revision.
    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Result<(), SinkError>;

    /// The same, with what the pictures of settled revisions are drawn from: for a sink that keeps it. Others are given the alerts alone.
    fn deliver_with_dossiers(&mut self, told: &[AlertWithDossier]) -> Result<(), SinkError> {
        let alerts: Vec<Arc<Alert>> = told.iter().map(|told| Arc::clone(&told.alert)).collect();
        self.deliver(&alerts)
    }

    /// Days that have settled, for a sink that keeps how far employees' days were evaluated. The same may come again.
    fn deliver_coverage(&mut self, _: &SettledDays) -> Result<(), SinkError> {
        Ok(())
    }

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

/// One `[[sink]]` of a configuration, valid: what makes the running sink.
pub trait SinkConfig: fmt::Debug + Send + Sync {
    /// The row of its kind.
    fn kind(&self) -> &'static SinkKind;

    /// What its keys hold.
    fn entries(&self) -> Vec<Entry>;

    /// Where alerts go, as `check` says it: `to …`. Never a client's settings, which may hold secrets.
    fn describe(&self) -> String;

    /// The file that it appends to, if it does: nothing else may write or read it.
    fn writes_file(&self) -> Option<&Path> {
        None
    }

    /// The topic that it writes to, and the brokers of that, if it does.
    fn topic(&self) -> Option<(&str, &str)> {
        None
    }

    /// What is wrong with settings that only a client library can judge.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Makes the sink.
    fn build(&self) -> Result<Box<dyn Sink>, SinkError>;
}

/// A kind of sink.
pub struct SinkKind {
    /// Its name in configurations.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static [&'static str],
    /// Its keys, beside `kind`.
    pub keys: &'static [Key],
    /// Reads them.
    pub parse: fn(&mut Section<'_>) -> Option<Box<dyn SinkConfig>>,
}

/// Every kind.
pub const SINKS: &[SinkKind] = &[jsonl::KIND, kafka::KIND];

settings! {
    /// Where alerts go; `replay` writes them with `--alerts` instead. A cluster without any gives them to the topic `alerts` of its prefix.
    pub struct SinkKeys {
        /// Which kind of sink it is.
        kind: String => RESTART;
    }
}

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static SinkKind> {
    SINKS.iter().find(|kind| kind.name == name)
}

/// Reads one `[[sink]]`.
pub fn read(mut section: Section<'_>) -> Option<Box<dyn SinkConfig>> {
    let keys = SinkKeys::read(&mut section);
    let Some(kind) = keys.as_ref().and_then(|keys| kind(&keys.kind)) else {
        if let Some(keys) = keys {
            let names: Vec<&str> = SINKS.iter().map(|kind| kind.name).collect();
            section.wrong("kind", &format!("must be one of {}", names.join(", ")), format!("{:?}", keys.kind));
        }
        section.rest();
        return None;
    };
    let sink = (kind.parse)(&mut section);
    section.end();
    sink
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::alert::*;
    use crate::model::identity::Identity;
    use crate::model::persons::Persons;
    use crate::model::severity::Severity;
    use crate::model::typology::Typology;
    use crate::settings::Findings;
    use std::collections::BTreeMap;

    /// An alert of that id.
    pub(crate) fn alert(id: &str) -> Arc<Alert> {
        let time = "2026-03-02T09:14:05Z".to_owned();
        let nothing =
            Statute { jurisdiction: "cn-2017".to_owned(), exposure: StatuteScore::default(), unexplained: StatuteScore::default() };
        Arc::new(Alert {
            id: id.to_owned(),
            revision: 1,
            provisional: None,
            state: AlertState::Open,
            closed_by: None,
            settled: true,
            typology: Typology::BulkExtract,
            severity: Severity::High,
            score: 71.4,
            case: format!("case of {id}"),
            case_score: 40.0,
            employee: Some("E0042".to_owned()),
            account: None,
            identity: Some(Identity::Authenticated),
            source: None,
            unit: None,
            role: None,
            in_directory: true,
            related: vec![],
            raised_at: time.clone(),
            reached: BTreeMap::from([(Severity::High, time.clone())]),
            shown_at: None,
            shown_again: None,
            first_access: time.clone(),
            last_access: time,
            window: "24h".to_owned(),
            observed: Observed { accesses: 1, records: 1, persons: Persons::Exact(1), named: Persons::Exact(1), ..Observed::default() },
            expected: Expected::default(),
            statute: nothing,
            explanation: "many people\nat once".to_owned(),
            innocent_reasons: vec![],
            evidence: Evidence { records: 1, sources: vec![], root: String::new(), inferred: Vec::new() },
            made_by: MadeBy { version: "0".to_owned(), config: String::new(), baseline: String::new(), calibration: String::new() },
        })
    }

    /// The sinks that a text configures, and what is wrong with it.
    pub(crate) fn parsed(text: &str) -> (Option<Box<dyn SinkConfig>>, Vec<String>) {
        let mut findings = Findings::default();
        let table = toml::from_str(text).expect("is TOML");
        let sink = read(Section::new(table, "c.toml: sink[0]", Path::new(""), &mut findings));
        (sink, findings.problems.iter().map(ToString::to_string).collect())
    }

    /// A sink that is built as a text configures it.
    pub(crate) fn built(text: &str) -> Box<dyn Sink> {
        let (sink, problems) = parsed(text);
        sink.unwrap_or_else(|| panic!("{problems:?}")).build().expect("built")
    }

    #[test]
    fn every_kind_is_found_by_its_name_and_refuses_to_do_without_what_it_needs() {
        for row in SINKS {
            assert!(kind(row.name).is_some_and(|found| found.name == row.name));
            let (sink, problems) = parsed(&format!("kind = \"{}\"\n", row.name));
            assert!(
                sink.is_none() && problems.iter().all(|problem| problem.contains(" must be given")) && !problems.is_empty(),
                "{problems:?}"
            );
        }
        let (_, problems) = parsed("kind = \"carrier_pigeon\"\nwings = 2\n");
        let names: Vec<&str> = SINKS.iter().map(|kind| kind.name).collect();
        assert_eq!(problems, [format!("c.toml: sink[0].kind must be one of {}, got \"carrier_pigeon\"", names.join(", "))]);
        assert_eq!(parsed("path = \"x\"\n").1, ["c.toml: sink[0].kind must be given"]);
    }

    #[test]
    fn what_a_kind_does_not_know_is_refused() {
        let (_, problems) = parsed("kind = \"jsonl\"\npath = \"x\"\ntopic = \"t\"\n");
        assert_eq!(problems, ["c.toml: sink[0].topic is not a known setting"]);
    }

    /// Whoever adds a sink and forgets its row would have one that no configuration can name.
    #[test]
    fn every_file_that_declares_a_sink_has_its_row_in_the_table() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sink");
        let table = std::fs::read_to_string(folder.join("mod.rs")).expect("the table is there");
        let (_, rows) = table.split_once("pub const SINKS").expect("it has the table");
        let (rows, _) = rows.split_once("];").expect("it ends");
        let mut declared = 0;
        for file in std::fs::read_dir(&folder).expect("can be listed") {
            let path = file.expect("can be listed").path();
            let module = if path.is_dir() { path.join("mod.rs") } else { path.clone() };
            let text = std::fs::read_to_string(&module).unwrap_or_default();
            if !text.lines().any(|line| line.starts_with("pub const KIND: SinkKind")) {
                continue;
            }
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
            assert!(rows.contains(&format!("{name}::KIND")), "{}: no row of SINKS in src/sink/mod.rs makes it usable", module.display());
            declared += 1;
        }
        assert_eq!(declared, SINKS.len(), "a row without a file of its own");
    }
}
