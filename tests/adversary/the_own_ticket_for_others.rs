//! A ticket about one customer is named for ten thousand.

use crate::company::{Company, takes_all};

#[test]
fn a_ticket_covers_whom_it_names() {
    let ticket =
        r#"{"employee":"ann","subjects":["7"],"from":"2026-05-04T00:00:00Z","to":"2026-05-04T23:59:00Z","reason":"ticket","ref":"T-7"}"#;
    let bank = Company::bank().with("explanations.jsonl", ticket);
    let open = bank.sees(&[takes_all("10:00")]);
    bank.sees(&[takes_all("10:00").set("purpose", "ticket:T-7")]).no_quieter_than(&open);
}
