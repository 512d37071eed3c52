//! A login that speaks for an application says that ten colleagues export, and then somebody does.

use crate::common::line::{by_account, on};
use crate::company::{Company, TODAY, takes_all};

fn accounts() -> String {
    let names = (1..=10).map(|n| format!("bob{n}")).chain((0..10).map(|n| format!("sue{n}"))).chain(["ann".to_owned()]);
    let mut accounts = "account,system,employee,from,to,shared\nweb,,,,,true\n".to_owned();
    names.for_each(|name| accounts += &format!("{name},,{name},,,\n"));
    accounts
}

#[test]
fn claims_about_colleagues_take_no_place_of_what_is_sure() {
    let bank = Company::bank().with("accounts.csv", accounts());
    let open = bank.sees(&[takes_all("15:00")]);
    let framed = |n: i64| {
        let statement = format!("SELECT id, name, phone FROM crm.customers /* user=bob{n} */");
        by_account("web").at(on(TODAY, &format!("09:{:02}", 30 + n))).set("statement", statement).rows(90_000)
    };
    let mut acts: Vec<_> = (1..=10).map(framed).collect();
    acts.push(takes_all("15:00"));
    bank.sees(&acts).of(&["ann"]).no_quieter_than(&open);
}
