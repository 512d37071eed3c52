//! Reads every file that a configuration names and builds the set-up of a run; all mistakes of all files are reported.

use crate::classify::catalog::Catalog;
use crate::classify::classifier::Classifier;
use crate::classify::directory::{Directory, DirectoryFiles};
use crate::classify::explanations::Explanations;
use crate::classify::logins::LoginRules;
use crate::classify::reviewed;
use crate::classify::subjects::Subjects;
use crate::classify::views;
use crate::config::results;
use crate::config::schema::{Config, Source, SourceKind};
use crate::database::{self, Location};
use crate::engine::context::Context;
use crate::model::keys::{Keys, SHORTEST_SECRET};
use crate::model::problem::Problem;
use crate::model::statute::{self, Statute};
use crate::triage::case::weights::Calibration;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

/// Reads the configuration file itself.
pub fn read_config(file: &Path) -> Result<Config, Vec<Problem>> {
    Config::parse(&read(file)?, file)
}

/// Reads the configuration file as far as it can be read, and its mistakes beside it.
pub fn read_settings(file: &Path) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
    Config::read(&read(file)?, file)
}

/// Loads what the configuration names.
pub fn load(config: &Config) -> Result<Context, Vec<Problem>> {
    let mut loader = Loader { problems: Vec::new(), hasher: blake3::Hasher::new() };
    let catalog = match config.catalog.as_ref().map(|catalog| &catalog.file) {
        Some(file) => {
            let console = config.console.views_file.as_ref().map_or("", |_| reviewed::CATALOG);
            loader.hasher.update(console.as_bytes());
            loader.parse(file, |text, name| views::read_catalog(&format!("{text}{console}"), name))
        }
        None => Some(Catalog::default()),
    };
    let statute = match &config.statute.file {
        Some(file) => loader.parse(file, Statute::parse),
        None => {
            loader.hasher.update(statute::CN_2017.as_bytes());
            Some(Statute::built_in())
        }
    };
    let keys = loader.keys(config);
    // Only whether it could be used: the core keeps no content.
    let _ = config.dead_letters.key_file.as_deref().map(|file| loader.secret(file));
    let directory = loader.directory(config);
    // Ids in subjects.csv and explanations.jsonl name no space, so the catalog's spaces must be known first.
    let spaces: Vec<String> = catalog.as_ref().map_or_else(|| vec![String::new()], |catalog| catalog.spaces().to_vec());
    let paths = &config.directory;
    let subjects = match &paths.subjects {
        Some(file) => loader.parse(file, |text, name| Subjects::parse(text, name, &keys, &spaces)),
        None => Some(Subjects::default()),
    };
    let explanations = match &paths.explanations {
        // There are millions of them in a large house: they are read by all cores.
        Some(file) => loader.parse(file, |text, name| {
            Explanations::parse_by(text, name, &keys, &spaces, |lines, read| lines.par_iter().map(|line| read(line)).collect())
        }),
        None => Some(Explanations::none()),
    };
    let calibration = match &config.alerts.calibration {
        // The service makes it when it has read enough.
        Some(file) if config.alerts.calibrate_every.is_some() && !file.exists() => Some(Calibration::shipped()),
        Some(file) => loader.parse(file, Calibration::parse),
        None => Some(Calibration::shipped()),
    };
    let config_hash = loader.results_hash(config, &keys);
    let (Some(catalog), Some(statute), Some(directory), Some(subjects), Some(explanations), Some(calibration)) =
        (catalog, statute, directory, subjects, explanations, calibration)
    else {
        return Err(loader.problems);
    };
    if !loader.problems.is_empty() {
        return Err(loader.problems);
    }
    let seed = keys.print("seed", "profiles");
    Ok(Context {
        classifier: Arc::new(Classifier { catalog, directory, keys }),
        explanations: Arc::new(explanations),
        subjects: Arc::new(subjects),
        statute,
        settings: config.detectors.clone(),
        alerts: config.alert_settings(),
        calibration: Arc::new(calibration),
        lateness: config.time.lateness,
        dedup: config.time.dedup,
        limits: config.limits(),
        config: config_hash,
        partitions: RwLock::new(Vec::new()),
        sources: RwLock::new(topics(config)),
        dossiers: config.dossiers,
        seed,
    })
}

/// Which source each topic is read for.
fn topics(config: &Config) -> BTreeMap<String, Arc<str>> {
    let topics = |source: &Source| match &source.kind {
        SourceKind::Kafka(kafka) => kafka.topics.clone(),
        SourceKind::Files(_) => Vec::new(),
    };
    let of = |source: &Source| topics(source).into_iter().map(|topic| (topic, Arc::from(source.name.as_str()))).collect::<Vec<_>>();
    config.sources.iter().flat_map(of).collect()
}

struct Loader {
    problems: Vec<Problem>,
    /// Over everything that influences results, and no path.
    hasher: blake3::Hasher,
}

impl Loader {
    fn text(&mut self, file: &Path) -> Option<String> {
        match read(file) {
            Ok(text) => {
                self.hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
                Some(text)
            }
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
        }
    }

    fn parse<T>(&mut self, file: &Path, parse: impl FnOnce(&str, &str) -> Result<T, Vec<Problem>>) -> Option<T> {
        let text = self.text(file)?;
        parse(&text, &file.display().to_string()).map_err(|problems| self.problems.extend(problems)).ok()
    }

    fn keys(&mut self, config: &Config) -> Keys {
        let mut secret = |file: &Option<PathBuf>| file.as_deref().and_then(|file| self.secret(file));
        let keys = secret(&config.subjects.key_file).map_or_else(Keys::built_in, |secret| Keys::from_secret(&secret));
        match secret(&config.subjects.publish_key_file) {
            Some(secret) => keys.publishing_with(&secret),
            None => keys,
        }
    }

    fn secret(&mut self, file: &Path) -> Option<Vec<u8>> {
        secret(file).map_err(|problem| self.problems.push(problem)).ok()
    }

    fn directory(&mut self, config: &Config) -> Option<Directory> {
        let paths = &config.directory;
        let mut text =
            |path: &Option<PathBuf>| path.as_ref().and_then(|path| self.text(path).map(|text| (path.display().to_string(), text)));
        let (employees, accounts) = (text(&paths.employees), text(&paths.accounts));
        let (absences, calendar) = (text(&paths.absences), text(&paths.calendar));
        // What cannot be read is a problem already: the other files are looked at all the same.
        let files = DirectoryFiles {
            employees: employees.as_ref().map(|(name, text)| (name.as_str(), text.as_str())),
            accounts: accounts.as_ref().map(|(name, text)| (name.as_str(), text.as_str())),
            absences: absences.as_ref().map(|(name, text)| (name.as_str(), text.as_str())),
            calendar: calendar.as_ref().map(|(name, text)| (name.as_str(), text.as_str())),
            // A rule that cannot be read is a problem of the settings already.
            rules: LoginRules::parse(paths.login_match.iter().map(|(glob, rule)| (glob.as_str(), rule.as_str()))).unwrap_or_default(),
        };
        Directory::parse(&files, config.time.zone.clone()).map_err(|problems| self.problems.extend(problems)).ok()
    }

    /// The hash of what influences results: the files that were read, the settings, and which key makes pseudonyms.
    fn results_hash(&mut self, config: &Config, keys: &Keys) -> String {
        self.hasher.update(&results::hashed_settings(config)).update(&keys.print("config", "key").to_le_bytes());
        self.hasher.finalize().to_hex()[..16].to_owned()
    }
}

/// The secret of a key file.
pub fn secret(file: &Path) -> Result<Vec<u8>, Problem> {
    let read = std::fs::read(file).map_err(|error| Problem::new(file.display().to_string(), "must be readable", error));
    let secret = read?.trim_ascii().to_vec();
    if secret.len() < SHORTEST_SECRET {
        let rule = format!("must hold at least {SHORTEST_SECRET} bytes of secret, e.g. from `head -c 32 /dev/urandom | base64`");
        return Err(Problem::new(format!("{}:", file.display()), rule, format!("{} bytes", secret.len())));
    }
    Ok(secret)
}

/// Where the database is, with its password from the environment or its file.
pub fn database(config: &Config) -> Result<Location, Vec<Problem>> {
    let place = || format!("{}: database.url", config.file.display());
    let location = config.database_location().ok_or_else(|| vec![Problem::plain(place(), database::location::RULE)])?;
    let password = match (std::env::var("LEAKWARDEN_DATABASE_PASSWORD").ok(), &config.database.password_file) {
        (Some(password), _) => Some(password),
        (None, Some(file)) => Some(read(file)?.trim_end_matches(['\r', '\n']).to_owned()),
        (None, None) => None,
    };
    Ok(location.with_password(password))
}

fn read(file: &Path) -> Result<String, Vec<Problem>> {
    let bytes = std::fs::read(file).map_err(|error| vec![Problem::new(file.display().to_string(), "must be readable", error)])?;
    String::from_utf8(bytes).map_err(|error| {
        let place = format!("{}:", file.display());
        vec![Problem::new(place, "must be valid UTF-8", format!("a bad byte at {}", error.utf8_error().valid_up_to()))]
    })
}
