//! What shippers, tools and services make of one and the same read: each is recognised, and tells who read what, from where and when.
//! The inputs are made by hand after public documentation.

use crate::common::program::{json_lines, leakwarden};
use serde_json::{Value, json};
use std::path::Path;

/// PostgreSQL's read of 120 rows by `li` at `10.0.0.7`.
const READ: [&str; 4] = ["li", "10.0.0.7", "crm.customers", "{\"exact\":120}"];

/// A file, and of its one access the account, the client's address, the table and the people.
const SHAPES: &[(&str, [&str; 4])] = &[
    ("aiven.jsonl", READ),
    ("azure_kusto.csv", ["null", "null", "crm.customers", "{\"exact\":120}"]),
    ("azure_prefix.log", READ),
    ("crunchy_bridge.log", ["li", "null", "crm.customers", "{\"exact\":120}"]),
    ("dynatrace.json", READ),
    ("fluentd_forward.jsonl", READ),
    ("heroku.log", READ),
    ("journal_unit.log", READ),
    ("kafka_console.txt", READ),
    ("kafka_rest.json", READ),
    ("kafka_value.jsonl", READ),
    ("kubectl.log", READ),
    ("papertrail.tsv", READ),
    ("prefix_angle.log", READ),
    ("prefix_brackets.log", READ),
    ("prefix_client_port.log", READ),
    ("prefix_names_rfc5424.log", READ),
    ("rds_long.log", READ),
    ("supabase.json", READ),
    ("azure_mysql_answer.json", ["li", "10.0.0.9", "crm.customers", "unknown"]),
    ("oracle_aix.log", ["LI", "null", "CRM.CUSTOMERS", "unknown"]),
    ("documentdb.json", ["li", "10.0.0.9", "crm.customers", "{\"at_most\":1}"]),
    ("documentdb_cloudwatch.json", ["li", "10.0.0.9", "crm.customers", "{\"at_most\":1}"]),
    ("ranger_solr.json", ["li", "10.0.0.9", "crm.customers", "unknown"]),
];

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A folder with a catalog and a configuration.
fn work() -> tempfile::TempDir {
    let work = tempfile::tempdir().expect("a directory");
    std::fs::copy(fixtures().join("cases/formats/catalog.toml"), work.path().join("catalog.toml")).expect("copied");
    std::fs::write(work.path().join("config.toml"), "[catalog]\nfile = \"catalog.toml\"\n").expect("written");
    work
}

#[test]
fn every_shape_of_a_shipper_tells_who_read_what_from_where_and_when() {
    let work = work();
    let mut faults = Vec::new();
    for (file, right) in SHAPES {
        let path = fixtures().join("shippers").join(file);
        let ran = leakwarden(work.path(), &["decode", "--config", "config.toml", path.to_str().expect("UTF-8")]);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let said: Vec<Vec<String>> = json_lines(&ran.out)
            .iter()
            .map(|access| {
                let account = Some(&access["account"]).filter(|account| **account != json!("(unknown)")).unwrap_or(&Value::Null);
                [account, &access["client"]["ip"], &access["objects"][0]["table"], &access["persons"], &access["time"]].map(text).to_vec()
            })
            .collect();
        let is_right = |access: &Vec<String>| access[..4] == *right && access[4].starts_with("2026-03-02T09:00:00");
        if said.len() != 1 || !said.iter().all(is_right) || ran.status != 0 {
            faults.push(format!("{file}: {said:?}, right is {right:?}; {}", ran.err));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_wrong_format_says_so() {
    let work = work();
    for (format, file) in [
        ("percona-audit-xml", "prefix_client_port.log"),
        ("oracle-audit-xml", "azure_prefix.log"),
        ("atna", "journal_unit.log"),
        ("oracle-unified-json", "documentdb.json"),
        ("mongodb-audit", "kafka_rest.json"),
    ] {
        let path = fixtures().join("shippers").join(file);
        let ran = leakwarden(work.path(), &["decode", "--config", "config.toml", "--format", format, path.to_str().expect("UTF-8")]);
        assert!(ran.status == 1 && ran.out.is_empty() && ran.err.contains("formats that come near"), "{format}, {file}: {}", ran.err);
    }
}
