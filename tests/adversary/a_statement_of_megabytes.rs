//! The statement is longer than a record may be, and what it reads stands where it is cut.

use crate::company::{Company, ann, runs, takes_all};

#[test]
fn what_lies_in_the_cut_is_not_nothing() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let pad = "x".repeat(5_000_000);
    for statement in [
        format!("/* {pad} */ SELECT id, name, phone FROM crm.customers"),
        format!("SELECT id, name, phone /* {pad} */ FROM crm.customers"),
        format!("SELECT 1 AS a, '{pad}' AS b UNION ALL SELECT id, name FROM crm.customers UNION ALL SELECT 2, '{pad}'"),
    ] {
        bank.sees(&[runs("10:00", &statement, 10_000)]).no_quieter_than(&open);
        bank.sees(&[ann("10:00").set("statement", statement)]).no_quieter_than(&open);
    }
}
