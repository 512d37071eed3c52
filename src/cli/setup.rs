//! Arguments that commands share: `--config`, `--format`, times.

use crate::cli::Failure;
use leakwarden::config::load;
use leakwarden::config::schema::Config;
use leakwarden::decode::FormatChoice;
use leakwarden::engine::context::Context;
use leakwarden::model::time::{Day, Timestamp};
use leakwarden::telemetry::untrusted;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Reads and loads a configuration, or the defaults without one.
pub fn load(file: Option<&Path>) -> Result<(Config, Arc<Context>), Failure> {
    load_for(file, false)
}

/// The same, for whoever wants dossiers beside alerts, or not.
pub fn load_for(file: Option<&Path>, dossiers: bool) -> Result<(Config, Arc<Context>), Failure> {
    let mut config = match file {
        Some(file) => load::read_config(file)?,
        None => Config::without_file(),
    };
    // Logs without years end no later than today.
    config.decoding.latest = SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| Timestamp(since.as_millis() as i64));
    config.dossiers |= dossiers;
    let context = load::load(&config)?;
    for former in &config.deprecated {
        eprintln!("warning: {}", untrusted::harmless(&former.to_string()));
    }
    if context.classifier.keys.are_built_in() {
        eprintln!("warning: no [subjects] key_file: pseudonyms are made with the built-in public key and protect nobody");
    }
    if config.catalog.is_none() {
        eprintln!("warning: no --config: without a catalog no table is known to hold anything personal");
    }
    Ok((config, Arc::new(context)))
}

/// The format of `--format`; nothing means that of the source.
pub fn format(config: &Config, name: Option<&str>) -> Result<Option<FormatChoice>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let rule = format!("must be one of {}", config.format_names());
    config.choice(name).map(Some).ok_or_else(|| Failure::argument("--format", &rule, name))
}

/// A time given as RFC 3339 or as a date, which is the start of that day in UTC.
pub fn time(argument: &str, text: Option<&str>) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let time = Timestamp::parse(text).ok().or_else(|| Day::parse(text).map(Day::utc_midnight));
    time.map(Some).ok_or_else(|| Failure::argument(argument, "must be RFC 3339 or a date", text))
}
