//! A statement is made longer than a record may be, so that its line is not read.

use crate::common::line::on;
use crate::company::{Company, TODAY, ann, runs, takes_all};

/// More than a record may have.
const LONG: usize = 5 << 20;

#[test]
fn a_statement_that_is_longer_than_a_record_is_kept_by_its_ends() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let padding = "/* no end */ ".repeat(LONG / 13);
    for statement in [
        format!("SELECT id, name, phone {padding} FROM crm.customers"),
        format!("{padding} SELECT id, name, phone FROM crm.customers"),
        format!("SELECT id, name, phone FROM crm.customers {padding}"),
        format!("SELECT 1 -- {}", "\"\\ 字".repeat(LONG / 6)),
    ] {
        let hidden = bank.sees(&[runs("10:00", &statement, 10_000)]);
        assert_eq!(hidden.dead_letters.len(), 0);
        assert!(hidden.typologies().contains("tampering"));
        hidden.no_quieter_than(&open);
    }
}

#[test]
fn so_is_one_of_many_lines() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let lines = "\t-- nothing\n".repeat(LONG / 12);
    let text = format!(
        "2026-05-04 10:00:00.000 UTC [77] ann@crm LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,\"SELECT id, name, phone\n{lines}\tFROM crm.customers\",\
         <none>,10000\n"
    );
    assert_eq!(on(TODAY, "10:00").to_string(), "2026-05-04T10:00:00Z");
    let hidden = bank.sees_log("postgresql-stderr", &text);
    assert_eq!(hidden.dead_letters.len(), 0);
    hidden.no_quieter_than(&open);
}

#[test]
fn a_long_load_is_no_reading() {
    let bank = Company::bank();
    let rows: Vec<String> = (0..4_000).map(|n| format!("({n},'name {n}','x')")).collect();
    let load = format!("INSERT INTO crm.customers (id, name, phone) VALUES {}", rows.join(","));
    let line = ann("10:00").set("operation", "write").set("statement", load.as_str()).rows(4_000);
    bank.sees(&[line]).is_quiet();
}
