//! One half is taken by the login as the directory writes it, one half by the login in other letters or with a domain.

use crate::common::line::{Line, by_account, on};
use crate::company::{Company, TODAY, logins};

fn take(login: &str, time: &str, rows: u64) -> Line {
    by_account(login).at(on(TODAY, time)).set("statement", "SELECT id, name, phone FROM crm.customers").rows(rows)
}

#[test]
fn one_login_in_two_spellings_is_one_person() {
    let bank = Company::bank().with("accounts.csv", logins(""));
    let open = bank.sees(&[take("ann", "10:10", 10_000)]);
    for other in ["ANN", " ann ", "CORP\\ann", "ann@corp.example", "uid=ann,ou=people,dc=corp"] {
        let seen = bank.sees(&[take("ann", "10:00", 5_000), take(other, "10:10", 5_000)]);
        seen.no_quieter_than(&open);
        assert!(seen.alerts.iter().all(|alert| alert.employee.as_deref() == Some("ann")), "{other:?}: {:#?}", seen.told());
    }
}
