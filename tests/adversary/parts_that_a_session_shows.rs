//! The table is read in full a hundred times, and what the session is set to decides which rows there are.

use crate::company::{Company, after, runs, takes_all};

const ALL: &str = "SELECT id, name, phone FROM crm.customers";

#[test]
fn rows_that_a_policy_lets_through_add_up() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:55")]);
    let part = |n: i64| {
        let set = runs("10:00", &format!("SET app.branch = '{n}'"), 0).set("session", "s1").at(after(10, n * 30));
        [set, runs("10:00", ALL, 70 + (n as u64 * 37) % 80).set("session", "s1").at(after(10, n * 30 + 5))]
    };
    bank.sees(&(0..100).flat_map(part).collect::<Vec<_>>()).no_quieter_than(&open);
    // A list that a program reads again and again holds the same people every time.
    let again: Vec<_> = (0..30).map(|n| runs("10:00", ALL, 40).set("session", "s1").at(after(10, n * 60))).collect();
    bank.sees(&again).is_quiet();
}
