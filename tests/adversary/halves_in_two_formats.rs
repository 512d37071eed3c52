//! One half is taken through the application, and one half with a tool at the database, which has a log of its own.

use crate::company::{Company, log, runs};

#[test]
fn two_logs_add_up() {
    let bank = Company::bank();
    let all = "SELECT id, name, phone FROM crm.customers";
    let open = bank.sees(&[runs("10:10", all, 10_000)]);
    let half = format!("2026-05-04 10:00:00.000 UTC [77] ann@crm LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,\"{all}\",<none>,5000");
    bank.sees_both(&[runs("10:10", all, 5_000)], "postgresql-stderr", &log(&[half])).no_quieter_than(&open);
}
