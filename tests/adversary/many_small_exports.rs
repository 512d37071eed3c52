//! An export is cut into a hundred, none of which is large.

use crate::company::{Company, after, runs, takes_all};

#[test]
fn a_hundred_small_exports_are_no_less_than_a_large_one() {
    let bank = Company::bank();
    let piece = |n: i64| {
        let statement = format!("SELECT id, name, phone FROM crm.customers WHERE branch = {n}");
        runs("10:00", &statement, 100).at(after(10, n * 30))
    };
    let pieces: Vec<_> = (0..100).map(piece).collect();
    bank.sees(&pieces).no_quieter_than(&bank.sees(&[takes_all("10:50")]));
}
