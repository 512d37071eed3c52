//! The tables of a configuration file, each declared once, and the settings of a run that they make.

pub use crate::config::cluster::Cluster;
pub use crate::config::source::{Kafka, Source, SourceKind};

use crate::config::custom_format::CustomFormat;
use crate::config::source::partition_name;
use crate::database::Location;
use crate::decode;
use crate::detect::DetectorSettings;
use crate::engine::context::Limits;
use crate::model::problem::Problem;
use crate::model::severity::Severity;
use crate::model::time::Span;
use crate::model::zone::Zone;
use crate::notify::contacts::ContactKeys;
use crate::notify::{NotificationKeys, Notify};
use crate::settings::{Address, Brokers, Entry, SettingsTable, Share, settings};
use crate::sink::{SinkConfig, dead_letters};
use crate::triage::AlertSettings;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

settings! {
    /// Which columns hold what, and which one names the person. The only part that `decode` and `replay` cannot do without.
    pub struct CatalogFile {
        /// The catalog.
        file: PathBuf => RELOAD.content_in_results();
    }
}

settings! {
    /// Weights and bands of the statutory counter.
    pub struct StatuteFile {
        /// The statute; default: the one that is built in, `config/statutes/cn-2017.toml`.
        file: Option<PathBuf> = None => RELOAD.content_in_results();
    }
}

settings! {
    /// Who works where, and for which reasons. Each file makes the findings better; none is required.
    pub struct DirectoryFiles {
        /// Employees with unit, role, employment and working time.
        employees: Option<PathBuf> = None => RELOAD.content_in_results();
        /// Which account is whose.
        accounts: Option<PathBuf> = None => RELOAD.content_in_results();
        /// By glob of the system, how logins are matched with `accounts`: `exact`, `case`, `realm` (case and domain do not count; the default) or `number` (so, and an unlisted login is that of the employee whose number it is).
        login_match: BTreeMap<String, String> = BTreeMap::new() => RELOAD.in_results(9);
        /// Leave, sickness and training.
        absences: Option<PathBuf> = None => RELOAD.content_in_results();
        /// Holidays and make-up workdays.
        calendar: Option<PathBuf> = None => RELOAD.content_in_results();
        /// Subjects of public interest, colleagues and planted records, and who serves whom.
        subjects: Option<PathBuf> = None => RELOAD.content_in_results();
        /// Business reasons.
        explanations: Option<PathBuf> = None => RELOAD.content_in_results();
        /// Live: a topic of business reasons, beside the file or instead of it; read from its beginning at each start.
        explanations_topic: Option<String> = None => RESTART;
        /// Brokers of that topic; default: those of the first Kafka source.
        explanations_brokers: Option<Brokers> = None => RESTART;
        /// Client settings of that topic; default: those of the first Kafka source.
        explanations_client: Option<BTreeMap<String, String>> = None => RESTART;
    }
}

settings! {
    /// Time zones, and how late, early or silent records may be.
    pub struct Time {
        /// Days and hours of employees without a zone of their own, and times without one.
        zone: Zone = Zone::utc() => RELOAD.in_results(7);
        /// Records settle once their source's watermark has passed them by so long.
        lateness: Span = Span::minutes(20) => RELOAD.in_results(1);
        /// A record id counts once within.
        dedup: Span = Span::hours(24) => RELOAD.in_results(2);
        /// Live: how far a record's time may lie ahead of the broker's clock.
        max_clock_skew: Span = Span::minutes(5) => RELOAD.formerly("skew");
        /// Live: a partition without records for so long holds back no other.
        idle_timeout: Span = Span::minutes(5) => RELOAD.formerly("idle");
    }
}

settings! {
    /// When alerts open and close, and how many are shown.
    pub struct Alerts {
        /// So many cases are shown a day at the most; all alerts are written.
        budget_per_day: u32 = AlertSettings::default().budget_per_day => RELOAD.within(0, 1_000_000);
        /// A case is shown if so many of those like it are expected to be true, as a share from 0 to 1; what is grave by nature is shown anyway.
        show_at: Share = Share(AlertSettings::default().show_at) => RELOAD;
        /// Weights by which cases are judged, as `evaluate calibrate` writes them; default: those that ship, `config/calibration/shipped.json`.
        calibration: Option<PathBuf> = None => RELOAD.content_in_results();
        /// Live: how often the service has its own sources of the last 60 days calibrated, e.g. `"7d"`, and writes that file; until there is one,
        /// the shipped weights hold. Default: never.
        calibrate_every: Option<Span> = None => RESTART;
        /// An alert closes after so long without findings.
        quiet: Span = AlertSettings::default().quiet => RELOAD.in_results(3);
        /// Severity at which an alert opens.
        open_at: Severity = AlertSettings::default().open_at => RELOAD.in_results(6);
        /// Whether verdicts about a typology move its cases in the ranking; what is grave by nature keeps its place.
        learn_from_verdicts: bool = true => RELOAD;
        /// Live: publish alerts before their records have settled, as `"settled": false`.
        provisional: bool = true => RELOAD;
    }
}

settings! {
    /// The secrets behind pseudonyms: `head -c 32 /dev/urandom | base64 > config/subject.key && chmod 600 config/subject.key`.
    pub struct Subjects {
        /// Secret of every pseudonym, fixed for as long as profiles and evidence are to be compared. `run` refuses to start without.
        key_file: Option<PathBuf> = None => RELOAD.content_in_results().same_content().secret();
        /// Another secret for pseudonyms that leave the process; may be changed at any time.
        publish_key_file: Option<PathBuf> = None => RELOAD.watched().secret();
    }
}

settings! {
    /// Where state is kept, how often, and how much of it.
    pub struct State {
        /// Directory of the state; in a cluster of a cache of it.
        dir: PathBuf = PathBuf::from("leakwarden-state") => RESTART;
        /// A second file that knows how often the state was saved, so that one that was deleted or rolled back is noticed; default: beside the
        /// directory. It belongs on another volume.
        witness: Option<PathBuf> = None => RESTART;
        /// State is saved so often.
        checkpoint_interval: Span = Span::seconds(30) => RELOAD.formerly("checkpoint");
        /// Profiles that are kept; beyond it the unknown and longest silent are evicted, which is reported. In a cluster: of each task.
        max_employees: usize = Limits::default().employees => RELOAD.in_results(4).within(1_000, 100_000_000_000).formerly("most_employees");
        /// Record ids that are kept to recognise repeats.
        max_record_ids: usize = Limits::default().record_ids => RELOAD.in_results(5).within(1_000, 100_000_000_000).formerly("most_record_ids");
    }
}

settings! {
    /// What could not be decoded: place, length, hash and reason, in a file or a topic. `leakwarden redrive` counts them after a fix.
    pub struct DeadLetters {
        /// The file; default: `dead-letters.jsonl` in the state's directory.
        path: Option<PathBuf> = None => RESTART;
        /// A topic instead of a file; default, where brokers are given: `leakwarden.dead-letters`.
        topic: Option<String> = None => RESTART;
        /// Brokers of the topic; default: those of the first Kafka source.
        brokers: Option<Brokers> = None => RESTART;
        /// Client settings of the topic; default: those of the first Kafka source.
        client: Option<BTreeMap<String, String>> = None => RESTART;
        /// Keeps the content of the records too, encrypted with the secret in this file.
        key_file: Option<PathBuf> = None => RESTART.secret();
    }
}

settings! {
    /// Verdicts, silences, explanations, assignments and maintenance windows: recorded input, with which a replay gives the same alerts.
    pub struct Decisions {
        /// A file of decisions, a JSON object a line, that is only appended to: read at the start and followed. `replay` reads it as a whole.
        file: Option<PathBuf> = None => RESTART;
        /// In a cluster: a topic of decisions instead, each keyed by its id, of which nothing is ever removed.
        topic: Option<String> = None => RESTART;
        /// Brokers of the topic; default: those of the first Kafka source.
        brokers: Option<Brokers> = None => RESTART;
        /// Client settings of the topic; default: those of the first Kafka source.
        client: Option<BTreeMap<String, String>> = None => RESTART;
    }
}

settings! {
    /// Probes, metrics and coverage. What names people needs a token, and TLS where others than this machine reach the address.
    pub struct Http {
        /// Address and port.
        listen: Address = Address("127.0.0.1:9464".to_owned()) => RESTART;
        /// The token (32 bytes of text or more) without which `/coverage` shows no employee; default: it shows none at all.
        token_file: Option<PathBuf> = None => RESTART.secret();
        /// Names under which coverage is asked for, beside addresses and `localhost`: another `Host` is refused.
        hosts: Vec<String> = Vec::new() => RESTART;
        /// Certificate and chain (PEM): with it the server speaks TLS alone.
        tls_certificate_file: Option<PathBuf> = None => RESTART;
        /// The certificate's private key (PEM).
        tls_key_file: Option<PathBuf> = None => RESTART.secret();
        /// `/readyz` fails where records wait and none was finished for so long.
        stalled_after: Span = Span::minutes(5) => RELOAD;
    }
}

settings! {
    /// The database of cases and notifications. The configuration holds no password.
    pub struct Database {
        /// `sqlite:PATH`, or `postgres://USER@HOST/DATABASE`, which several consoles can share; default: `desk.sqlite` in the state's directory.
        /// A server that is not on this machine must prove who it is, unless the address says otherwise by `sslmode`.
        url: Option<String> = None => RESTART;
        /// The password, if the environment does not give it as `LEAKWARDEN_DATABASE_PASSWORD`.
        password_file: Option<PathBuf> = None => RESTART.secret();
    }
}

settings! {
    /// The console, where people read alerts and decide about cases; `run` serves it where it has an address, `console` alone.
    pub struct Console {
        /// Address and port; default: there is no console.
        listen: Option<Address> = None => RESTART;
        /// Names under which it is reached, beside addresses and `localhost`: another `Host` is refused.
        hosts: Vec<String> = Vec::new() => RESTART;
        /// Certificate and chain (PEM): with it the console speaks TLS alone; needed where others than this machine reach the address.
        tls_certificate_file: Option<PathBuf> = None => RESTART;
        /// The certificate's private key (PEM).
        tls_key_file: Option<PathBuf> = None => RESTART.secret();
        /// Instead of passwords: the header in which a proxy that signs people in names the account. It must remove the header where others send it.
        proxy_header: Option<String> = None => RESTART;
        /// What the proxy proves itself by, in `X-Leakwarden-Proxy-Secret`.
        proxy_secret_file: Option<PathBuf> = None => RESTART.secret();
        /// Instead of passwords: the provider of OpenID Connect that signs people in, as its tokens name it, e.g. `"https://id.bank.example/realms/staff"`.
        oidc_issuer: Option<String> = None => RESTART;
        /// What the provider calls this console.
        oidc_client_id: Option<String> = None => RESTART;
        /// What this console proves itself by to the provider; without it the code alone is proven (PKCE).
        oidc_client_secret_file: Option<PathBuf> = None => RESTART.secret();
        /// Where browsers reach the console, e.g. `"https://desk.bank.example"`: the provider sends people back to `/sign-in/oidc/callback` there.
        oidc_address: Option<String> = None => RESTART;
        /// Certificates (PEM) by which the provider is trusted; default: those of the system.
        oidc_ca_file: Option<PathBuf> = None => RESTART;
        /// Addresses of the proxy, from which alone that header counts, and `X-Forwarded-For`; default: this machine.
        proxy_addresses: Vec<String> = Vec::new() => RESTART;
        /// Whether employees are named by pseudonyms until somebody has taken their case: in the queue, on pages, in print, in the API and in the record of views.
        employees_by_pseudonym: bool = false => RESTART;
        /// A file of canonical access records of who was shown what: read by a source of its own, it lets the detectors judge reviewers too.
        views_file: Option<PathBuf> = None => RESTART;
        /// The source that brings these records where it does not read that file itself, such as a topic that a shipper fills: its name. Alerts that rest on it
        /// are for data protection officers and auditors.
        views_source: Option<String> = None => RESTART;
    }
}

settings! {
    /// How long cases are kept after they were closed, by their verdict, or after the last that happened where nobody judges them, and records of who was shown what; the console erases them then. A hold keeps a case.
    pub struct Retention {
        /// Cases that were found innocent: 6 months.
        innocent: Span = Span::days(183) => RESTART;
        /// Cases that were left unclear; and those that nobody judged, shown or not, from the last that happened in them: 12 months.
        unclear: Span = Span::days(366) => RESTART;
        /// Cases that were confirmed: 36 months.
        confirmed: Span = Span::days(1096) => RESTART;
        /// Records of views: 36 months.
        views: Span = Span::days(1096) => RESTART;
    }
}

settings! {
    /// The running service takes up what changes in this file and the files that it names on SIGHUP, and by itself.
    pub struct Reload {
        /// Whether it does so by itself.
        watch: bool = true => RELOAD;
        /// Of how many hundredths less than before of its employees, accounts, reasons, subjects, tables and so on a feed is taken up without being confirmed; 100: of any.
        max_shrinkage_percent: u32 = 10 => RELOAD.within(0, 100);
    }
}

settings! {
    /// A detector: all are on.
    pub struct Detector {
        /// Whether it runs.
        enabled: bool = true => RELOAD.in_results(0);
        /// The smallest count that is worth a look; default: as the detector's page says.
        floor: Option<u64> = None => RELOAD.in_results(0).within(1, i64::MAX);
    }
}

/// The settings of a run; every one that is here is valid by itself. Files that it names are read in [`super::load`].
#[derive(Debug)]
pub struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// Former names in use, which the next version does not read.
    pub deprecated: Vec<Problem>,
    /// `[catalog]`; `None` only where there is no configuration at all.
    pub catalog: Option<CatalogFile>,
    /// `[statute]`
    pub statute: StatuteFile,
    /// `[directory]`
    pub directory: DirectoryFiles,
    /// `[[source]]`
    pub sources: Vec<Source>,
    /// `[time]`
    pub time: Time,
    /// What holds for the decoders of all formats.
    pub decoding: decode::Settings,
    /// `[format.NAME]`
    pub formats: BTreeMap<String, CustomFormat>,
    /// `[alerts]`
    pub alerts: Alerts,
    /// `[subjects]`
    pub subjects: Subjects,
    /// `[detectors.NAME]`
    pub detectors: DetectorSettings,
    /// `[[sink]]`
    pub sinks: Vec<Box<dyn SinkConfig>>,
    /// `[dead_letters]`
    pub dead_letters: DeadLetters,
    /// `[decisions]`
    pub decisions: Decisions,
    /// `[state]`
    pub state: State,
    /// `[http]`
    pub http: Http,
    /// `[database]`
    pub database: Database,
    /// `[notifications]`
    pub notifications: NotificationKeys,
    /// `[[notify]]`
    pub notify: Vec<Notify>,
    /// `[contacts]`
    pub contacts: ContactKeys,
    /// `[console]`
    pub console: Console,
    /// `[retention]`
    pub retention: Retention,
    /// `[cluster]`: several processes share the work; `None` where one does all of it.
    pub cluster: Option<Cluster>,
    /// `[reload]`
    pub reload: Reload,
    /// Whether somebody wants dossiers beside alerts: no key of its own, it follows from what else is asked for.
    pub dossiers: bool,
}

impl Config {
    /// What every key holds of the tables that stand alone, by the name of the table.
    pub fn tables(&self) -> Vec<(&'static str, Vec<Entry>)> {
        let mut tables = vec![
            ("statute", self.statute.entries()),
            ("directory", self.directory.entries()),
            ("time", self.time.entries()),
            ("alerts", self.alerts.entries()),
            ("subjects", self.subjects.entries()),
            ("dead_letters", self.dead_letters.entries()),
            ("decisions", self.decisions.entries()),
            ("state", self.state.entries()),
            ("http", self.http.entries()),
            ("database", self.database.entries()),
            ("notifications", self.notifications.entries()),
            ("contacts", self.contacts.entries()),
            ("console", self.console.entries()),
            ("retention", self.retention.entries()),
            ("reload", self.reload.entries()),
        ];
        tables.splice(0..0, self.catalog.iter().map(|catalog| ("catalog", catalog.entries())));
        tables.extend(self.cluster.iter().map(|cluster| ("cluster", cluster.entries())));
        tables
    }

    /// Every file that the set-up is made of, the configuration itself first.
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = self.tables().into_iter().flat_map(|(_, entries)| entries);
        let named = entries.filter(|entry| entry.key.traits.watched).filter_map(|entry| entry.file().map(Path::to_owned));
        std::iter::once(self.file.clone()).chain(named).collect()
    }

    /// The bounds of what is remembered.
    pub fn limits(&self) -> Limits {
        Limits { employees: self.state.max_employees, record_ids: self.state.max_record_ids }
    }

    /// How alerts are made.
    pub fn alert_settings(&self) -> AlertSettings {
        let Alerts { budget_per_day, show_at, quiet, open_at, learn_from_verdicts, .. } = self.alerts;
        AlertSettings { budget_per_day, show_at: show_at.0, quiet, open_at, learn_from_verdicts }
    }

    /// The topic of business reasons, where one is named; brokers default to those of the first Kafka source.
    pub fn explanations_topic(&self) -> Option<Kafka> {
        let DirectoryFiles { explanations_topic, explanations_brokers, explanations_client, .. } = &self.directory;
        let topics = vec![explanations_topic.clone()?];
        self.beside(explanations_brokers.as_ref(), explanations_client.as_ref(), topics)
    }

    /// Whether alerts are kept in the database of cases.
    pub fn keeps_cases(&self) -> bool {
        self.console.listen.is_some() || self.database.url.is_some()
    }

    /// Where the database is, without its password.
    pub fn database_location(&self) -> Option<Location> {
        let base = self.file.parent().unwrap_or(Path::new(""));
        match &self.database.url {
            Some(url) => Location::parse(url, base),
            None => Some(Location::sqlite(self.state.dir.join("desk.sqlite"))),
        }
    }

    /// The topic of decisions, where one is named; brokers default to those of the first Kafka source.
    pub fn decisions_topic(&self) -> Option<Kafka> {
        let Decisions { topic, brokers, client, .. } = &self.decisions;
        let topics = vec![topic.clone()?];
        self.beside(brokers.as_ref(), client.as_ref(), topics)
    }

    /// What evidence names the record of views by: the file's name where it was replayed by itself, and that of each source that reads or brings it, of one
    /// with several files `source/file`.
    pub fn views(&self) -> BTreeSet<String> {
        let Some(path) = &self.console.views_file else { return BTreeSet::new() };
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let of_source = |source: &Source| match (&source.kind, &file) {
            (SourceKind::Files(pattern), Some(file)) if source.kind.reads(path) => Some(partition_name(&source.name, pattern, file)),
            _ => None,
        };
        self.sources.iter().filter_map(of_source).chain(file.clone()).chain(self.console.views_source.clone()).collect()
    }

    /// The first Kafka source.
    pub fn first_kafka(&self) -> Option<&Kafka> {
        self.sources.iter().find_map(|source| match &source.kind {
            SourceKind::Kafka(kafka) => Some(kafka),
            SourceKind::Files(_) => None,
        })
    }

    /// A topic that is no source, by the brokers given for it, else those of the first Kafka source.
    fn beside(&self, brokers: Option<&Brokers>, client: Option<&BTreeMap<String, String>>, topics: Vec<String>) -> Option<Kafka> {
        let (brokers, client) = match (brokers, self.first_kafka()) {
            (Some(Brokers(brokers)), _) => (brokers.clone(), client.cloned().unwrap_or_default()),
            (None, Some(kafka)) => (kafka.brokers.clone(), client.unwrap_or(&kafka.client).clone()),
            (None, None) => return None,
        };
        Some(Kafka { brokers, topics, group: String::new(), client })
    }

    /// The topic of dead letters, where a topic or brokers are given; brokers default to those of the first Kafka source.
    pub fn dead_letter_topic(&self) -> Option<Kafka> {
        let DeadLetters { topic, brokers, client, .. } = &self.dead_letters;
        if topic.is_none() && brokers.is_none() && client.is_none() {
            return None;
        }
        let topics = vec![topic.clone().unwrap_or_else(|| dead_letters::DEFAULT_TOPIC.to_owned())];
        self.beside(brokers.as_ref(), client.as_ref(), topics)
    }
}
