//! The last row of the result fails, once all others are out.

use crate::company::{Company, ann, log, takes_all};

#[test]
fn what_failed_in_the_end_was_read() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let statement = "SELECT id, name, phone FROM crm.customers UNION ALL SELECT 1/0, '', ''";
    bank.sees(&[ann("10:00").set("statement", statement).set("outcome", "failure")]).no_quieter_than(&open);
    let lines = [
        format!("2026-05-04 10:00:00.000 UTC [77] ann@crm LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,\"{statement}\",<none>"),
        "2026-05-04 10:00:00.900 UTC [77] ann@crm ERROR:  division by zero".to_owned(),
        format!("2026-05-04 10:00:00.900 UTC [77] ann@crm STATEMENT:  {statement}"),
    ];
    bank.sees_log("postgresql-stderr", &log(&lines)).no_quieter_than(&open);
    // A look-up that fails shows nobody to speak of.
    let look = "SELECT name, phone FROM crm.customers WHERE id = 7";
    bank.sees(&[ann("10:00").set("statement", look).set("outcome", "failure")]).is_quiet();
}
