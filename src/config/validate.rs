//! What only shows when settings and files are held against each other: mistakes that would do harm, and what is allowed
//! and rarely meant.

use crate::classify::catalog::Catalog;
use crate::classify::directory::Directory;
use crate::classify::logins::{LoginMatching, LoginRules};
use crate::classify::table_file;
use crate::config::custom_format::CustomFormat;
use crate::config::exposure;
use crate::config::schema::{CatalogFile, Cluster, Config, Source, SourceKind};
use crate::config::source::normal;
use crate::database;
use crate::model::problem::Problem;
use crate::notify;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Settings that contradict each other.
pub fn settings(config: &Config) -> Vec<Problem> {
    let file = config.file.display();
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    for (at, source) in config.sources.iter().enumerate() {
        if !names.insert(&source.name) {
            let rule = "must differ from that of every other source";
            problems.push(Problem::new(format!("{file}: source[{at}].name"), rule, format!("{:?}", source.name)));
        }
        if let SourceKind::Files(pattern) = &source.kind
            && let Err(error) = glob::Pattern::new(pattern)
        {
            let rule = format!("must be a path or a glob ({})", error.msg);
            problems.push(Problem::new(format!("{file}: source[{at}].path"), rule, pattern));
        }
    }
    let rules = config.directory.login_match.iter().map(|(glob, rule)| (glob.as_str(), rule.as_str()));
    if let Err(wrong) = LoginRules::parse(rules) {
        let names: Vec<&str> = LoginMatching::ALL.iter().map(|(name, _)| *name).collect();
        let rule = format!("must name systems by globs, and for each one of {}", names.join(", "));
        problems.push(Problem::new(format!("{file}: directory.login_match"), rule, wrong));
    }
    if let Some(cluster) = &config.cluster {
        problems.extend(in_a_cluster(config, cluster));
    }
    problems.extend(dead_letters(config));
    problems.extend(views(config));
    problems.extend(notify::problems(&file.to_string(), &config.notify, &config.notifications, &config.contacts));
    if config.database_location().is_none() {
        // What stands there is not repeated: a password may.
        problems.push(Problem::plain(format!("{file}: database.url"), database::location::RULE));
    }
    problems.extend(reasons_topic(config));
    problems.extend(decisions(config));
    problems.extend(exposure::problems(config));
    problems.extend(exposure::of_console(config));
    let sinks = config.sinks.iter().enumerate().filter_map(|(at, sink)| sink.writes_file().map(|path| (format!("sink[{at}].path"), path)));
    let letters = config.dead_letters.path.iter().map(|path| ("dead_letters.path".to_owned(), path.as_path()));
    let told = config.notify.iter().enumerate();
    let told = told.filter_map(|(at, notify)| notify.own.writes_file().map(|path| (format!("notify[{at}].path"), path)));
    let decisions = config.decisions.file.iter().map(|path| ("decisions.file".to_owned(), path.as_path()));
    let written: Vec<(String, &Path)> = sinks.chain(told).chain(letters).chain(decisions).collect();
    let mut taken: BTreeMap<PathBuf, &str> = BTreeMap::new();
    for (place, path) in &written {
        if let Some(other) = taken.insert(normal(path), place) {
            problems.push(Problem::new(format!("{file}: {place}"), format!("must not be the file of {other}"), path.display()));
        }
        for source in &config.sources {
            if source.kind.reads(path) {
                let rule = format!("must not be a file that the source {:?} reads", source.name);
                problems.push(Problem::new(format!("{file}: {place}"), rule, path.display()));
            }
        }
    }
    problems
}

/// What is valid and rarely meant: catalog entries that are never reached, people and units that nobody lists.
pub fn warnings(config: &Config, catalog: &Catalog, directory: &Directory) -> Vec<Problem> {
    let mut warnings = headerless_topics(config);
    if config.console.views_file.is_some() && config.views().len() < 2 {
        let place = format!("{}: console.views_file", config.file.display());
        let rule = "is read by no source, and views_source names none that brings it: nobody notices what reviewers look at";
        warnings.push(Problem::plain(place, rule));
    }
    warnings.extend(files_of_a_cluster(config));
    if let Some(CatalogFile { file }) = &config.catalog {
        unreachable_tables(file, catalog, &mut warnings);
    }
    let known = DirectoryNames::of(directory);
    let paths = &config.directory;
    if paths.employees.is_some() {
        if let Some((name, text)) = text(paths.accounts.as_deref()) {
            known.accounts(&name, &text, &mut warnings);
        }
        if let Some((name, text)) = text(paths.subjects.as_deref()) {
            known.owners(&name, &text, &mut warnings);
        }
        if let Some((name, text)) = text(paths.explanations.as_deref()) {
            known.reasons(&name, &text, &mut warnings);
        }
    }
    warnings
}

/// Topics of rows whose columns nothing names for sure: each partition would have to begin with a header, and keep it.
fn headerless_topics(config: &Config) -> Vec<Problem> {
    let is_headerless = |source: &Source| {
        let own = config.formats.get(&source.format);
        matches!(source.kind, SourceKind::Kafka(_)) && own.is_some_and(CustomFormat::wants_header)
    };
    let rule = "should give a `header`, as messages of a topic rarely begin with one: rows before a header are dead letters";
    let place = |source: &Source| format!("{}: format.{}", config.file.display(), source.format);
    config.sources.iter().filter(|source| is_headerless(source)).map(|source| Problem::plain(place(source), rule)).collect()
}

fn text(path: Option<&Path>) -> Option<(String, String)> {
    // A file that cannot be read was reported when it was loaded.
    let path = path?;
    Some((path.display().to_string(), std::fs::read_to_string(path).ok()?))
}

fn unreachable_tables(file: &Path, catalog: &Catalog, warnings: &mut Vec<Problem>) {
    let tables = catalog.tables();
    for (at, table) in tables.iter().enumerate() {
        let what = if table.inference.is_some() { "view".to_owned() } else { format!("table[{at}]") };
        let place = format!("{}: {what} {:?}", file.display(), table.pattern);
        if let Some((first, earlier)) = tables[..at].iter().enumerate().find(|(_, earlier)| earlier.shadows(table)) {
            let twice = earlier.pattern.eq_ignore_ascii_case(&table.pattern);
            let rule = match twice {
                true => format!("stands twice: table[{first}] is the one that is used"),
                false => format!("is never reached: table[{first}] {:?} takes all that it is for", earlier.pattern),
            };
            warnings.push(Problem::plain(place, rule));
        } else if table.inference.is_none() && table.is_impersonal() && table.pattern.contains('*') {
            warnings.push(Problem::plain(place, "declares every table that the pattern takes to hold nothing personal"));
        }
    }
}

/// Who the directory lists.
struct DirectoryNames<'a> {
    directory: &'a Directory,
    units: BTreeSet<&'a str>,
}

impl DirectoryNames<'_> {
    fn of(directory: &Directory) -> DirectoryNames<'_> {
        DirectoryNames { directory, units: directory.units().collect() }
    }

    fn employee(&self, id: &str) -> bool {
        self.directory.employee(id).is_some()
    }

    fn accounts(&self, name: &str, text: &str, warnings: &mut Vec<Problem>) {
        let mut strangers = Few::new("is not in employees.csv: what this account does has no unit, role or working time");
        // The file was read without mistakes before; only who stands in it is looked at.
        let _ = table_file::read(text, name, &[], |row, _| {
            if let Some(id) = row.text("employee").filter(|id| !self.employee(id)) {
                strangers.add(format!("{}: employee", row.place()), id);
            }
        });
        strangers.report(name, warnings);
    }

    fn owners(&self, name: &str, text: &str, warnings: &mut Vec<Problem>) {
        let mut strangers = Few::new("is neither a unit nor an employee of employees.csv");
        let _ = table_file::read(text, name, &[], |row, _| {
            if let Some(owner) = row.text("owner").filter(|owner| !self.employee(owner) && !self.units.contains(owner)) {
                strangers.add(format!("{}: owner", row.place()), owner);
            }
        });
        strangers.report(name, warnings);
    }

    fn reasons(&self, name: &str, text: &str, warnings: &mut Vec<Problem>) {
        let mut units = Few::new("is the unit of nobody in employees.csv: the reason covers nobody");
        let mut employees = Few::new("is not in employees.csv");
        for (at, line) in text.lines().enumerate() {
            let Ok(reason) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            if let Some(unit) = reason["unit"].as_str().filter(|unit| !self.units.contains(unit)) {
                units.add(format!("{name}:{}: unit", at + 1), unit);
            }
            if let Some(id) = reason["employee"].as_str().filter(|id| !self.employee(id)) {
                employees.add(format!("{name}:{}: employee", at + 1), id);
            }
        }
        units.report(name, warnings);
        employees.report(name, warnings);
    }
}

/// The first warnings of one sort, and how many more there are.
struct Few {
    rule: &'static str,
    first: Vec<Problem>,
    more: usize,
}

/// Warnings of one sort that are reported one by one.
const SHOWN_EACH: usize = 5;

impl Few {
    fn new(rule: &'static str) -> Few {
        Few { rule, first: Vec::new(), more: 0 }
    }

    fn add(&mut self, place: String, value: &str) {
        if self.first.len() < SHOWN_EACH {
            self.first.push(Problem::new(place, self.rule, value));
        } else {
            self.more += 1;
        }
    }

    fn report(self, file: &str, warnings: &mut Vec<Problem>) {
        warnings.extend(self.first);
        if self.more > 0 {
            warnings.push(Problem::plain(format!("{file}:"), format!("{} more like the last", self.more)));
        }
    }
}

/// The topic of reasons has brokers that are known, and is no source.
fn reasons_topic(config: &Config) -> Vec<Problem> {
    let directory = &config.directory;
    let place = |key: &str| format!("{}: directory.{key}", config.file.display());
    match (&directory.explanations_topic, config.explanations_topic()) {
        (None, _) if directory.explanations_brokers.is_some() || directory.explanations_client.is_some() => {
            vec![Problem::plain(place("explanations_topic"), "must be given where its brokers or client settings are")]
        }
        (Some(_), None) => vec![Problem::new(place("explanations_brokers"), "must be given where no source is Kafka", "nothing")],
        (Some(topic), Some(_)) => {
            let is_source = |source: &Source| matches!(&source.kind, SourceKind::Kafka(kafka) if kafka.topics.contains(topic));
            let rule = "must not be a topic that a source reads";
            config
                .sources
                .iter()
                .find(|source| is_source(source))
                .map(|_| Problem::new(place("explanations_topic"), rule, topic))
                .into_iter()
                .collect()
        }
        (None, _) => Vec::new(),
    }
}

/// Dead letters go to one place, and to brokers that are known.
fn dead_letters(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let letters = &config.dead_letters;
    let place = |key: &str| format!("{}: dead_letters.{key}", config.file.display());
    let is_topic = letters.topic.is_some() || letters.brokers.is_some() || letters.client.is_some();
    match (&letters.path, config.dead_letter_topic()) {
        (Some(path), Some(_)) => {
            let rule = "must not be given beside a topic: dead letters go to one of them";
            problems.push(Problem::new(place("path"), rule, path.display()));
        }
        (_, None) if is_topic => {
            problems.push(Problem::new(place("brokers"), "must be given where no source is Kafka", "nothing"));
        }
        _ => {}
    }
    problems
}

/// The record of views that a source brings is one of the sources, and is told to be one.
fn views(config: &Config) -> Vec<Problem> {
    let Some(name) = &config.console.views_source else { return Vec::new() };
    let place = format!("{}: console.views_source", config.file.display());
    if config.console.views_file.is_none() {
        vec![Problem::new(
            place,
            "must not be given without views_file, from which it brings what the console writes down",
            format!("{name:?}"),
        )]
    } else if config.sources.iter().all(|source| source.name != *name) {
        vec![Problem::new(place, "must be the name of a [[source]]", format!("{name:?}"))]
    } else {
        Vec::new()
    }
}

/// Decisions come from where all who work see the same: one process from a file, several from a topic.
fn decisions(config: &Config) -> Vec<Problem> {
    let of = &config.decisions;
    let place = |key: &str| format!("{}: decisions.{key}", config.file.display());
    let mut problems = Vec::new();
    match (&of.file, &of.topic, config.cluster.is_some()) {
        (Some(file), _, true) => {
            problems.push(Problem::new(
                place("file"),
                "must be a topic where there is a [cluster]: all processes must see the same",
                file.display(),
            ));
        }
        (_, Some(topic), false) => {
            problems.push(Problem::new(place("topic"), "must go with a [cluster]: one process reads a file", topic));
        }
        (_, None, _) if of.brokers.is_some() || of.client.is_some() => {
            problems.push(Problem::plain(place("topic"), "must be given where its brokers or client settings are"));
        }
        (_, Some(_), true) if config.decisions_topic().is_none() => {
            problems.push(Problem::new(place("brokers"), "must be given where no source is Kafka", "nothing"));
        }
        _ => {}
    }
    problems
}

/// Sinks of a cluster that are files, which hold a part of its alerts each.
pub fn files_of_a_cluster(config: &Config) -> Vec<Problem> {
    let Some(cluster) = &config.cluster else { return Vec::new() };
    let rule = format!(
        "should be a topic where there is a [cluster]: settled alerts come into the file of whichever process has task 0 then; \
         without any [[sink]] the topic {} has them all",
        cluster.alerts_topic()
    );
    let files = config.sinks.iter().enumerate().filter_map(|(at, sink)| Some((at, sink.writes_file()?)));
    files.map(|(at, path)| Problem::new(format!("{}: sink[{at}].path", config.file.display()), &rule, path.display())).collect()
}

/// Processes that share the work have no files in common, and one set of brokers.
fn in_a_cluster(config: &Config, cluster: &Cluster) -> Vec<Problem> {
    let internal = cluster.internal_topics();
    let file = config.file.display();
    let mut problems = Vec::new();
    let is_shared = config.database_location().is_none_or(|location| location.kind() == database::Kind::Postgres);
    if !config.notify.is_empty() && !is_shared {
        let rule =
            "must be a PostgreSQL where there are [cluster] and [[notify]]: what was told of a case one process must know of the other";
        problems.push(Problem::plain(format!("{file}: database.url"), rule));
    }
    let mut brokers: Option<&str> = None;
    for (at, source) in config.sources.iter().enumerate() {
        match &source.kind {
            SourceKind::Files(pattern) => {
                let rule = "must be kafka where there is a [cluster]: its processes have no files in common";
                problems.push(Problem::new(format!("{file}: source[{at}].kind"), rule, format!("file ({pattern})")));
            }
            SourceKind::Kafka(kafka) => {
                if let Some(topic) = kafka.topics.iter().find(|topic| topic.starts_with('^')) {
                    let rule = "must be named in full where there is a [cluster]: time goes on when all of its partitions have";
                    problems.push(Problem::new(format!("{file}: source[{at}].topics"), rule, format!("{topic:?}")));
                }
                if let Some(topic) = kafka.topics.iter().find(|topic| internal.contains(topic)) {
                    let rule = "must not be an internal topic of the cluster: see [cluster] topic_prefix";
                    problems.push(Problem::new(format!("{file}: source[{at}].topics"), rule, format!("{topic:?}")));
                }
                if *brokers.get_or_insert(&kafka.brokers) != kafka.brokers {
                    let rule = "must be those of the first source where there is a [cluster]";
                    problems.push(Problem::new(format!("{file}: source[{at}].brokers"), rule, &kafka.brokers));
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        let text = format!("[catalog]\nfile = \"catalog.toml\"\n{text}");
        let problems = Config::parse(&text, Path::new("c.toml")).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn two_sources_of_one_name_are_refused() {
        let source = "[[source]]\nname = \"a\"\npath = \"x\"\n";
        let found = mistakes(&source.repeat(2));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("c.toml: source[1].name must differ from that of every other source, got"), "{found:?}");
        assert!(mistakes(source).is_empty());
    }

    #[test]
    fn a_file_is_written_by_one_and_read_by_none_of_us() {
        let sink = |path: &str| format!("[[sink]]\nkind = \"jsonl\"\npath = \"{path}\"\n");
        let found = mistakes(&(sink("out/a.jsonl") + &sink("./out/x/../a.jsonl")));
        assert_eq!(found, ["c.toml: sink[1].path must not be the file of sink[0].path, got ./out/x/../a.jsonl"]);
        let found = mistakes(&format!("{}[[source]]\nname = \"a\"\npath = \"out/*.jsonl\"\n", sink("out/a.jsonl")));
        assert_eq!(found, ["c.toml: sink[0].path must not be a file that the source \"a\" reads, got out/a.jsonl"]);
        assert_eq!(mistakes(&(sink("a") + "[dead_letters]\npath = \"a\"\n")).len(), 1);
        assert!(mistakes(&(sink("a") + &sink("b"))).is_empty());
    }

    #[test]
    fn dead_letters_go_to_a_file_or_to_a_topic_of_known_brokers() {
        let found = mistakes("[dead_letters]\npath = \"a\"\ntopic = \"t\"\nbrokers = \"h:1\"\n");
        assert_eq!(found, ["c.toml: dead_letters.path must not be given beside a topic: dead letters go to one of them, got a"]);
        let found = mistakes("[dead_letters]\ntopic = \"t\"\n");
        assert_eq!(found, ["c.toml: dead_letters.brokers must be given where no source is Kafka, got nothing"]);
        let kafka = "[[source]]\nname = \"k\"\nkind = \"kafka\"\nbrokers = \"h:1\"\ntopic = \"x\"\n";
        assert!(mistakes(&(kafka.to_owned() + "[dead_letters]\ntopic = \"t\"\n")).is_empty());
    }

    #[test]
    fn a_cluster_tells_its_alerts_in_a_topic_and_says_what_its_files_hold() {
        let source = "[[source]]\nname = \"k\"\nkind = \"kafka\"\nbrokers = \"h:1\"\ntopic = \"x\"\n";
        let config = |more: &str| {
            let text = format!("[catalog]\nfile = \"catalog.toml\"\n{source}{more}");
            Config::parse(&text, Path::new("c.toml")).expect("a configuration")
        };
        let sinks = |config: &Config| config.sinks.iter().map(|sink| sink.describe()).collect::<Vec<_>>();
        assert!(sinks(&config("")).is_empty());
        let cluster = config("[cluster]\ntopic_prefix = \"ours\"\n");
        assert_eq!(cluster.sinks.iter().map(|sink| sink.topic()).collect::<Vec<_>>(), [Some(("ours.alerts", "h:1"))]);
        assert!(files_of_a_cluster(&cluster).is_empty());
        let with_file = config("[[sink]]\nkind = \"jsonl\"\npath = \"a.jsonl\"\n[cluster]\ntopic_prefix = \"ours\"\n");
        assert_eq!(with_file.sinks.len(), 1);
        let told: Vec<String> = files_of_a_cluster(&with_file).iter().map(ToString::to_string).collect();
        let rule = "c.toml: sink[0].path should be a topic where there is a [cluster]: settled alerts come into the file of whichever \
                    process has task 0 then; without any [[sink]] the topic ours.alerts has them all, got a.jsonl";
        assert_eq!(told, [rule]);
    }

    #[test]
    fn no_topic_of_the_cluster_itself_is_a_source() {
        let source =
            |topic: &str| format!("[[source]]\nname = \"k\"\nkind = \"kafka\"\nbrokers = \"h:1\"\ntopic = \"{topic}\"\n[cluster]\n");
        for name in ["access", "state", "summaries", "baselines", "ticks", "redriven", "alerts", "dead-letters", "explanations"] {
            let topic = format!("leakwarden.{name}");
            let rule = "must not be an internal topic of the cluster: see [cluster] topic_prefix";
            assert_eq!(mistakes(&source(&topic)), [format!("c.toml: source[0].topics {rule}, got {topic:?}")]);
        }
        assert!(mistakes(&source("leakwarden.other")).is_empty());
    }

    #[test]
    fn rows_of_a_topic_without_a_header_are_told() {
        let told = |kind: &str, header: &str| {
            let text = format!(
                "[catalog]\nfile = \"catalog.toml\"\n[[source]]\nname = \"k\"\n{kind}\nformat = \"own\"\n\
                 [format.own]\nkind = \"csv\"\ntime = \"t\"\naccount = \"a\"\n{header}"
            );
            headerless_topics(&Config::parse(&text, Path::new("c.toml")).expect("is valid")).len()
        };
        let kafka = "kind = \"kafka\"\nbrokers = \"h:1\"\ntopic = \"x\"";
        assert_eq!((told(kafka, ""), told(kafka, "header = [\"t\", \"a\"]\n"), told("kind = \"file\"\npath = \"x\"", "")), (1, 0, 0));
    }

    #[test]
    fn catalog_entries_that_are_never_reached_are_told() {
        let text = "[[table]]\ntable = \"crm.*\"\nsubject = \"id\"\n[[table]]\nsystem = \"web\"\ntable = \"crm.customers\"\nsubject = \"id\"\n\
                    [[table]]\ntable = \"CRM.*\"\n[[table]]\ntable = \"ref.*\"\n";
        let catalog = Catalog::parse(text, "c").expect("is valid");
        let mut warnings = Vec::new();
        unreachable_tables(Path::new("c"), &catalog, &mut warnings);
        let texts: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert!(texts[0].contains("never reached: table[0]") && texts[1].contains("stands twice: table[0]"), "{texts:?}");
        assert!(texts[2].contains("nothing personal"), "{texts:?}");
    }
}
