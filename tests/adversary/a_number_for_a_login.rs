//! A login that is nobody's is named like an employee's number, to have the export counted for them.

use crate::common::line::{Line, by_account, on};
use crate::company::{Company, TODAY};

#[test]
fn a_login_that_looks_like_a_number_is_not_that_employee() {
    let bank = Company::bank().with("accounts.csv", "account,system,employee,from,to,shared\nann,,ann,,,\nb.miller,,bob1,,,\n");
    let take = |login: &str| -> Line {
        by_account(login).at(on(TODAY, "10:00")).set("statement", "SELECT id, name, phone FROM crm.customers").rows(10_000)
    };
    let open = bank.sees(&[take("ann")]);
    let seen = bank.sees(&[take("bob1")]);
    seen.no_quieter_than(&open);
    assert!(seen.alerts.iter().all(|alert| alert.employee.is_none()), "bob1 is accused: {:#?}", seen.told());
}
