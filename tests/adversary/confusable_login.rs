//! Logins that are to be taken for another: the same person's in another form, or a name that only looks the same.

use crate::common::line::{Line, by_account, on};
use crate::company::{Company, TODAY};
use serde_json::json;

fn bank() -> Company {
    Company::bank().with("accounts.csv", "account,employee\nann_t,ann\nbob_1,bob1\n")
}

fn takes(login: &str, minute: u64, of: std::ops::Range<u64>) -> Line {
    let line = by_account(login).at(on(TODAY, &format!("10:{minute:02}"))).set("client", json!({"host": "desk-ann", "app": "crm"}));
    line.reads("crm.customers", &["name", "phone"]).of(of.map(|n| 5_000_000 + n * 13))
}

#[test]
fn ten_forms_of_a_login_are_one_person() {
    let bank = bank();
    let forms = [
        "ann_t",
        "ANN_T",
        "Ann_t",
        "ann_t ",
        "CORP\\ann_t",
        "ann_t@corp",
        "ANN_T@CORP.EXAMPLE.COM",
        "uid=ann_t,dc=corp",
        " ann_t",
        "corp\\Ann_T",
    ];
    let some = |form: &str, n: u64| takes(form, n, n * 60..n * 60 + 60);
    let open: Vec<Line> = (0..10).map(|n| some("ann_t", n)).collect();
    let hidden: Vec<Line> = forms.iter().zip(0..).map(|(form, n)| some(form, n)).collect();
    let (open, hidden) = (bank.sees(&open), bank.sees(&hidden));
    hidden.no_quieter_than(&open);
    assert!(!hidden.about(&["ann"]).is_empty(), "{:#?}", hidden.told());
}

#[test]
fn a_name_that_only_looks_like_a_login_is_louder_than_the_login() {
    let bank = bank();
    let open = bank.sees(&[takes("ann_t", 0, 0..10_000)]);
    for form in ["\u{430}nn_t", "ann\u{200b}_t", "ann_t\0", "ａnn_t", "ann _t"] {
        let hidden = bank.sees(&[takes(form, 0, 0..10_000)]);
        hidden.no_quieter_than(&open);
    }
}

#[test]
fn a_login_like_an_employees_number_is_not_that_employee() {
    let bank = bank();
    let open = bank.sees(&[takes("ann_t", 0, 0..10_000)]);
    let hidden = bank.sees(&[takes("bob7", 0, 0..10_000)]);
    hidden.no_quieter_than(&open);
    assert!(hidden.about(&["bob7"]).iter().all(|alert| alert.employee.is_none()), "{:#?}", hidden.told());
}
