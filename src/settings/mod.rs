//! How a setting of the configuration file is declared, and how it is read.
//!
//! A table of settings is declared once, with [`settings!`]: a field for every key, with its type, default and doc text, and
//! whether a change of it needs a restart or concerns the hash of results. The struct that the program uses, the reader, the
//! reload policy, the hash, the documentation and the JSON Schema all come from that declaration.

mod declare;
mod entry;
mod section;
mod value;

pub use declare::SettingsTable;
pub(crate) use declare::settings;
pub use entry::{Content, Entry};
pub use section::{Findings, Section};
pub use value::{Address, Brokers, Glob, Setting, Share, ValueType};

/// A key of a table, as declared.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it means: the lines of its doc comment.
    pub doc: &'static [&'static str],
    /// What may stand there.
    pub value: ValueType,
    /// What holds where it is not given.
    pub default: fn() -> DefaultValue,
    /// How changes of it are treated, and more.
    pub traits: Traits,
}

impl Key {
    /// Its doc text as one line.
    pub fn text(&self) -> String {
        self.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }
}

/// What holds where a key is not given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DefaultValue {
    /// Nothing: it must be given.
    Required,
    /// The feature is off, or as the doc text says.
    Absent,
    /// That value, as TOML.
    Toml(String),
}

/// What a declaration says of a key beside type, default and meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Traits {
    /// What a running service does with another value.
    pub reload: Reload,
    /// Whether `made_by.config` of alerts, the hash of what influences results, depends on it.
    pub results: Results,
    /// The name that it had in the version before: still read, with a notice.
    pub former: Option<&'static str>,
    /// Bounds of a number, inclusive.
    pub bounds: (i64, i64),
    /// It names a file that belongs to the set-up: the service looks whether it has changed.
    pub watched: bool,
    /// It names a file with a secret, which only its owner should be able to read.
    pub secret: bool,
}

/// What a running service does with another value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reload {
    /// It takes it up.
    TakenUp,
    /// It refuses it, and names it: a restart is needed.
    Restart,
    /// It takes up another path, as long as the file there has the same content.
    SameContent,
}

/// How the hash of results depends on a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Results {
    /// Not at all.
    Unaffected,
    /// On the content of the file that it names, not on the path.
    Content,
    /// On its value, which is the n-th that is hashed. Alerts carry the hash, so no place may ever change; a new key takes a
    /// place of its own behind the others.
    Value(u8),
}

/// A running service takes up changes of the key.
pub const RELOAD: Traits = Traits {
    reload: Reload::TakenUp,
    results: Results::Unaffected,
    former: None,
    bounds: (i64::MIN, i64::MAX),
    watched: false,
    secret: false,
};

/// A change of the key needs a restart.
pub const RESTART: Traits = Traits { reload: Reload::Restart, ..RELOAD };

impl Traits {
    /// Results depend on its value, hashed as the n-th.
    pub const fn in_results(self, place: u8) -> Traits {
        Traits { results: Results::Value(place), ..self }
    }

    /// Results depend on the content of the file that it names.
    pub const fn content_in_results(self) -> Traits {
        Traits { results: Results::Content, watched: true, ..self }
    }

    /// It names a file with a secret.
    pub const fn secret(self) -> Traits {
        Traits { secret: true, ..self }
    }

    /// It names a file that belongs to the set-up, and on which results do not depend.
    pub const fn watched(self) -> Traits {
        Traits { watched: true, ..self }
    }

    /// The service takes up another path to the same content.
    pub const fn same_content(self) -> Traits {
        Traits { reload: Reload::SameContent, ..self }
    }

    /// The name in the version before.
    pub const fn formerly(self, name: &'static str) -> Traits {
        Traits { former: Some(name), ..self }
    }

    /// Bounds of a number, inclusive.
    pub const fn within(self, low: i64, high: i64) -> Traits {
        Traits { bounds: (low, high), ..self }
    }
}
