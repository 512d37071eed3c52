//! Who stands behind a login: by the directory and its dates, and for an application's login by whom it names.

use crate::common::line::{Line, access, by_account, on};
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

/// What is understood of each line.
fn decoded(world: &World, lines: &[Line]) -> Vec<Value> {
    let dir = tempfile::tempdir().expect("a directory");
    world.write(dir.path());
    let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
    std::fs::write(dir.path().join("log"), text.join("\n")).expect("written");
    leakwarden(dir.path(), &["decode", "--config", "config.toml", "log"]).well().lines()
}

/// Employee and account of each line.
fn who(lines: &[Line]) -> Vec<(Value, Value)> {
    decoded(&world(), lines).into_iter().map(|line| (line["employee"].clone(), line["account"].clone())).collect()
}

const READ: &str = "SELECT name FROM crm.customers WHERE id = 7";

#[test]
fn an_account_is_whose_it_was_on_that_day() {
    let seen = who(&[read("li"), read("li").at(on(2, "09:00")), read("desk"), read("nobody"), read("E2")]);
    let expected = [(json!("E1"), "li"), (json!("E2"), "li"), (Value::Null, "desk"), (Value::Null, "nobody"), (Value::Null, "E2")];
    assert_eq!(seen, expected.map(|(employee, account)| (employee, json!(account))), "a login like an employee's number is nobody's");
}

#[test]
fn a_login_is_one_persons_in_whatever_form_it_is_written() {
    let forms = ["LI", "li   ", "CORP\\li", "li@corp.example.com", "Li@CORP", "uid=li,ou=people,dc=corp"];
    let seen = decoded(&world(), &forms.map(read));
    for (line, form) in seen.iter().zip(forms) {
        assert_eq!((&line["employee"], &line["identity"]), (&json!("E1"), &json!("authenticated")), "{form:?}");
        assert!(line.get("flags").is_none(), "{line}");
    }
    let pooled = decoded(&world(), &[read("DESK"), asking("APP_CRM", &format!("{READ} /* user=LI */"))]);
    assert_eq!(pooled.iter().map(|line| line["employee"].clone()).collect::<Vec<_>>(), [Value::Null, json!("E1")]);
}

#[test]
fn a_name_that_is_to_be_taken_for_another_is_that_person_and_a_sign() {
    let forms = ["l\u{456}", "l\u{200b}i", "l\0i", "\u{202e}li", "ｌｉ", "l i"];
    for (line, form) in decoded(&world(), &forms.map(read)).iter().zip(forms) {
        assert_eq!(
            (&line["employee"], &line["identity"], &line["flags"]),
            (&json!("E1"), &json!("inferred"), &json!(["confusable_name"])),
            "{form:?}"
        );
    }
    // Nothing that only looks like an application's login asks for others.
    let disguised = decoded(&world(), &[asking("\u{430}pp_crm", &format!("{READ} /* user=E1 */"))]);
    assert_eq!((&disguised[0]["employee"], &disguised[0]["flags"]), (&Value::Null, &json!(["confusable_name"])));
    for line in decoded(&world(), &["李娜", "größe", "Иванов"].map(read)) {
        assert!(line.get("flags").is_none(), "{line}");
    }
}

#[test]
fn each_system_says_what_makes_two_logins_one() {
    let matched = |rules: &str| {
        let world = world().section("directory", rules);
        decoded(&world, &["LI", "CORP\\li", "E2"].map(read)).iter().map(|line| line["employee"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(matched("login_match = { hr = \"exact\" }"), [json!("E1"), json!("E1"), Value::Null]);
    assert_eq!(matched("login_match = { crm = \"exact\" }"), [Value::Null, Value::Null, Value::Null]);
    assert_eq!(matched("login_match = { \"*\" = \"case\" }"), [json!("E1"), Value::Null, Value::Null]);
    assert_eq!(matched("login_match = { \"*\" = \"exact\", \"cr*\" = \"number\" }"), [json!("E1"), json!("E1"), json!("E2")]);
}

#[test]
fn how_a_person_is_known_is_told() {
    let named = |employee: &str| access(employee).at(on(0, "09:14")).set("rows", 1);
    let lines =
        [read("li"), asking("app_crm", &format!("{READ} /* user=E1 */")), read("desk"), named("E1"), named("e1"), named("\u{415}1")];
    let identities: Vec<Value> = decoded(&world(), &lines).iter().map(|line| line["identity"].clone()).collect();
    let expected =
        [json!("authenticated"), json!("claimed"), Value::Null, json!("authenticated"), json!("authenticated"), json!("inferred")];
    assert_eq!(identities, expected);
    let alone = World::bank();
    assert_eq!(decoded(&alone, &[read("li")])[0]["identity"], "inferred", "no directory says whose login it is");
}

#[test]
fn a_claim_is_believed_from_the_hosts_that_are_named() {
    let world = world().with("accounts.csv", "account,shared,hosts\napp,true,10.0.0.7 10.1.*\n");
    let claim = |client: Value| asking("app", &format!("{READ} /* user=E1 */")).set("client", client);
    let lines = [claim(json!({"ip": "10.0.0.7"})), claim(json!({"ip": "10.1.2.3"})), claim(json!({"ip": "10.0.0.9"})), claim(json!({}))];
    let seen = decoded(&world, &lines);
    let employees: Vec<Value> = seen.iter().map(|line| line["employee"].clone()).collect();
    assert_eq!(employees, [json!("E1"), json!("E1"), Value::Null, Value::Null]);
    assert_eq!(seen[2]["flags"], json!(["rejected_claim"]));
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
