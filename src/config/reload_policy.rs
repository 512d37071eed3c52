//! A configuration that changes while the service runs: which files it is made of, and what needs a restart.

use crate::config::schema::{Config, Kafka, Source, SourceKind};
use crate::model::problem::Problem;
use std::fmt::Display;
use std::path::Path;

/// What a setting is told that cannot change in a running service.
const RULE: &str = "cannot change while the service runs: a restart is needed";

impl Config {
    /// Every file that the set-up is made of, the configuration itself first.
    pub fn files(&self) -> Vec<&Path> {
        let directory = &self.directory;
        let named = [
            &self.catalog,
            &self.statute,
            &directory.employees,
            &directory.accounts,
            &directory.absences,
            &directory.calendar,
            &directory.subjects,
            &directory.explanations,
            &self.key_file,
            &self.publish_key_file,
        ];
        std::iter::once(self.file.as_path()).chain(named.into_iter().filter_map(|path| path.as_deref())).collect()
    }

    /// All that tells how records of a source are decoded; a source of another text needs other decoders.
    pub fn decoding_of(&self, source: &Source) -> String {
        let own = self.formats.get(&source.format).map_or("", |own| own.written.as_str());
        format!("{}\n{own}\n{}", source.format, self.zone.name())
    }
}

/// Settings that differ and cannot change while the service runs.
pub fn needing_restart(running: &Config, wanted: &Config) -> Vec<Problem> {
    let mut refused = Refused { file: wanted.file.display().to_string(), problems: Vec::new() };
    for (at, source) in wanted.sources.iter().enumerate() {
        let place = format!("source[{at}]");
        match running.sources.iter().find(|known| known.name == source.name) {
            Some(known) => refused.source(&place, &known.kind, &source.kind),
            None => refused.add(&format!("{place}.name"), format!("{:?}, which is new", source.name)),
        }
    }
    for known in running.sources.iter().filter(|known| wanted.sources.iter().all(|source| source.name != known.name)) {
        refused.add("source", format!("none that is named {:?}", known.name));
    }
    if running.sinks != wanted.sinks {
        refused.add("sink", format!("{} that differ from those in use", wanted.sinks.len()));
    }
    let destination = |config: &Config| (config.dead_letters.clone(), config.dead_letter_topic.clone(), config.dead_letter_key.clone());
    if destination(running) != destination(wanted) {
        refused.add("dead_letters", "another destination or key");
    }
    if running.state != wanted.state {
        refused.add("state.dir", wanted.state.display());
    }
    if running.cluster != wanted.cluster {
        refused.add("cluster", "other settings");
    }
    if running.listen != wanted.listen {
        refused.add("http.listen", &wanted.listen);
    }
    refused.problems
}

/// The subject key differs. Its file may have moved.
pub fn other_key(wanted: &Config) -> Problem {
    let file = wanted.key_file.as_deref().map_or_else(|| "none".to_owned(), |file| format!("another secret in {}", file.display()));
    Problem::new(format!("{}: subjects.key_file", wanted.file.display()), RULE, file)
}

struct Refused {
    file: String,
    problems: Vec<Problem>,
}

impl Refused {
    fn add(&mut self, setting: &str, value: impl Display) {
        self.problems.push(Problem::new(format!("{}: {setting}", self.file), RULE, value));
    }

    fn source(&mut self, place: &str, running: &SourceKind, wanted: &SourceKind) {
        match (running, wanted) {
            (SourceKind::Files(before), SourceKind::Files(now)) if before != now => self.add(&format!("{place}.path"), now),
            (SourceKind::Kafka(before), SourceKind::Kafka(now)) => self.kafka(place, before, now),
            (SourceKind::Files(_), SourceKind::Files(_)) => {}
            (SourceKind::Files(_), SourceKind::Kafka(_)) => self.add(&format!("{place}.kind"), "\"kafka\""),
            (SourceKind::Kafka(_), SourceKind::Files(_)) => self.add(&format!("{place}.kind"), "\"file\""),
        }
    }

    fn kafka(&mut self, place: &str, running: &Kafka, wanted: &Kafka) {
        if running.brokers != wanted.brokers {
            self.add(&format!("{place}.brokers"), &wanted.brokers);
        }
        if running.topics != wanted.topics {
            self.add(&format!("{place}.topics"), wanted.topics.join(", "));
        }
        if running.group != wanted.group {
            self.add(&format!("{place}.group"), &wanted.group);
        }
        // Values may be secrets.
        let names = running.client.keys().chain(wanted.client.keys());
        let mut names: Vec<&String> = names.filter(|name| running.client.get(*name) != wanted.client.get(*name)).collect();
        names.sort();
        names.dedup();
        for name in names {
            self.add(&format!("{place}.client.{name:?}"), "another value");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(&format!("[catalog]\nfile = \"catalog.toml\"\n{text}"), Path::new("c.toml")).expect("is valid")
    }

    fn refused(before: &str, now: &str) -> Vec<String> {
        needing_restart(&config(before), &config(now)).iter().map(ToString::to_string).collect()
    }

    const SOURCE: &str = "[[source]]\nname = \"a\"\npath = \"x\"\n";

    #[test]
    fn what_needs_a_restart_is_named_with_its_place() {
        let found = refused(SOURCE, "[[source]]\nname = \"a\"\npath = \"y\"\n[state]\ndir = \"s\"\n[http]\nlisten = \"0.0.0.0:1\"\n");
        let rule = "cannot change while the service runs: a restart is needed";
        let expected = [
            format!("c.toml: source[0].path {rule}, got y"),
            format!("c.toml: state.dir {rule}, got s"),
            format!("c.toml: http.listen {rule}, got 0.0.0.0:1"),
        ];
        assert_eq!(found, expected);
        let found = refused(SOURCE, "[[source]]\nname = \"b\"\npath = \"x\"\n[[sink]]\nkind = \"jsonl\"\npath = \"z\"\n");
        assert!(found[0].ends_with("got \"b\", which is new") && found[1].ends_with("got none that is named \"a\""), "{found:?}");
        assert!(found[2].starts_with("c.toml: sink ") && found.len() == 3, "{found:?}");
    }

    #[test]
    fn no_secret_of_a_client_is_shown() {
        let source = |password: &str| {
            let client = format!("[source.client]\n\"sasl.password\" = \"{password}\"\n");
            format!("[[source]]\nname = \"a\"\nkind = \"kafka\"\nbrokers = \"h:1\"\ntopic = \"t\"\n{client}")
        };
        let found = refused(&source("hunter2"), &source("hunter3"));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("c.toml: source[0].client.\"sasl.password\"") && !found[0].contains("hunter"), "{found:?}");
    }

    #[test]
    fn floors_formats_and_files_may_change() {
        let now = "[[source]]\nname = \"a\"\npath = \"x\"\nformat = \"canonical\"\n[detectors.bulk_extract]\nfloor = 7\n\
                   [directory]\nemployees = \"e.csv\"\n[time]\nlateness = \"5m\"\n[alerts]\nbudget_per_day = 9\n";
        assert!(refused(SOURCE, now).is_empty());
        assert_eq!(config(now).files(), [Path::new("c.toml"), Path::new("catalog.toml"), Path::new("e.csv")]);
        let (before, now) = (config(SOURCE), config(now));
        assert_ne!(before.decoding_of(&before.sources[0]), now.decoding_of(&now.sources[0]));
    }
}
