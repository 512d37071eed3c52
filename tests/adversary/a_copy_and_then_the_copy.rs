//! People are copied into a table of another name, and read from there.

use crate::company::{Company, runs};

#[test]
fn a_copy_is_what_it_was_made_of() {
    let bank = Company::bank();
    let open = bank.sees(&[runs("10:01", "SELECT name, phone FROM crm.customers", 10_000)]);
    let copy = [
        runs("10:00", "CREATE TABLE tmp.zz AS SELECT name AS a, phone AS b FROM crm.customers", 0),
        runs("10:01", "SELECT a, b FROM tmp.zz", 10_000),
    ];
    bank.sees(&copy).no_quieter_than(&open);
}
