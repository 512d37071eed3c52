//! Logs of real servers other than PostgreSQL's and MariaDB's own: Trino, Ranger, HDFS, FHIR, and PostgreSQL through other
//! loggers. Each folder of `tests/fixtures/others` holds a log, the truth beside it, and the catalog.
//!
//! An access belongs to the case that its client named, or whose name or statement stands in the line that it cites.

use super::accesses::{Access, access};
use super::runs::Case;
use super::verdict::{Verdict, judge};
use crate::common::program::{json_lines, leakwarden};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A folder's log, its truth, its format, cases of which the log has no line, and how many must be exact: what is reached now.
struct Log {
    folder: &'static str,
    log: &'static str,
    truth: &'static str,
    format: &'static str,
    right: usize,
    invisible: &'static [(&'static str, &'static str)],
}

const LOGS: &[Log] = &[
    Log { folder: "trino476", log: "events.json.gz", truth: "truth.json", format: "trino-event", right: 36, invisible: &[] },
    Log {
        folder: "trino476_ranger",
        log: "audit_file.log.gz",
        truth: "truth.json",
        format: "ranger-audit",
        right: 0,
        invisible: &[("t02", "its text is that of EXECUTE IMMEDIATE, which names no case"), ("t46", "so is that of EXECUTE")],
    },
    Log {
        folder: "hdfs342",
        log: "hdfs-audit.log",
        truth: "truth.json",
        format: "hdfs-audit",
        right: 4,
        invisible: &[("h19", "WebHDFS passes on no caller context")],
    },
    Log {
        folder: "fhir_balp880",
        log: "events.ndjson.gz",
        truth: "truth.json",
        format: "fhir-auditevent",
        right: 20,
        invisible: &[("f11", "the server writes no event for a history")],
    },
    Log { folder: "pgauditlogtofile", log: "csv.log", truth: "csv.truth.json", format: "auto", right: 0, invisible: &[] },
    Log { folder: "pgauditlogtofile", log: "json.log", truth: "json.truth.json", format: "auto", right: 0, invisible: &[] },
    Log { folder: "cnpg_shape", log: "A_defaults.cnpg.json.gz", truth: "A_defaults.truth.json", format: "auto", right: 0, invisible: &[] },
];

/// The log itself, unpacked into a directory where it is packed.
fn unpacked(path: &Path, into: &Path) -> PathBuf {
    let bytes = std::fs::read(path).expect("the log can be read");
    if path.extension().is_none_or(|ending| ending != "gz") {
        return path.to_owned();
    }
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut text).expect("the log is whole");
    let plain = into.join(path.file_stem().expect("it has a name"));
    std::fs::write(&plain, text).expect("written");
    plain
}

/// Whether a line names a case: as a word of its own, or by its statement.
fn names(line: &str, case: &Case) -> bool {
    let word = |at: usize| {
        let around = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
        around(line[..at].chars().next_back()) && around(line[at + case.case.len()..].chars().next())
    };
    line.match_indices(&case.case).any(|(at, _)| word(at))
}

#[test]
fn no_case_of_another_server_is_counted_wrongly() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/others");
    let work = tempfile::tempdir().expect("a directory");
    let show = std::env::var("SHOW").unwrap_or_default();
    let mut faults = Vec::new();
    println!("\n  {:<42} right bounded unknown invisible wrong", "");
    for log in LOGS {
        let folder = fixtures.join(log.folder);
        let path = unpacked(&folder.join(log.log), work.path());
        let text = std::fs::read_to_string(folder.join(log.truth)).expect("the truth can be read");
        let cases: Vec<Case> = serde_json::from_str(&text).expect("the truth is valid");
        let arguments = ["decode", "--config", "config.toml", "--format", log.format, path.to_str().expect("UTF-8")];
        let ran = leakwarden(&folder, &arguments);
        let name = format!("{}/{}", log.folder, log.log);
        if ran.status != 0 {
            faults.push(format!("{name}: {}", ran.err));
        }
        let bytes = std::fs::read(&path).expect("the log can be read");
        let lines: Vec<String> = String::from_utf8_lossy(&bytes).split('\n').map(str::to_owned).collect();
        let mut by_case: BTreeMap<&str, Vec<Access>> = BTreeMap::new();
        for value in json_lines(&ran.out) {
            let app = value["client"]["app"].as_str().and_then(|app| cases.iter().find(|case| case.case == app));
            let access = access(&value);
            let line = access.source.rsplit_once(':').and_then(|(_, number)| number.parse::<usize>().ok());
            let line = line.and_then(|number| lines.get(number.checked_sub(1)?)).map_or("", String::as_str);
            let by_statement = || {
                let value: serde_json::Value = serde_json::from_str(line).ok()?;
                let statement = value["reqData"].as_str()?.trim().to_owned();
                cases.iter().find(|case| case.statement.as_deref().is_some_and(|of| of.trim() == statement))
            };
            if let Some(case) = app.or_else(|| cases.iter().find(|case| names(line, case))).or_else(by_statement) {
                if show == case.case || show == log.folder {
                    println!("    {name}: {} {:?} of {:?} {value}", case.case, access.persons, case.distinct_persons_disclosed);
                }
                by_case.entry(&case.case).or_default().push(access);
            }
        }
        let mut table: BTreeMap<Verdict, Vec<String>> = BTreeMap::new();
        let mut invisible = Vec::new();
        for case in &cases {
            let Some(truth) = case.distinct_persons_disclosed else { continue };
            let accesses = by_case.get(case.case.as_str()).map(Vec::as_slice).unwrap_or_default();
            if accesses.is_empty() && truth > 0 {
                invisible.push(case.case.as_str());
                table.entry(Verdict::Invisible).or_default().push(format!("{} ({truth})", case.case));
                continue;
            }
            let judged = judge(accesses, truth);
            let counted = format!("{} ({:?} of {truth})", case.case, judged.persons);
            if judged.verdict == Verdict::Wrong {
                faults.push(format!("{name}: WRONG {counted}"));
            }
            table.entry(judged.verdict).or_default().push(counted);
        }
        let of = |verdict| table.get(&verdict).map_or(0, Vec::len);
        let all = [Verdict::Right, Verdict::Bounded, Verdict::Unknown, Verdict::Invisible, Verdict::Wrong];
        let [right, bounded, unknown, unseen, wrong] = all.map(of);
        println!("  {name:<42} {right:5} {bounded:7} {unknown:7} {unseen:9} {wrong:5}");
        for verdict in all.into_iter().filter(|verdict| *verdict == Verdict::Wrong || show == log.folder) {
            println!("      {verdict:?}: {}", table.get(&verdict).into_iter().flatten().cloned().collect::<Vec<_>>().join(", "));
        }
        let listed: Vec<&str> = log.invisible.iter().map(|(case, _)| *case).collect();
        if invisible != listed {
            faults.push(format!("{name}: nothing shows {invisible:?}, expected of {listed:?}"));
        }
        if right < log.right {
            faults.push(format!("{name}: {right} right, fewer than {}", log.right));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
