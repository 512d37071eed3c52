//! `jsonl`: alerts as JSON lines in a file, each batch on disk before it counts as delivered.

use crate::model::alert::Alert;
use crate::settings::{Entry, SettingsTable, settings};
use crate::sink::append::Appender;
use crate::sink::{Sink, SinkConfig, SinkError, SinkKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The row of the table.
pub const KIND: SinkKind = SinkKind {
    name: "jsonl",
    doc: JsonLinesKeys::DOC,
    keys: JsonLinesKeys::KEYS,
    parse: |section| JsonLinesKeys::read(section).map(|keys| Box::new(keys) as Box<dyn SinkConfig>),
};

settings! {
    /// JSON lines in a file, each batch on disk before it counts as delivered.
    pub struct JsonLinesKeys {
        /// The file; it is appended to.
        path: PathBuf => RESTART;
    }
}

impl SinkConfig for JsonLinesKeys {
    fn kind(&self) -> &'static SinkKind {
        &KIND
    }

    fn entries(&self) -> Vec<Entry> {
        SettingsTable::entries(self)
    }

    fn describe(&self) -> String {
        format!("to the file {} as JSON lines", self.path.display())
    }

    fn writes_file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn build(&self) -> Result<Box<dyn Sink>, SinkError> {
        let file = Appender::open(&self.path).map_err(|error| SinkError::permanent(describe(&self.path, &error)))?;
        Ok(Box::new(JsonLines { path: self.path.clone(), file }))
    }
}

struct JsonLines {
    path: PathBuf,
    file: Appender,
}

impl Sink for JsonLines {
    fn name(&self) -> &str {
        KIND.name
    }

    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Result<(), SinkError> {
        let lines = lines(alerts)?;
        self.file.append(&lines).map_err(|error| SinkError::transient(describe(&self.path, &error)))
    }
}

fn lines(alerts: &[Arc<Alert>]) -> Result<Vec<u8>, SinkError> {
    let mut lines = Vec::with_capacity(alerts.len() * 2_048);
    for alert in alerts {
        // Serialising into memory fails only for values that JSON cannot hold.
        serde_json::to_writer(&mut lines, alert).map_err(|error| SinkError::permanent(format!("alert {}: {error}", alert.id)))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn describe(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::tests::{alert, built};

    #[test]
    fn alerts_are_lines_that_can_be_read_back() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("out/alerts.jsonl");
        let mut sink = built(&format!("kind = \"jsonl\"\npath = {path:?}\n"));
        sink.deliver(&[alert("a"), alert("b")]).expect("delivered");
        sink.deliver(&[alert("c")]).expect("delivered");
        let text = std::fs::read_to_string(&path).expect("read");
        let ids: Vec<String> = text.lines().map(|line| serde_json::from_str::<Alert>(line).expect("an alert").id).collect();
        assert_eq!(ids, ["a", "b", "c"]);
    }

    #[test]
    fn a_disk_that_is_full_is_transient() {
        let mut sink = built("kind = \"jsonl\"\npath = \"/dev/full\"\n");
        let error = sink.deliver(&[alert("a")]).expect_err("full");
        assert!(error.retryable && error.message.starts_with("/dev/full: "), "{error}");
    }
}
