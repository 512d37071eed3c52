//! Which format a name stands for, built in or of one's own.

use crate::config::schema::Config;
use crate::config::source::Source;
use crate::decode::{self, Codec, FormatChoice, Settings};
use std::sync::Arc;

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

    /// All that decides how records of a source are decoded; a source of another text needs other decoders.
    pub fn decoding_of(&self, source: &Source) -> String {
        let own = self.formats.get(&source.format).map_or("", |own| own.written.as_str());
        format!("{}\n{own}\n{}", source.format, self.time.zone.name())
    }
}
