//! The same statements in a real PostgreSQL: its log is counted, its rows are the truth.

use super::company::{CATALOG, TABLES};
use super::grammar;
use leakwarden::classify::catalog::Catalog;
use leakwarden::classify::counting::disclose;
use leakwarden::decode::{self, Raw};
use leakwarden::model::access::Position;
use leakwarden::model::keys::Keys;
use leakwarden::model::persons::Persons;
use leakwarden::model::record::Dialect;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// Statements that are sent to the server.
const STATEMENTS: usize = 4_000;

/// What SQLite says otherwise than PostgreSQL.
fn in_postgresql(text: &str) -> String {
    text.replace("group_concat(", "string_agg(").replace(" IS o.", " IS NOT DISTINCT FROM o.")
}

#[test]
#[ignore = "writes what the laboratory plays: .ci/run full"]
fn export() {
    let path = std::env::var("LEAKWARDEN_TRUTH_EXPORT").expect("LEAKWARDEN_TRUTH_EXPORT names the file");
    let mut lines = serde_json::json!({ "tables": TABLES }).to_string() + "\n";
    let statements = (0..).map(|seed| (seed, grammar::statement(seed))).filter(|(_, statement)| statement.dialect == Dialect::PostgreSql);
    for (seed, statement) in statements.take(STATEMENTS) {
        // A line comment would swallow the marks of the script around it.
        let (text, marked) = (statement.text.trim_end_matches(';'), in_postgresql(&statement.marked));
        writeln!(lines, "{}", serde_json::json!({ "case": format!("r{seed}"), "statement": text, "marked": marked })).expect("a string");
    }
    std::fs::write(path, lines).expect("written");
}

#[test]
fn what_postgresql_logs_of_random_statements_is_never_below_the_truth() {
    let Some(folder) = std::env::var_os("LEAKWARDEN_LABORATORY")
        .map(|path| PathBuf::from(path).join("postgresql_random"))
        .filter(|folder| folder.is_dir())
    else {
        return;
    };
    let truth: BTreeMap<String, u64> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("truth.json")).expect("the truth is there")).expect("is valid");
    let log = std::fs::read_to_string(folder.join("log.json")).expect("the log is there");
    let (catalog, keys) = (Catalog::parse(CATALOG, "catalog.toml").expect("is valid"), Keys::built_in());
    let format = decode::FORMATS.iter().find(|format| format.name == "postgresql-jsonlog").expect("is listed");
    let mut decoder = (format.decoder)(&decode::Settings::default());
    let mut counted: BTreeMap<String, Vec<(Persons, String)>> = BTreeMap::new();
    let mut keep = |decoded: decode::Decoded<'_>| {
        let Some(record) = decoded.record() else { return };
        let app = record.client.app.as_deref().unwrap_or("").to_owned();
        let text = record.statement.as_deref().unwrap_or("").to_owned();
        counted.entry(app).or_default().push((disclose(&record, &catalog, &keys).persons, text));
    };
    for (at, line) in log.lines().enumerate() {
        let _ = decoder.decode(Raw::new(line.as_bytes(), Position(at as u64 + 1), keys.record(line.as_bytes())), &mut keep);
    }
    decoder.flush(&mut keep);
    let (mut faults, mut tally) = (Vec::new(), BTreeMap::<&str, u64>::new());
    for (case, truth) in &truth {
        let accesses = counted.get(case).map(Vec::as_slice).unwrap_or_default();
        let figures: Option<u64> = accesses.iter().map(|(persons, _)| persons.figure()).sum();
        let exact = accesses.iter().all(|(persons, _)| matches!(persons, Persons::Exact(_)));
        let probes = case[1..].parse().is_ok_and(|seed| grammar::statement(seed).probes);
        let verdict = match figures {
            None => "unknown",
            Some(n) if n < *truth => "below the truth",
            Some(n) if exact && n != *truth && !(*truth == 0 && probes) => "exact and unequal",
            Some(_) if exact => "exact",
            Some(_) => "at most",
        };
        *tally.entry(verdict).or_default() += 1;
        if matches!(verdict, "below the truth" | "exact and unequal") {
            faults.push(format!("{verdict}: {case}, truth {truth}, said {accesses:?}"));
        }
    }
    println!("postgresql_random: {} statements, {tally:?}", truth.len());
    assert!(truth.len() > STATEMENTS / 4, "{} statements ran", truth.len());
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.iter().take(20).cloned().collect::<Vec<_>>().join("\n"));
}
