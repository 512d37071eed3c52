//! A hundred logins that nobody knows take a hundred people each.

use crate::common::line::{by_account, on};
use crate::company::{Company, TODAY, after, logins};

#[test]
fn logins_that_nobody_knows_add_up() {
    let bank = Company::bank().with("accounts.csv", logins(""));
    let take = |login: &str, rows: u64| {
        by_account(login).at(on(TODAY, "10:55")).set("statement", "SELECT id, name, phone FROM crm.customers WHERE town = 'x'").rows(rows)
    };
    let open = bank.sees(&[take("tmp", 10_000)]);
    let pieces: Vec<_> = (0..100).map(|n| take(&format!("tmp_{n}"), 100).at(after(10, 30 * n))).collect();
    bank.sees(&pieces).no_quieter_than(&open);
}
