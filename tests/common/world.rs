//! A small bank: a catalog, and what a test adds to it. Loaded by the real loader, from files in a directory of its own.

use leakwarden::config::load;
use leakwarden::engine::context::Context;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Tables of every sort: keyed by the person, details of a person, nothing personal.
pub const CATALOG: &str = r#"
[[table]]
table = "crm.customers"
subject = "id"
[table.columns]
name = "name"
phone = "phone_number"
id_card = "id_number"

[[table]]
table = "loan.credit"
subject = "customer_id"
[table.columns]
report = "credit_report"

[[table]]
table = "hotel.stays"
subject = "customer_id"
rows_per_subject = "many"
[table.columns]
room = "accommodation"

[[table]]
table = "bank.accounts"
subject = "customer_id"
rows_per_subject = "many"
[table.columns]
account_no = "bank_account"

[[table]]
table = "telco.cells"
subject = "customer_id"
rows_per_subject = "many"
[table.columns]
cell = "location_track"

[[table]]
table = "crm.loans"
subject = "customer_id"
rows_per_subject = "many"
[table.columns]
state = "other_private"

[[table]]
table = "crm.births"
subject = "id"
[table.columns]
mother = "name"
phone = "phone_number"

[[table]]
table = "ref.branches"
"#;

/// The bank and its settings.
#[derive(Clone)]
pub struct World {
    files: BTreeMap<&'static str, String>,
    settings: BTreeMap<&'static str, String>,
}

impl World {
    /// A bank of which nothing is known but its tables.
    pub fn bank() -> World {
        World { files: BTreeMap::from([("catalog.toml", CATALOG.to_owned())]), settings: BTreeMap::new() }
    }

    /// Adds a file of the directory, by its name in docs/contract.md §5.
    pub fn with(mut self, file: &'static str, text: impl Into<String>) -> World {
        assert!(DIRECTORY.iter().any(|(_, name)| *name == file), "{file} is a file of the directory");
        self.files.insert(file, text.into());
        self
    }

    /// Adds business reasons, one JSON object each.
    pub fn reasons(self, reasons: &[String]) -> World {
        self.with("explanations.jsonl", reasons.join("\n"))
    }

    /// Sets what stands in a section of the configuration.
    pub fn section(mut self, name: &'static str, text: impl Into<String>) -> World {
        self.settings.insert(name, text.into());
        self
    }

    /// Writes everything into a directory and returns the configuration's path.
    pub fn write(&self, dir: &Path) -> PathBuf {
        let mut config = "[catalog]\nfile = \"catalog.toml\"\n[directory]\n".to_owned();
        for (key, name) in DIRECTORY.iter().filter(|(_, name)| self.files.contains_key(name)) {
            config += &format!("{key} = \"{name}\"\n");
        }
        config += self.settings.get("directory").map_or("", |more| more.as_str());
        config += "\n";
        for (name, text) in self.settings.iter().filter(|(name, _)| **name != "directory") {
            config += &format!("[{name}]\n{text}\n");
        }
        for (name, text) in &self.files {
            std::fs::write(dir.join(name), text).expect("written");
        }
        let path = dir.join("config.toml");
        std::fs::write(&path, config).expect("written");
        path
    }

    /// Loads it.
    pub fn context(&self) -> Arc<Context> {
        let dir = tempfile::tempdir().expect("a directory");
        load_from(&self.write(dir.path()))
    }
}

const DIRECTORY: [(&str, &str); 6] = [
    ("employees", "employees.csv"),
    ("accounts", "accounts.csv"),
    ("absences", "absences.csv"),
    ("calendar", "calendar.csv"),
    ("subjects", "subjects.csv"),
    ("explanations", "explanations.jsonl"),
];

/// Loads a configuration file.
pub fn load_from(config: &Path) -> Arc<Context> {
    let config = load::read_config(config).unwrap_or_else(|problems| panic!("{problems:?}"));
    Arc::new(load::load(&config).unwrap_or_else(|problems| panic!("{problems:?}")))
}
