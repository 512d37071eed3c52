//! Somebody knows the passwords of twenty colleagues, and takes five hundred people with each from one computer.

use crate::company::{Company, TODAY, takes_all, worker};

#[test]
fn pieces_under_the_names_of_others_are_told() {
    let bank = Company::bank();
    let names = (1..=10).map(|n| format!("bob{n}")).chain((0..10).map(|n| format!("sue{n}")));
    let piece = |(n, name): (usize, String)| {
        let line = worker(&name, TODAY, &format!("10:{:02}", n + 10)).set("statement", "SELECT id, name, phone FROM crm.customers");
        line.rows(500).set("client", serde_json::json!({"host": "laptop-66", "app": "crm"}))
    };
    let pieces: Vec<_> = names.enumerate().map(piece).collect();
    let open = bank.sees(&[takes_all("10:30")]);
    let seen = bank.sees(&pieces);
    assert!(seen.first() <= open.first() && seen.is_shown(), "{:#?}", seen.told());
}
