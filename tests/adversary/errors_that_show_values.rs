//! Each error message shows one value of one person.

use crate::company::{Company, after, ann};

#[test]
fn what_errors_show_is_read() {
    let bank = Company::bank();
    let key = |n: i64| 9_000_000 + 7 * n;
    let look = |n: i64| {
        ann("10:00").at(after(9, n * 15)).set("statement", format!("SELECT phone FROM crm.customers WHERE id = {}", key(n))).rows(1)
    };
    let open = bank.sees(&(0..1_000).map(look).collect::<Vec<_>>());
    let fails = |n: i64| {
        let statement = format!("SELECT (SELECT 'x' || phone FROM crm.customers WHERE id = {})::int", key(n));
        ann("10:00").at(after(9, n * 15)).set("statement", statement).set("outcome", "failure")
    };
    bank.sees(&(0..1_000).map(fails).collect::<Vec<_>>()).no_quieter_than(&open);
}
