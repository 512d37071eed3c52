//! Every table of settings that is declared, and the page of documentation that follows from it (`docs/configuration.md`).

use crate::config::custom_format::{COLUMN_DOC, CsvKeys, FIELD_DOC, FIELD_KEYS, FormatKeys, MappingKeys, PatternKeys};
use crate::config::schema::{
    Alerts, CatalogFile, Cluster, Console, Database, DeadLetters, Decisions, Detector, DirectoryFiles, Http, Reload, Retention, State,
    StatuteFile,
};
use crate::config::schema::{Subjects, Time};
use crate::config::source::{SOURCES, SourceKeys};
use crate::detect::DETECTORS;
use crate::notify::contacts::ContactKeys;
use crate::notify::{NOTIFIERS, NotificationKeys, NotifyKeys};
use crate::settings::{self, DefaultValue, Key, Results, SettingsTable, ValueType};
use crate::sink::{SINKS, SinkKeys};
use std::fmt::Write;

/// A declared table.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How often it may stand in a file.
    pub form: Form,
    /// The kinds for which it holds; none: for all.
    pub kinds: &'static [&'static str],
    /// What it is for.
    pub doc: &'static [&'static str],
    /// Its keys.
    pub keys: &'static [Key],
}

/// How often a table may stand in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Once: `[name]`.
    Once,
    /// As a list: `[[name]]`.
    List,
    /// Once for each name of the user's or of a detector: `[name.NAME]`.
    Named,
}

impl Table {
    fn once<T: SettingsTable>(name: &'static str) -> Table {
        Table { name, form: Form::Once, kinds: &[], doc: T::DOC, keys: T::KEYS }
    }

    /// As it stands in a file.
    pub fn header(&self) -> String {
        match self.form {
            Form::Once => format!("[{}]", self.name),
            Form::List => format!("[[{}]]", self.name),
            Form::Named => format!("[{}.NAME]", self.name),
        }
    }
}

/// Every table, in the order of the documentation.
pub fn tables() -> Vec<Table> {
    let mut tables = vec![Table::once::<CatalogFile>("catalog"), Table::once::<DirectoryFiles>("directory")];
    tables.push(Table { form: Form::List, ..Table::once::<SourceKeys>("source") });
    tables.extend(SOURCES.iter().map(|row| Table {
        name: "source",
        form: Form::List,
        kinds: std::slice::from_ref(&row.name),
        doc: row.doc,
        keys: row.keys,
    }));
    let format = |kinds, doc, keys| Table { name: "format", form: Form::Named, kinds, doc, keys };
    tables.push(format(&[], FormatKeys::DOC, FormatKeys::KEYS));
    tables.push(format(&["json"], FIELD_DOC, &FIELD_KEYS));
    tables.push(format(&["csv"], COLUMN_DOC, &FIELD_KEYS));
    tables.push(format(&["csv"], CsvKeys::DOC, CsvKeys::KEYS));
    tables.push(format(&["regex"], PatternKeys::DOC, PatternKeys::KEYS));
    tables.push(format(&["json", "csv", "regex"], MappingKeys::DOC, MappingKeys::KEYS));
    tables.extend([
        Table::once::<Time>("time"),
        Table::once::<Alerts>("alerts"),
        Table::once::<Subjects>("subjects"),
        Table::once::<StatuteFile>("statute"),
        Table { form: Form::Named, ..Table::once::<Detector>("detectors") },
        Table { form: Form::List, ..Table::once::<SinkKeys>("sink") },
    ]);
    tables.extend(SINKS.iter().map(|row| Table {
        name: "sink",
        form: Form::List,
        kinds: std::slice::from_ref(&row.name),
        doc: row.doc,
        keys: row.keys,
    }));
    tables.push(Table { form: Form::List, ..Table::once::<NotifyKeys>("notify") });
    tables.extend(NOTIFIERS.iter().map(|row| Table {
        name: "notify",
        form: Form::List,
        kinds: std::slice::from_ref(&row.name),
        doc: row.doc,
        keys: row.keys,
    }));
    tables.extend([Table::once::<NotificationKeys>("notifications"), Table::once::<ContactKeys>("contacts")]);
    tables.extend([
        Table::once::<DeadLetters>("dead_letters"),
        Table::once::<Decisions>("decisions"),
        Table::once::<Reload>("reload"),
        Table::once::<State>("state"),
        Table::once::<Cluster>("cluster"),
        Table::once::<Http>("http"),
        Table::once::<Database>("database"),
        Table::once::<Console>("console"),
        Table::once::<Retention>("retention"),
    ]);
    tables
}

/// The command that writes again what is made from the declarations.
pub const RENEW: &str = "LEAKWARDEN_BLESS=1 cargo test --test suite configuration::";

/// The tables of detectors in the reference configuration: each with its defaults, and what its floor counts.
pub fn detectors_of_the_reference_configuration() -> String {
    let mut text = String::new();
    for detector in DETECTORS {
        let floor = format!("#floor = {}", detector.floor);
        text.push_str(&format!("[detectors.{}]\n#enabled = true\n{floor:<33} # {}\n", detector.typology, detector.floor_counts));
    }
    text
}

/// The page of documentation.
pub fn page() -> String {
    let mut page = format!(
        "<!-- Made from the declarations in src/config/, src/sink/ and src/notify/ by `{RENEW}`: change it there. -->\n\n# Configuration\n\n\
         One TOML file, checked by `leakwarden check --config FILE`. Relative paths are relative to it.\n\
         [config/leakwarden.toml](../config/leakwarden.toml) shows every setting at its default. Editors that know JSON Schema\n\
         (taplo, Even Better TOML) complete and check it with [leakwarden.schema.json](leakwarden.schema.json): begin the file with\n\
         `#:schema PATH-OR-URL-OF/leakwarden.schema.json`.\n\n\
         *Reload* says what a running service does when the file changes: it takes the new value up (*yes*), or refuses the change and goes\n\
         on as before (*restart*); *same content*: another path is taken up, another content is not. *Results* says whether alerts depend\n\
         on the setting: if so, it is part of `made_by.config` in each alert; of a file it is the content that counts, not the path.\n\n\
         Durations are texts like `\"90s\"`, `\"20m\"`, `\"24h\"` and `\"7d\"`.\n"
    );
    let mut before = "";
    for table in tables() {
        if table.name != before {
            before = table.name;
            let _ = writeln!(page, "\n## `{}`", table.header());
        }
        if !table.kinds.is_empty() {
            let kinds: Vec<String> = table.kinds.iter().map(|kind| format!("`kind = \"{kind}\"`")).collect();
            let _ = writeln!(page, "\n### {}", kinds.join(" and "));
        }
        let _ = writeln!(page, "\n{}\n", joined(table.doc));
        page += "| key | type | default | meaning | reload | results |\n|---|---|---|---|---|---|\n";
        for key in table.keys {
            page += &row(key);
        }
        if table.name == "detectors" {
            page += &floors();
        }
    }
    page
}

fn joined(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

fn row(key: &Key) -> String {
    let default = match (key.default)() {
        DefaultValue::Required => "*required*".to_owned(),
        DefaultValue::Absent => String::new(),
        DefaultValue::Toml(value) => format!("`{value}`"),
    };
    let former = key.traits.former.map_or_else(String::new, |former| format!(" Formerly `{former}`, which this version still reads."));
    let reload = match key.traits.reload {
        settings::Reload::TakenUp => "yes",
        settings::Reload::Restart => "restart",
        settings::Reload::SameContent => "same content",
    };
    let results = match key.traits.results {
        Results::Unaffected => "",
        Results::Content => "content",
        Results::Value(_) => "yes",
    };
    let meaning = key.text().replace('|', "\\|");
    format!("| `{}` | {} | {default} | {meaning}{former} | {reload} | {results} |\n", key.name, type_of(key))
}

fn type_of(key: &Key) -> String {
    let (low, high) = key.traits.bounds;
    match key.value {
        ValueType::Text => "text".to_owned(),
        ValueType::Path => "path".to_owned(),
        ValueType::Glob => "path or glob".to_owned(),
        ValueType::Duration => "duration".to_owned(),
        ValueType::Number if high == i64::MAX => format!("number from {low}"),
        ValueType::Number => format!("number from {low} to {high}"),
        ValueType::Share => "number from 0 to 1".to_owned(),
        ValueType::Flag => "true or false".to_owned(),
        ValueType::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        ValueType::Zone => "IANA zone".to_owned(),
        ValueType::Address => "address:port".to_owned(),
        ValueType::Texts => "text or list of texts".to_owned(),
        ValueType::Table => "table of texts".to_owned(),
    }
}

/// What `floor` counts, of each detector.
fn floors() -> String {
    let mut text = String::from("\n| NAME | default `floor` | counts |\n|---|---|---|\n");
    for detector in DETECTORS {
        let name = detector.typology.name();
        let _ = writeln!(text, "| [`{name}`](detectors/{name}.md) | {} | {} |", detector.floor, detector.floor_counts);
    }
    text
}
