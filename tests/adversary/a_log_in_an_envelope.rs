//! The log's lines come in another wrapping than usual.

use crate::company::{Company, log, takes_all};

#[test]
fn no_wrapping_hides_a_line() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let audit = "LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,\"SELECT id, name, phone FROM crm.customers\",<none>,10000";
    let line = format!("2026-05-04 10:00:00.000 UTC [77] ann@crm {audit}");
    let docker = serde_json::json!({"log": format!("{line}\n"), "stream": "stderr", "time": "2026-05-04T10:00:00.100000000Z"});
    for text in [
        log(std::slice::from_ref(&line)),
        format!("\u{feff}{line}\r\n"),
        format!("<134>1 2026-05-04T10:00:00Z db1 postgres 77 - - {line}\n"),
        format!("{docker}\n"),
        format!("2026-05-04T10:00:00.100000000Z stderr F {line}\n"),
    ] {
        bank.sees_log("postgresql-stderr", &text).no_quieter_than(&open);
    }
}
