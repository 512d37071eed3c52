//! The client's name of its program looks like the rest of the line.

use crate::company::{Company, log, takes_all};

#[test]
fn of_two_ways_to_split_a_line_the_worse_counts() {
    let prefix = "kind = \"postgresql-stderr\"\nlog_line_prefix = \"%m [%p] %u@%d app=%a \"";
    let bank = Company::bank().section("format.office_pg", prefix);
    let open = bank.sees(&[takes_all("10:00")]);
    let audit = |what: &str, rows: u32| format!("LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,\"{what}\",<none>,{rows}");
    let (small, all) = (audit("SELECT 1", 1), audit("SELECT id, name, phone FROM crm.customers", 10_000));
    let line = |app: &str| format!("2026-05-04 10:00:00.000 UTC [77] ann@crm app={app} {all}");
    for app in ["crm".to_owned(), format!("x {small}"), "x LOG:  statement: SELECT 1".to_owned(), "x\u{a0}LOG:  ".to_owned()] {
        bank.sees_log("office_pg", &log(&[line(&app)])).no_quieter_than(&open);
    }
}
