//! What the settings mean: where records come from, when they settle, where alerts and state go.

use crate::cli::check::report::{Report, count, shown};
use leakwarden::config::exposure;
use leakwarden::config::schema::{Config, SourceKind};
use leakwarden::engine::context::Limits;
use leakwarden::model::problem::Problem;
use leakwarden::settings::{Content, DefaultValue};
use leakwarden::store;
use std::path::{Path, PathBuf};

/// Where records come from.
pub fn sources(config: &Config, place: &dyn Fn(&str) -> String, report: &mut Report) {
    report.section("Sources");
    if config.sources.is_empty() {
        report.line("none: `replay` and `decode` read the files they are given; `run` has nothing to read");
        report.warn(Problem::plain(place("source"), "is not given: `run` has nothing to read"));
    }
    for (at, source) in config.sources.iter().enumerate() {
        match &source.kind {
            SourceKind::Files(pattern) => {
                let found = matching(pattern).len();
                report.line(format!("{}: files {pattern}, format {}: {} now", source.name, source.format, count(found, "file", "files")));
                if found == 0 {
                    report.warn(Problem::new(place(&format!("source[{at}].path")), "matches no file now", pattern));
                }
            }
            SourceKind::Kafka(kafka) => {
                let (topics, at) = (kafka.topics.join(", "), kafka.cluster().describe());
                report.line(format!("{}: Kafka {topics} {at}, group {}, format {}", source.name, kafka.group, source.format));
            }
        }
    }
}

/// The files that a pattern names now.
pub fn matching(pattern: &str) -> Vec<PathBuf> {
    let found: Vec<PathBuf> =
        glob::glob(pattern).map_or_else(|_| Vec::new(), |paths| paths.flatten().filter(|path| path.is_file()).collect());
    // A name may hold what a glob would take for a pattern.
    if found.is_empty() { Some(PathBuf::from(pattern)).filter(|path| path.is_file()).into_iter().collect() } else { found }
}

/// When records settle, and how much is kept.
pub fn time(config: &Config, report: &mut Report) {
    report.section("Time");
    report.line(format!("days and hours are those of {} where an employee has no zone of their own", config.time.zone.name()));
    report.line(format!(
        "records settle {} after later ones of their source (lateness); what comes later still counts",
        config.time.lateness
    ));
    report.line(format!("a record id counts once within {} (dedup)", config.time.dedup));
    let Limits { employees, record_ids } = config.limits();
    report.line(format!("at most {employees} employees and accounts and {record_ids} record ids are kept; evictions are reported"));
    report.line(format!(
        "live: up to {} ahead of the broker's clock (max_clock_skew); a silent partition holds back no other after {} (idle_timeout)",
        config.time.max_clock_skew, config.time.idle_timeout
    ));
}

/// When alerts open and close, and where they go.
pub fn alerts(config: &Config, place: &dyn Fn(&str) -> String, report: &mut Report) {
    report.section("Alerts");
    let alerts = &config.alerts;
    report.line(format!(
        "open at {}, close after {} without findings; {} a day are shown, and all are written",
        alerts.open_at.name(),
        alerts.quiet,
        alerts.budget_per_day
    ));
    report.line(match config.alerts.provisional {
        true => "told at once as unsettled, and confirmed or retracted when their records settle",
        false => "told once their records have settled",
    });
    for sink in &config.sinks {
        report.line(sink.describe());
    }
    if config.sinks.is_empty() && config.keeps_cases() {
        report.line("into the database of cases alone: no sink is configured");
    } else if config.sinks.is_empty() && !config.notify.is_empty() {
        report.line("nowhere as they are: no sink is configured, and only notifications tell of their cases");
    } else if config.sinks.is_empty() {
        report.line("to nobody: no sink is configured; `replay --alerts FILE` writes them all the same");
        report.warn(Problem::plain(place("sink"), "is not given: `run` tells nobody of its alerts"));
    }
    let content = if config.dead_letters.key_file.is_some() { "the content encrypted" } else { "never the content" };
    let to = match (&config.dead_letters.path, config.dead_letter_topic()) {
        (Some(path), _) => shown(path),
        (None, Some(kafka)) => format!("Kafka {} {}", kafka.topics.join(", "), kafka.cluster().describe()),
        (None, None) => "the state's directory".to_owned(),
    };
    report.line(format!("dead letters to {to}: place, length, hash, reason; {content}"));
}

/// State, metrics and pseudonyms.
pub fn service(config: &Config, place: &dyn Fn(&str) -> String, report: &mut Report) {
    report.section("Service");
    let state = config.state.dir.join(store::FILE);
    let there =
        if state.is_file() { "goes on from the state there" } else { "empty: history that is replayed with --state gives it baselines" };
    match &config.cluster {
        Some(cluster) => {
            let (prefix, tasks) = (&cluster.topic_prefix, cluster.tasks);
            report.line(format!(
                "one of several processes that share {tasks} tasks; state in topic {prefix}.state, saved every {}",
                config.state.checkpoint_interval
            ));
            report.line(format!("a cache of that state in {}, which may be deleted", shown(&config.state.dir.join("cache"))));
        }
        None => report.line(format!("state in {}, saved every {}; {there}", shown(&config.state.dir), config.state.checkpoint_interval)),
    }
    let http = &config.http;
    let reach = if exposure::is_local(config) { "reached from this machine only" } else { "reached from other machines" };
    let scheme = if http.tls_certificate_file.is_some() { "https" } else { "http" };
    report.line(format!("metrics and probes at {scheme}://{}, {reach}, without a token", http.listen.0));
    report.line(match &http.token_file {
        Some(path) => format!("employees in /coverage for whoever brings the token in {}", shown(path)),
        None => "employees in /coverage for nobody: there is no http.token_file".to_owned(),
    });
    match &config.subjects.key_file {
        Some(path) => {
            report.line(format!("pseudonyms by the secret in {}", shown(path)));
        }
        None => {
            report.line("pseudonyms by the built-in public key, which protects nobody: `run` refuses to start");
            report.warn(Problem::plain(place("subjects.key_file"), "is not given: `run` refuses to start"));
        }
    }
    if let Some(path) = &config.subjects.publish_key_file {
        report.line(format!("pseudonyms that leave the process by the secret in {}", shown(path)));
    }
}

fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o007 != 0)
}

/// Settings that are not at their defaults, former names in use, and secrets that others may read: of every declared key.
pub fn every_setting(config: &Config, report: &mut Report) {
    report.section("Settings that differ from their defaults");
    let before = report.length();
    for (table, entries) in config.tables() {
        for entry in entries {
            let name = entry.key.name;
            if entry.key.traits.secret
                && let Some(path) = entry.file()
                && others_may_read(path)
            {
                let place = format!("{}: {table}.{name}", config.file.display());
                report.warn(Problem::new(place, "may be read by other users: chmod 600", shown(path)));
            }
            // Paths and client settings are shown where they mean something.
            let Content::One { toml, .. } = &entry.content else { continue };
            match (entry.key.default)() {
                DefaultValue::Toml(default) if default != *toml => report.line(format!("{table}.{name} = {toml}, by default {default}")),
                DefaultValue::Absent => report.line(format!("{table}.{name} = {toml}")),
                DefaultValue::Toml(_) | DefaultValue::Required => {}
            }
        }
    }
    if report.length() == before {
        report.line("none");
    }
    for former in &config.deprecated {
        report.warn(former.clone());
    }
}
