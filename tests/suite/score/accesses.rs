//! What the program understood of a log, by the case that caused it.
//!
//! PostgreSQL's clients give the name of their case as `application_name`, which the program prints as `client.app`. In
//! MariaDB a comment of the statement names the case, and the program prints no statements: the line that `source` cites is
//! looked up in the log, and where that has no comment, the number of its connection.

use super::runs::Case;
use crate::common::program::{json_lines, leakwarden};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One access, as far as it counts people.
pub struct Access {
    /// What it did.
    pub operation: String,
    /// How many people it disclosed.
    pub persons: Persons,
    /// Those of them that are known.
    pub subjects: BTreeSet<String>,
    /// The line of the log.
    pub source: String,
}

/// A count of people in the program's output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Persons {
    /// Just so many.
    Exact(u64),
    /// No more than so many.
    AtMost(u64),
    /// The log does not say.
    Unknown,
}

/// What became of a log.
pub enum Decoded {
    /// No format recognises it.
    NoDecoder,
    /// Accesses by case, and how many records were refused.
    Accesses { by_case: BTreeMap<String, Vec<Access>>, dead: u64, messages: String },
}

/// Reads a log with the program.
pub fn decode(config: &Path, log: &Path, cases: &[Case]) -> Decoded {
    let arguments = ["decode", "--config", "config.toml", "--format", "auto", log.to_str().expect("a path is UTF-8")];
    let ran = leakwarden(config, &arguments).well();
    if ran.err.contains("no format recognises") {
        return Decoded::NoDecoder;
    }
    let dead = ran.err.lines().find_map(|line| line.strip_suffix(" records could not be decoded")?.parse().ok()).unwrap_or(0);
    let bytes = std::fs::read(log).expect("the log can be read");
    let lines: Vec<String> = String::from_utf8_lossy(&bytes).split('\n').map(str::to_owned).collect();
    let connections = connections(&lines, cases);
    let mut by_case: BTreeMap<String, Vec<Access>> = BTreeMap::new();
    for value in json_lines(&ran.out) {
        let access = access(&value);
        let app = value["client"]["app"].as_str().filter(|app| cases.iter().any(|case| case.case == *app));
        let case = app.or_else(|| {
            let number: usize = access.source.rsplit_once(':')?.1.parse().ok()?;
            let line = lines.get(number.checked_sub(1)?)?;
            commented(line, cases).or_else(|| connections.get(&connection(line)?).copied())
        });
        by_case.entry(case.unwrap_or("").to_owned()).or_default().push(access);
    }
    Decoded::Accesses { by_case, dead, messages: ran.err }
}

/// An access of the program's output.
pub fn access(value: &Value) -> Access {
    let figure = |name: &str| value["persons"][name].as_u64();
    let persons = match (figure("exact"), figure("at_most")) {
        (Some(n), _) => Persons::Exact(n),
        (_, Some(n)) => Persons::AtMost(n),
        _ => Persons::Unknown,
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let subjects = value["subjects"].as_array().map(|subjects| subjects.iter().map(text).collect()).unwrap_or_default();
    Access { operation: text(&value["operation"]), persons, subjects, source: text(&value["source"]) }
}

/// The case that a comment of a statement names.
fn commented<'a>(line: &str, cases: &'a [Case]) -> Option<&'a str> {
    let mut rest = line;
    while let Some((_, after)) = rest.split_once("/* ") {
        let name = after.split(' ').next().unwrap_or_default();
        if let Some(case) = cases.iter().find(|case| case.case == name) {
            return Some(&case.case);
        }
        rest = after;
    }
    None
}

/// The case of each of MariaDB's connections: noted by the laboratory, or named by another statement of the connection.
fn connections<'a>(lines: &[String], cases: &'a [Case]) -> BTreeMap<u64, &'a str> {
    let noted = cases.iter().filter_map(|case| Some((case.connection?, case.case.as_str())));
    let named = lines.iter().filter_map(|line| Some((connection(line)?, commented(line, cases)?)));
    named.chain(noted).collect()
}

/// The connection's number in a line of MariaDB's audit: two fields before what happened.
fn connection(line: &str) -> Option<u64> {
    const EVENTS: &[&str] = &["CONNECT", "DISCONNECT", "QUERY", "READ", "WRITE", "CREATE", "ALTER", "RENAME", "DROP"];
    let fields: Vec<&str> = line.split(',').take(8).collect();
    let at = fields.iter().position(|field| EVENTS.contains(field))?;
    fields.get(at.checked_sub(2)?)?.parse().ok()
}
