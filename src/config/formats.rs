//! `[format.NAME]`: formats of one's own, each a built-in one with settings.

use crate::config::schema::Config;
use crate::config::section::Section;
use crate::decode::custom::{self, Field, Mapping, Pointer, TimeForm};
use crate::decode::{self, Codec, Format, FormatChoice, Settings};
use crate::model::access::Operation;
use crate::model::record::Dialect;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `[format.NAME]`
#[derive(Clone, Debug)]
pub struct OwnFormat {
    /// What it is a form of.
    pub kind: &'static Format,
    /// What its decoders are told beside what holds for all.
    settings: Settings,
    /// As it was written: a run is told by what it ran with.
    pub written: String,
}

impl Config {
    /// The format of that name, built in or of one's own; `None` where there is none.
    pub fn choice(&self, name: &str) -> Option<FormatChoice> {
        let settings = |own: &Settings| {
            Arc::new(Settings { zone: own.zone.clone().or(self.decoding.zone.clone()), latest: self.decoding.latest, ..own.clone() })
        };
        if let Some(own) = self.formats.get(name) {
            return Some(FormatChoice::Known(Codec::named(own.kind, settings(&own.settings))));
        }
        if name == decode::AUTO {
            return Some(self.automatic());
        }
        decode::format(name).map(|format| FormatChoice::Known(Codec::named(format, settings(&self.decoding))))
    }

    /// Recognising the format.
    pub fn automatic(&self) -> FormatChoice {
        FormatChoice::Auto(Arc::new(self.decoding.clone()))
    }

    /// The names that a format may have.
    pub fn format_names(&self) -> String {
        let built_in = decode::FORMATS.iter().map(|format| format.name);
        built_in.chain(self.formats.keys().map(String::as_str)).chain([decode::AUTO]).collect::<Vec<_>>().join(", ")
    }
}

/// Reads all of them.
pub(super) fn all(mut section: Section<'_>) -> BTreeMap<String, OwnFormat> {
    let mut formats = BTreeMap::new();
    for (name, table, place) in section.named_tables() {
        if decode::format(&name).is_some() || name == decode::AUTO {
            section.wrong(&name, "must not be the name of a built-in format", &name);
        }
        let written = table.to_string();
        section.nested(table, place, |section| formats.extend(read(section, written).map(|own| (name.clone(), own))));
    }
    formats
}

fn read(section: &mut Section<'_>, written: String) -> Option<OwnFormat> {
    let name = section.required("kind")?;
    let kinds = || custom::KINDS.iter().chain(decode::FORMATS);
    let Some(kind) = kinds().find(|format| format.name == name) else {
        let names: Vec<&str> = kinds().map(|format| format.name).collect();
        section.wrong("kind", &format!("must be one of {}", names.join(", ")), format!("{name:?}"));
        section.rest();
        return None;
    };
    let mapping = match name.as_str() {
        "json" => Some(by_pointers(section)),
        "regex" => Some(by_pattern(section)),
        _ => None,
    };
    let mapping = mapping.map(|mapping| Arc::new(how_to_read(section, mapping)));
    let settings = Settings { zone: zone(section), log_line_prefix: section.text("log_line_prefix"), mapping, ..Settings::default() };
    Some(OwnFormat { kind, settings, written })
}

/// Each field by the JSON pointer to it.
fn by_pointers(section: &mut Section<'_>) -> Mapping {
    let mut pointers = BTreeMap::new();
    for (name, field) in Field::ALL {
        let Some(text) = section.text(name) else { continue };
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

fn by_pattern(section: &mut Section<'_>) -> Mapping {
    let pattern = section.required("pattern").and_then(|pattern| match Mapping::compile(&pattern) {
        Ok(regex) => Some(regex),
        Err(rule) => {
            section.wrong("pattern", &rule, format!("{pattern:?}"));
            None
        }
    });
    Mapping { pattern, ..Mapping::default() }
}

/// How the texts of the fields are to be read.
fn how_to_read(section: &mut Section<'_>, mapping: Mapping) -> Mapping {
    let time = match section.text("time_format").as_deref() {
        None | Some("epoch_ms") => TimeForm::Canonical,
        Some("epoch_s") => TimeForm::Seconds,
        Some(pattern) => TimeForm::Pattern(pattern.to_owned()),
    };
    let mut operations = BTreeMap::new();
    for (word, operation) in section.strings("operations") {
        match Operation::ALL.iter().find(|known| known.name() == operation) {
            Some(known) => drop(operations.insert(word, *known)),
            None => {
                let names: Vec<&str> = Operation::ALL.iter().map(|known| known.name()).collect();
                section.wrong("operations", &format!("must name one of {}", names.join(", ")), format!("{word} = {operation:?}"));
            }
        }
    }
    let dialect = section.word("dialect", &Dialect::ALL).unwrap_or_default();
    Mapping { time, operations, successes: section.texts("successes"), dialect, ..mapping }
}

fn zone(section: &mut Section<'_>) -> Option<TimeZone> {
    let name = section.text("zone")?;
    let zone = TimeZone::get(name.trim()).ok();
    if zone.is_none() {
        section.wrong("zone", "must be a zone of the IANA database, e.g. Asia/Shanghai", format!("{name:?}"));
    }
    zone
}
