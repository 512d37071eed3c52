//! Small inputs rebuilt from public reports about servers, shippers and statements: each stands for a kind that once went
//! wrong, with what is right. They lie in `tests/fixtures/cases`.

use crate::common::program::{json_lines, leakwarden};
use serde_json::Value;
use std::path::Path;

/// What the accesses of a file must be, in their order.
struct Case {
    file: &'static str,
    format: &'static str,
    /// More of the configuration.
    settings: &'static str,
    /// One for each access: what its `persons` is.
    persons: &'static [&'static str],
    /// What holds for each of them besides: a JSON pointer and its value, as `/client/ip=10.0.0.9`.
    each: &'static [&'static str],
}

const MHUD: &str = "[format.postgresql_prefix]\nkind = \"postgresql-stderr\"\nlog_line_prefix = \"%m %h %u %d \"\n";
const NEW_YORK: &str = "[time]\nzone = \"America/New_York\"\n";
const LI: &str = "/account=li";
const CUSTOMERS: &str = "/objects/0/table=crm.customers";

const CASES: &[Case] = &[
    Case { file: "formats/01_cnpg_pgaudit.jsonl", format: "auto", settings: "", persons: &["exact 120"], each: &[LI, CUSTOMERS] },
    Case { file: "formats/02_cnpg_postgres_logger.jsonl", format: "auto", settings: "", persons: &["exact 120"], each: &[LI, CUSTOMERS] },
    Case { file: "formats/04_pgauditlogtofile.csv", format: "auto", settings: "", persons: &["unknown"], each: &[LI, CUSTOMERS] },
    Case { file: "formats/05_pgauditlogtofile.json", format: "auto", settings: "", persons: &["exact 120"], each: &[LI, CUSTOMERS] },
    Case {
        file: "formats/08_prefix_mhud.log",
        format: "postgresql_prefix",
        settings: MHUD,
        persons: &["exact 120"; 4],
        each: &[LI, "/client/ip=10.0.0.7"],
    },
    Case {
        file: "formats/08_prefix_mhud.log",
        format: "postgresql-stderr",
        settings: "",
        persons: &["exact 120"; 4],
        each: &[LI, "/client/ip=10.0.0.7"],
    },
    Case {
        file: "formats/09_errverbose.log",
        format: "postgresql-stderr",
        settings: "",
        persons: &["exact 120"; 4],
        each: &[LI, CUSTOMERS],
    },
    Case { file: "formats/20_azure_la_export.json", format: "auto", settings: "", persons: &["exact 120"], each: &[LI, CUSTOMERS] },
    Case { file: "formats/22_azure_mysql.jsonl", format: "auto", settings: "", persons: &["unknown"], each: &[LI, CUSTOMERS] },
    Case { file: "formats/26_rds_extra.csv", format: "mariadb-audit", settings: "", persons: &["at_most 3"], each: &[LI, CUSTOMERS] },
    Case { file: "formats/33_mcafee.json", format: "auto", settings: "", persons: &["exact 40"], each: &[LI, CUSTOMERS] },
    Case {
        file: "formats/34_mssql_oneline.log",
        format: "sqlserver-audit",
        settings: "",
        persons: &["unknown"],
        each: &["/objects/0/table=dbo.customers", "/client/ip=10.0.0.9"],
    },
    Case {
        file: "formats/65_wazuh_win.jsonl",
        format: "sqlserver-audit",
        settings: "",
        persons: &["unknown"],
        each: &["/objects/0/table=dbo.customers", "/client/ip=10.0.0.9"],
    },
    Case {
        file: "formats/37b_azuresql_4000b.jsonl",
        format: "sqlserver-audit",
        settings: "",
        persons: &["unknown"],
        each: &[LI, "/rows=500", "/unparsed=true"],
    },
    Case {
        file: "formats/67_bcm_blank_onprem.log",
        format: "sqlserver-audit",
        settings: "",
        persons: &["unknown"],
        each: &["/rows=500", "/unparsed=true"],
    },
    Case { file: "formats/50_trino_http.jsonl", format: "auto", settings: "", persons: &["exact 40"], each: &[LI] },
    Case { file: "formats/54_firehose_concat.json", format: "auto", settings: "", persons: &["exact 120"; 4], each: &[LI, CUSTOMERS] },
    Case {
        file: "formats/69_maria12_port.csv",
        format: "mariadb-audit",
        settings: "",
        persons: &["at_most 1"; 2],
        each: &[LI, "/client/ip=10.0.0.9"],
    },
    Case {
        file: "formats/73_collapsed_ws.log",
        format: "postgresql-stderr",
        settings: "",
        persons: &["at_most 2", "unknown", "exact 7"],
        each: &[LI, CUSTOMERS],
    },
    Case {
        file: "formats/81_sf_ctas.jsonl",
        format: "snowflake-access-history",
        settings: "",
        persons: &["exact 900|at_most 900"; 4],
        each: &["/account=LI"],
    },
    Case { file: "formats/83_mongo_ocsf_real.jsonl", format: "ocsf", settings: "", persons: &["unknown"], each: &[] },
    Case {
        file: "formats/84_azure_docs_detail.jsonl",
        format: "azure-postgresql",
        settings: "",
        persons: &["at_most 1"],
        each: &[LI, CUSTOMERS],
    },
    Case {
        file: "formats/90_octet_concat.log",
        format: "postgresql-stderr",
        settings: "",
        persons: &["exact 7"; 3],
        each: &[LI, CUSTOMERS],
    },
    Case { file: "formats/databricks_no_verbose.jsonl", format: "databricks-audit", settings: "", persons: &["unknown"; 3], each: &[] },
    Case { file: "formats/mssql_batch_pack.jsonl", format: "sqlserver-audit", settings: "", persons: &["unknown"; 4], each: &[LI] },
    Case {
        file: "formats/mssql_sp_executesql.jsonl",
        format: "sqlserver-audit",
        settings: "",
        persons: &["exact 1", "exact 1|at_most 1", "exact 1"],
        each: &[LI, "/objects/0/table=dbo.customers"],
    },
    Case {
        file: "formats/oracle_unified_rsyslog_3164.log",
        format: "oracle-syslog",
        settings: "",
        persons: &["unknown"; 5],
        each: &["/account=LI"],
    },
    Case {
        file: "formats/oracle_unified_rsyslog_json.jsonl",
        format: "oracle-syslog",
        settings: "",
        persons: &["unknown"; 5],
        each: &["/account=LI"],
    },
    Case {
        file: "formats/pg_basebackup.jsonl",
        format: "postgresql-jsonlog",
        settings: "",
        persons: &["unknown"; 2],
        each: &[LI, "/operation=export"],
    },
    Case {
        file: "formats/pgaudit_alias.log",
        format: "postgresql-stderr",
        settings: "",
        // Which column of a star stands at a position the log does not say: it may be one that shows nobody.
        persons: &["exact 9000|at_most 9000", "unknown", "at_most 9000|unknown", "exact 9000|at_most 9000"],
        each: &[LI],
    },
    Case {
        file: "formats/pgaudit_unparsed_pack.log",
        format: "postgresql-stderr",
        settings: "",
        persons: &["unknown|at_most 2", "unknown", "unknown", "unknown", "unknown"],
        each: &[LI, CUSTOMERS],
    },
    Case { file: "formats/trino_pack.jsonl", format: "trino-event", settings: "", persons: &["unknown"; 3], each: &[LI] },
    Case {
        file: "hostile/exact0.jsonl",
        format: "canonical",
        settings: "",
        // Each group of the first is one customer: 10,000 means of 10,000 people.
        persons: &["exact 10000|at_most|unknown", "exact 10000|at_most|unknown", "unknown", "unknown", "unknown", "unknown"],
        each: &[],
    },
];

/// `exact 3`, `at_most 3`, `unknown`.
fn persons(value: &Value) -> String {
    match &value["persons"] {
        Value::Object(count) => count.iter().map(|(certainty, n)| format!("{certainty} {n}")).collect(),
        other => other.as_str().unwrap_or("nothing").to_owned(),
    }
}

fn is_right(said: &str, expected: &str) -> bool {
    expected.split('|').any(|one| said == one || !one.contains(' ') && said.split(' ').next() == Some(one))
}

fn faults(case: &Case) -> Vec<String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases");
    let work = tempfile::tempdir().expect("a directory");
    std::fs::copy(fixtures.join("formats/catalog.toml"), work.path().join("catalog.toml")).expect("copied");
    std::fs::write(work.path().join("config.toml"), format!("[catalog]\nfile = \"catalog.toml\"\n{}", case.settings)).expect("written");
    let file = fixtures.join(case.file);
    let ran = leakwarden(work.path(), &["decode", "--config", "config.toml", "--format", case.format, file.to_str().expect("UTF-8")]);
    let mut faults = Vec::new();
    if ran.status != 0 {
        faults.push(format!("ends with {}: {}", ran.status, ran.err));
    }
    // Logins and the like show nobody and are not what a case is about.
    let accesses: Vec<Value> = json_lines(&ran.out).into_iter().filter(|access| access["operation"] != "login").collect();
    let said: Vec<String> = accesses.iter().map(persons).collect();
    if said.len() != case.persons.len() || !said.iter().zip(case.persons).all(|(said, expected)| is_right(said, expected)) {
        faults.push(format!("says {said:?}, right is {:?}", case.persons));
    }
    for (at, access) in accesses.iter().enumerate() {
        for (pointer, value) in case.each.iter().filter_map(|each| each.split_once('=')) {
            let found =
                access.pointer(pointer).map_or("nothing".to_owned(), |found| found.as_str().map_or(found.to_string(), str::to_owned));
            if found != value {
                faults.push(format!("access {}: {pointer} is {found}, right is {value}", at + 1));
            }
        }
    }
    faults.into_iter().map(|fault| format!("{} as {}: {fault}", case.file, case.format)).collect()
}

#[test]
fn small_inputs_that_went_wrong_are_right() {
    let faults: Vec<String> = CASES.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn of_an_hour_that_occurs_twice_the_second_follows_the_first() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases/formats");
    let work = tempfile::tempdir().expect("a directory");
    std::fs::copy(fixtures.join("catalog.toml"), work.path().join("catalog.toml")).expect("copied");
    std::fs::write(work.path().join("config.toml"), format!("[catalog]\nfile = \"catalog.toml\"\n{NEW_YORK}")).expect("written");
    let file = fixtures.join("70_dst_fold.csv");
    let ran =
        leakwarden(work.path(), &["decode", "--config", "config.toml", "--format", "mariadb-audit", file.to_str().expect("UTF-8")]).well();
    let times: Vec<String> = json_lines(&ran.out).iter().map(|access| access["time"].as_str().expect("has a time").to_owned()).collect();
    assert_eq!(times, ["2026-11-01T05:30:00Z", "2026-11-01T05:59:59Z", "2026-11-01T06:00:01Z"]);
}

/// A statement of few hundred bytes whose parts name each other twice, again and again.
#[test]
#[expect(clippy::disallowed_methods, reason = "its running time is what is tested")]
fn a_statement_that_nests_is_analysed_in_time_that_grows_with_its_length() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases");
    let began = std::time::Instant::now();
    let file = fixtures.join("hostile/cte20.jsonl");
    let ran = leakwarden(
        &fixtures.join("formats"),
        &["decode", "--config", "config.toml", "--format", "canonical", file.to_str().expect("UTF-8")],
    )
    .well();
    let accesses = json_lines(&ran.out);
    assert!(!accesses.is_empty());
    for access in &accesses {
        let rows = access["rows"].as_u64();
        let bounded = access["persons"]["at_most"].as_u64().is_some_and(|most| rows.is_none_or(|rows| most >= rows));
        assert!(persons(access) == "unknown" || bounded, "{access}");
    }
    assert!(began.elapsed().as_secs() < 20, "{:?} for {} statements", began.elapsed(), accesses.len());
}

/// The same reads, plainly and by an alias of columns, are the same alerts.
#[test]
fn an_alias_of_columns_hides_nothing() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases/formats");
    let alerts = ["e2e_direct.log", "e2e_alias.log"].map(|log| {
        let work = tempfile::tempdir().expect("a directory");
        let out = work.path().join("alerts.jsonl");
        let (log, out) = (fixtures.join(log), out);
        let arguments = [
            "replay",
            "--config",
            "config.toml",
            "--format",
            "postgresql-stderr",
            "--alerts",
            out.to_str().expect("UTF-8"),
            log.to_str().expect("UTF-8"),
        ];
        leakwarden(&fixtures, &arguments).well();
        let alerts = std::fs::read(&out).expect("written");
        let of = |alert: &Value| (alert["typology"].clone(), alert["severity"].clone(), alert["window"].clone(), alert["persons"].clone());
        json_lines(&alerts).iter().map(of).collect::<Vec<_>>()
    });
    assert!(!alerts[0].is_empty(), "names of 9,000 people 21 times");
    assert_eq!(alerts[0], alerts[1]);
}

/// What a client calls its program may hold what the prefix puts between its parts.
#[test]
fn what_a_client_calls_itself_neither_hides_rows_nor_moves_its_address() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases");
    for (log, prefix) in
        [("hostile/appname.log", "%m [%p] %q%u@%d app=%a "), ("hostile/appname_client.log", "%m [%p] user=%u,db=%d,app=%a,client=%h ")]
    {
        let work = tempfile::tempdir().expect("a directory");
        std::fs::copy(fixtures.join("formats/catalog.toml"), work.path().join("catalog.toml")).expect("copied");
        let format = format!("[format.own]\nkind = \"postgresql-stderr\"\nlog_line_prefix = \"{prefix}\"\n");
        std::fs::write(work.path().join("config.toml"), format!("[catalog]\nfile = \"catalog.toml\"\n{format}")).expect("written");
        let file = fixtures.join(log);
        let ran = leakwarden(work.path(), &["decode", "--config", "config.toml", "--format", "own", file.to_str().expect("UTF-8")]).well();
        let accesses = json_lines(&ran.out);
        let lines = std::fs::read_to_string(&file).expect("is there").lines().count();
        let read = accesses.iter().filter(|access| access["objects"].to_string().contains("crm.customers")).collect::<Vec<_>>();
        assert_eq!(read.len(), lines, "every line reads customers: {accesses:?}");
        // The server's own word, or nothing where the line may be read in two ways.
        let claimed = |access: &&&Value| !matches!(access["client"]["ip"].as_str(), None | Some("10.0.0.5"));
        assert!(!read.iter().any(|access| claimed(&access)), "{read:?}");
    }
}
