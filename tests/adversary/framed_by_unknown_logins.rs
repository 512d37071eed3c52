//! Thirty logins that nobody knows are loud, each from a computer of its own, before somebody exports.

use crate::common::line::{by_account, on};
use crate::company::{Company, TODAY, logins};

#[test]
fn what_nobody_knows_takes_no_place_of_what_is_sure() {
    let bank = Company::bank().with("accounts.csv", logins(""));
    let take = |login: &str, time: &str, rows: u64| {
        let line = by_account(login).at(on(TODAY, time)).set("client", serde_json::json!({"host": format!("desk-{login}")}));
        line.set("statement", "SELECT id, name, phone FROM crm.customers").rows(rows)
    };
    let open = bank.sees(&[take("ann", "15:00", 10_000)]);
    let mut all: Vec<_> = (0..30).map(|n| take(&format!("tmp_{n}"), &format!("09:{:02}", 10 + n), 90_000)).collect();
    all.push(take("ann", "15:00", 10_000));
    bank.sees(&all).of(&["ann"]).no_quieter_than(&open);
}
