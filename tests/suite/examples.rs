//! The files in `config/` are true: they load, their alternatives are valid, and their records lead to the alerts that the
//! documentation shows. That they name every setting is held in `configuration.rs`.

use leakwarden::config::load;
use leakwarden::config::schema::Config;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn example() -> String {
    std::fs::read_to_string(format!("{ROOT}/config/leakwarden.toml")).expect("the example is there")
}

/// The example with every line that begins with `#` and no space put to use.
fn put_to_use() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        // `#:schema` is for editors.
        Some(rest) if rest.starts_with(|c: char| !c.is_whitespace() && c != ':') => rest.to_owned(),
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
fn what_stands_behind_a_sign_is_valid() {
    // A cluster has no files in common, and the example's sources are files too.
    let (alone, cluster) = put_to_use().split_once("[cluster]").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("it has a cluster");
    let (cluster, rest) = cluster.split_once("\n\n").expect("more follows");
    // People sign in by a proxy or by a provider, and the example shows both.
    let without = |way: &str| -> String {
        format!("{alone}{rest}").lines().filter(|line| !line.starts_with(way)).map(|line| format!("{line}\n")).collect()
    };
    assert!(parse(&without("proxy_")).console.oidc_issuer.is_some());
    let (config, all) = (parse(&example()), parse(&without("oidc_")));
    let kafka = "[catalog]\nfile = \"catalog.toml\"\n[[source]]\nname = \"a\"\nkind = \"kafka\"\nbrokers = \"b:9092\"\ntopics = [\"t\"]\n";
    assert!(parse(&format!("{kafka}[cluster]{cluster}")).cluster.is_some());
    assert_eq!((all.sources.len(), all.sinks.len()), (config.sources.len() + 1, config.sinks.len() + 1), "the alternatives with Kafka");
    let plain = parse("[catalog]\nfile = \"catalog.toml\"\n");
    assert_eq!(all.detectors, plain.detectors);
    assert!(all.deprecated.is_empty(), "{:?}", all.deprecated);
    let built_in = leakwarden::model::statute::Statute::built_in();
    let named = load::load(&Config { statute: all.statute, ..config }).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(named.statute, built_in);
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
