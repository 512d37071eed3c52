//! `[format.NAME]`: formats of one's own, each a built-in one with settings.

use crate::config::section::Section;
use crate::config::written::Config;
use crate::decode::{self, Choice, Codec, Format, Settings};
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
}

impl Config {
    /// The format of that name, built in or of one's own; `None` where there is none.
    pub fn choice(&self, name: &str) -> Option<Choice> {
        let settings = |own: &Settings| {
            Arc::new(Settings { zone: own.zone.clone().or(self.decoding.zone.clone()), latest: self.decoding.latest, ..own.clone() })
        };
        if let Some(own) = self.formats.get(name) {
            return Some(Choice::Known(Codec::named(own.kind, settings(&own.settings))));
        }
        if name == decode::AUTO {
            return Some(self.automatic());
        }
        decode::format(name).map(|format| Choice::Known(Codec::named(format, settings(&self.decoding))))
    }

    /// Recognising the format.
    pub fn automatic(&self) -> Choice {
        Choice::Auto(Arc::new(self.decoding.clone()))
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
        section.nested(table, place, |section| formats.extend(read(section).map(|own| (name.clone(), own))));
    }
    formats
}

fn read(section: &mut Section<'_>) -> Option<OwnFormat> {
    let kind = section.required("kind");
    let format = kind.as_deref().and_then(decode::format);
    if let (Some(kind), None) = (&kind, format) {
        let names: Vec<&str> = decode::FORMATS.iter().map(|format| format.name).collect();
        section.wrong("kind", &format!("must be one of {}", names.join(", ")), format!("{kind:?}"));
    }
    let zone = zone(section);
    let settings = Settings { zone, log_line_prefix: section.text("log_line_prefix"), ..Settings::default() };
    Some(OwnFormat { kind: format?, settings })
}

fn zone(section: &mut Section<'_>) -> Option<TimeZone> {
    let name = section.text("zone")?;
    let zone = TimeZone::get(name.trim()).ok();
    if zone.is_none() {
        section.wrong("zone", "must be a zone of the IANA database, e.g. Asia/Shanghai", format!("{name:?}"));
    }
    zone
}
