//! Replays the fuzzers' corpus: what once was interesting stays harmless. Every format has a target and seeds that decode.

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, reason = "the fuzz targets use all of it")]
mod fuzz;

use fuzz::Tally;
use leakwarden::decode::{FORMATS, custom};
use std::path::{Path, PathBuf};

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz");

/// The files of a target's corpus, with their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(FUZZ).join("corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("is readable").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has a seed", folder.display());
    let name = |path: &Path| path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    paths.iter().map(|path| (name(path), std::fs::read(path).expect("is readable"))).collect()
}

/// Files of `src/decode` with their text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/decode")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("can be listed") {
            let path = entry.expect("can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).expect("a source file is UTF-8");
                found.push((path, text));
            }
        }
    }
    found
}

/// The name of the format that a file declares: `name: "…"` of its `const …: Format`.
fn declared(text: &str) -> Option<&str> {
    let (_, after) = text.split_once(": Format = Format {")?;
    let (_, name) = after.split_once("name: \"")?;
    name.split_once('"').map(|(name, _)| name)
}

#[test]
fn every_file_that_declares_a_format_has_a_row() {
    let known: Vec<&str> = FORMATS.iter().chain(custom::KINDS).map(|format| format.name).collect();
    let sources = sources();
    let declared: Vec<(&str, &Path)> = sources.iter().filter_map(|(path, text)| Some((declared(text)?, path.as_path()))).collect();
    for (name, path) in &declared {
        assert!(
            known.contains(name),
            "{} declares the format `{name}`, and FORMATS in src/decode/mod.rs has no row for it",
            path.display()
        );
    }
    assert_eq!(declared.len(), known.len(), "each row is declared in a file of its own: {declared:?}");
}

#[test]
fn every_format_has_a_fuzz_target_and_seeds() {
    let manifest = std::fs::read_to_string(format!("{FUZZ}/Cargo.toml")).expect("is there");
    for name in FORMATS.iter().map(|format| format.name).chain(["sql"]) {
        let target = Path::new(FUZZ).join("fuzz_targets").join(format!("{name}.rs")).is_file();
        let listed = manifest.contains(&format!("name = \"{name}\""));
        assert!(target && listed, "`{name}` has no fuzz target: run `sh tests/fuzz/targets.sh {name}`");
        let seeds = std::fs::read_dir(Path::new(FUZZ).join("corpus").join(name)).into_iter().flatten();
        let seeds = seeds.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("seed"))).count();
        assert!(seeds > 0, "`{name}` has no seed: put some lines of such a log into tests/fuzz/corpus/{name}/seed-1");
    }
}

/// The example that ends the head of a format's file.
fn example(head: &str) -> Option<String> {
    let (_, after) = head.split_once("**Example**:\n")?;
    let (_, block) = after.split_once("```")?;
    let (_, lines) = block.split_once('\n')?;
    lines.split_once("\n```").map(|(example, _)| example.to_owned())
}

#[test]
fn the_example_in_the_head_of_every_format_is_one_record_of_it() {
    let sources = sources();
    for format in FORMATS {
        let own = sources.iter().find(|(_, text)| text.starts_with(&format!("//! `{}`:", format.name)));
        let (path, text) = own.unwrap_or_else(|| panic!("no file of src/decode begins with //! `{}`:", format.name));
        let head: Vec<&str> =
            text.lines().map_while(|line| line.strip_prefix("//!")).map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        let example =
            example(&head.join("\n")).unwrap_or_else(|| panic!("{} ends without an **Example**: in a code block", path.display()));
        let tally = fuzz::decode(format.name, example.as_bytes(), true);
        assert!(tally.records == 1 && tally.dead == 0, "{}: {tally:?}", path.display());
        let found = leakwarden::decode::recognise(example.lines().map(str::as_bytes)).map(|format| format.name);
        assert_eq!(found, Some(format.name), "{}", path.display());
    }
}

#[test]
fn seeds_decode_without_a_dead_letter_and_other_finds_do_no_harm() {
    for format in FORMATS {
        for (name, bytes) in corpus(format.name) {
            let lines = fuzz::decode(format.name, &bytes, true);
            fuzz::decode(format.name, &bytes, false);
            if name.starts_with("seed") {
                assert!(lines.records > 0 && lines == Tally { dead: 0, ..lines }, "{}/{name}: {lines:?}", format.name);
            }
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it measures how long decoding takes")]
fn a_record_that_never_ends_costs_no_more_than_its_length() {
    for format in FORMATS {
        for (name, seed) in corpus(format.name).into_iter().filter(|(name, _)| name.starts_with("seed")) {
            for filler in ["x\n", "a\"b\"c\n", "it's\n", "<a b='c'\n", "Mon Mar 02 11:58:08 2026\n"] {
                let quote = seed.iter().rposition(|byte| *byte == b'"').unwrap_or(seed.len() / 2);
                for cut in [seed.len() / 2, quote] {
                    let log = [&seed[..cut], b"\n", filler.repeat(200_000 / filler.len()).as_bytes()].concat();
                    let begun = std::time::Instant::now();
                    fuzz::decode(format.name, &log, true);
                    let took = begun.elapsed();
                    assert!(took.as_secs() < 10, "{}/{name} cut at {cut}, then {filler:?}: {took:?}", format.name);
                }
            }
        }
    }
}

#[test]
fn a_log_of_another_format_is_never_passed_over_in_silence() {
    // What stands between elements, and what other programs write to syslog, is no record and no loss.
    let passed_over = |format: &str, seed: &[u8]| match format {
        "atna" | "fhir-auditevent" | "oracle-audit-xml" | "percona-audit-xml" => seed.starts_with(b"<"),
        "postgresql-stderr" | "oracle-syslog" => seed.starts_with(b"<") || seed.starts_with(b"Mar ") || seed.starts_with(b"Nov "),
        "mariadb-audit" => seed.starts_with(b"<"),
        "sqlserver-audit" => seed.starts_with(b"<") || seed.starts_with(b"Mar "),
        // One event hub carries the logs of several services.
        "azure-mysql" | "azure-postgresql" => seed.starts_with(b"{\"category\"") || seed.starts_with(b"{\"time\""),
        _ => false,
    };
    let mut silent = Vec::new();
    for format in FORMATS {
        for other in FORMATS.iter().filter(|other| other.name != format.name) {
            for (name, seed) in corpus(other.name).into_iter().filter(|(name, _)| name.starts_with("seed")) {
                // The head of Oracle's files is free text, and short.
                let seed = if format.name == "oracle-syslog" { seed.repeat(30) } else { seed };
                if fuzz::decode(format.name, &seed, true) == Tally::default() && !passed_over(format.name, &seed) {
                    silent.push(format!("{}/{name} as {}", other.name, format.name));
                }
            }
        }
    }
    assert!(silent.is_empty(), "neither records nor losses (a seed has three lines or more): {silent:#?}");
}

#[test]
fn the_seeds_of_a_format_are_recognised_as_it_and_as_no_other() {
    for format in FORMATS {
        for (name, bytes) in corpus(format.name).into_iter().filter(|(name, _)| name.starts_with("seed")) {
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let found = leakwarden::decode::recognise(lines).map(|format| format.name);
            assert_eq!(found, Some(format.name), "{}/{name}", format.name);
        }
    }
}

#[test]
fn statements_of_the_corpus_do_no_harm() {
    for (_, bytes) in corpus("sql") {
        fuzz::statement(&bytes);
    }
}
