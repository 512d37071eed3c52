//! `decode` says what the monitor understood (docs/contract.md §10): one access a line, with the counting rules of §3.

use crate::common::line::{Line, access, by_account, on};
use crate::common::program::{Ran, leakwarden};
use crate::common::world::World;
use serde_json::{Value, json};
use std::io::Write;

fn decode(world: &World, lines: &[String]) -> Ran {
    let dir = tempfile::tempdir().expect("a directory");
    world.write(dir.path());
    std::fs::write(dir.path().join("log"), lines.join("\n")).expect("written");
    leakwarden(dir.path(), &["decode", "--config", "config.toml", "log"]).well()
}

fn understood(line: &Line) -> Value {
    decode(&World::bank(), &[line.to_string()]).lines().remove(0)
}

fn read() -> Line {
    access("e1").at(on(0, "09:14"))
}

fn persons(line: &Line) -> Value {
    understood(line)["persons"].clone()
}

#[test]
fn a_line_has_the_fields_of_the_contract_and_no_others() {
    let line = read()
        .reads("crm.customers", &["name", "phone", "branch"])
        .of([4_711])
        .rows(1)
        .set("system", "crm")
        .set("client", json!({"ip": "10.0.0.7", "app": "teller-ui"}));
    let understood = understood(&line);
    let pseudonym = understood["subjects"][0].as_str().expect("a pseudonym");
    assert!(pseudonym.len() == 16 && pseudonym.bytes().all(|byte| byte.is_ascii_hexdigit()), "{pseudonym}");
    let expected = json!({
        "source": "log:1", "time": "2026-03-02T09:14:00Z", "employee": "e1", "account": null, "identity": "authenticated",
        "system": "crm", "operation": "read",
        "objects": [{"table": "crm.customers", "columns": ["name", "phone", "branch"], "kinds": ["name", "phone_number"]}],
        "rows": 1, "persons": {"exact": 1}, "subjects": [pseudonym],
        "client": {"ip": "10.0.0.7", "host": null, "app": "teller-ui"}, "outcome": "success", "statement_class": "none",
    });
    assert_eq!(understood, expected);
}

#[test]
fn a_copy_is_known_by_the_statement_that_made_it_and_by_its_name() {
    let statement = |minute: i64, text: &str, rows: u64| {
        let at = on(0, "09:00") + leakwarden::model::time::Span::minutes(minute);
        access("e1").at(at).set("statement", json!(text)).rows(rows).to_string()
    };
    let lines = [
        statement(0, "CREATE TABLE scratch.x17 AS SELECT id, name AS n, branch FROM crm.customers", 900),
        statement(1, "SELECT n FROM scratch.x17", 900),
        statement(2, "SELECT name FROM scratch.customers_backup_0226", 900),
        statement(3, "SELECT name FROM scratch.x18", 900),
        statement(4, "DROP TABLE scratch.x17", 0),
        statement(5, "SELECT n FROM scratch.x17", 900),
    ];
    let told = decode(&World::bank(), &lines).lines().into_iter().map(|line| {
        let object = &line["objects"][0];
        (line["persons"].to_string(), object["kinds"].to_string(), object["inferred"].as_str().unwrap_or("-").to_owned())
    });
    let told: Vec<_> = told.map(|(persons, kinds, inferred)| format!("{persons} {kinds} {inferred}")).collect();
    let most = r#"{"at_most":900}"#;
    assert_eq!(told[1], format!(r#"{most} ["name"] made from crm.customers on 2026-03-02"#));
    assert_eq!(told[2], format!(r#"{most} ["name"] resembles crm.customers"#));
    assert_eq!((&told[3], &told[5]), (&format!("{most} [] -"), &format!("{most} [] -")));
}

#[test]
fn people_whom_the_source_names_are_exact() {
    assert_eq!(persons(&read().reads("crm.customers", &["name"]).of(0..12)), json!({"exact": 12}));
    assert_eq!(persons(&read().reads("crm.customers", &["name"]).of(0..12).rows(3)), json!({"exact": 12}));
    let twice = read().reads("crm.customers", &["name"]).set("subjects", json!(["7", " 7 ", 7, "8"]));
    assert_eq!(persons(&twice), json!({"exact": 2}), "42 is \"42\", with or without blanks");
}

#[test]
fn more_rows_than_people_are_people_only_where_a_row_is_a_person() {
    assert_eq!(persons(&read().reads("crm.customers", &["name"]).of(0..3).rows(20)), json!({"exact": 20}));
    assert_eq!(persons(&read().reads("hotel.stays", &["room"]).of(0..3).rows(20)), json!({"at_most": 20}));
}

#[test]
fn rows_are_people_where_a_table_is_keyed_by_the_person() {
    assert_eq!(persons(&read().reads("crm.customers", &["name"]).rows(20)), json!({"exact": 20}));
    assert_eq!(persons(&read().reads("hotel.stays", &["room"]).rows(20)), json!({"at_most": 20}));
    let joined = read().rows(20).set("objects", json!([{"table": "crm.customers"}, {"table": "hotel.stays"}]));
    assert_eq!(persons(&joined), json!({"at_most": 20}));
    assert_eq!(persons(&read().reads("crm.customers", &["name"]).rows(0)), json!({"exact": 0}));
}

#[test]
fn rows_that_the_log_does_not_tell_are_unknown_and_never_nobody() {
    assert_eq!(persons(&read().reads("crm.customers", &["name"])), "unknown");
    assert_eq!(persons(&read().reads("crm.customers", &["name"]).set("rows", Value::Null)), "unknown");
    assert_eq!(persons(&read().reads("crm.customers", &["name"]).set("subjects", json!([]))), "unknown");
    assert_eq!(persons(&read().set("statement", "COPY crm.customers TO STDOUT")), "unknown");
}

#[test]
fn a_table_that_the_catalog_does_not_know_is_never_exactly_nobody() {
    assert_eq!(persons(&read().reads("hr.secret", &["x"]).rows(20)), json!({"at_most": 20}));
    assert_eq!(persons(&read().reads("hr.secret", &["x"])), "unknown");
}

#[test]
fn what_shows_nobody_is_exactly_nobody() {
    assert_eq!(persons(&read().reads("ref.branches", &["city"]).rows(500)), json!({"exact": 0}));
    assert_eq!(persons(&read().reads("crm.customers", &["branch"]).rows(500)), json!({"exact": 0}));
    for operation in ["write", "delete", "login", "admin"] {
        let line = read().reads("crm.customers", &["name"]).rows(500).set("operation", operation);
        assert_eq!(persons(&line), json!({"exact": 0}), "{operation}");
    }
    for statement in ["SELECT count(*) FROM crm.customers", "EXPLAIN SELECT name FROM crm.customers"] {
        assert_eq!(persons(&read().set("statement", statement).rows(1)), json!({"exact": 0}), "{statement}");
    }
}

#[test]
fn statements_are_counted_by_their_keys_and_rows() {
    let says = |statement: &str, rows: Option<u64>| {
        let line = read().set("statement", statement);
        persons(&if let Some(rows) = rows { line.rows(rows) } else { line })
    };
    assert_eq!(says("SELECT name FROM crm.customers WHERE id IN (1, 2, 3)", None), json!({"at_most": 3}));
    assert_eq!(says("SELECT name FROM crm.customers", Some(20)), json!({"exact": 20}));
    assert_eq!(says("SELECT room FROM hotel.stays", Some(20)), json!({"at_most": 20}));
    assert_eq!(says("SELECT string_agg(name, ',') FROM crm.customers", Some(1)), "unknown");
    let class = understood(&read().set("statement", "SELECT name FROM crm.customers WHERE id = 1"))["statement_class"].clone();
    assert!(class.is_string() && class != "none", "{class}");
}

#[test]
fn what_failed_may_have_shown_some() {
    let failed = understood(&read().reads("crm.customers", &["name"]).rows(20).set("outcome", "failure"));
    assert_eq!((&failed["persons"], &failed["outcome"]), (&json!({"at_most": 20}), &json!("failure")));
}

#[test]
fn accounts_are_resolved_and_shown_beside_the_person() {
    let world = World::bank().with("employees.csv", "employee\ne1\n").with("accounts.csv", "account,employee,shared\nu1,e1,\nPOOL,,true\n");
    let line = |account: &str| by_account(account).at(on(0, "09:00")).reads("crm.customers", &["name"]).rows(1).to_string();
    let lines = decode(&world, &[line("u1"), line("POOL"), line("stranger")]).lines();
    let who: Vec<(&Value, &Value)> = lines.iter().map(|line| (&line["employee"], &line["account"])).collect();
    let (null, e1) = (Value::Null, json!("e1"));
    assert_eq!(who, [(&e1, &json!("u1")), (&null, &json!("POOL")), (&null, &json!("stranger"))]);
}

#[test]
fn raw_ids_appear_nowhere() {
    let ids = ["11010519491231002X", "13800138000", "6222021234567890123"];
    let lines = [
        read().reads("crm.customers", &["name"]).set("subjects", json!(ids)).to_string(),
        read().set("statement", format!("SELECT name FROM crm.customers WHERE id = '{}' OR phone = '{}'", ids[0], ids[1])).to_string(),
        read().set("rows", ids[1].to_string()).to_string(),
        format!("{{\"time\":\"{}\",\"employee\":{}}}", ids[2], ids[1]),
        format!("{} {} {}", ids[0], ids[1], ids[2]),
    ];
    let ran = decode(&World::bank(), &lines);
    // Rows that are no count are unknown, and the record counts.
    assert_eq!(ran.lines().len(), 3);
    let all = ran.err + std::str::from_utf8(&ran.out).expect("UTF-8");
    assert!(all.contains("dead letter: log:4") && all.contains("log:5"), "{all}");
    ids.iter().for_each(|id| assert!(!all.contains(id), "{id}: {all}"));
}

#[test]
fn the_same_person_has_the_same_pseudonym_and_another_key_gives_another() {
    let line = read().reads("crm.customers", &["name"]).of([7]).to_string();
    let other_table = read().reads("hotel.stays", &["room"]).of([7]).to_string();
    let by_key = read().set("statement", "SELECT name FROM crm.customers WHERE id = 7").to_string();
    let lines = decode(&World::bank(), &[line.clone(), other_table, by_key]).lines();
    assert!(lines.iter().all(|line| line["subjects"] == lines[0]["subjects"]), "{lines:?}");
    let dir = tempfile::tempdir().expect("a directory");
    World::bank().section("subjects", "key_file = \"key\"").write(dir.path());
    std::fs::write(dir.path().join("key"), "0123456789abcdef0123456789abcdef").expect("written");
    std::fs::write(dir.path().join("log"), line).expect("written");
    let ran = leakwarden(dir.path(), &["decode", "--config", "config.toml", "log"]).well();
    assert!(!ran.err.contains("public key"), "{}", ran.err);
    assert_ne!(ran.lines()[0]["subjects"], lines[0]["subjects"]);
}

#[test]
fn a_source_is_the_file_and_the_line_after_unpacking_in_the_order_of_the_arguments() {
    let dir = tempfile::tempdir().expect("a directory");
    World::bank().write(dir.path());
    let line = read().reads("crm.customers", &["name"]).rows(1).to_string();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(format!("{line}\n\n\r\n{line}\r\n").as_bytes()).expect("packed");
    std::fs::write(dir.path().join("a.gz"), packed.finish().expect("packed")).expect("written");
    std::fs::write(dir.path().join("b.zst"), zstd::encode_all(line.as_bytes(), 1).expect("packed")).expect("written");
    let ran = leakwarden(dir.path(), &["decode", "--config", "config.toml", "b.zst", "a.gz"]).well();
    let sources: Vec<Value> = ran.lines().iter().map(|line| line["source"].clone()).collect();
    assert_eq!(sources, ["b.zst:1", "a.gz:1", "a.gz:4"]);
}

#[test]
fn without_a_configuration_no_table_is_known_and_it_says_so() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("log"), read().reads("crm.customers", &["name"]).rows(5).to_string()).expect("written");
    let ran = leakwarden(dir.path(), &["decode", "log"]).well();
    assert_eq!(ran.lines()[0]["persons"], json!({"at_most": 5}));
    assert!(ran.err.contains("without a catalog"), "{}", ran.err);
}

/// Decodes a file with more in its configuration.
fn decode_as(more: &str, format: &str, text: &str) -> Ran {
    let dir = tempfile::tempdir().expect("a directory");
    World::bank().write(dir.path());
    let mut config = std::fs::read_to_string(dir.path().join("config.toml")).expect("is there");
    config.push_str(more);
    std::fs::write(dir.path().join("config.toml"), config).expect("written");
    std::fs::write(dir.path().join("log"), text).expect("written");
    leakwarden(dir.path(), &["decode", "--config", "config.toml", "--format", format, "log"])
}

const CORE_LOG: &str = r#"
[format.core_log]
kind = "json"
time = "/ts"
employee = "/employee_id"
table = "/table"
columns = "/fields"
subjects = "/customers"
[format.till]
kind = "regex"
pattern = '^(?<time>\S+) (?<employee>\w+) (?<table>[\w.]+) rows=(?<rows>\d+)$'
"#;

#[test]
fn formats_of_ones_own_are_read_by_their_mapping() {
    let text = r#"{"ts":"2026-03-02T09:14:00Z","employee_id":"e1","table":"crm.customers","fields":["name"],"customers":[1,2]}"#;
    let line = decode_as(CORE_LOG, "core_log", text).well().lines().remove(0);
    assert_eq!((&line["employee"], &line["persons"]), (&json!("e1"), &json!({"exact": 2})));
    let line = decode_as(CORE_LOG, "till", "2026-03-02T09:14:00Z e1 crm.customers rows=7\n").well().lines().remove(0);
    assert_eq!((&line["employee"], &line["persons"]), (&json!("e1"), &json!({"exact": 7})));
}

#[test]
fn mistakes_in_a_mapping_are_told_with_their_place() {
    for (wrong, place, rule) in [
        ("[format.x]\nkind = \"json\"\ntime = \"ts\"\naccount = \"/a\"\n", "format.x.time", "must be a JSON pointer"),
        ("[format.x]\nkind = \"json\"\ntime = \"/ts\"\n", "format.x.kind", "`employee` or `account`"),
        ("[format.x]\nkind = \"regex\"\npattern = \"(\"\n", "format.x.pattern", "regular expression"),
        ("[format.x]\nkind = \"smoke-signals\"\nhill = 3\n", "format.x.kind", "must be one of json, csv, regex, "),
        ("[format.canonical]\nkind = \"json\"\ntime = \"/ts\"\naccount = \"/a\"\n", "format.canonical", "built-in"),
        ("[format.x]\nkind = \"json\"\ntime = \"/t\"\naccount = \"/a\"\ncolour = \"red\"\n", "format.x.colour", "not a known setting"),
    ] {
        let ran = decode_as(wrong, "auto", "");
        assert_eq!(ran.status, 2, "{wrong}");
        assert!(ran.err.contains(place) && ran.err.contains(rule), "{wrong}: {}", ran.err);
    }
}

#[test]
fn a_format_that_was_recognised_is_told_with_the_reason() {
    let ran = decode_as("", "auto", &read().reads("crm.customers", &["name"]).of([1]).to_string());
    assert!(ran.err.contains("log: format canonical, recognised by an object with `time`"), "{}", ran.err);
}
