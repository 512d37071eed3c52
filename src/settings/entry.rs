//! What a key holds, without its type: for whatever treats all keys alike.

use crate::settings::value::Setting;
use crate::settings::{DefaultValue, Key};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a key holds.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: &'static Key,
    /// What it holds.
    pub content: Content,
    /// What the hash of results takes.
    pub bytes: Vec<u8>,
}

/// A value, in the forms in which all keys can be treated alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// A feature that is off.
    Nothing,
    /// As shown to people; equal values have equal texts.
    One {
        /// As TOML.
        toml: String,
        /// In messages.
        shown: String,
    },
    /// A path.
    File(PathBuf),
    /// Names with values that may be secrets.
    Named(BTreeMap<String, String>),
}

impl Entry {
    /// Of a key that holds that value.
    pub fn new<T: Setting>(key: &'static Key, value: &T) -> Entry {
        let mut bytes = Vec::new();
        value.hash_into(&mut bytes);
        Entry { key, content: value.content(), bytes }
    }

    /// That value as the default of a key.
    pub fn default_of<T: Setting>(value: &T) -> DefaultValue {
        match value.content() {
            Content::Nothing => DefaultValue::Absent,
            Content::One { toml, .. } => DefaultValue::Toml(toml),
            Content::File(path) => DefaultValue::Toml(format!("{:?}", path.display().to_string())),
            Content::Named(_) => DefaultValue::Toml("{}".to_owned()),
        }
    }

    /// How the value differs from that before: the place within the key, and the new value as messages may show it.
    pub fn changes(&self, before: &Entry) -> Vec<(String, String)> {
        let name = self.key.name;
        match (&before.content, &self.content) {
            (before, now) if before == now => Vec::new(),
            (Content::Named(before), Content::Named(now)) => {
                let mut names: Vec<&String> = before.keys().chain(now.keys()).filter(|name| before.get(*name) != now.get(*name)).collect();
                names.sort();
                names.dedup();
                // Values may be secrets.
                names.into_iter().map(|entry| (format!("{name}.{entry:?}"), "another value".to_owned())).collect()
            }
            (_, Content::One { shown, .. }) => vec![(name.to_owned(), shown.clone())],
            (_, Content::File(path)) => vec![(name.to_owned(), path.display().to_string())],
            (_, Content::Named(_)) => vec![(name.to_owned(), "another value".to_owned())],
            (_, Content::Nothing) => vec![(name.to_owned(), "nothing".to_owned())],
        }
    }

    /// The file that it names.
    pub fn file(&self) -> Option<&Path> {
        match &self.content {
            Content::File(path) => Some(path),
            Content::Nothing | Content::One { .. } | Content::Named(_) => None,
        }
    }
}
