//! `jsonl`: alerts as JSON lines in a file, each batch on disk before it counts as delivered.

use crate::model::alert::Alert;
use crate::sink::append::Appender;
use crate::sink::{Sink, SinkError, SinkKind, SinkSettings};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The row of the table.
pub const KIND: SinkKind = SinkKind { name: "jsonl", build: |settings| Ok(Box::new(JsonLines::new(settings)?)) };

struct JsonLines {
    name: String,
    path: PathBuf,
    file: Appender,
}

impl JsonLines {
    fn new(settings: &SinkSettings) -> Result<JsonLines, SinkError> {
        let path = settings.path.clone().ok_or_else(|| SinkError::permanent("sink of kind jsonl: path must be given"))?;
        let file = Appender::open(&path).map_err(|error| SinkError::permanent(format!("{}: {error}", path.display())))?;
        Ok(JsonLines { name: settings.name.clone(), path, file })
    }
}

impl Sink for JsonLines {
    fn name(&self) -> &str {
        &self.name
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
    use crate::sink::tests::alert;

    #[test]
    fn alerts_are_lines_that_can_be_read_back() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("out/alerts.jsonl");
        let settings = SinkSettings { name: "file".to_owned(), path: Some(path.clone()), ..SinkSettings::default() };
        let mut sink = (KIND.build)(&settings).expect("built");
        sink.deliver(&[alert("a"), alert("b")]).expect("delivered");
        sink.deliver(&[alert("c")]).expect("delivered");
        let text = std::fs::read_to_string(&path).expect("read");
        let ids: Vec<String> = text.lines().map(|line| serde_json::from_str::<Alert>(line).expect("an alert").id).collect();
        assert_eq!(ids, ["a", "b", "c"]);
    }

    #[test]
    fn a_disk_that_is_full_may_pass() {
        let settings = SinkSettings { name: "full".to_owned(), path: Some("/dev/full".into()), ..SinkSettings::default() };
        let mut sink = (KIND.build)(&settings).expect("built");
        let error = sink.deliver(&[alert("a")]).expect_err("full");
        assert!(error.retryable && error.message.starts_with("/dev/full: "), "{error}");
    }
}
