//! A run's configuration as it is written: one TOML file (SPEC §10), read whole, every mistake noted.

use crate::config::cluster::Cluster;
use crate::config::formats::{self, OwnFormat};
use crate::config::section::Section;
use crate::config::validate;
use crate::decode;
use crate::detect::{DETECTORS, DetectorSetting, DetectorSettings};
use crate::engine::context::Limits;
use crate::model::problem::Problem;
use crate::model::severity::Severity;
use crate::model::time::Span;
use crate::model::typology::Typology;
use crate::model::zone::Zone;
use crate::triage::AlertSettings;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The settings of a run; every one that is here is valid by itself. Files that it names are read in [`super::load`].
#[derive(Debug)]
pub struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// `[catalog] file`; `None` only where there is no configuration at all.
    pub catalog: Option<PathBuf>,
    /// `[statute] file`
    pub statute: Option<PathBuf>,
    /// `[directory]`
    pub directory: DirectoryPaths,
    /// `[[source]]`
    pub sources: Vec<Source>,
    /// `[time] zone`
    pub zone: Zone,
    /// What holds for the decoders of all formats.
    pub decoding: decode::Settings,
    /// `[format.NAME]`
    pub formats: BTreeMap<String, OwnFormat>,
    /// `[time] lateness`
    pub lateness: Span,
    /// `[time] dedup`
    pub dedup: Span,
    /// `[state] most_employees`, `most_record_ids`
    pub limits: Limits,
    /// `[time] skew`: how far a record's time may lie ahead of the broker's clock.
    pub skew: Span,
    /// `[time] idle`: a live partition without records for so long holds nobody up.
    pub idle: Span,
    /// `[alerts]`
    pub alerts: AlertSettings,
    /// `[alerts] provisional`: whether the service tells alerts before they settle.
    pub provisional: bool,
    /// `[subjects] key_file`
    pub key_file: Option<PathBuf>,
    /// `[subjects] publish_key_file`: another secret for pseudonyms as published.
    pub publish_key_file: Option<PathBuf>,
    /// `[detectors.NAME]`
    pub detectors: DetectorSettings,
    /// `[[sink]]`
    pub sinks: Vec<Sink>,
    /// `[dead_letters] path`
    pub dead_letters: Option<PathBuf>,
    /// `[dead_letters] topic`, with brokers and client.
    pub dead_letter_topic: Option<Kafka>,
    /// `[dead_letters] key_file`: encrypts what dead letters keep.
    pub dead_letter_key: Option<PathBuf>,
    /// `[state] dir`
    pub state: PathBuf,
    /// `[state] checkpoint`
    pub checkpoint: Span,
    /// `[http] listen`
    pub listen: String,
    /// `[cluster]`: several processes share the work; `None` where one does all of it.
    pub cluster: Option<Cluster>,
    /// `[reload] watch`: whether the service looks by itself whether a file has changed.
    pub watch: bool,
}

/// `[directory]`
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the names are the definition")]
pub struct DirectoryPaths {
    pub employees: Option<PathBuf>,
    pub accounts: Option<PathBuf>,
    pub absences: Option<PathBuf>,
    pub calendar: Option<PathBuf>,
    pub subjects: Option<PathBuf>,
    pub explanations: Option<PathBuf>,
}

/// `[[source]]`
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in alerts and metrics.
    pub name: String,
    /// Where it comes from.
    pub kind: SourceKind,
    /// Its format, or `auto`.
    pub format: String,
}

/// Where a source comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SourceKind {
    /// Files, by path or glob.
    Files(String),
    /// Kafka topics.
    Kafka(Kafka),
}

/// Kafka, as a source or sink sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kafka {
    /// `host:port,…`
    pub brokers: String,
    /// Topics.
    pub topics: Vec<String>,
    /// Consumer group.
    pub group: String,
    /// Settings passed through to the client.
    pub client: BTreeMap<String, String>,
}

/// `[[sink]]`
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sink {
    /// JSON lines in a file.
    JsonLines(PathBuf),
    /// A Kafka topic, keyed by alert id.
    Kafka(Kafka),
}

/// The address of metrics and probes, where nothing else is configured.
pub const LISTEN: &str = "127.0.0.1:9464";

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
        let mut problems = Vec::new();
        let config = Reader { base: file.parent().unwrap_or(Path::new("")).to_owned() }.read(table, file, &mut problems);
        problems.extend(validate::settings(&config));
        Ok((config, problems))
    }

    /// The settings of a replay without a configuration: defaults, and a catalog that knows no table.
    pub fn without_file() -> Config {
        let text = "[catalog]\nfile = \"-\"\n";
        let config = Config::parse(text, Path::new("")).expect("a configuration of a catalog alone is valid");
        Config { catalog: None, ..config }
    }
}

struct Reader {
    base: PathBuf,
}

impl Reader {
    fn path(&self, text: String) -> PathBuf {
        self.base.join(text)
    }

    fn read(&self, table: toml::Table, file: &Path, problems: &mut Vec<Problem>) -> Config {
        let mut root = Section::new(table, format!("{}: ", file.display()), problems);
        let mut named = |name: &str| root.table(name).unwrap_or_else(|| (toml::Table::new(), format!("{}: {name}", file.display())));
        let (catalog, statute, directory) = (named("catalog"), named("statute"), named("directory"));
        let (time, alerts, subjects) = (named("time"), named("alerts"), named("subjects"));
        let (detectors, dead_letters, state, http) = (named("detectors"), named("dead_letters"), named("state"), named("http"));
        let (formats, reload) = (named("format"), named("reload"));
        let cluster = root.table("cluster");
        let (sources, sinks) = (root.tables("source"), root.tables("sink"));
        root.end();
        let formats: BTreeMap<String, OwnFormat> = formats::all(Section::new(formats.0, formats.1, problems));

        let mut section = Section::new(catalog.0, catalog.1, problems);
        let catalog = section.required("file").map(|text| self.path(text));
        section.end();
        let mut section = Section::new(statute.0, statute.1, problems);
        let statute = section.text("file").map(|text| self.path(text));
        section.end();
        let directory = self.directory(Section::new(directory.0, directory.1, problems));
        let sources: Vec<Option<Source>> =
            sources.into_iter().map(|(t, at)| self.source(Section::new(t, at, problems), &formats)).collect();
        let sinks: Vec<Option<Sink>> = sinks.into_iter().map(|(t, at)| self.sink(Section::new(t, at, problems))).collect();
        let detectors = detector_settings(Section::new(detectors.0, detectors.1, problems));

        let mut section = Section::new(time.0, time.1, problems);
        let named = section.text("zone");
        let decoding =
            decode::Settings { zone: named.as_deref().and_then(|name| jiff::tz::TimeZone::get(name.trim()).ok()), ..Default::default() };
        let zone = named.map_or(Some(Zone::utc()), |name| {
            let zone = Zone::named(&name);
            if zone.is_none() {
                section.wrong("zone", "must be a zone of the IANA database, e.g. Asia/Shanghai", format!("{name:?}"));
            }
            zone
        });
        let lateness = section.span("lateness").unwrap_or(Span::minutes(20));
        let dedup = section.span("dedup").unwrap_or(Span::hours(24));
        let skew = section.span("skew").unwrap_or(Span::minutes(5));
        let idle = section.span("idle").unwrap_or(Span::minutes(5));
        section.end();

        let mut section = Section::new(alerts.0, alerts.1, problems);
        let defaults = AlertSettings::default();
        let alerts = AlertSettings {
            budget_per_day: section.number("budget_per_day", 0..=1_000_000).map_or(defaults.budget_per_day, |n| n as u32),
            quiet: section.span("quiet").unwrap_or(defaults.quiet),
            open_at: section.word("open_at", &Severity::ALL.map(|grade| (grade.name(), grade))).unwrap_or(defaults.open_at),
        };
        let provisional = section.flag("provisional").unwrap_or(true);
        section.end();
        let mut section = Section::new(subjects.0, subjects.1, problems);
        let key_file = section.text("key_file").map(|text| self.path(text));
        let publish_key_file = section.text("publish_key_file").map(|text| self.path(text));
        section.end();
        let mut section = Section::new(dead_letters.0, dead_letters.1, problems);
        let dead_letters = section.text("path").map(|text| self.path(text));
        let dead_letter_topic = dead_letter_topic(&mut section, sources.iter().flatten());
        if let (Some(path), Some(_)) = (&dead_letters, &dead_letter_topic) {
            section.wrong("path", "must not be given beside a topic: dead letters go to one of them", path.display());
        }
        let dead_letter_key = section.text("key_file").map(|text| self.path(text));
        section.end();
        let mut section = Section::new(state.0, state.1, problems);
        let state = self.path(section.text("dir").unwrap_or_else(|| "leakwarden-state".to_owned()));
        let checkpoint = section.span("checkpoint").unwrap_or(Span::seconds(30));
        let mut most = |name, default: usize| section.number(name, 1_000..=100_000_000_000).map_or(default, |n| n as usize);
        let Limits { employees, record_ids } = Limits::default();
        let limits = Limits { employees: most("most_employees", employees), record_ids: most("most_record_ids", record_ids) };
        section.end();
        let mut section = Section::new(http.0, http.1, problems);
        let listen = section.text("listen").unwrap_or_else(|| LISTEN.to_owned());
        if listen.parse::<std::net::SocketAddr>().is_err() {
            section.wrong("listen", "must be an address and port, e.g. 127.0.0.1:9464", format!("{listen:?}"));
        }
        section.end();
        let cluster = cluster.map(|(table, place)| Cluster::read(Section::new(table, place, problems)));
        let mut section = Section::new(reload.0, reload.1, problems);
        let watch = section.flag("watch").unwrap_or(true);
        section.end();
        Config {
            file: file.to_owned(),
            catalog,
            statute,
            directory,
            sources: sources.into_iter().flatten().collect(),
            zone: zone.unwrap_or_else(Zone::utc),
            decoding,
            formats,
            lateness,
            dedup,
            limits,
            skew,
            idle,
            alerts,
            provisional,
            key_file,
            publish_key_file,
            detectors,
            sinks: sinks.into_iter().flatten().collect(),
            dead_letters,
            dead_letter_topic,
            dead_letter_key,
            state,
            checkpoint,
            listen,
            cluster,
            watch,
        }
    }

    fn directory(&self, mut section: Section<'_>) -> DirectoryPaths {
        let mut path = |name: &str| section.text(name).map(|text| self.path(text));
        let paths = DirectoryPaths {
            employees: path("employees"),
            accounts: path("accounts"),
            absences: path("absences"),
            calendar: path("calendar"),
            subjects: path("subjects"),
            explanations: path("explanations"),
        };
        section.end();
        paths
    }

    fn source(&self, mut section: Section<'_>, formats: &BTreeMap<String, OwnFormat>) -> Option<Source> {
        let name = section.required("name");
        let format = section.text("format").unwrap_or_else(|| decode::AUTO.to_owned());
        let known = format == decode::AUTO || decode::format(&format).is_some() || formats.contains_key(&format);
        if !known {
            let names = decode::FORMATS.iter().map(|format| format.name).chain(formats.keys().map(String::as_str));
            let rule = format!("must be one of {}, {}", names.collect::<Vec<_>>().join(", "), decode::AUTO);
            section.wrong("format", &rule, format!("{format:?}"));
        }
        let kind = section.word("kind", &[("file", false), ("kafka", true)]).unwrap_or(false);
        let kind = if kind {
            self.kafka(&mut section).map(SourceKind::Kafka)
        } else {
            let path = section.required("path");
            path.map(|path| SourceKind::Files(self.base.join(path).display().to_string()))
        };
        section.end();
        Some(Source { name: name?, kind: kind?, format })
    }

    fn kafka(&self, section: &mut Section<'_>) -> Option<Kafka> {
        let brokers = section.texts("brokers").join(",");
        if brokers.is_empty() {
            section.wrong("brokers", "must name at least one broker as host:port", "nothing");
        }
        let mut topics = section.texts("topics");
        topics.extend(section.text("topic"));
        let group = section.text("group").unwrap_or_else(|| "leakwarden".to_owned());
        let client = section.strings("client").into_iter().collect();
        if topics.is_empty() {
            section.wrong("topics", "must name at least one topic", "nothing");
        }
        (!brokers.is_empty() && !topics.is_empty()).then_some(Kafka { brokers, topics, group, client })
    }

    fn sink(&self, mut section: Section<'_>) -> Option<Sink> {
        let given = section.has("kind");
        let kind = section.word("kind", &[("jsonl", false), ("kafka", true)]);
        let sink = match kind {
            Some(false) => section.required("path").map(|path| Sink::JsonLines(self.path(path))),
            Some(true) => {
                let brokers = section.texts("brokers").join(",");
                if brokers.is_empty() {
                    section.wrong("brokers", "must name at least one broker as host:port", "nothing");
                }
                let topics = vec![section.text("topic").unwrap_or_else(|| "leakwarden.alerts".to_owned())];
                let client = section.strings("client").into_iter().collect();
                Some(Sink::Kafka(Kafka { brokers, topics, group: String::new(), client }))
            }
            None => {
                if !given {
                    section.wrong("kind", "must be one of jsonl, kafka", "nothing");
                }
                None
            }
        };
        section.end();
        sink
    }
}

/// Dead letters in Kafka, where a topic or brokers are given; brokers default to those of the first Kafka source.
fn dead_letter_topic<'a>(section: &mut Section<'_>, mut sources: impl Iterator<Item = &'a Source>) -> Option<Kafka> {
    let (topic, brokers, own) = (section.text("topic"), section.texts("brokers").join(","), section.has("client"));
    let client: BTreeMap<String, String> = section.strings("client").into_iter().collect();
    if topic.is_none() && brokers.is_empty() && !own {
        return None;
    }
    let beside = sources.find_map(|source| match &source.kind {
        SourceKind::Kafka(kafka) => Some(kafka),
        SourceKind::Files(_) => None,
    });
    let topics = vec![topic.unwrap_or_else(|| "leakwarden.dead-letters".to_owned())];
    match (brokers.is_empty(), beside) {
        (false, _) => Some(Kafka { brokers, topics, group: String::new(), client }),
        (true, Some(kafka)) => {
            let client = if own { client } else { kafka.client.clone() };
            Some(Kafka { brokers: kafka.brokers.clone(), topics, group: String::new(), client })
        }
        (true, None) => {
            section.wrong("brokers", "must be given where no source is Kafka", "nothing");
            None
        }
    }
}

fn detector_settings(mut section: Section<'_>) -> DetectorSettings {
    let mut settings = DetectorSettings::default();
    let mut found = Vec::new();
    for typology in Typology::ALL {
        found.extend(section.table(typology.name()).map(|(table, place)| (*typology, table, place)));
    }
    for (typology, table, place) in found {
        let Some(detector) = DETECTORS.iter().find(|detector| detector.typology == typology) else {
            section.wrong(typology.name(), "has no detector in this version; those that have one are", known_detectors());
            continue;
        };
        section.nested(table, place, |section| {
            let enabled = section.flag("enabled").unwrap_or(true);
            let floor = section.number("floor", 1..=i64::MAX).map_or(detector.floor, |floor| floor as u64);
            settings.set(typology, DetectorSetting { enabled, floor });
        });
    }
    section.end();
    settings
}

fn known_detectors() -> String {
    DETECTORS.iter().map(|detector| detector.typology.name()).collect::<Vec<_>>().join(", ")
}
