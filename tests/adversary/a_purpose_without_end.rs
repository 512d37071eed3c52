//! A field is longer than any reader takes, so that the record is refused.

use crate::company::{Company, takes_all};

#[test]
fn a_field_without_end_refuses_no_record() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    let long = |what: &str| format!("{what}{}", "x".repeat(200_000));
    bank.sees(&[takes_all("10:00").set("purpose", long("ticket:"))]).no_quieter_than(&open);
    bank.sees(&[takes_all("10:00").set("client", serde_json::json!({"host": "desk-ann", "app": long("crm")}))]).no_quieter_than(&open);
    bank.sees(&[takes_all("10:00").set("session", long("s")).set("id", long("i"))]).no_quieter_than(&open);
}
