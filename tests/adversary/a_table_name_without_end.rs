//! The table that was read has a name longer than any.

use crate::company::{Company, ann, takes_all};

#[test]
fn a_table_without_end_is_a_table() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let named = ann("10:00").reads(&format!("crm.customers{}", "_".repeat(9_000)), &["name", "phone"]).rows(10_000);
    bank.sees(&[named]).no_quieter_than(&open);
}
