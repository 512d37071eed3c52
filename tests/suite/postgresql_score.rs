//! Counts what real server logs disclose and holds the counts against what the clients really got.
//!
//! Each case of the laboratory has a known number of distinct people. A count is right, an honest bound, unknown, or wrong: below
//! the truth, or exact and not equal. None may be wrong.
//! `cargo test --test suite postgresql_score:: -- --nocapture` prints the tables.

use leakwarden::classify::catalog::Catalog;
use leakwarden::classify::counting::{Disclosure, disclose};
use leakwarden::decode::{self, Raw};
use leakwarden::model::access::{Operation, Position, Subject};
use leakwarden::model::keys::Keys;
use leakwarden::model::persons::Persons;
use std::collections::{BTreeMap, BTreeSet};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/postgresql15");

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Right,
    Bounded,
    Unknown,
    Wrong,
    Invisible,
}

/// One access of a case.
struct Seen {
    operation: Operation,
    disclosure: Disclosure,
}

fn read(name: &str) -> String {
    read_from(FIXTURES, name)
}

fn read_from(folder: &str, name: &str) -> String {
    std::fs::read_to_string(format!("{folder}/{name}")).expect("the run is there")
}

/// The accesses of a log by the application that made them.
fn decode_log(name: &str) -> BTreeMap<String, Vec<Seen>> {
    decode_text(&read(name), &decode::Settings::default())
}

fn decode_text(text: &str, settings: &decode::Settings) -> BTreeMap<String, Vec<Seen>> {
    let keys = Keys::built_in();
    let catalog = Catalog::parse(&read("catalog.toml"), "catalog.toml").expect("the catalog is valid");
    let format = decode::recognise(text.lines().map(str::as_bytes)).expect("the format is recognised");
    assert_eq!(format.name, "postgresql-jsonlog");
    let mut decoder = (format.decoder)(settings);
    let mut seen: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    let mut keep = |decoded: decode::Decoded<'_>| {
        let Some(record) = decoded.record() else { return };
        let disclosure = disclose(&record, &catalog, &keys);
        let app = record.client.app.as_deref().unwrap_or("").to_owned();
        if std::env::var("SHOW").is_ok_and(|case| case == app) {
            println!("{app} {:?} {:?} {:?} {disclosure:?}", record.operation, record.statement, record.outcome);
        }
        seen.entry(app).or_default().push(Seen { operation: record.operation, disclosure });
    };
    for (at, line) in text.lines().enumerate() {
        let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), keys.record(line.as_bytes()));
        decoder.decode(raw, &mut keep).expect("a server's own line decodes");
    }
    decoder.flush(&mut keep);
    seen
}

/// Distinct people of several accesses, as a window counts them.
fn combine(seen: &[Seen]) -> Persons {
    let mut known: BTreeSet<Subject> = BTreeSet::new();
    let (mut unnamed, mut exact, mut silent) = (0, true, false);
    let mut counts = 0;
    for Disclosure { persons, subjects, .. } in seen.iter().map(|seen| &seen.disclosure) {
        counts += u32::from(!persons.is_nobody());
        match persons {
            Persons::Exact(n) if *n == subjects.len() as u64 => known.extend(subjects),
            Persons::Exact(n) => unnamed += n,
            Persons::AtMost(n) => {
                exact = false;
                unnamed += n;
            }
            Persons::AtLeast(_) | Persons::Unknown => silent = true,
        }
    }
    let all = known.len() as u64 + unnamed;
    match (silent, exact && (unnamed == 0 || counts == 1)) {
        (true, _) => Persons::Unknown,
        (false, true) => Persons::Exact(all),
        (false, false) => Persons::AtMost(all),
    }
}

fn judge(seen: Option<&Vec<Seen>>, truth: u64) -> (Verdict, Option<Persons>) {
    let none = Vec::new();
    let seen = seen.unwrap_or(&none);
    // That somebody logged in says nothing of what was read.
    if truth > 0 && seen.iter().all(|seen| seen.operation == Operation::Login) {
        return (Verdict::Invisible, None);
    }
    let persons = combine(seen);
    let verdict = match persons {
        Persons::Exact(n) if n == truth => Verdict::Right,
        Persons::AtMost(n) if n >= truth => Verdict::Bounded,
        Persons::Exact(_) | Persons::AtMost(_) => Verdict::Wrong,
        Persons::AtLeast(_) | Persons::Unknown => Verdict::Unknown,
    };
    (verdict, Some(persons))
}

/// Whether every line is exact and their sum is the truth: what one counts who takes the lines one by one.
fn is_exact_by_lines(seen: Option<&Vec<Seen>>, truth: u64) -> bool {
    let all: Option<Vec<u64>> = seen
        .into_iter()
        .flatten()
        .map(|seen| match seen.disclosure.persons {
            Persons::Exact(n) => Some(n),
            Persons::AtMost(_) | Persons::AtLeast(_) | Persons::Unknown => None,
        })
        .collect();
    all.is_some_and(|counts| counts.iter().sum::<u64>() == truth)
}

/// Scores a run: cases by their verdict.
fn score(folder: &str, run: &str) -> BTreeMap<&'static str, Vec<String>> {
    // `CST` has several meanings.
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").ok().filter(|_| run.contains("Shanghai"));
    let settings = decode::Settings { zone, ..decode::Settings::default() };
    let seen = decode_text(&read_from(folder, &format!("{run}.json")), &settings);
    let truth: Vec<serde_json::Value> = serde_json::from_str(&read_from(folder, &format!("{run}.truth.json"))).expect("the truth is JSON");
    let mut table: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for case in &truth {
        let name = case["case"].as_str().expect("a case has a name");
        let Some(people) = case["distinct_persons_disclosed"].as_u64() else { continue };
        let (verdict, persons) = judge(seen.get(name), people);
        if verdict == Verdict::Right || (is_exact_by_lines(seen.get(name), people) && people > 0) {
            table.entry("by lines").or_default().push(name.to_owned());
        }
        if persons.and_then(Persons::figure) == Some(people) {
            table.entry("figure").or_default().push(name.to_owned());
        }
        let (column, shown) = match verdict {
            Verdict::Right => ("right", name.to_owned()),
            Verdict::Bounded => ("bounded", format!("{name} ({} of {people})", persons.expect("is counted"))),
            Verdict::Unknown => ("unknown", format!("{name} ({people})")),
            Verdict::Wrong => ("WRONG", format!("{name} ({} of {people})", persons.expect("is counted"))),
            Verdict::Invisible => ("invisible", name.to_owned()),
        };
        table.entry(column).or_default().push(shown);
    }
    println!("\n{run}");
    for (column, cases) in &table {
        let shown = if matches!(*column, "by lines" | "figure" | "right") { String::new() } else { cases.join(", ") };
        println!("  {column:>9} {:3}: {shown}", cases.len());
    }
    table
}

fn hold(run: &str, least_right: usize, least_by_lines: usize, invisible: &[&str]) {
    let table = score(FIXTURES, run);
    let of = |column| table.get(column).cloned().unwrap_or_default();
    assert_eq!(of("WRONG"), Vec::<String>::new(), "{run}: a count lies below the truth or is falsely exact");
    assert!(of("right").len() >= least_right, "{run}: only {} right", of("right").len());
    assert!(of("by lines").len() >= least_by_lines, "{run}: only {} right line by line", of("by lines").len());
    assert_eq!(of("invisible"), invisible, "{run}: cases of which the log says nothing");
}

#[test]
fn pgaudit_with_rows_is_never_wrong() {
    hold("A_defaults", 43, 47, &["c50"]);
}

#[test]
fn pgaudit_without_rows_is_never_wrong() {
    hold("D_norows", 13, 13, &["c50", "c55"]);
}

#[test]
fn auto_explain_is_never_wrong() {
    hold("F_auto_explain_json", 50, 56, &["c15", "c17", "c18", "c19"]);
}

#[test]
fn functions_count_what_their_inner_lines_say() {
    let seen = decode_log("G_functions.json");
    let counts: Vec<Persons> =
        seen["psql"].iter().filter(|seen| seen.operation != Operation::Login).map(|seen| seen.disclosure.persons).collect();
    for exact in [7, 8, 9, 11, 12] {
        assert!(counts.contains(&Persons::Exact(exact)), "{exact} of {counts:?}");
    }
    assert!(counts.contains(&Persons::Unknown), "string_agg inside of a function: {counts:?}");
    assert!(counts.contains(&Persons::AtMost(10_000)), "a definer's function: {counts:?}");
}

#[test]
fn times_of_another_zone_are_instants() {
    let seen = decode_log("H_debian_prefix_KST.json");
    assert!(seen.contains_key("crm-web"), "{:?}", seen.keys());
}

/// Runs of other configurations, in the folder that `SCORE_RUNS` names: `cargo test --test suite postgresql_score:: -- --ignored --nocapture`.
#[test]
#[ignore = "needs logs that are not kept here"]
fn other_runs_are_never_wrong() {
    let Ok(folder) = std::env::var("SCORE_RUNS") else { return };
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".truth.json").map(str::to_owned))
        .collect();
    names.sort();
    let wrong: Vec<String> = names
        .iter()
        .flat_map(|run| score(&folder, run).remove("WRONG").into_iter().flatten().map(move |case| format!("{run} {case}")))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// Statements a second, with and without what is remembered of texts that differ in their literals alone.
#[test]
#[ignore = "a measurement: run it with --release"]
#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn remembered_statements_are_analysed_faster() {
    use leakwarden::model::record::Dialect;
    use leakwarden::sql;
    type Analyse = fn(&str, Dialect) -> sql::Analysis;
    let log = read("A_defaults.json");
    let texts: Vec<String> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["message"].as_str().map(str::to_owned))
        .filter_map(|message| Some(message.strip_prefix("AUDIT: SESSION,")?.split_once(",,,")?.1.trim_matches('"').to_owned()))
        .collect();
    let varied: Vec<String> = (0..50).flat_map(|round| texts.iter().map(move |text| text.replace("= 4", &format!("= {round}4")))).collect();
    for (name, analyse) in
        [("anew", sql::analyse_anew as Analyse), ("remembered", |text, dialect| sql::analyse(text, dialect).as_ref().clone())]
    {
        let start = std::time::Instant::now();
        let branches: usize = varied.iter().map(|text| analyse(text, Dialect::PostgreSql).branches.len()).sum();
        println!("{name}: {:.0} statements/s ({branches} branches)", varied.len() as f64 / start.elapsed().as_secs_f64());
    }
}
