//! Ten thousand people are looked up one by one by a program, in ten hours.

use crate::company::{Company, after, ann, takes_all};

#[test]
fn single_look_ups_add_up() {
    let bank = Company::bank();
    let look = |n: i64| ann("10:00").at(after(8, n * 9)).reads("crm.customers", &["name", "phone"]).of([9_000_000 + 13 * n as u64]).rows(1);
    let looks: Vec<_> = (0..2_000).map(look).collect();
    bank.sees(&looks).no_quieter_than(&bank.sees(&[takes_all("13:00")]));
}
