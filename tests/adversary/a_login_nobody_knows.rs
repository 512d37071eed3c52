//! The act is done under a login that no directory lists.

use crate::common::line::{by_account, on};
use crate::company::{Company, TODAY};

#[test]
fn an_unmapped_login_is_no_quieter_than_a_person() {
    let mut accounts = "account,system,employee,from,to,shared\n".to_owned();
    (1..=10).for_each(|n| accounts += &format!("bob{n},,bob{n},,,\n"));
    accounts += "ann,,ann,,,\n";
    let bank = Company::bank().with("accounts.csv", accounts);
    let take =
        |login: &str| by_account(login).at(on(TODAY, "10:00")).set("statement", "SELECT name, phone FROM crm.customers").rows(10_000);
    bank.sees(&[take("tmp_7")]).no_quieter_than(&bank.sees(&[take("ann")]));
}
