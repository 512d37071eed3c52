//! Whatever a statement repeats, in whatever dialect: its analysis costs as much as its length, and ends.

use leakwarden::model::record::Dialect;
use leakwarden::sql::analyse_anew;
use std::time::{Duration, Instant};

/// Without optimisation, on a machine that does other things too; with it a thirtieth of that is enough.
const LONGEST: Duration = Duration::from_millis(1_500);

/// What is repeated, and what closes each of them where it is to be closed.
const UNITS: [(&str, &str); 62] = [
    ("CASE ", " END"),
    ("CASE WHEN 1 THEN ", " END"),
    ("CASE a WHEN ", " THEN 1 END"),
    ("';", ""),
    ("'", ""),
    ("\\'", ""),
    ("INTO @a,", ""),
    ("@a=1,", ""),
    ("@a:=1,", ""),
    ("(", ")"),
    ("((1),", ")"),
    ("SELECT ", ""),
    ("(SELECT ", ")"),
    ("a.", ""),
    ("a AND ", ""),
    ("NOT ", ""),
    ("- ", ""),
    ("-- \n", ""),
    ("x IN (", ")"),
    ("EXISTS (SELECT ", ")"),
    ("JOIN t ON ", ""),
    ("JOIN (t ", ")"),
    ("UNION SELECT 1 ", ""),
    ("WITH a AS (", ") SELECT 1"),
    ("a AS (SELECT 1), ", ""),
    (") AS (SELECT 1 ", ""),
    (",a b", ""),
    ("a,", ""),
    ("'x' ", ""),
    ("/*", "*/"),
    ("/*!", "*/"),
    ("/*+ a */", ""),
    ("$$", ""),
    ("$a$b", ""),
    ("[", "]"),
    ("\"", ""),
    ("`", ""),
    ("BEGIN ", " END"),
    ("IF 1=1 ", ""),
    ("EXEC ", ""),
    ("EXEC('", "')"),
    ("OVER (", ")"),
    ("CAST(", " AS int)"),
    ("f(", ")"),
    ("FROM (", ") x"),
    ("FROM t ", ""),
    ("(SELECT * FROM ", ") x"),
    ("LATERAL (", ") x"),
    ("INTERVAL ", ""),
    (":a", ""),
    ("::int", ""),
    ("?", ""),
    ("{", "}"),
    ("ARRAY[", "]"),
    ("a->", ""),
    ("a||", ""),
    ("; ", ""),
    ("SELECT 1; ", ""),
    ("DECLARE @a int ", ""),
    ("x'1' ", ""),
    ("q'[", "]'"),
    ("TABLE t ", ""),
];

/// What stands before it.
const BEFORE: [&str; 12] = [
    "",
    "SELECT ",
    "SELECT * FROM crm.customers WHERE ",
    "SELECT * FROM ",
    "INSERT INTO x ",
    "WITH x AS (SELECT 1) ",
    "WITH ",
    "DECLARE ",
    "EXPLAIN ",
    "CREATE TABLE x AS SELECT ",
    "CREATE INDEX i ON t ",
    "EXEC sp_executesql N'",
];

#[expect(clippy::disallowed_methods, reason = "its running time is what is tested")]
fn bounded(text: &str, dialect: Dialect) {
    let start = Instant::now();
    let analysis = analyse_anew(text, dialect);
    let took = start.elapsed();
    let columns: usize = analysis.branches.iter().map(|branch| branch.output.len() + branch.probes.len() + branch.packs.len()).sum();
    let begin: String = text.chars().take(60).collect();
    assert!(took < LONGEST, "{dialect:?} {begin:?}, {} bytes: {took:?}", text.len());
    assert!(columns < 100_000, "{dialect:?} {begin:?}: {columns} columns");
}

fn sweep(dialects: &[Dialect], beginnings: &[&str], length: usize) {
    for dialect in dialects {
        for before in beginnings {
            for (unit, close) in UNITS {
                // What is closed is parsed; where a grammar tries several readings at each level, it shows from level to level.
                for depth in [6, 15, 38, 80] {
                    bounded(&format!("{before}{}1{}", unit.repeat(depth), close.repeat(depth)), *dialect);
                }
                bounded(&format!("{before}{}", unit.repeat(length / unit.len())), *dialect);
            }
        }
    }
}

#[test]
fn what_is_repeated_costs_its_length() {
    sweep(&[Dialect::PostgreSql, Dialect::MsSql, Dialect::MySql], &["", "SELECT ", "EXPLAIN "], 64_000);
}

#[test]
#[ignore = "takes minutes: every beginning in every dialect"]
fn what_is_repeated_costs_its_length_in_every_dialect() {
    sweep(&Dialect::ALL.map(|(_, dialect)| dialect), &BEFORE, 64_000);
    sweep(&Dialect::ALL.map(|(_, dialect)| dialect), &["SELECT "], 250_000);
}
