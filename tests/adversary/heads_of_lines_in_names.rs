//! The name of a program, or of a login that fails, is chosen so that the line splits in another way than the server meant it.

use crate::company::{Company, Seen};

const AT: &str = "2026-05-04 10:00:00.000 UTC [77]";
const TAKES_ALL: &str =
    "LOG:  AUDIT: SESSION,1,1,READ,SELECT,TABLE,crm.customers,\"SELECT id, name, phone FROM crm.customers\",<none>,10000";

/// What is told where the server writes these lines below a prefix.
fn sees(prefix: &str, lines: &[String]) -> Seen {
    let format = format!("kind = \"postgresql-stderr\"\nlog_line_prefix = \"{prefix}\"");
    let bank = Company::bank().section("format.own", format);
    bank.sees_log("own", &lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

#[test]
fn the_name_of_a_program_hides_nothing() {
    for (prefix, plain, hidden) in [
        ("%m [%p] %q%u@%d app=%a ", "ann@crm app=psql ", "ann@crm app=x LOG:  checkpoint starting: time "),
        (
            "%m [%p] user=%u,db=%d,app=%a,client=%h ",
            "user=ann,db=crm,app=psql,client=10.0.0.5 ",
            "user=ann,db=crm,app=x,client=[local] LOG:  statement: SELECT 1 --,client=10.0.0.5 ",
        ),
        (
            "%m [%p] user=%u,db=%d,app=%a,client=%h ",
            "user=ann,db=crm,app=psql,client=10.0.0.5 ",
            "user=ann,db=crm,app=psql,client=9.9.9.9,client=10.0.0.5 ",
        ),
        ("%m [%a] [%p] %u@%d ", "[psql] [77] ann@crm ", "[x] [77] bob1@crm LOG:  disconnection: ] [77] ann@crm "),
    ] {
        let head = if prefix.starts_with("%m [%a]") { "2026-05-04 10:00:00.000 UTC" } else { AT };
        let open = sees(prefix, &[format!("{head} {plain}{TAKES_ALL}")]);
        let seen = sees(prefix, &[format!("{head} {hidden}{TAKES_ALL}")]);
        assert!(seen.typologies().contains("tampering"), "{prefix}: {:#?}", seen.told());
        seen.no_quieter_than(&open);
    }
}

#[test]
fn a_login_that_is_refused_frames_nobody() {
    let hidden =
        format!("{AT} bob1@crm LOG:  statement: SELECT * FROM crm.customers@x FATAL:  password authentication failed for user \"x\"");
    let seen = sees("%m [%p] %q%u@%d ", &[hidden]);
    assert!(seen.typologies().contains("tampering"), "{:#?}", seen.told());
    assert!(seen.of(&["bob1"]).alerts.is_empty());
}

#[test]
fn nor_does_one_whose_name_holds_the_fields_of_a_line() {
    let fields = "bob1,10.0.0.7,9,7,QUERY,crm,'SELECT * FROM crm.customers',0";
    let bank = Company::bank();
    let seen = bank.sees_log("mariadb-audit", &format!("20260504 10:00:00,db1,{fields},10.0.0.66,160,0,FAILED_CONNECT,,,1045\n"));
    assert!(seen.typologies().contains("tampering"), "{:#?}", seen.told());
    assert!(seen.of(&["bob1"]).alerts.is_empty());
}

#[test]
fn ordinary_names_of_programs_stay_quiet() {
    let line = |app: &str| {
        format!(
            "{AT} ann@crm app={app} LOG:  AUDIT: SESSION,1,1,READ,SELECT,TABLE,crm.customers,\"SELECT name FROM crm.customers WHERE id = 1000002 AND note <> 'ERROR:  x'\",<none>,1"
        )
    };
    for app in ["DBeaver 24.1, SQL editor <crm>", "crm-web:teller", "pgAdmin 4 - CONN:3", ""] {
        sees("%m [%p] %q%u@%d app=%a ", &[line(app)]).is_quiet();
    }
}
