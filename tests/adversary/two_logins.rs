//! Somebody has two logins, and takes one half with each.

use crate::common::line::by_account;
use crate::common::line::on;
use crate::company::{Company, TODAY};

#[test]
fn two_logins_of_one_person_are_one_person() {
    let logins = (1..=10).map(|n| format!("bob{n}")).chain((0..10).map(|n| format!("sue{n}"))).chain(["ann".to_owned()]);
    let mut accounts = "account,system,employee,from,to,shared\nann_bi,,ann,,,\n".to_owned();
    logins.for_each(|name| accounts += &format!("{name},,{name},,,\n"));
    let bank = Company::bank().with("accounts.csv", accounts);
    let take = |login: &str, time: &str, rows: u64| {
        by_account(login).at(on(TODAY, time)).set("statement", "SELECT name, phone FROM crm.customers").rows(rows)
    };
    let open = bank.sees(&[take("ann", "10:10", 10_000)]);
    bank.sees(&[take("ann", "10:00", 5_000), take("ann_bi", "10:10", 5_000)]).no_quieter_than(&open);
}
