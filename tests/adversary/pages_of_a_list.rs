//! A list is leafed through, page by page.

use crate::company::{Company, after, runs, takes_all};

#[test]
fn pages_add_up_to_the_list() {
    let bank = Company::bank();
    let page = |n: i64| {
        let statement = format!("SELECT name, phone FROM crm.customers ORDER BY id LIMIT 200 OFFSET {}", n * 200);
        runs("10:00", &statement, 200).at(after(10, n * 20))
    };
    let pages: Vec<_> = (0..50).map(page).collect();
    bank.sees(&pages).no_quieter_than(&bank.sees(&[takes_all("10:17")]));
}
