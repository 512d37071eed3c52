//! A write gives back what it touched.

use crate::company::{Company, runs, takes_all};

#[test]
fn what_a_write_returns_is_read() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in ["UPDATE crm.customers SET phone = phone RETURNING name, phone", "DELETE FROM crm.customers RETURNING *"] {
        bank.sees(&[runs("10:00", statement, 10_000)]).no_quieter_than(&open);
    }
}
