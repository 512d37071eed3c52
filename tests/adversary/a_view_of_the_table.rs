//! People are read through a view, another name, or a copy of a copy.

use crate::company::{Company, runs};

#[test]
fn another_name_is_the_same_table() {
    let bank = Company::bank();
    let open = bank.sees(&[runs("10:03", "SELECT name, phone FROM crm.customers", 10_000)]);
    for made in [
        &["CREATE VIEW app.v AS SELECT name AS a, phone AS b FROM crm.customers", "SELECT a, b FROM app.v"][..],
        &["CREATE MATERIALIZED VIEW app.m AS SELECT name AS a, phone AS b FROM crm.customers", "SELECT a, b FROM app.m"],
        &["ALTER TABLE crm.customers RENAME TO zz", "SELECT name, phone FROM crm.zz"],
        &[
            "CREATE TABLE t1 AS SELECT name a, phone b FROM crm.customers",
            "CREATE TABLE t2 AS SELECT a c, b d FROM t1",
            "SELECT c, d FROM t2",
        ],
        &["CREATE TABLE t3 (a text, b text)", "INSERT INTO t3 SELECT name, phone FROM crm.customers", "SELECT * FROM t3"],
        &["CREATE SYNONYM s FOR crm.customers", "SELECT name, phone FROM s"],
        &["CREATE TEMP TABLE x ON COMMIT DROP AS TABLE crm.customers", "SELECT * FROM x"],
    ] {
        let (read, before) = made.split_last().expect("a reading");
        let mut acts: Vec<_> = before.iter().enumerate().map(|(n, text)| runs(&format!("10:0{n}"), text, 0)).collect();
        acts.push(runs("10:03", read, 10_000));
        bank.sees(&acts).no_quieter_than(&open);
    }
}
