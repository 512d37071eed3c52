//! Which settings the hash of results (`made_by.config` of alerts) depends on: those that are declared so, each at its place.

use crate::config::schema::Config;
use crate::detect::DETECTORS;
use crate::settings::{Entry, Results, Setting};

/// The place of `[detectors.NAME]`.
const DETECTOR: u8 = 0;

/// The place of `[format.NAME]`.
const FORMAT: u8 = 8;

/// What is hashed of the settings, in the order of their places. Files are hashed by their content as they are loaded.
pub fn hashed_settings(config: &Config) -> Vec<u8> {
    let entries = config.tables().into_iter().flat_map(|(_, entries)| entries);
    let mut parts: Vec<(u8, Vec<u8>)> = entries.filter_map(|entry| Some((place(&entry)?, entry.bytes))).collect();
    for detector in DETECTORS {
        let setting = config.detectors.of(detector.typology);
        let mut bytes = detector.typology.name().as_bytes().to_vec();
        setting.enabled.hash_into(&mut bytes);
        setting.floor.hash_into(&mut bytes);
        parts.push((DETECTOR, bytes));
    }
    for (name, own) in &config.formats {
        parts.push((FORMAT, [name.as_bytes(), own.written.as_bytes()].concat()));
    }
    // Stable: detectors and formats stay in their order.
    parts.sort_by_key(|(place, _)| *place);
    parts.into_iter().flat_map(|(_, bytes)| bytes).collect()
}

fn place(entry: &Entry) -> Option<u8> {
    match entry.key.traits.results {
        Results::Value(place) => Some(place),
        Results::Unaffected | Results::Content => None,
    }
}
