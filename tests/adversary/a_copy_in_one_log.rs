//! The copy is made in a system that has a log of its own, and read where nobody saw it made.

use crate::company::{Company, log, runs};

#[test]
fn a_copy_that_another_log_tells_of_is_no_less() {
    let bank = Company::bank();
    let open = bank.sees(&[runs("10:01", "SELECT name, phone FROM crm.customers", 10_000)]);
    let made = "2026-05-04 10:00:00.000 UTC [77] ann@crm LOG:  AUDIT: SESSION,1,1,DDL,CREATE TABLE AS,,,CREATE TABLE tmp.zz AS SELECT name AS a FROM crm.customers,<none>,10000";
    bank.sees_both(&[runs("10:01", "SELECT a FROM tmp.zz", 10_000)], "postgresql-stderr", &log(&[made])).no_quieter_than(&open);
}
