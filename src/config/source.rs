//! `[[source]]`: where records come from. Each kind is a row of [`SOURCES`] and a variant of [`SourceKind`].

use crate::config::custom_format::CustomFormat;
use crate::decode;
use crate::kafka::settings as kafka;
use crate::settings::{Brokers, Entry, Glob, Key, Section, SettingsTable, settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `[[source]]`
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in alerts and metrics.
    pub name: String,
    /// Where it comes from.
    pub kind: SourceKind,
    /// Its format, or `auto`.
    pub format: String,
    /// What the keys of its kind hold.
    pub entries: Vec<Entry>,
}

/// Where a source comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SourceKind {
    /// Files, by path or glob.
    Files(String),
    /// Kafka topics.
    Kafka(Kafka),
}

/// Kafka, as the configuration names it: a cluster with topics in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kafka {
    /// `host:port,…`
    pub brokers: String,
    /// Topics.
    pub topics: Vec<String>,
    /// Consumer group.
    pub group: String,
    /// Settings passed through to the client.
    pub client: BTreeMap<String, String>,
}

impl Kafka {
    /// The cluster.
    pub fn cluster(&self) -> kafka::Cluster {
        kafka::Cluster { brokers: self.brokers.clone(), client: self.client.clone() }
    }
}

settings! {
    /// Where records come from. Several sources may be given, each with a name of its own.
    pub struct SourceKeys {
        /// Its name in evidence and metrics.
        name: String => RESTART;
        /// Where it comes from.
        kind: String = "file".to_owned() => RESTART;
        /// Format of its records: a built-in one, one of `[format.NAME]`, or `auto`, which recognises it.
        format: String = decode::AUTO.to_owned() => RELOAD;
    }
}

settings! {
    /// Files, followed as they grow and rotate.
    pub struct FileKeys {
        /// Path or glob, e.g. `/var/log/postgresql/*.json`.
        path: Glob => RESTART;
    }
}

settings! {
    /// Topics of a Kafka cluster.
    pub struct KafkaKeys {
        /// `host:port`, one or several.
        brokers: Brokers => RESTART;
        /// Topics; in a cluster in full, otherwise `^` begins a regular expression.
        topics: Vec<String> = Vec::new() => RESTART;
        /// A topic beside those, or the only one.
        topic: Option<String> = None => RESTART;
        /// Consumer group.
        group: String = "leakwarden".to_owned() => RESTART;
        /// Handed to librdkafka; `"${NAME}"` is taken from the environment and `"file:PATH"` from a file.
        client: BTreeMap<String, String> = BTreeMap::new() => RESTART;
    }
}

/// Reads the keys of a kind of source: what they say, and each as it was written, for the reload policy.
type ReadSource = fn(&mut Section<'_>) -> Option<(SourceKind, Vec<Entry>)>;

/// The declaration of a kind of source.
pub struct SourceDeclaration {
    /// Its name in configurations.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static [&'static str],
    /// Its keys, beside those that every source has.
    pub keys: &'static [Key],
    /// Reads them.
    read: ReadSource,
}

/// Every kind of source.
pub const SOURCES: &[SourceDeclaration] = &[
    SourceDeclaration { name: "file", doc: FileKeys::DOC, keys: FileKeys::KEYS, read: files },
    SourceDeclaration { name: "kafka", doc: KafkaKeys::DOC, keys: KafkaKeys::KEYS, read: topics },
];

impl SourceKind {
    /// Whether it reads this file: by its path or by a glob.
    pub fn reads(&self, file: &Path) -> bool {
        let SourceKind::Files(pattern) = self else { return false };
        normal(Path::new(pattern)) == normal(file) || glob::Pattern::new(pattern).is_ok_and(|glob| glob.matches_path(file))
    }

    /// The row of this kind.
    pub fn declaration(&self) -> &'static SourceDeclaration {
        let name = match self {
            SourceKind::Files(_) => "file",
            SourceKind::Kafka(_) => "kafka",
        };
        SOURCES.iter().find(|row| row.name == name).expect("every kind has its row")
    }
}

fn files(section: &mut Section<'_>) -> Option<(SourceKind, Vec<Entry>)> {
    let keys = FileKeys::read(section)?;
    let entries = keys.entries();
    Some((SourceKind::Files(keys.path.0), entries))
}

fn topics(section: &mut Section<'_>) -> Option<(SourceKind, Vec<Entry>)> {
    let keys = KafkaKeys::read(section)?;
    let entries = keys.entries();
    let topics: Vec<String> = keys.topics.into_iter().chain(keys.topic).collect();
    if topics.is_empty() {
        section.wrong("topics", "must name at least one topic", "nothing");
        return None;
    }
    Some((SourceKind::Kafka(Kafka { brokers: keys.brokers.0, topics, group: keys.group, client: keys.client }), entries))
}

/// Reads one `[[source]]`.
pub(super) fn read(mut section: Section<'_>, formats: &BTreeMap<String, CustomFormat>) -> Option<Source> {
    let kind = section.peek("kind").unwrap_or(SOURCES[0].name).to_owned();
    let keys = SourceKeys::read(&mut section);
    if let Some(keys) = &keys
        && keys.format != decode::AUTO
        && decode::format(&keys.format).is_none()
        && !formats.contains_key(&keys.format)
    {
        let names = decode::FORMATS.iter().map(|format| format.name).chain(formats.keys().map(String::as_str));
        let rule = format!("must be one of {}, {}", names.collect::<Vec<_>>().join(", "), decode::AUTO);
        section.wrong("format", &rule, format!("{:?}", keys.format));
    }
    let Some(row) = SOURCES.iter().find(|row| row.name == kind) else {
        let names: Vec<&str> = SOURCES.iter().map(|row| row.name).collect();
        section.wrong("kind", &format!("must be one of {}", names.join(", ")), format!("{kind:?}"));
        section.rest();
        return None;
    };
    // Also after a mistake above, so that all mistakes are reported at once.
    let read = (row.read)(&mut section);
    section.end();
    let ((kind, entries), keys) = (read?, keys?);
    Some(Source { name: keys.name, kind, format: keys.format, entries })
}

/// The name of a file's partition: that of its source, with the file's name where the source has several files.
pub fn partition_name(source: &str, pattern: &str, file: &str) -> String {
    if pattern.contains(['*', '?', '[']) { format!("{source}/{file}") } else { source.to_owned() }
}

/// The path without `.` and, where the name before it is known, `..`: two spellings of one file are one file.
pub fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if parts.file_name().is_some() => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts
}
