//! The name looks like a colleague's, and is written with letters of another script or with what does not show.

use crate::common::line::{Line, by_account, on};
use crate::company::{Company, TODAY, logins, takes_all};

#[test]
fn a_name_that_looks_like_another_is_a_sign() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let names = ["\u{430}nn", "an\u{200b}n", "ann\u{0}", "a nn", "an\u{202e}n"];
    for name in names {
        bank.sees(&[takes_all("10:00").set("employee", name)]).no_quieter_than(&open);
    }
    let bank = Company::bank().with("accounts.csv", logins(""));
    let take = |login: &str| -> Line {
        by_account(login).at(on(TODAY, "10:00")).set("statement", "SELECT id, name, phone FROM crm.customers").rows(10_000)
    };
    let open = bank.sees(&[take("ann")]);
    for name in names {
        bank.sees(&[take(name)]).no_quieter_than(&open);
    }
}
