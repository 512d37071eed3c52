//! JSON lines: a journal of what was told, in a file that is rotated.

use crate::model::time::Timestamp;
use crate::notify::event::Message;
use crate::notify::sinks::rotated::{Rotated, Rotation};
use crate::notify::sinks::webhook;
use crate::notify::{Common, Notifier, NotifierConfig, NotifierKind, Pace, SendError};
use crate::settings::{Entry, Section, SettingsTable, settings};
use std::path::{Path, PathBuf};

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind { name: "jsonl", doc: JsonLinesKeys::DOC, keys: JsonLinesKeys::KEYS, parse };

settings! {
    /// A journal in a file of JSON lines, one for each event, rotated by size and day.
    pub struct JsonLinesKeys {
        /// The file; rotated ones get the time into their name.
        path: PathBuf => RESTART;
        /// It is rotated before it outgrows so many bytes.
        max_bytes: u64 = 64 * 1024 * 1024 => RESTART.within(1_000, 1 << 40);
        /// It is rotated when a day of UTC has ended.
        daily: bool = true => RESTART;
        /// Rotated files that are kept; 0: all.
        keep: usize = 0 => RESTART.within(0, 100_000);
    }
}

fn parse(section: &mut Section<'_>) -> Option<Box<dyn NotifierConfig>> {
    JsonLinesKeys::read(section).map(|keys| Box::new(keys) as Box<dyn NotifierConfig>)
}

impl NotifierConfig for JsonLinesKeys {
    fn kind(&self) -> &'static NotifierKind {
        &KIND
    }

    fn entries(&self) -> Vec<Entry> {
        SettingsTable::entries(self)
    }

    fn describe(&self) -> String {
        format!("to the file {} as JSON lines", self.path.display())
    }

    fn pace(&self) -> Pace {
        Pace { gather: 200, journal: true, ..Pace::default() }
    }

    fn writes_file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn build(&self, _: &Common) -> Result<Box<dyn Notifier>, String> {
        let rotation = Rotation { path: self.path.clone(), max_bytes: self.max_bytes, daily: self.daily, keep: self.keep };
        Ok(Box::new(JsonLines(Rotated::new(rotation))))
    }
}

struct JsonLines(Rotated);

impl Notifier for JsonLines {
    fn send(&mut self, messages: &[Message], now: Timestamp) -> Result<String, SendError> {
        let lines: Vec<(String, String)> =
            messages.iter().map(|message| (message.event.id(), webhook::body(message).to_string())).collect();
        self.0.append(&lines, now, id)?;
        Ok("on disk".to_owned())
    }

    fn connect(&mut self, now: Timestamp) -> Result<String, SendError> {
        self.0.connect(now)
    }
}

fn id(line: &str) -> Option<String> {
    serde_json::from_str::<serde_json::Value>(line).ok()?["id"].as_str().map(str::to_owned)
}
