//! Customers are taken by ranges of their numbers, as jobs do.

use crate::company::{Company, after, runs, takes_all};

#[test]
fn ranges_add_up_to_the_whole() {
    let bank = Company::bank();
    let range = |n: i64| {
        let statement = format!("SELECT name, phone FROM crm.customers WHERE id BETWEEN {} AND {}", n * 500, n * 500 + 499);
        runs("10:00", &statement, 500).at(after(10, n * 60))
    };
    let ranges: Vec<_> = (0..20).map(range).collect();
    bank.sees(&ranges).no_quieter_than(&bank.sees(&[takes_all("10:20")]));
}
