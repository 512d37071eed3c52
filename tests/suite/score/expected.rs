//! What the score must reach, and what no log can show.

use super::Table;
use super::verdict::Verdict;

/// Why the log has no line of a case.
type Invisible = &'static [(&'static str, &'static str)];

/// Why the number of a case is not in the log, and the cases of which that holds.
type Untold = &'static [(&'static str, &'static [&'static str])];

/// What a run must reach.
struct Floor {
    /// The run, or how its name begins.
    run: &'static str,
    /// Cases that are counted exactly, of a hundred that are scored: what is reached now, not what is enough.
    right: usize,
    /// Cases of which the log has no line, in the order of their names.
    invisible: Invisible,
    /// Cases whose number the log does not determine. Any other that is not counted exactly is a fault.
    untold: Option<Untold>,
}

const SWITCHED_OFF: (&str, &str) = ("c50", "a superuser switched auditing off for the session");
const NO_CATALOG: (&str, &str) = ("c55", "log_catalog = off leaves out what only reads the catalog");

const SESSION: Invisible = &[SWITCHED_OFF];
const SESSION_WITHOUT_CATALOG: Invisible = &[SWITCHED_OFF, NO_CATALOG];
const PLANS: Invisible = &[
    ("c15", "COPY of a table has no plan"),
    ("c17", "COPY of a table has no plan"),
    ("c18", "COPY of a table has no plan"),
    ("c19", "COPY of a table has no plan"),
];
/// With `pgaudit.role` only what that role may read is audited: three columns of one table, and accounts.
const OBJECT: Invisible = &[
    ("c14", "a row as a whole names no column that is granted"),
    ("c26b", "the body runs as its owner"),
    ("c27", "the body runs as its owner"),
    ("c30b", "the table is not granted"),
    ("c45", "the table is not granted"),
    ("c46", "the table is not granted"),
    ("c55", "the catalog is not granted"),
    ("c66", "the foreign table is not granted"),
];
/// With `log_rows` pgaudit writes when a statement ends, and forgets the object lines of those that end otherwise.
const OBJECT_WITH_ROWS: Invisible = &[
    ("c14", "a row as a whole names no column that is granted"),
    ("c15", "no line at the end of COPY"),
    ("c17", "no line at the end of COPY"),
    ("c18", "no line at the end of COPY"),
    ("c19", "no line at the end of COPY"),
    ("c21", "no line at the end of DECLARE, and FETCH is no object"),
    ("c22", "no line at the end of DECLARE, and FETCH is no object"),
    ("c23", "no line at the end of DECLARE, and FETCH is no object"),
    ("c26b", "the body runs as its owner"),
    ("c27", "the body runs as its owner"),
    ("c30b", "the table is not granted"),
    ("c45", "the table is not granted"),
    ("c46", "the table is not granted"),
    ("c51", "no line at the end of COPY"),
    ("c52", "no line at the end of DECLARE, and FETCH is no object"),
    ("c55", "the catalog is not granted"),
    ("c66", "the foreign table is not granted"),
];
const MARIADB: Invisible = &[("m39", "an administrator switched auditing off")];

const SEVERAL: &str = "several statements, and nothing says whether one person was seen by two of them";
const DETAILS: &str = "several rows may be of one person, and how many are is not counted";
const COPIES: &str = "what is read is a copy that no catalog knows";
const ENDED: &str = "the statement ended with an error, and how many rows were sent before is not logged";
const FILES: &str = "whole tables or files were copied, and no row is counted";
const STATISTICS: &str = "one row of a statistics view holds many values";
const NUMBERS: &str = "two people may have one telephone number, and one of them two";

const ROWS_UNTOLD: Untold = &[
    (SEVERAL, &["c04", "c08", "c43", "c49", "c60"]),
    (DETAILS, &["c10", "c29b", "c34", "c48"]),
    (NUMBERS, &["c46", "c47"]),
    (COPIES, &["c30b", "c31"]),
    (ENDED, &["c39", "c39b", "c40", "c41", "c42"]),
    (FILES, &["c15", "c17", "c18", "c19", "c51", "c65"]),
    (STATISTICS, &["c55"]),
    ("the rows of a FETCH are logged as 0", &["c21", "c22", "c23", "c52"]),
    ("one row holds many people", &["c13", "c14"]),
    ("the body of an owner's function is not logged", &["c26b", "c27"]),
    ("a superuser switched auditing off for the session", &["c50"]),
];
const PLANS_UNTOLD: Untold = &[
    (SEVERAL, &["c04", "c08", "c43", "c49", "c60"]),
    ("the values of a plan for all values are not logged before version 16", &["c03", "c28"]),
    (DETAILS, &["c10", "c29b", "c34", "c48"]),
    (NUMBERS, &["c46", "c47"]),
    (COPIES, &["c30b", "c31"]),
    (ENDED, &["c39", "c39b", "c40", "c41", "c42"]),
    (FILES, &["c15", "c17", "c18", "c19", "c51", "c65"]),
    (STATISTICS, &["c55"]),
];

const FLOORS: &[Floor] = &[
    Floor { run: "A_defaults", right: 55, invisible: SESSION, untold: Some(ROWS_UNTOLD) },
    Floor { run: "B_relation_once", right: 54, invisible: SESSION_WITHOUT_CATALOG, untold: Some(ROWS_UNTOLD) },
    Floor { run: "B2_relation_norows", right: 16, invisible: SESSION_WITHOUT_CATALOG, untold: None },
    Floor { run: "C_object_only", right: 54, invisible: OBJECT_WITH_ROWS, untold: None },
    Floor { run: "C2_object_only_norows", right: 16, invisible: OBJECT, untold: None },
    Floor { run: "D_norows", right: 16, invisible: SESSION_WITHOUT_CATALOG, untold: None },
    Floor { run: "E_plain_log_statement", right: 16, invisible: &[], untold: None },
    Floor { run: "F_auto_explain_json", right: 64, invisible: PLANS, untold: Some(PLANS_UNTOLD) },
    Floor { run: "G_functions", right: 71, invisible: &[], untold: None },
    Floor { run: "G2_secdef", right: 0, invisible: &[], untold: None },
    Floor { run: "H_", right: 66, invisible: &[], untold: None },
    Floor { run: "I_syslog", right: 55, invisible: SESSION, untold: Some(ROWS_UNTOLD) },
    Floor { run: "A_with_general_log", right: 23, invisible: MARIADB, untold: None },
    Floor { run: "B_no_general_log", right: 23, invisible: MARIADB, untold: None },
    Floor { run: "C_syslog_dml", right: 23, invisible: MARIADB, untold: None },
];

/// Cases that may be joined only by the number of their connection: their programs strip comments or write none, or the log
/// has the tables of their statements and not the texts. Truth without those numbers cannot tell of them.
pub const BY_CONNECTION: &[&str] = &["m12", "m18", "m20", "m36", "m37", "m46"];

/// What a carrier of a run lacks.
pub fn faults(run: &str, carrier: &str, table: &Table, dead: u64) -> Vec<String> {
    let mut faults = Vec::new();
    let of = |verdict| table.get(&verdict).map(Vec::as_slice).unwrap_or_default();
    faults.extend(of(Verdict::Wrong).iter().map(|(_, counted)| format!("{carrier}: WRONG {counted}")));
    let floor = FLOORS.iter().find(|floor| floor.run == run || floor.run.ends_with('_') && run.starts_with(floor.run));
    let mut invisible: Vec<&str> = of(Verdict::Invisible).iter().map(|(case, _)| case.as_str()).collect();
    invisible.sort_unstable();
    let listed: Vec<&str> = floor.into_iter().flat_map(|floor| floor.invisible).map(|(case, _)| *case).collect();
    if invisible != listed {
        faults.push(format!("{carrier}: nothing shows {invisible:?}, expected of {listed:?}"));
    }
    if let Some(untold) = floor.and_then(|floor| floor.untold) {
        let is_told = |case: &str| !untold.iter().any(|(_, cases)| cases.contains(&case));
        let missed = table.iter().filter(|(verdict, _)| **verdict != Verdict::Right).flat_map(|(_, cases)| cases);
        let missed = missed.filter(|(case, _)| is_told(case));
        faults.extend(missed.map(|(_, counted)| format!("{carrier}: the log tells the number of {counted}")));
    }
    if dead > 0 {
        faults.push(format!("{carrier}: {dead} records could not be decoded"));
    }
    let scored: usize = table.values().map(Vec::len).sum();
    let right = of(Verdict::Right).len();
    if let Some(floor) = floor.filter(|floor| right * 100 < floor.right * scored) {
        faults.push(format!("{carrier}: {right} of {scored} right, less than {} in a hundred", floor.right));
    }
    faults
}
