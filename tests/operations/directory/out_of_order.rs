//! Logs that are not in order of time.

use crate::common::line::{Line, access, on};
use crate::common::program::leakwarden;
use crate::common::world::World;
use std::fs;
use std::path::Path;

/// Twelve employees at work for forty days, and one who takes ten thousand people on the last.
fn log() -> Vec<Line> {
    let look = |day: i64, who: i64, n: i64| {
        let person = (day * 1_000 + who * 20 + n) as u64;
        access(&format!("e{who}"))
            .at(on(day, &format!("{:02}:{:02}", 9 + n, who)))
            .reads("crm.customers", &["name"])
            .of([person * 7])
            .id(format!("{day}-{who}-{n}"))
    };
    let days = (0..40).filter(|day| day % 7 < 5);
    let usual = days.flat_map(|day| (0..12).flat_map(move |who| (0..6).map(move |n| look(day, who, n))));
    let extract = (0..10).map(|n| {
        access("e3").at(on(39, &format!("16:{n:02}"))).reads_all("crm.customers").of((0..1_000).map(move |id| (n as u64 * 1_000 + id) * 13))
    });
    usual.chain(extract).collect()
}

fn write(dir: &Path, name: &str, lines: &[String]) {
    fs::write(dir.join(name), lines.join("\n") + "\n").expect("written");
}

/// Replays a file; gives its alerts without the places of their evidence, and what was told.
fn replay(dir: &Path, file: &str, more: &[&str]) -> (Vec<serde_json::Value>, String) {
    let arguments = [&["replay", "--config", "config.toml", "--alerts", "-", file], more].concat();
    let ran = leakwarden(dir, &arguments);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let mut alerts: Vec<serde_json::Value> =
        String::from_utf8(ran.out).expect("text").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for alert in &mut alerts {
        alert["evidence"]["sources"] = serde_json::Value::Null;
    }
    (alerts, ran.err)
}

fn bank(dir: &Path) {
    let employees = "employee,unit,role\n".to_owned() + &(0..12).map(|n| format!("e{n},U,teller\n")).collect::<String>();
    World::bank().with("employees.csv", employees).write(dir);
}

/// A log was exported sorted by user, and another one newest first, as consoles show it.
///
/// <https://github.com/grafana/loki/issues/1544>
///
/// With `--sort` each counts as it would in order, packed or not, and cites the line on which each record stands; without, the first thing
/// told is that it is in no order, and what to do.
#[test]
fn a_log_in_another_order_counts_as_it_would_sorted() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let mut lines: Vec<String> = log().iter().map(ToString::to_string).collect();
    lines.sort_by_key(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["time"].as_str().expect("a time").to_owned());
    write(dir, "access.jsonl", &lines);
    let (expected, told) = replay(dir, "access.jsonl", &[]);
    assert!(!expected.is_empty() && !told.contains("not in order of time"), "{told}");

    let mut by_user = lines.clone();
    by_user.sort_by_key(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["employee"].to_string());
    let newest_first: Vec<String> = lines.iter().rev().cloned().collect();
    for order in [by_user, newest_first] {
        // The same name: an alert that names its source is the same then.
        write(dir, "access.jsonl", &order);
        let (_, told) = replay(dir, "access.jsonl", &[]);
        let first = told.lines().find(|line| line.starts_with("warning: ") && !line.contains("key_file")).expect("a warning");
        assert!(first.contains("access.jsonl is not in order of time") && first.contains("--sort"), "{told}");
        for threads in ["1", "4"] {
            let (alerts, told) = replay(dir, "access.jsonl", &["--sort", "--threads", threads]);
            assert_eq!(alerts, expected, "{told}");
            assert!(!told.contains("not in order of time") && told.contains(" 0 late"), "{told}");
        }
        let packed = zstd::encode_all(fs::read(dir.join("access.jsonl")).expect("is there").as_slice(), 3).expect("memory");
        fs::write(dir.join("access.jsonl"), packed).expect("written");
        assert_eq!(replay(dir, "access.jsonl", &["--sort"]).0, expected);
    }
}

/// A table was exported as CSV, sorted by another column.
///
/// The header stays first, rows of several lines stay whole, and places are those of the file as it is.
#[test]
fn the_header_of_a_sorted_table_stays_first_and_places_are_those_of_the_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let format = "[format.own]\nkind = \"csv\"\ntime = \"at\"\nemployee = \"who\"\ntable = \"table\"\nrows = \"n\"\n[[source]]\nname = \"t\"\npath = \"t.csv\"\nformat = \"own\"\n";
    let config = fs::read_to_string(dir.join("config.toml")).expect("is there") + format;
    fs::write(dir.join("config.toml"), config).expect("written");
    let row = |n: i64| format!("e{},{},crm.customers,{}", n % 3, on(n % 40, "10:00"), 10_000 + n);
    let rows: Vec<String> = (0..200).map(row).collect();
    write(dir, "t.csv", &[&["who,at,table,n".to_owned()][..], &rows].concat());
    let arguments = ["replay", "--config", "config.toml", "--alerts", "-", "t.csv", "--sort", "--dead-letters", "dead.jsonl"];
    let ran = leakwarden(dir, &arguments);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(
        ran.err.contains("201 records") && ran.err.contains("200 accesses accepted, 0 late") && ran.err.contains("0 dead letters"),
        "{}",
        ran.err
    );
    let alerts = String::from_utf8(ran.out).expect("text");
    let alert: serde_json::Value = serde_json::from_str(alerts.lines().next().expect("an alert")).expect("JSON");
    let sources = &alert["evidence"]["sources"][0];
    let (first, last) = (sources["first"].as_u64().expect("a line"), sources["last"].as_u64().expect("a line"));
    assert!((2..=201).contains(&first) && (2..=201).contains(&last), "{alert}");
}

/// A log was replayed with `--sort` into a state, grew, and was replayed again.
///
/// What was applied is passed over: each record counts once.
#[test]
fn a_sorted_log_that_grew_counts_each_record_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    bank(dir);
    let lines: Vec<String> = log().iter().map(ToString::to_string).map(|line| line.replace("\"id\":", "\"was\":")).collect();
    let (mut old, new) = (lines[..1_000].to_vec(), lines[1_000..].to_vec());
    old.reverse();
    write(dir, "access.jsonl", &old);
    let (_, told) = replay(dir, "access.jsonl", &["--sort", "--state", "state"]);
    assert!(told.contains("1000 records"), "{told}");
    write(dir, "access.jsonl", &[old, new.clone()].concat());
    let (_, told) = replay(dir, "access.jsonl", &["--sort", "--state", "state"]);
    assert!(told.contains(&format!("{} records", new.len())), "{told}");
}
