//! Shapes in which shippers, exports and versions of SQL Server, Oracle and MySQL's relatives write one and the same read: each is
//! recognised, and tells who read what. The inputs are made by hand after public documentation.

use crate::common::program::{json_lines, leakwarden};
use serde_json::Value;
use std::path::Path;

/// A file, the account, and of each access that is no login its table and its people.
type Shape = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const SHAPES: &[Shape] = &[
    ("sqlserver_otel.jsonl", "SOC\\li", &[("dbo.customers", "unknown")]),
    ("sqlserver_snare.log", "SOC\\li", &[("dbo.customers", "unknown")]),
    ("sqlserver_wazuh.jsonl", "SOC\\li", &[("dbo.customers", "unknown")]),
    ("sqlserver_eh.json", "li", &[("dbo.customers", "{\"exact\":120}"), ("dbo.customers", "{\"exact\":120}")]),
    ("sqlserver_la.csv", "li", &[("dbo.customers", "{\"exact\":120}")]),
    ("sqlserver_laapi.json", "li", &[("dbo.customers", "{\"exact\":120}")]),
    ("sqlserver_events.xml", "SOC\\li", &[("dbo.customers", "unknown")]),
    ("sqlserver_nxlog.jsonl", "SOC\\li", &[("dbo.customers", "unknown")]),
    ("sqlserver_ssms.tsv", "SOC\\li", &[("dbo.customers", "unknown")]),
    ("sqlserver_ps.json", "SOC\\li", &[("dbo.customers", "unknown")]),
    ("sqlserver_rcm.jsonl", "li", &[("dbo.customers", "{\"exact\":1}")]),
    ("sqlserver_mi.jsonl", "li", &[("dbo.customers", "unknown")]),
    ("sqlserver_xe.jsonl", "li", &[("dbo.customers", "{\"exact\":120}")]),
    ("sqlserver_join.log", "SOC\\li", &[("dbo.customers", "unknown")]),
    ("oracle_sentinel.jsonl", "LI", &[("CRM.CUSTOMERS", "unknown")]),
    ("oracle_trad.log", "LI", &[("CRM.CUSTOMERS", "unknown")]),
    ("oracle_csv.csv", "LI", &[("crm.customers", "{\"at_most\":1}")]),
    ("oracle_json_dba.jsonl", "LI", &[("crm.customers", "unknown")]),
    ("oracle_lower.json", "LI", &[("crm.customers", "unknown")]),
    ("oracle_fga.csv", "LI", &[("crm.customers", "{\"at_most\":1}")]),
    ("oracle_export.txt", "LI", &[("CRM.CUSTOMERS", "unknown")]),
    ("oracle_hdr.log", "LI", &[("CRM.CUSTOMERS", "unknown")]),
    ("mysql_maria12.csv", "li", &[("customers", "{\"at_most\":1}")]),
    ("mysql_tsfmt.csv", "li", &[("customers", "{\"at_most\":1}"), ("customers", "{\"at_most\":1}")]),
    ("mysql_aurora.log", "li", &[("customers", "{\"at_most\":2}")]),
    ("mysql_rdscw.jsonl", "li", &[("crm.customers", "{\"at_most\":3}")]),
    ("mysql_old56.xml", "li", &[("crm.customers", "unknown")]),
    ("mysql_entjson.json", "li", &[("crm.customers", "{\"exact\":120}")]),
    ("mysql_azla.csv", "li", &[("crm.customers", "unknown")]),
    ("mysql_syslog.log", "li", &[("customers", "{\"at_most\":1}")]),
];

#[test]
fn every_shape_of_a_servers_log_is_recognised_and_tells_who_read_what() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let work = tempfile::tempdir().expect("a directory");
    std::fs::copy(fixtures.join("cases/formats/catalog.toml"), work.path().join("catalog.toml")).expect("copied");
    std::fs::write(work.path().join("config.toml"), "[catalog]\nfile = \"catalog.toml\"\n").expect("written");
    let mut faults = Vec::new();
    for (file, account, expected) in SHAPES {
        let path = fixtures.join("shapes").join(file);
        let ran = leakwarden(work.path(), &["decode", "--config", "config.toml", path.to_str().expect("UTF-8")]);
        let accesses: Vec<Value> = json_lines(&ran.out).into_iter().filter(|access| access["operation"] != "login").collect();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let said: Vec<(String, String)> =
            accesses.iter().map(|access| (text(&access["objects"][0]["table"]), text(&access["persons"]))).collect();
        let right: Vec<(String, String)> = expected.iter().map(|(table, persons)| ((*table).to_owned(), (*persons).to_owned())).collect();
        if said != right || accesses.iter().any(|access| access["account"] != *account) || ran.status != 0 {
            faults.push(format!("{file}: {said:?}, right is {right:?} of {account}; {}", ran.err));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
