//! Somebody knows the passwords of ten colleagues, and exports in their names from one computer before exporting in their own.

use crate::company::{Company, TODAY, takes_all, worker};

#[test]
fn alerts_from_one_new_computer_are_one_place() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("15:00")]);
    let framed = |n: i64| {
        let line =
            worker(&format!("bob{n}"), TODAY, &format!("09:{:02}", 30 + n)).set("statement", "SELECT id, name, phone FROM crm.customers");
        line.rows(90_000).set("client", serde_json::json!({"host": "laptop-66", "app": "crm"}))
    };
    let mut acts: Vec<_> = (1..=10).map(framed).collect();
    acts.push(takes_all("15:00"));
    bank.sees(&acts).of(&["ann"]).no_quieter_than(&open);
}
