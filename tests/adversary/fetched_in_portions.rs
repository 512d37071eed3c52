//! A cursor is opened, and its rows fetched a hundred at a time.

use crate::company::{Company, after, runs, takes_all};

#[test]
fn portions_of_a_cursor_add_up() {
    let bank = Company::bank();
    let mut acts = vec![runs("10:00", "DECLARE c CURSOR FOR SELECT name, phone FROM crm.customers", 0).set("session", "s1")];
    acts.extend((1..101).map(|n| runs("10:00", "FETCH 100 FROM c", 100).set("session", "s1").at(after(10, n * 10))));
    bank.sees(&acts).no_quieter_than(&bank.sees(&[takes_all("10:17")]));
}
