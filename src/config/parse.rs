//! From the text of a configuration file to settings: one TOML file, read whole, every mistake noted.

use crate::config::schema::{Config, Detector, Time};
use crate::config::{custom_format, source, validate};
use crate::decode;
use crate::detect::{DETECTORS, DetectorSetting, DetectorSettings};
use crate::model::problem::Problem;
use crate::model::typology::Typology;
use crate::notify;
use crate::settings::{Findings, Section, SettingsTable};
use crate::sink::kafka::TopicKeys;
use crate::sink::{self, SinkConfig};
use jiff::tz::TimeZone;
use std::path::Path;

/// Of tables in which no key must be given.
const ANY: &str = "every key has a default";

impl Config {
    /// Reads a configuration. Relative paths in it are relative to the file.
    pub fn parse(text: &str, file: &Path) -> Result<Config, Vec<Problem>> {
        let (config, problems) = Config::read(text, file)?;
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// Reads what can be read, and the mistakes beside it: so that the files which it names can be looked at too. Fails
    /// only where it is no TOML at all.
    pub fn read(text: &str, file: &Path) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
        let shown = file.display().to_string();
        let table: toml::Table = toml::from_str(text).map_err(|e| vec![crate::model::toml_problem(&shown, text, &e)])?;
        let mut findings = Findings::default();
        let base = file.parent().unwrap_or(Path::new(""));
        let mut config = read(Section::new(table, format!("{shown}: "), base, &mut findings), file);
        findings.problems.extend(validate::settings(&config));
        config.deprecated = findings.deprecated;
        Ok((config, findings.problems))
    }

    /// The settings of a replay without a configuration: defaults, and a catalog that knows no table.
    pub fn without_file() -> Config {
        let text = "[catalog]\nfile = \"-\"\n";
        let config = Config::parse(text, Path::new("")).expect("a configuration of a catalog alone is valid");
        Config { catalog: None, ..config }
    }
}

fn read(mut root: Section<'_>, file: &Path) -> Config {
    let formats = root.table("format").map(custom_format::all).unwrap_or_default();
    let (time, zone) = time(root.table_or_empty("time"));
    let mut config = Config {
        file: file.to_owned(),
        deprecated: Vec::new(),
        catalog: root.declared("catalog"),
        statute: root.declared("statute").expect(ANY),
        directory: root.declared("directory").expect(ANY),
        sources: root.tables("source", |section| source::read(section, &formats)),
        time,
        decoding: decode::Settings { zone, ..decode::Settings::default() },
        formats,
        alerts: root.declared("alerts").expect(ANY),
        subjects: root.declared("subjects").expect(ANY),
        detectors: root.table("detectors").map(detectors).unwrap_or_default(),
        sinks: root.tables("sink", sink::read),
        dead_letters: root.declared("dead_letters").expect(ANY),
        decisions: root.declared("decisions").expect(ANY),
        state: root.declared("state").expect(ANY),
        http: root.declared("http").expect(ANY),
        database: root.declared("database").expect(ANY),
        notifications: root.declared("notifications").expect(ANY),
        notify: root.tables("notify", notify::read),
        contacts: root.declared("contacts").expect(ANY),
        console: root.declared("console").expect(ANY),
        retention: root.declared("retention").expect(ANY),
        cluster: if root.has("cluster") { root.declared("cluster") } else { None },
        reload: root.declared("reload").expect(ANY),
        dossiers: false,
    };
    // Pages draw from them.
    config.dossiers = config.keeps_cases();
    root.end();
    config.sinks.extend(default_sink(&config));
    config
}

/// Where the alerts of a cluster go for which no sink is configured: files would lie on whichever machine has the first task then.
fn default_sink(config: &Config) -> Option<Box<dyn SinkConfig>> {
    let cluster = config.cluster.as_ref().filter(|_| config.sinks.is_empty())?;
    let brokers = config.first_kafka()?.cluster();
    Some(Box::new(TopicKeys::of(brokers, cluster.alerts_topic())))
}

/// `[time]`, and the zone of records without one: none where the configuration names none.
fn time(mut section: Section<'_>) -> (Time, Option<TimeZone>) {
    let given = section.has("zone");
    let time = Time::read(&mut section).expect(ANY);
    section.end();
    let zone = if given { TimeZone::get(time.zone.name()).ok() } else { None };
    (time, zone)
}

/// `[detectors.NAME]`
fn detectors(mut section: Section<'_>) -> DetectorSettings {
    let mut settings = DetectorSettings::default();
    for typology in Typology::ALL {
        let name = typology.name();
        if !section.has(name) {
            continue;
        }
        let Some(detector) = DETECTORS.iter().find(|detector| detector.typology == *typology) else {
            let known: Vec<&str> = DETECTORS.iter().map(|detector| detector.typology.name()).collect();
            section.wrong(name, "has no detector in this version; those that have one are", known.join(", "));
            section.forget(name);
            continue;
        };
        let Detector { enabled, floor } = section.declared(name).expect(ANY);
        settings.set(*typology, DetectorSetting { enabled, floor: floor.unwrap_or(detector.floor) });
    }
    section.end();
    settings
}
