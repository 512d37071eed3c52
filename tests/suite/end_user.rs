//! Who stands behind a login: by the directory and its dates, and for an application's login by whom it names.

use crate::common::line::{Line, by_account, on};
use crate::common::program::leakwarden;
use crate::common::world::World;
use serde_json::{Value, json};

fn world() -> World {
    World::bank().with("employees.csv", "employee,unit\nE1,U\nE2,U\n").with(
        "accounts.csv",
        "account,system,employee,from,to,shared\nli,,E1,,2026-03-03,\nli,,E2,2026-03-04,,\napp_crm,crm,,,,\ndesk,,,,,true\n",
    )
}

fn read(account: &str) -> Line {
    by_account(account).at(on(0, "09:14")).set("system", "crm").set("rows", 1)
}

fn asking(account: &str, statement: &str) -> Line {
    read(account).set("statement", statement)
}

/// Employee and account of each line.
fn who(lines: &[Line]) -> Vec<(Value, Value)> {
    let dir = tempfile::tempdir().expect("a directory");
    world().write(dir.path());
    let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
    std::fs::write(dir.path().join("log"), text.join("\n")).expect("written");
    let lines = leakwarden(dir.path(), &["decode", "--config", "config.toml", "log"]).well().lines();
    lines.into_iter().map(|line| (line["employee"].clone(), line["account"].clone())).collect()
}

const READ: &str = "SELECT name FROM crm.customers WHERE id = 7";

#[test]
fn an_account_is_whose_it_was_on_that_day() {
    let seen = who(&[read("li"), read("li").at(on(2, "09:00")), read("desk"), read("nobody"), read("E2")]);
    let expected = [(json!("E1"), "li"), (json!("E2"), "li"), (Value::Null, "desk"), (Value::Null, "nobody"), (json!("E2"), "E2")];
    assert_eq!(seen, expected.map(|(employee, account)| (employee, json!(account))));
}

#[test]
fn an_application_asks_for_whom_it_names() {
    let comment = |comment: &str| asking("app_crm", &format!("{READ} {comment}"));
    let named = [
        comment("/* user=E1 */"),
        comment("/*action='find',user='E1'*/"),
        comment("-- employee: li"),
        asking("desk", &format!("{READ} /* user=E1 */")),
        asking("app_crm", READ).set("client", json!({"app": "crm-web:E1"})),
        asking("app_crm", READ).set("client", json!({"app": "user=E1"})),
    ];
    assert_eq!(who(&named).into_iter().map(|(employee, _)| employee).collect::<Vec<_>>(), vec![json!("E1"); named.len()]);
}

#[test]
fn a_claim_is_not_believed_of_a_login_of_ones_own_nor_of_somebody_unknown() {
    let claim = |account: &str, user: &str| asking(account, &format!("{READ} /* user={user} */"));
    let lines = [claim("li", "E2"), claim("app_crm", "E77"), claim("nobody", "E1"), claim("app_crm", "desk"), claim("app_crm", "app_crm")];
    let expected = [json!("E1"), Value::Null, Value::Null, Value::Null, Value::Null];
    assert_eq!(who(&lines).into_iter().map(|(employee, _)| employee).collect::<Vec<_>>(), expected);
    // Another system's login of the same name is not declared to be an application's.
    let elsewhere = asking("app_crm", &format!("{READ} /* user=E1 */")).set("system", "hr");
    assert_eq!(who(&[elsewhere])[0].0, Value::Null);
}
