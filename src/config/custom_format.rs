//! `[format.NAME]`: formats of the user's own, each a built-in one with settings.

use crate::decode::csv::Dialect as CsvDialect;
use crate::decode::custom::{self, Csv, Field, Mapping, Pointer, TimeForm};
use crate::decode::{self, Format, Settings};
use crate::model::access::Operation;
use crate::model::record::Dialect;
use crate::model::time::TimeUnit;
use crate::model::zone::Zone;
use crate::settings::{DefaultValue, Key, RELOAD, Section, SettingsTable, ValueType, settings};
use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

settings! {
    /// A format of one's own: what every kind of it may have. `kind` may also be a built-in format, which is then read with these settings.
    pub struct FormatKeys {
        /// `json`: each field by the JSON pointer to it; `csv`: by the name of its column; `regex`: each field a named group; or a built-in
        /// format.
        kind: String => RELOAD.in_results(8);
        /// Zone of times without one; default: that of `[time]`.
        zone: Option<Zone> = None => RELOAD.in_results(8);
        /// Unit of times that are numbers since 1970, in formats of kind `json`, `csv` and `regex` and in `canonical`; default: milliseconds.
        time_unit: Option<TimeUnit> = None => RELOAD.in_results(8);
        /// Prefix of the lines of PostgreSQL's stderr and syslog logs; otherwise inferred.
        log_line_prefix: Option<String> = None => RELOAD.in_results(8);
    }
}

settings! {
    /// How the texts of fields are read, in formats of kind `json`, `csv` and `regex`.
    pub struct MappingKeys {
        /// As strptime has it, `epoch_s`, `epoch_ms`, `epoch_us` or `epoch_ns`; default: RFC 3339, or a number of `time_unit` since 1970.
        time_format: Option<String> = None => RELOAD.in_results(8);
        /// The log's words for `read`, `export`, `write`, `delete`, `login`, `admin` and `other`.
        operations: BTreeMap<String, String> = BTreeMap::new() => RELOAD.in_results(8);
        /// Outcomes that mean success, beside `success`, `ok`, `true` and `0`.
        successes: Vec<String> = Vec::new() => RELOAD.in_results(8);
        /// SQL dialect of statements.
        dialect: Dialect = Dialect::default() => RELOAD.in_results(8);
    }
}

settings! {
    /// A format of kind `regex`.
    pub struct PatternKeys {
        /// Regular expression whose named groups are the fields.
        pattern: String => RELOAD.in_results(8);
    }
}

settings! {
    /// A format of kind `csv`.
    pub struct CsvKeys {
        /// Names of the columns in their order, where no header tells them; default: the first line tells them.
        header: Vec<String> = Vec::new() => RELOAD.in_results(8);
        /// What stands between columns: one character, or `tab`.
        delimiter: String = ",".to_owned() => RELOAD.in_results(8);
        /// What stands around a column that holds the delimiter or line ends; doubled within it.
        quote: String = "\"".to_owned() => RELOAD.in_results(8);
        /// Encoding of the text, by any of its names on the web: `utf-8`, `gbk`, `gb18030`, `latin1` … (UTF-16 with a byte order mark is recognised.)
        encoding: String = "utf-8".to_owned() => RELOAD.in_results(8);
    }
}

/// What [`FIELD_KEYS`] are for in formats of kind `csv`.
pub const COLUMN_DOC: &[&str] = &["Each field of the record by the name of its column."];

/// What [`FIELD_KEYS`] are for.
pub const FIELD_DOC: &[&str] =
    &["Each field of the record by the JSON pointer to it (RFC 6901); a part `*` stands for every element of an array."];

/// The fields of a format of kind `json`.
pub static FIELD_KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let key = |(name, field): (&'static str, Field)| Key {
        name,
        doc: meaning(field),
        value: ValueType::Text,
        default: || DefaultValue::Absent,
        traits: RELOAD.in_results(8),
    };
    Field::ALL.into_iter().map(key).collect()
});

/// What each field is, of a record that the format describes.
fn meaning(field: Field) -> &'static [&'static str] {
    match field {
        Field::Time => &["Event time; required."],
        Field::Employee => &["The employee; this or `account` is required."],
        Field::Account => &["The database or application login, resolved by the directory."],
        Field::Table => &["Table, or several, that were accessed."],
        Field::Columns => &["Their columns."],
        Field::Rows => &["Number of rows; without it, it is unknown."],
        Field::Subjects => &["Ids of the people whose records were disclosed."],
        Field::Operation => &["What was done; `operations` translates the log's words."],
        Field::Statement => &["SQL text, analysed where no table is given."],
        Field::Purpose => &["Claimed business reason, `KIND:REF`."],
        Field::OnBehalfOf => &["Employee or login for whom a service, robot or assistant acted."],
        Field::Id => &["The record's own id, by which repeats are recognised."],
        Field::Session => &["Session."],
        Field::System => &["Database or application."],
        Field::Ip => &["Address of the client."],
        Field::Host => &["Host name of the client."],
        Field::App => &["Program of the client."],
        Field::Outcome => &["Whether it succeeded; `successes` lists further words for success."],
    }
}

/// `[format.NAME]`
#[derive(Clone, Debug)]
pub struct CustomFormat {
    /// The built-in format or kind that it is made of.
    pub kind: &'static Format,
    /// Settings of its decoders, beside those of all formats.
    pub(super) settings: Settings,
    /// Its table in TOML, which is part of the hash of results.
    pub written: String,
}

impl CustomFormat {
    /// The prefix of PostgreSQL's lines, where it is given.
    pub fn log_line_prefix(&self) -> Option<&str> {
        self.settings.log_line_prefix.as_deref()
    }

    /// Whether its rows are read by a header that must come with them.
    pub fn wants_header(&self) -> bool {
        self.kind.name == "csv" && self.settings.mapping.as_ref().is_none_or(|mapping| mapping.csv.header.is_empty())
    }
}

/// Reads all of them.
pub(super) fn all(mut section: Section<'_>) -> BTreeMap<String, CustomFormat> {
    let mut formats = BTreeMap::new();
    for name in section.names() {
        if decode::format(&name).is_some() || name == decode::AUTO {
            section.wrong(&name, "must not be the name of a built-in format", &name);
        }
        if let Some(mut table) = section.table(&name) {
            formats.extend(read(&mut table).map(|own| (name.clone(), own)));
            table.end();
        }
    }
    section.end();
    formats
}

fn read(section: &mut Section<'_>) -> Option<CustomFormat> {
    let written = section.written();
    let Some(keys) = FormatKeys::read(section) else {
        section.rest();
        return None;
    };
    let name = keys.kind;
    let kinds = || custom::KINDS.iter().chain(decode::FORMATS);
    let Some(kind) = kinds().find(|format| format.name == name) else {
        let names: Vec<&str> = kinds().map(|format| format.name).collect();
        section.wrong("kind", &format!("must be one of {}", names.join(", ")), format!("{name:?}"));
        section.rest();
        return None;
    };
    let mapping = match name.as_str() {
        "json" => Some(by_pointers(section)),
        "csv" => Some(by_columns(section)),
        "regex" => Some(by_pattern(section)),
        _ => None,
    };
    let mapping = mapping.map(|mapping| Arc::new(how_to_read(section, mapping, keys.time_unit.unwrap_or_default())));
    let zone = keys.zone.and_then(|zone| TimeZone::get(zone.name()).ok());
    let settings = Settings {
        own_zone: zone.clone(),
        zone,
        time_unit: keys.time_unit.unwrap_or_default(),
        log_line_prefix: keys.log_line_prefix,
        mapping,
        ..Settings::default()
    };
    Some(CustomFormat { kind, settings, written })
}

/// Each field by the JSON pointer to it.
fn by_pointers(section: &mut Section<'_>) -> Mapping {
    let mut pointers = BTreeMap::new();
    for (key, (name, field)) in FIELD_KEYS.iter().zip(Field::ALL) {
        let Some(text) = section.setting::<Option<String>>(key, Some(None)).flatten() else { continue };
        match Pointer::parse(&text) {
            Some(pointer) => drop(pointers.insert(field, pointer)),
            None => section.wrong(name, "must be a JSON pointer, e.g. /user/id", format!("{text:?}")),
        }
    }
    let has = |name: &str| Field::ALL.iter().any(|(known, field)| *known == name && pointers.contains_key(field));
    if let Err(rule) = Mapping::complete(has) {
        section.wrong("kind", &rule, "\"json\"");
    }
    Mapping { pointers, ..Mapping::default() }
}

/// Each field by the name of its column.
fn by_columns(section: &mut Section<'_>) -> Mapping {
    let mut columns = BTreeMap::new();
    for (key, (_, field)) in FIELD_KEYS.iter().zip(Field::ALL) {
        columns.extend(section.setting::<Option<String>>(key, Some(None)).flatten().map(|name| (field, name.trim().to_owned())));
    }
    if let Err(rule) = Mapping::complete(|name| columns.keys().any(|field: &Field| field.name() == name)) {
        section.wrong("kind", &rule, "\"csv\"");
    }
    let CsvKeys { header, delimiter, quote, encoding } = CsvKeys::read(section).expect("every key has a default");
    if let Some(strange) = columns.values().find(|column| !header.is_empty() && !header.contains(column)) {
        section.wrong("header", "must hold every column that a field is read of", format!("{header:?} without {strange:?}"));
    }
    let one = |section: &mut Section<'_>, key: &str, text: &str| match (text, text.as_bytes()) {
        ("tab", _) => b'\t',
        (_, [byte]) if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\n' | b'\r') => *byte,
        _ => {
            section.wrong(key, "must be one ASCII character that is neither a letter nor a digit, or \"tab\"", format!("{text:?}"));
            b','
        }
    };
    let dialect = CsvDialect { delimiter: one(section, "delimiter", &delimiter), quote: one(section, "quote", &quote) };
    if dialect.delimiter == dialect.quote {
        section.wrong("quote", "must not be the delimiter", format!("{quote:?}"));
    }
    let found = Encoding::for_label(encoding.as_bytes());
    if found.is_none() {
        section.wrong("encoding", "must be the name of an encoding, e.g. gb18030", format!("{encoding:?}"));
    }
    // What has a byte order mark has become UTF-8 before it comes here; without one no line of it can be told.
    let encoding = found.filter(|found| found.is_ascii_compatible());
    Mapping { csv: Csv { columns, header, dialect, encoding }, ..Mapping::default() }
}

fn by_pattern(section: &mut Section<'_>) -> Mapping {
    let pattern = PatternKeys::read(section).and_then(|PatternKeys { pattern }| match Mapping::compile(&pattern) {
        Ok(regex) => Some(regex),
        Err(rule) => {
            section.wrong("pattern", &rule, format!("{pattern:?}"));
            None
        }
    });
    Mapping { pattern, ..Mapping::default() }
}

/// How the texts of the fields are to be read.
fn how_to_read(section: &mut Section<'_>, mapping: Mapping, unit: TimeUnit) -> Mapping {
    let MappingKeys { time_format, operations: words, successes, dialect } = MappingKeys::read(section).expect("every key has a default");
    let time = match time_format.as_deref() {
        None => TimeForm::Canonical(unit),
        Some("epoch_s") => TimeForm::Since(TimeUnit::Seconds),
        Some("epoch_ms") => TimeForm::Since(TimeUnit::Millis),
        Some("epoch_us") => TimeForm::Since(TimeUnit::Micros),
        Some("epoch_ns") => TimeForm::Since(TimeUnit::Nanos),
        Some(pattern) => TimeForm::Pattern(pattern.to_owned()),
    };
    let mut operations = BTreeMap::new();
    for (word, operation) in words {
        match Operation::ALL.iter().find(|known| known.name() == operation) {
            Some(known) => drop(operations.insert(word, *known)),
            None => {
                let names: Vec<&str> = Operation::ALL.iter().map(|known| known.name()).collect();
                section.wrong("operations", &format!("must name one of {}", names.join(", ")), format!("{word} = {operation:?}"));
            }
        }
    }
    Mapping { time, operations, successes, dialect, ..mapping }
}
