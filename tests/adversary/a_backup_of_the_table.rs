//! A table that somebody forgot holds the same people.

use crate::company::{Company, runs};

#[test]
fn a_table_that_resembles_another_holds_the_same() {
    let bank = Company::bank();
    let open = bank.sees(&[runs("10:00", "SELECT name, phone FROM crm.customers", 10_000)]);
    bank.sees(&[runs("10:00", "SELECT name, phone FROM crm.customers_backup_0226", 10_000)]).no_quieter_than(&open);
    bank.sees(&[runs("10:00", "SELECT * FROM archive.x17", 10_000)]).no_quieter_than(&open);
}
