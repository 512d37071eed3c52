//! No record without a fate (docs/contract.md §2): what becomes of lines adds up to the lines that were read, in every format.

use crate::common::program::{command, leakwarden, leakwarden_with};
use crate::common::service::Service;
use crate::common::world::{CATALOG, World};
use leakwarden::decode::{self, Codec, Decoded, Ignored, IgnoredCounts, IgnoredReason, Raw, Settings};
use leakwarden::model::access::{Position, RecordHash};
use leakwarden::model::time::Timestamp;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What became of the lines of a file.
#[derive(Default, Debug)]
struct Fates {
    lines: u64,
    /// Lines for which something was told, each once: by itself or with others.
    told: BTreeSet<u64>,
    records: u64,
    dead: u64,
    ignored: IgnoredCounts,
}

impl Fates {
    fn take(&mut self, decoded: &Decoded<'_>) {
        self.told.extend(decoded.fate().map(|(position, _)| position.0));
        match decoded {
            Decoded::Record(_) => self.records += 1,
            Decoded::Lost(_) => self.dead += 1,
            Decoded::Ignored(Ignored { reason, lines, .. }) => self.ignored.add(*reason, *lines),
            Decoded::Numbered(_) => {}
        }
    }

    fn sum(&self) -> u64 {
        self.records + self.dead + self.ignored.total()
    }

    fn other(&self) -> u64 {
        self.ignored.iter().filter(|(reason, _)| *reason == IgnoredReason::Other).map(|(_, lines)| lines).sum()
    }
}

/// Decodes the lines of a file as `decode` would: in their format, by their position.
fn fates(format: Option<&str>, bytes: &[u8]) -> Option<(&'static str, Fates)> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let format = match format {
        Some(name) => decode::format(name),
        None => decode::recognise(lines.iter().copied().take(100)),
    }?;
    let settings = Settings { latest: Timestamp::parse("2026-12-31T00:00:00Z").ok(), ..Settings::default() };
    let mut decoder = Codec::named(format, Arc::new(settings)).decoder();
    let mut fates = Fates::default();
    for (at, line) in lines.iter().enumerate() {
        fates.lines += 1;
        let raw = Raw::new(line, Position(at as u64 + 1), RecordHash::default());
        if decoder.decode(raw, &mut |decoded| fates.take(&decoded)).is_err() {
            fates.dead += 1;
            fates.told.insert(raw.position.0);
        }
    }
    decoder.flush(&mut |decoded| fates.take(&decoded));
    Some((format.name, fates))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("can be listed").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

/// Every line is counted: a line that holds more than one record is counted once for each, so that the sum may be above, never below.
fn check(name: &str, format: &'static str, fates: &Fates, silent: &mut BTreeMap<&'static str, (u64, Vec<String>)>) {
    assert!(fates.sum() >= fates.lines, "{name} ({format}): {fates:?} is less than its lines");
    if fates.other() > 0 {
        let (lines, files) = silent.entry(format).or_default();
        *lines += fates.other();
        files.push(name.to_owned());
    }
}

#[test]
fn every_line_of_every_fixture_is_counted_with_a_reason() {
    let (mut silent, mut lines, mut count) = (BTreeMap::new(), 0, 0);
    let mut paths = Vec::new();
    files(&Path::new(ROOT).join("tests/fixtures"), &mut paths);
    files(&Path::new(ROOT).join("tests/fuzz/corpus"), &mut paths);
    for path in paths {
        let name = path.strip_prefix(ROOT).expect("lies in it").display().to_string();
        let target = name.strip_prefix("tests/fuzz/corpus/").and_then(|rest| rest.split('/').next());
        if target == Some("sql") || name.ends_with(".truth.json") || name.ends_with(".toml") {
            continue;
        }
        let Some((format, fates)) = fates(target, &std::fs::read(&path).expect("is readable")) else { continue };
        (lines, count) = (lines + fates.lines, count + 1);
        check(&name, format, &fates, &mut silent);
    }
    assert!(count >= 30 && lines > 1_000, "{count} files with {lines} lines are not the fixtures");
    assert!(silent.is_empty(), "lines of which a decoder says nothing, by format: {silent:#?}");
}

#[test]
fn every_line_of_the_samples_is_counted_with_a_reason() {
    let place = std::env::var_os("LEAKWARDEN_SAMPLES").map_or_else(|| Path::new(ROOT).join("../shared/samples"), PathBuf::from);
    let mut paths = Vec::new();
    files(&place, &mut paths);
    if paths.is_empty() {
        std::io::stderr().write_all(b"SKIPPED: fates of samples: none beside the checkout\n").expect("is written");
        return;
    }
    let mut silent = BTreeMap::new();
    for path in paths {
        let name = path.strip_prefix(&place).expect("lies in it").display().to_string();
        // Large ones, and definitions of events that are none.
        let defines = name.contains("ocsf_schema/events");
        if defines || path.metadata().is_ok_and(|about| about.len() > 8 << 20) {
            continue;
        }
        let Some((format, fates)) = fates(None, &std::fs::read(&path).expect("is readable")) else { continue };
        check(&name, format, &fates, &mut silent);
    }
    assert!(silent.is_empty(), "lines of which a decoder says nothing, by format: {silent:#?}");
}

fn bank(log: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    World::bank().write(dir.path());
    std::fs::write(dir.path().join("log"), log).expect("written");
    dir
}

fn access(minute: u32) -> String {
    json!({"time": format!("2026-03-02T09:{minute:02}:00Z"), "employee": "E1", "objects": [{"table": "crm.customers"}], "rows": 1})
        .to_string()
}

/// The numbers of a summary line: lines, accesses, ignored, dead letters.
fn numbers(line: &str) -> Vec<u64> {
    line.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn the_summaries_add_up_to_the_lines_read() {
    let log = format!("{}\n\n{}\nrubbish\n{}\n", access(1), access(2), access(3));
    let dir = bank(&log);
    let ran = leakwarden(dir.path(), &["decode", "--config", "config.toml", "log"]).well();
    assert!(ran.err.contains("5 lines read: 3 accesses, 1 ignored (blank 1), 1 dead letters"), "{}", ran.err);
    let ran = leakwarden(dir.path(), &["replay", "--config", "config.toml", "log"]).well();
    let line = ran.err.lines().find(|line| line.contains("accesses accepted")).expect("a summary");
    let (_, rest) = line.split_once("): ").expect("figures follow");
    assert!(line.starts_with("5 records in") && numbers(rest).iter().sum::<u64>() == 5, "{line}");
    assert!(ran.err.contains("1 ignored: blank"), "{}", ran.err);
}

#[test]
fn where_nothing_decodes_the_near_formats_are_named_and_the_command_fails() {
    let near = r#"{"event_time":"yesterday","serviceName":"databrickssql","actionName":"commandSubmit","requestParams":{}}"#;
    let dir = bank(&format!("{near}\n{near}\n"));
    for format in [None, Some("canonical")] {
        for command in ["decode", "replay"] {
            let mut arguments = vec![command, "--config", "config.toml", "log"];
            format.iter().for_each(|name| arguments.extend(["--format", name]));
            let ran = leakwarden(dir.path(), &arguments);
            assert_eq!(ran.status, 1, "{arguments:?}: {}", ran.err);
            assert!(ran.err.contains("databricks-audit: 0 of the first 2 decode"), "{arguments:?}: {}", ran.err);
            assert!(!ran.err.contains("yesterday"), "a reason repeats no content: {}", ran.err);
        }
    }
    let ran = leakwarden_with(dir.path(), &["decode", "--config", "config.toml", "-"], b"");
    assert_eq!((ran.status, ran.out.len()), (0, 0), "an input without records is no mistake: {}", ran.err);
}

#[test]
fn check_looks_at_the_records_of_its_sources() {
    let dir = bank("nothing that anybody knows\n");
    let config = std::fs::read_to_string(dir.path().join("config.toml")).expect("is there");
    let source = "\n[[source]]\nname = \"access\"\nkind = \"file\"\npath = \"log\"\nformat = \"canonical\"\n";
    std::fs::write(dir.path().join("config.toml"), config + source).expect("written");
    let ran = leakwarden(dir.path(), &["check", "--config", "config.toml"]);
    assert!(ran.status == 1 && ran.err.contains("access: none of its 1 records decodes as canonical"), "{}", ran.err);
    std::fs::write(dir.path().join("log"), access(1) + "\n").expect("written");
    leakwarden(dir.path(), &["check", "--config", "config.toml"]).well();
}

fn place(log: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    write("subject.key", "a secret of thirty-two bytes, or more");
    write("catalog.toml", CATALOG);
    write("access.log", log);
    let source = "[[source]]\nname = \"access\"\npath = \"access.log\"\nformat = \"canonical\"\n";
    write("config.toml", &format!("[catalog]\nfile = \"catalog.toml\"\n[subjects]\nkey_file = \"subject.key\"\n{source}"));
    dir
}

fn service(log: &str) -> (tempfile::TempDir, Service) {
    let dir = place(log);
    let service = Service::start(dir.path());
    (dir, service)
}

/// Runs the service until the point is passed for that time, at which it dies.
fn die_at(dir: &Path, point: &str) {
    let arguments = ["run", "--config", "config.toml", "--state", "state", "--listen", "127.0.0.1:0"];
    let ended = command(dir, &arguments).env("LEAKWARDEN_FAIL_AT", point).output().expect("runs");
    assert_eq!(ended.status.code(), None, "a signal ended it: {}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn the_service_says_that_nothing_decodes_until_something_does_and_its_metrics_add_up() {
    let (dir, service) = service("");
    let append = |text: &str| {
        let mut file = std::fs::File::options().append(true).open(dir.path().join("access.log")).expect("opens");
        file.write_all(text.as_bytes()).expect("written");
    };
    let ready = |service: &Service| service.get("/readyz").is_some_and(|answer| answer.ends_with("ok\n"));
    append("rubbish\n\nrubbish\n");
    service.wait("it is not ready", |service| !ready(service));
    let answer = service.get("/readyz").expect("answers");
    assert!(answer.contains("503") && answer.ends_with("no record could be decoded: access\n"), "{answer}");
    assert_eq!(service.metric("leakwarden_source_undecoded{source=\"access\"}"), 1.0);
    assert!(service.log().contains("none of its 2 records decodes as canonical"), "{}", service.log());
    append(&format!("{}\n{}\n", access(1), access(2)));
    service.wait("it is ready again", ready);
    assert_eq!(service.metric("leakwarden_source_undecoded{source=\"access\"}"), 0.0);
    let of = |outcome: &str| service.metric(&format!("leakwarden_records_total{{outcome=\"{outcome}\",source=\"access\"}}"));
    assert_eq!((of("accepted"), of("ignored"), of("dead_letter")), (2.0, 1.0, 2.0));
    assert_eq!(service.metric("leakwarden_records_ignored_total{reason=\"blank\",source=\"access\"}"), 1.0);
}

#[test]
fn a_record_whose_decoding_ends_the_process_is_found_and_set_aside_once() {
    let dir = place(&(1..=5).map(|minute| access(minute) + "\n").collect::<String>());
    die_at(dir.path(), "decoding:1");
    // Now record by record: the third ends the process again.
    die_at(dir.path(), "decoding:3");
    let service = Service::start(dir.path());
    let of =
        |service: &Service, outcome: &str| service.metric(&format!("leakwarden_records_total{{outcome=\"{outcome}\",source=\"access\"}}"));
    service.wait("the others are read", |service| of(service, "accepted") == 4.0);
    assert_eq!(of(&service, "dead_letter"), 1.0);
    let letters = std::fs::read_to_string(dir.path().join("state/dead-letters.jsonl")).expect("is kept");
    let letters: Vec<serde_json::Value> = letters.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!((&letters[0]["position"], &letters[0]["source"]), (&3.into(), &"access".into()));
    assert!(letters[0]["reason"].as_str().is_some_and(|reason| reason.contains("ended the process")), "{letters:?}");
    assert!(service.log().contains("decoding a record ended the process"), "{}", service.log());
    drop(service);
    // Killed before or after anything was saved, it reads all again or goes on behind it, and still does not end at that record.
    let service = Service::start(dir.path());
    let mut log = std::fs::File::options().append(true).open(dir.path().join("access.log")).expect("opens");
    log.write_all((access(6) + "\n").as_bytes()).expect("written");
    let counted = |service: &Service| (of(service, "accepted"), of(service, "dead_letter"));
    service.wait("the rest is read", |service| [(5.0, 1.0), (1.0, 0.0)].contains(&counted(service)));
}
