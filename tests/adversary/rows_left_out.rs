//! A client that fetches to a file of its own leaves no number of rows in the log.

use crate::company::{Company, ann};

#[test]
fn what_is_not_counted_is_no_less_than_what_is() {
    let bank = Company::bank();
    let copy = |rows: Option<u64>| {
        let line = ann("10:00").set("statement", "SELECT id, name, phone FROM crm.customers");
        rows.map_or(line.clone(), |rows| line.rows(rows))
    };
    let open = bank.sees(&[copy(Some(10_000))]);
    bank.sees(&[copy(None)]).no_quieter_than(&open);
    bank.sees(&[copy(Some(3))]).is_quiet();
}
