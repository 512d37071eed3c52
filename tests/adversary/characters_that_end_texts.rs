//! A character within the statement ends it for a careless reader.

use crate::company::{Company, runs, takes_all};

#[test]
fn no_character_ends_a_statement() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for c in ["\u{0}", "\u{1a}", "\r", "\u{2028}", "\u{feff}", "\u{a0}", "\u{202e}", "\u{200b}"] {
        for statement in [
            format!("SELECT 1{c}; SELECT id, name, phone FROM crm.customers"),
            format!("{c}SELECT id, name, phone FROM crm.customers"),
            format!("SELECT id, name, phone{c}FROM crm.customers"),
            format!("SELECT id, name, phone FROM crm.cus{c}tomers"),
        ] {
            bank.sees(&[runs("10:00", &statement, 10_000)]).no_quieter_than(&open);
        }
    }
}
