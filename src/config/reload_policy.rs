//! Which changes of a configuration a running service takes up, and which need a restart: as each key is declared.

use crate::config::schema::Config;
use crate::model::problem::Problem;
use crate::settings::{Entry, Reload};
use std::fmt::Display;

/// The rule that a change breaks which needs a restart.
const RULE: &str = "cannot change while the service runs: a restart is needed";

/// Settings that differ and cannot change while the service runs.
pub fn needing_restart(running: &Config, wanted: &Config) -> Vec<Problem> {
    let mut refused = Refused { file: wanted.file.display().to_string(), problems: Vec::new() };
    refused.sources(running, wanted);
    refused.sinks(running, wanted);
    refused.notify(running, wanted);
    let (before, now) = (running.tables(), wanted.tables());
    let find = |tables: &'_ [(&'static str, Vec<Entry>)], name: &str| tables.iter().position(|(table, _)| *table == name);
    for (table, entries) in &now {
        match find(&before, table) {
            Some(at) => refused.entries(table, &before[at].1, entries),
            None => refused.add(table, "a table, where there was none"),
        }
    }
    for (table, _) in before.iter().filter(|(table, _)| find(&now, table).is_none()) {
        refused.add(table, "none, where there was one");
    }
    refused.problems
}

/// The subject key differs. Its file may have moved.
pub fn other_key(wanted: &Config) -> Problem {
    let file =
        wanted.subjects.key_file.as_deref().map_or_else(|| "none".to_owned(), |file| format!("another secret in {}", file.display()));
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

    /// Keys of a table that differ.
    fn entries(&mut self, table: &str, before: &[Entry], now: &[Entry]) {
        let restart = |entry: &&Entry| match entry.key.traits.reload {
            Reload::Restart => true,
            // Whether it is the same content is seen once it is read.
            Reload::TakenUp | Reload::SameContent => false,
        };
        for entry in now.iter().filter(restart) {
            let Some(before) = before.iter().find(|before| before.key.name == entry.key.name) else { continue };
            for (key, value) in entry.changes(before) {
                self.add(&format!("{table}.{key}"), value);
            }
        }
    }

    fn sources(&mut self, running: &Config, wanted: &Config) {
        for (at, source) in wanted.sources.iter().enumerate() {
            let place = format!("source[{at}]");
            let Some(before) = running.sources.iter().find(|before| before.name == source.name) else {
                self.add(&format!("{place}.name"), format!("{:?}, which is new", source.name));
                continue;
            };
            let (kind, former) = (source.kind.declaration().name, before.kind.declaration().name);
            match kind == former {
                true => self.entries(&place, &before.entries, &source.entries),
                false => self.add(&format!("{place}.kind"), format!("{kind:?}")),
            }
        }
        for gone in running.sources.iter().filter(|before| wanted.sources.iter().all(|source| source.name != before.name)) {
            self.add("source", format!("none that is named {:?}", gone.name));
        }
    }

    fn notify(&mut self, running: &Config, wanted: &Config) {
        let kinds = |config: &Config| config.notify.iter().map(|notify| notify.own.kind().name).collect::<Vec<_>>();
        if kinds(running) != kinds(wanted) {
            self.add("notify", format!("{} that differ from those in use", wanted.notify.len()));
            return;
        }
        for (at, (before, now)) in running.notify.iter().zip(&wanted.notify).enumerate() {
            self.entries(&format!("notify[{at}]"), &before.entries(), &now.entries());
        }
    }

    fn sinks(&mut self, running: &Config, wanted: &Config) {
        let kinds = |config: &Config| config.sinks.iter().map(|sink| sink.kind().name).collect::<Vec<_>>();
        if kinds(running) != kinds(wanted) {
            self.add("sink", format!("{} that differ from those in use", wanted.sinks.len()));
            return;
        }
        for (at, (before, now)) in running.sinks.iter().zip(&wanted.sinks).enumerate() {
            self.entries(&format!("sink[{at}]"), &before.entries(), &now.entries());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

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
