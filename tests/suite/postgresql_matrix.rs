//! A real server told of the same acts in every way that it has: `log_statement`, `log_min_duration_statement`, pgaudit with and without
//! rows, auto_explain, and all of them together. Each act counts once, by the best of what told of it.
//!
//! `tests/servers/postgresql_matrix.py` makes the log: each act in a session of its own, its application named by the ways (`s1d0p2e1`:
//! statement, duration, pgaudit, explain) and by the act.

use flate2::read::GzDecoder;
use leakwarden::classify::catalog::Catalog;
use leakwarden::classify::counting::disclose;
use leakwarden::decode::{self, Codec, Decoded, Raw, Settings};
use leakwarden::model::access::{Operation, Position};
use leakwarden::model::keys::Keys;
use leakwarden::model::persons::Persons;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/postgresql_matrix");

/// People that the statements of an act showed, added up, and accesses that disclose somebody.
const ACTS: &[(&str, u64, usize)] = &[
    ("simple", 30, 1),
    ("bind1", 1, 1),
    ("bindrange", 20, 1),
    ("named", 3, 3),
    ("copytable", 100, 1),
    ("copyquery", 40, 1),
    ("cursor", 15, 2),
    ("cursorall", 100, 1),
    ("cursornoclose", 10, 1),
    ("cursorext", 10, 1),
    ("hold", 10, 1),
    ("prepare", 2, 2),
    ("fplpgsql", 12, 1),
    ("fsql", 12, 1),
    ("fdefiner", 12, 1),
    ("update", 9, 1),
    ("deleteext", 8, 1),
    ("multi", 8, 2),
    ("twice", 60, 2),
    ("ctas", 100, 1),
    ("parts", 25, 1),
    ("partsleft", 10, 1),
    ("view", 11, 1),
    ("count", 0, 0),
    ("explain", 0, 0),
    ("multicopy", 103, 2),
    ("copymulti", 103, 2),
    ("multitwice", 16, 4),
    ("multisame", 6, 2),
    ("executesame", 2, 2),
    ("preparemulti", 2, 2),
    ("txnamed", 6, 3),
    ("txsame", 32, 2),
    ("txfunction", 12, 1),
    ("txabort", 16, 1),
    ("copytwice", 80, 2),
    ("ftwice", 24, 2),
    ("beginmulti", 30, 1),
    ("cursormulti", 10, 1),
    ("insertselect", 100, 1),
    ("pipeline", 7, 2),
    ("tx", 16, 1),
];

/// Acts of which no way counts all rows: COPY of a table, all that is left of a cursor, what a lost session was sent.
const UNCOUNTED: &[&str] = &["copytable", "cursorall", "multicopy", "copymulti", "txabort"];

/// What a way does not tell of at all, or not of all: plans know no COPY of a table, and no line comes at an end that is never reached.
fn is_untold(way: &str, act: &str) -> bool {
    match act {
        _ if way == "s0d0p0e0" => true,
        "copytable" | "multicopy" | "copymulti" => way == "s0d0p0e1",
        "cursornoclose" => way == "s0d0p0e1",
        "txabort" => matches!(way, "s0d0p0e1" | "s0d0p2e0" | "s0d0p2e1"),
        _ => false,
    }
}

#[test]
fn each_act_counts_once_by_the_best_of_what_told_of_it() {
    let mut text = String::new();
    let packed = std::fs::File::open(format!("{FIXTURES}/told.jsonl.gz")).expect("the log is there");
    GzDecoder::new(packed).read_to_string(&mut text).expect("the log is whole");
    let keys = Keys::built_in();
    let catalog = std::fs::read_to_string(format!("{FIXTURES}/catalog.toml")).expect("the catalog is there");
    let catalog = Catalog::parse(&catalog, "catalog.toml").expect("the catalog is valid");
    let format = decode::format("postgresql-jsonlog").expect("is a format");
    let mut decoder = Codec::named(format, Arc::new(Settings::default())).decoder();
    let mut seen: BTreeMap<String, Vec<Persons>> = BTreeMap::new();
    let mut keep = |decoded: Decoded<'_>| {
        let Some(record) = decoded.record().filter(|record| record.operation != Operation::Login) else { return };
        let persons = disclose(&record, &catalog, &keys).persons;
        let app = record.client.app.as_deref().expect("every act is named").to_owned();
        seen.entry(app).or_default().extend(Some(persons).filter(|persons| !persons.is_nobody()));
    };
    for (at, line) in text.lines().enumerate() {
        let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), keys.record(line.as_bytes()));
        decoder.decode(raw, &mut keep).expect("a server's own line decodes");
    }
    decoder.flush(&mut keep);

    let mut wrong = Vec::new();
    for statement in 0..2 {
        for (duration, audit, explain) in (0..12).map(|n| (n / 6, n / 2 % 3, n % 2)) {
            let way = format!("s{statement}d{duration}p{audit}e{explain}");
            for (act, truth, accesses) in ACTS {
                if is_untold(&way, act) {
                    continue;
                }
                let counts = seen.get(&format!("{way}-{act}")).map_or(&[] as &[Persons], Vec::as_slice);
                if let Some(fault) = fault(counts, *truth, *accesses, audit == 2 || explain == 1, act, &way) {
                    wrong.push(format!("{way} {act}: {fault}: {counts:?}, truth {truth}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the counts of an act. `counted`: a way told of rows.
fn fault(counts: &[Persons], truth: u64, accesses: usize, counted: bool, act: &str, way: &str) -> Option<&'static str> {
    // A timed line of a whole text stands between what was fetched and the plan of the cursor; the same of a call in a transaction.
    let bounded = matches!((act, way), ("cursormulti" | "txfunction", "s0d1p0e1") | ("hold", "s0d0p0e1"));
    let unknown = counts.iter().any(|persons| persons.figure().is_none());
    let sum: u64 = counts.iter().filter_map(|persons| persons.figure()).sum();
    if counts.len() > accesses && !bounded {
        return Some("told more than once");
    }
    if unknown {
        return (counted && !UNCOUNTED.contains(&act)).then_some("unknown though rows were told of");
    }
    match sum {
        _ if sum < truth => Some("fewer than were shown"),
        _ if sum > truth && !bounded => Some("more than were shown"),
        _ if sum != truth && counts.iter().all(|persons| matches!(persons, Persons::Exact(_))) => Some("exact, and not so"),
        _ => None,
    }
}
