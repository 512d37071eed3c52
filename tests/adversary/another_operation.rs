//! A reading calls itself a login, a write or nothing in particular.

use crate::company::{Company, takes_all};

#[test]
fn what_it_calls_itself_does_not_matter() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for operation in ["write", "login", "admin", "other", "delete"] {
        bank.sees(&[takes_all("10:00").set("operation", operation)]).no_quieter_than(&open);
    }
}
