//! The files in `config/` are true: they load, they name every setting that is read, their alternatives are valid, and
//! their records tell the story that the README tells.

use leakwarden::config::load;
use leakwarden::config::schema::Config;
use leakwarden::detect::DETECTORS;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn example() -> String {
    std::fs::read_to_string(format!("{ROOT}/config/leakwarden.toml")).expect("the example is there")
}

/// The example with every line that begins with `#` and no space put to use.
fn put_to_use() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| !c.is_whitespace()) => rest.to_owned(),
        _ => line.to_owned(),
    };
    example().lines().map(line).collect::<Vec<_>>().join("\n")
}

fn parse(text: &str) -> Config {
    Config::parse(text, &Path::new(ROOT).join("config/leakwarden.toml")).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn the_examples_load() {
    let config = parse(&example());
    let context = load::load(&config).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert!(context.classifier.catalog.tables().len() > 3 && context.classifier.directory.employees() > 5);
    assert!(context.explanations.len() > 3 && context.subjects.canaries() == 1);
}

#[test]
fn what_stands_behind_a_sign_is_valid_and_says_the_defaults() {
    // A cluster has no files in common, and the example's sources are files too.
    let (alone, cluster) = put_to_use().split_once("[cluster]").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("it has a cluster");
    let (cluster, rest) = cluster.split_once("\n\n").expect("more follows");
    let (config, all) = (parse(&example()), parse(&format!("{alone}{rest}")));
    let kafka = "[catalog]\nfile = \"catalog.toml\"\n[[source]]\nname = \"a\"\nkind = \"kafka\"\nbrokers = \"b:9092\"\ntopics = [\"t\"]\n";
    let given = parse(&format!("{kafka}[cluster]{cluster}")).cluster.expect("it is given");
    let plain = parse(&format!("{kafka}[cluster]\n")).cluster.expect("it is given");
    assert_eq!((given.tasks, &given.prefix, given.session), (plain.tasks, &plain.prefix, plain.session));
    assert_eq!((all.sources.len(), all.sinks.len()), (config.sources.len() + 1, config.sinks.len() + 1), "the alternatives with Kafka");
    let plain = parse("[catalog]\nfile = \"catalog.toml\"\n[time]\nzone = \"Asia/Shanghai\"\n");
    assert_eq!((all.lateness, all.dedup, all.skew, all.idle), (plain.lateness, plain.dedup, plain.skew, plain.idle));
    assert_eq!(format!("{:?}", all.alerts), format!("{:?}", plain.alerts));
    assert_eq!(all.detectors, plain.detectors);
    assert_eq!(
        (all.provisional, all.checkpoint, &all.state, &all.listen),
        (plain.provisional, plain.checkpoint, &plain.state, &plain.listen)
    );
    let built_in = leakwarden::model::statute::Statute::built_in();
    let named = load::load(&Config { statute: all.statute, ..config }).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(named.statute, built_in);
}

/// The reader of settings names each where it asks for it: every such name must stand in the example.
#[test]
fn every_setting_that_is_read_stands_in_the_example() {
    let read = |name: &str| std::fs::read_to_string(format!("{ROOT}/src/config/{name}.rs")).expect("the reader is there");
    let reader = read("written") + &read("formats");
    let mut known: BTreeSet<&str> = DETECTORS.iter().map(|detector| detector.typology.name()).collect();
    let asks = [
        "named(\"",
        "path(\"",
        "tables(\"",
        "section.text(\"",
        "section.texts(\"",
        "section.required(\"",
        "section.strings(\"",
        "section.span(\"",
        "section.flag(\"",
        "section.number(\"",
        "section.word(\"",
    ];
    for ask in asks {
        known.extend(reader.match_indices(ask).filter_map(|(at, _)| reader[at + ask.len()..].split('"').next()));
    }
    known.extend(leakwarden::decode::custom::Field::ALL.iter().map(|(name, _)| *name));
    assert!(known.len() > 40, "{known:?}");
    let example = put_to_use();
    let words: BTreeSet<&str> = example
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    let missing: Vec<&&str> = known.iter().filter(|name| !words.contains(**name)).collect();
    assert!(missing.is_empty(), "not in config/leakwarden.toml: {missing:?}");
}

#[test]
fn the_sample_tells_its_story() {
    let out = Command::new(env!("CARGO_BIN_EXE_leakwarden"))
        .args(["replay", "--config", "config/leakwarden.toml", "--alerts", "-", "config/sample.jsonl"])
        .current_dir(ROOT)
        .output()
        .expect("it runs");
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{errors}");
    assert!(errors.contains("34 records") && errors.contains(" 0 dead letters"), "{errors}");
    let text = String::from_utf8(out.stdout).expect("alerts are UTF-8");
    let alerts: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("an alert is JSON")).collect();
    let found: Vec<_> = alerts.iter().map(|alert| (alert["employee"].as_str(), alert["typology"].as_str())).collect();
    assert!(found.contains(&(Some("E1003"), Some("bulk_extract"))), "{found:?}");
    assert!(found.contains(&(Some("E1007"), Some("ghost_leaver"))), "{found:?}");
    assert!(found.iter().all(|(employee, _)| [Some("E1003"), Some("E1007")].contains(employee)), "nobody else: {found:?}");
}
