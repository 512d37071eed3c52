//! Whatever stands in a log: the program ends well, counts what it cannot read with place and reason, and repeats none of it.

use crate::common::line::{Line, access, on};
use crate::common::program::{Ran, command, json_lines, leakwarden, leakwarden_with};
use crate::common::world::World;
use leakwarden::model::keys::{Keys, hex};
use leakwarden::model::shown::shown;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

fn line(minute: i64) -> Line {
    access("e1").at(on(0, &format!("09:{minute:02}"))).reads("crm.customers", &["name"]).of([7])
}

/// Replays bytes as a file among ordinary lines; returns the run and its dead letters.
fn replay(dir: &Path, log: &[u8]) -> (Ran, Vec<Value>) {
    let config = World::bank().write(dir);
    std::fs::write(dir.join("log"), log).expect("written");
    let arguments =
        ["replay", "--config", config.to_str().expect("UTF-8"), "--format", "canonical", "--dead-letters", "dead", "--alerts", "-", "log"];
    let ran = leakwarden(dir, &arguments).well();
    let dead = json_lines(&std::fs::read(dir.join("dead")).expect("kept"));
    (ran, dead)
}

/// Bytes that cannot be read, between two ordinary lines: one dead letter with its place, length, hash and reason.
#[track_caller]
fn buries(bad: &[u8], reason: &str) {
    let dir = tempfile::tempdir().expect("a directory");
    let log = [line(0).to_string().as_bytes(), bad, line(1).to_string().as_bytes()].join(&b'\n');
    let (ran, dead) = replay(dir.path(), &log);
    assert_eq!(dead.len(), 1, "{dead:?}");
    let letter = &dead[0];
    assert_eq!((letter["source"].as_str(), letter["position"].as_u64()), (Some("log"), Some(2)));
    assert_eq!(letter["length"].as_u64(), Some(bad.len() as u64));
    assert_eq!(letter["hash"], hex(&Keys::built_in().record(bad)));
    assert!(letter["reason"].as_str().expect("a text").contains(reason), "{reason}: {letter}");
    assert!(ran.err.contains("2 accesses accepted") && ran.err.contains("1 dead letters"), "{}", ran.err);
    assert!(ran.err.contains("first at log:2"), "{}", ran.err);
}

/// A line of which not everything can be understood, between two ordinary ones: it counts, as that many accesses.
#[track_caller]
fn keeps(odd: &[u8], accesses: usize) {
    let dir = tempfile::tempdir().expect("a directory");
    let log = [line(0).to_string().as_bytes(), odd, line(1).to_string().as_bytes()].join(&b'\n');
    let (ran, dead) = replay(dir.path(), &log);
    assert!(dead.is_empty(), "{dead:?}");
    assert!(ran.err.contains(&format!("{} accesses accepted", 2 + accesses)), "{}", ran.err);
}

#[test]
fn a_truncated_line_counts_if_it_still_says_who_and_when() {
    let whole = line(5).to_string();
    for cut in [1, whole.len() / 2] {
        buries(&whole.as_bytes()[..cut], "cut off");
    }
    keeps(&whole.as_bytes()[..whole.len() - 1], 1);
}

#[test]
fn bytes_that_are_not_text_take_no_record_away() {
    keeps(b"{\"time\":\"2026-03-02T09:00:00Z\",\"employee\":\"\xc3\x28\"}", 1);
    buries(b"{\"time\":\"2026-03-02T09:00:00Z\",\"statement\":\"\xc3\x28\"}", "UTF-8 at byte 44");
    buries(&[0xff; 300], "UTF-8");
    buries(&[0; 300], "not JSON");
}

#[test]
fn of_a_line_of_ten_megabytes_both_ends_count() {
    let text = "x".repeat(10 << 20);
    keeps(line(5).set("statement", text.as_str()).to_string().as_bytes(), 1);
    buries(text.as_bytes(), "longer than 4194304 bytes");
    // Of a list of records most would be lost.
    let list: Vec<String> = (0..60_000).map(|n| line(n % 60).to_string()).collect();
    buries(format!("[{}]", list.join(",")).as_bytes(), "longer than 4194304 bytes");
}

#[test]
fn a_long_field_is_cut() {
    keeps(line(5).set("session", "x".repeat(5_000)).to_string().as_bytes(), 1);
}

#[test]
fn deep_nesting_is_a_dead_letter_or_skipped_and_never_a_crash() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    buries(deep("[", "]").as_bytes(), "");
    keeps(format!("{{\"time\":1772442845000,\"employee\":\"e1\",\"subjects\":{}}}", deep("[", "]")).as_bytes(), 1);
    keeps(format!("{{\"time\":1772442845000,\"employee\":\"e1\",\"objects\":{}}}", deep("[", "]")).as_bytes(), 1);
    buries(deep("{\"client\":", "}").as_bytes(), "");
}

#[test]
fn times_that_no_log_can_be_of_are_dead_letters() {
    buries(line(5).set("time", "9999-06-30T23:59:59Z").to_string().as_bytes(), "time must lie between");
    buries(line(5).set("time", "1970-01-01T00:00:00Z").to_string().as_bytes(), "time must lie between");
    buries(line(5).set("time", i64::MAX).to_string().as_bytes(), "time must lie between");
    buries(line(5).set("time", "soon").to_string().as_bytes(), "time must be RFC 3339");
    buries(line(5).set("time", 1.5).to_string().as_bytes(), "");
    buries(br#"{"time":1e999,"employee":"e1"}"#, "");
    keeps(line(5).set("time", "2026-03-02 09:00:00").to_string().as_bytes(), 1);
}

#[test]
fn values_of_the_wrong_sort_are_unknown_and_take_no_record_away() {
    keeps(line(5).set("rows", -13_800_000_001_i64).to_string().as_bytes(), 1);
    keeps(line(5).set("rows", "many").to_string().as_bytes(), 1);
    keeps(line(5).set("rows", 1.5).to_string().as_bytes(), 1);
    keeps(line(5).set("operation", "steal").to_string().as_bytes(), 1);
    keeps(line(5).set("subjects", "7").to_string().as_bytes(), 1);
    buries(line(5).set("employee", Value::Null).to_string().as_bytes(), "employee or account is required");
    buries(line(5).set("employee", "  ").to_string().as_bytes(), "employee or account is required");
    buries(b"[]", "");
    buries(b"null", "");
    buries(b"17", "");
}

#[test]
fn of_a_key_that_stands_twice_both_readings_count() {
    for (key, other) in [("employee", json!("e2")), ("subjects", json!([8, 9])), ("rows", json!(7)), ("time", json!(on(0, "09:06").0))] {
        let text = line(5).rows(1).to_string();
        let twice = |value: &Value| format!("{},\"{key}\":{value}}}", &text[..text.len() - 1]);
        keeps(twice(&serde_json::from_str::<Value>(&text).expect("JSON")[key]).as_bytes(), 1);
        keeps(twice(&other).as_bytes(), 2);
    }
}

#[test]
fn rows_beyond_all_counting_do_not_overflow() {
    let dir = tempfile::tempdir().expect("a directory");
    let many = |minute, table: &str| access("e1").at(on(0, &format!("09:{minute:02}"))).reads_all(table).rows(u64::MAX).to_string();
    let log: Vec<String> = (0..6).map(|n| many(n, ["crm.customers", "hotel.stays", "loan.credit"][n as usize % 3])).collect();
    let (ran, dead) = replay(dir.path(), log.join("\n").as_bytes());
    assert!(dead.is_empty() && ran.err.contains("6 accesses accepted"), "{}", ran.err);
    let alert = &ran.lines()[0];
    assert_eq!(alert["statute"]["exposure"]["band"], "especially_serious");
    assert!(alert["score"].as_f64().is_some_and(|score| (0.0..=100.0).contains(&score)));
}

#[test]
fn a_handful_of_records_of_the_future_mutes_nobody_and_counts_where_it_came() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut log: Vec<String> = (0..50).map(|n| line(n).to_string()).collect();
    for day in [60, 26_000, 26_001, 26_002, 26_003] {
        log.insert(25, line(5).at(on(day, "09:00")).to_string());
    }
    let (ran, dead) = replay(dir.path(), log.join("\n").as_bytes());
    assert!(ran.err.contains("50 accesses accepted, 5 late"), "{}", ran.err);
    assert!(dead.is_empty(), "{dead:?}");
    assert!(ran.err.contains("to 2026-03-02T"), "the time that was replayed: {}", ran.err);
}

const NAMES: [&str; 8] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "e\nerror: forged line",
    "e\r\u{8}\u{8}",
    "\u{202e}drawkcab\u{2066}",
    "\u{0}",
    "\u{9b}31m",
    "=HYPERLINK(\"http://x\")",
    "\u{feff}\u{200b}\u{2028}",
];

#[test]
fn names_that_would_act_on_a_terminal_do_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let extract = |name: &str, n: i64| {
        access(name)
            .at(on(0, &format!("09:{n:02}")))
            .reads("crm.customers", &["name"])
            .of((0..8_000).map(|id| id * 13))
            .set("system", name)
            .set("session", name)
    };
    let mut log: Vec<String> = NAMES.iter().zip(0..).map(|(name, n)| extract(name, n).to_string()).collect();
    log.push(format!("{{\"{}\":1}}", NAMES[3]));
    let (ran, dead) = replay(dir.path(), log.join("\n").as_bytes());
    assert_eq!(dead.len(), 1);
    let alerts = ran.lines();
    let named: Vec<&str> = alerts.iter().filter_map(|alert| alert["employee"].as_str()).collect();
    // Names are shown without what does not show; where nothing is left nobody is named.
    let shown: BTreeSet<String> = NAMES.iter().map(|name| shown(name).into_owned()).filter(|name| !name.is_empty()).collect();
    assert_eq!(named.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), shown);
    assert!(alerts.iter().any(|alert| alert["account"] == "(unknown)"), "whoever has no name that shows is told as unknown");
    for alert in &alerts {
        harmless(alert["explanation"].as_str().expect("a text"));
    }
    assert!(!ran.out.contains(&0x1b), "standard output");
    harmless(&ran.err.replace('\n', ""));
    let labels: String = NAMES.map(|name| format!("\"{}\",bulk_extract,2026-03-02,2026-03-03\n", name.replace('"', "\"\""))).concat();
    std::fs::write(dir.path().join("labels.csv"), format!("employee,typology,from,to\n{labels}")).expect("written");
    let scored = leakwarden(dir.path(), &["replay", "--config", "config.toml", "--labels", "labels.csv", "log"]).well();
    harmless(&scored.err.replace('\n', ""));
    let decoded = leakwarden(dir.path(), &["decode", "--config", "config.toml", "log"]).well();
    assert!(!decoded.out.contains(&0x1b));
    harmless(&decoded.err.replace('\n', ""));
}

/// No control character, and none that turns the direction of text.
#[track_caller]
fn harmless(text: &str) {
    let acts = |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.contains(acts), "{text:?}");
}

#[test]
fn file_names_and_arguments_that_would_act_on_a_terminal_do_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let name = "log\u{1b}[2J";
    let missing = leakwarden(dir.path(), &["replay", name]);
    assert_eq!(missing.status, 1);
    harmless(&missing.err.replace('\n', ""));
    std::fs::write(dir.path().join(name), "not a log\n").expect("written");
    let ran = leakwarden(dir.path(), &["replay", name]);
    assert_eq!(ran.status, 1, "nothing of it decodes");
    harmless(&ran.err.replace('\n', ""));
    let refused = leakwarden(dir.path(), &["replay", "--from", "\u{1b}[2J", name]);
    assert_eq!(refused.status, 2);
    harmless(&refused.err.replace('\n', ""));
}

#[test]
fn an_empty_file_is_a_log_without_records() {
    let dir = tempfile::tempdir().expect("a directory");
    for log in [&b""[..], b"\n\n\n", b"\xef\xbb\xbf"] {
        let (ran, dead) = replay(dir.path(), log);
        assert!(dead.is_empty() && ran.out.is_empty() && ran.err.contains("0 accesses accepted"), "{}", ran.err);
    }
}

#[test]
fn what_is_no_file_fails_and_says_which() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = World::bank().write(dir.path());
    let config = config.to_str().expect("UTF-8");
    std::fs::create_dir(dir.path().join("folder")).expect("made");
    for (name, why) in [("folder", "a directory"), ("missing", "cannot be opened")] {
        for command in ["replay", "decode"] {
            let ran = leakwarden(dir.path(), &[command, "--config", config, name]);
            assert!(ran.status == 1 && ran.err.contains(name) && ran.err.contains(why), "{command} {name}: {} {}", ran.status, ran.err);
        }
    }
}

#[test]
fn unusable_arguments_and_configurations_end_with_2_and_place_rule_value() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("log");
    std::fs::write(&log, line(0).to_string()).expect("written");
    let refused = |arguments: &[&str], says: &[&str]| {
        let ran = leakwarden(dir.path(), arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.err);
        assert!(says.iter().all(|what| ran.err.contains(what)), "{arguments:?}: {}", ran.err);
        assert!(ran.out.is_empty());
    };
    refused(&["replay"], &["FILES"]);
    refused(&["teleport"], &["teleport"]);
    refused(&["replay", "--threads", "0", "log"], &["--threads", "from 1 to 1024", "0"]);
    refused(&["replay", "--from", "yesterday", "log"], &["--from", "RFC 3339", "yesterday"]);
    refused(&["replay", "--format", "klingon", "log"], &["--format", "canonical", "klingon"]);
    refused(&["replay", "--labels", "nowhere.csv", "log"], &["--labels", "nowhere.csv"]);
    refused(&["replay", "--config", "nowhere.toml", "log"], &["nowhere.toml", "must be readable"]);
    refused(&["simulate", "--out", "x", "--employees", "0"], &["employees", "1 to 200000", "0"]);
    let world = World::bank().section("detectors.bulk_extract", "floor = -3").section("time", "zone = \"Mars/Olympus\"\nlatenes = \"5m\"");
    world.section("alerts", "quiet = \"soon\"").write(dir.path());
    let all =
        ["detectors.bulk_extract.floor must be > 0, got -3", "time.zone", "Mars/Olympus", "time.latenes", "alerts.quiet", "4 mistakes"];
    refused(&["replay", "--config", "config.toml", "log"], &all);
    refused(&["decode", "--config", "config.toml", "log"], &all);
    refused(&["check", "--config", "config.toml"], &all);
    std::fs::write(dir.path().join("config.toml"), "[catalog\nfile = 1").expect("written");
    refused(&["check", "--config", "config.toml"], &["config.toml:1"]);
    World::bank().with("employees.csv", "employee,hired\ne1,tomorrow\n,2026-01-01\n").write(dir.path());
    refused(&["check", "--config", "config.toml"], &["employees.csv:2: hired", "tomorrow", "employees.csv:3: employee", "2 mistakes"]);
}

#[test]
fn a_million_employees_pass_through_a_pipe_in_bounded_memory() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = World::bank().write(dir.path());
    let arguments = ["replay", "--config", config.to_str().expect("UTF-8"), "-"];
    let mut child =
        command(dir.path(), &arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("runs");
    let mut stdin = std::io::BufWriter::new(child.stdin.take().expect("is piped"));
    let writer = std::thread::spawn(move || {
        let day = on(0, "00:00").0;
        for n in 0..1_000_000_i64 {
            let time = day + n * 80;
            writeln!(
                stdin,
                "{{\"time\":{time},\"employee\":\"E{n}\",\"objects\":[{{\"table\":\"crm.customers\",\"columns\":[\"name\"]}}],\"subjects\":[\"{n}\"],\"rows\":1}}"
            )
            .expect("is read");
        }
        stdin.flush().expect("is read");
    });
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        // The system keeps the peak; it is gone with the process, so the last look counts.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let kib = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        peak = kib.unwrap_or(0).max(peak);
        if let Some(ended) = child.try_wait().expect("is ours") {
            break ended;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    writer.join().expect("everything was read");
    let mut err = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("is piped"), &mut err).expect("UTF-8");
    assert!(ended.success(), "{err}");
    assert!(err.contains("1000000 accesses accepted") && err.contains("1000000 employees"), "{err}");
    eprintln!("peak {} MB", peak / 1_024);
    assert!(peak > 0 && peak < 2_500 * 1_024, "{} MB", peak / 1_024);
}

#[test]
fn standard_input_is_read_like_a_file() {
    let dir = tempfile::tempdir().expect("a directory");
    World::bank().write(dir.path());
    let log = [line(0).to_string(), "{".to_owned(), line(1).to_string()].join("\n");
    let ran = leakwarden_with(dir.path(), &["replay", "--config", "config.toml", "-"], log.as_bytes()).well();
    assert!(ran.err.contains("2 accesses accepted") && ran.err.contains("1 dead letters"), "{}", ran.err);
}

/// A log that takes no line, as on a full disk, ends nothing: what is watched goes on, and is told.
#[test]
fn a_log_on_a_full_disk_does_not_end_the_watch() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    // A kernel that has none has no way to say that it is full.
    let Ok(full) = full else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let config = World::bank().section("subjects", "key_file = \"subject.key\"").write(dir.path());
    std::fs::write(dir.path().join("subject.key"), "a secret of thirty-two bytes, or more").expect("written");
    let more =
        "[[source]]\nname = \"log\"\npath = \"log.jsonl\"\nformat = \"canonical\"\n[[sink]]\nkind = \"jsonl\"\npath = \"alerts.jsonl\"\n";
    let mut file = std::fs::File::options().append(true).open(config).expect("opens");
    file.write_all(more.as_bytes()).expect("written");
    // Each broken line is a warning that cannot be written.
    let mut lines = vec!["no record".to_owned(); 50];
    lines.push(access("e1").at(on(0, "10:00")).reads("crm.customers", &["name", "phone"]).of(0..5_000).rows(5_000).to_string());
    std::fs::write(dir.path().join("log.jsonl"), lines.join("\n") + "\n").expect("written");
    let arguments = ["run", "--config", "config.toml", "--state", "state", "--listen", "127.0.0.1:0"];
    let mut child = command(dir.path(), &arguments).stderr(full).spawn().expect("it starts");
    let told = || std::fs::read_to_string(dir.path().join("alerts.jsonl")).is_ok_and(|text| text.contains("bulk_extract"));
    let mut ended = None;
    for _ in 0..600 {
        ended = child.try_wait().expect("a process");
        if told() || ended.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let told = told();
    let _ = child.kill();
    let _ = child.wait();
    assert!(told && ended.is_none(), "told: {told}, ended: {ended:?}");
}
