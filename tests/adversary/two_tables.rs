//! Half of the people come from one table, half from another.

use crate::company::{Company, runs, takes_all};

#[test]
fn tables_add_up() {
    let bank = Company::bank();
    let half = |time: &str, table: &str| runs(time, &format!("SELECT name, phone FROM {table}"), 5_000);
    let halves = [half("10:00", "crm.customers"), half("10:05", "crm.births")];
    bank.sees(&halves).no_quieter_than(&bank.sees(&[takes_all("10:05")]));
}
